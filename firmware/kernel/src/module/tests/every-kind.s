# One relocation of each kind that the loader knows and an assembler writes.
# Assembled: llvm-mc -triple=riscv32 -mattr=+c,+m -filetype=obj every-kind.s -o every-kind.o
# Linked, for comparison: rust-lld -flavor gnu --no-relax -T every-kind.x every-kind.o -o every-kind.elf;
# every-kind.bin is its sections .text, .other, .rodata and .data, one after the other.
    .option norelax
    .text
    .globl begin
    .p2align 2
begin:
    lui a0, %hi(words)              # HI20
    lw a1, %lo(words)(a0)           # LO12_I
    sw a1, %lo(room + 4)(a0)        # LO12_S
1:  auipc a2, %pcrel_hi(words + 8)  # PCREL_HI20
    lw a3, %pcrel_lo(1b)(a2)        # PCREL_LO12_I
2:  auipc a2, %pcrel_hi(room)
    sw a3, %pcrel_lo(2b)(a2)        # PCREL_LO12_S
    call outside                    # CALL_PLT
    tail outside
    bnez a0, near                   # BRANCH, by the next line's distance
    .option norvc
    beq a0, a1, other               # BRANCH
    jal other                       # JAL
    .option rvc
    .reloc ., R_RISCV_RVC_BRANCH, other
    .half 0xC101                    # c.beqz a0
    .reloc ., R_RISCV_RVC_JUMP, other
    .half 0xA001                    # c.j
near:
    ret
    .section .text.other, "ax"
    .p2align 1
other:
    nop
    jal begin
    beq a0, a1, begin
    .reloc ., R_RISCV_RVC_JUMP, begin
    .half 0xA001
    .reloc ., R_RISCV_RVC_BRANCH, begin
    .half 0xC101
    ret
    .section .rodata, "a"
    .p2align 2
words:
    .word room                      # 32
    .word outside + 12
    .word other
    .word other - begin             # ADD32, SUB32
    .half other - begin             # ADD16, SUB16
    .byte other - begin             # ADD8, SUB8
    .byte 0
    .p2align 3
    .quad other - begin             # ADD64, SUB64
    .data
    .p2align 2
table:
    .word words
    .word begin
    .reloc ., R_RISCV_SET32, other
    .word 0
    .reloc ., R_RISCV_SET16, other
    .half 0
    .reloc ., R_RISCV_SET8, other
    .byte 0
    .reloc ., R_RISCV_SET6, begin
    .byte 0xC0
    .reloc ., R_RISCV_SUB6, table
    .byte 0xFF
    .byte 0, 0, 0
    .reloc ., R_RISCV_32_PCREL, begin
    .word 0
    .bss
    .p2align 3
room:
    .zero 24
