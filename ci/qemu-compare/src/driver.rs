//! The driver: it runs program after program, handles their traps, and tells what became of them.
//!
//! It lies in flash and is the same for both machines. Every trap of a program is recorded, and
//! execution goes on behind the instruction that trapped; the `ecall` behind the last unit ends the
//! program. Then the driver writes to the UART, as words:
//! 1. [`MAGIC`] and the number of traps (one `ecall` more is recorded);
//! 2. x1 to x31;
//! 3. the CSRs of [`TOLD`];
//! 4. a hash of the data;
//! 5. for each trap: which slot of the vector table it came through, mcause, mepc, mtval, mstatus.

use crate::assembler::Assembler;
use crate::layout::*;

/// The upper half of the first word of a record.
pub(crate) const MAGIC: u32 = 0xC0DE_0000;
/// CSRs that a record has.
pub(crate) const TOLD: [u32; 8] = [
    csr::MSCRATCH,
    csr::MTVEC,
    csr::MIE,
    csr::MCOUNTEREN,
    csr::PMPCFG0,
    csr::PMPADDR0,
    csr::PMPADDR0 + 1,
    csr::PMPADDR0 + 4,
];
/// Words of a recorded trap.
pub(crate) const TRAP_WORDS: usize = 5;

// The driver's variables, by their distance from x3.
const NEXT: i32 = 128;
const END: i32 = 132;
const TRAPS: i32 = 136;
const SLOT: i32 = 140;
const LOG: i32 = 256;

const RA: u32 = 1;
const GP: u32 = 3;
const T0: u32 = 5;
const T1: u32 = 6;
const T2: u32 = 7;
const A0: u32 = 10;
const A1: u32 = 11;
const T3: u32 = 28;
const T4: u32 = 29;
const T5: u32 = 30;
const T6: u32 = 31;

const MPRV: u32 = 1 << 17;
const MPP: u32 = 3 << 11;

/// The driver's code, for address [`DRIVER`].
pub(crate) fn driver() -> Vec<u8> {
    let mut asm = Assembler::default();
    asm.li(GP, STATE);
    asm.li(T0, TABLE);
    asm.store(T0, NEXT, GP);
    asm.go("jal", 0, 0, "next");
    while !asm.bytes.len().is_multiple_of(256) {
        asm.op("addi", 0, 0, 0, 0);
    }
    vectors(&mut asm);
    start_program(&mut asm);
    handle_trap(&mut asm);
    tell(&mut asm);
    let driver = asm.finish();
    assert!(driver.len() <= (TABLE - DRIVER) as usize, "the table of programs begins behind it");
    driver
}

/// Where the vector table is.
const VECTORS: u32 = DRIVER + 256;

/// One jump a slot; each slot leaves its number.
fn vectors(asm: &mut Assembler) {
    for slot in 0..16 {
        asm.go("jal", 0, 0, &format!("slot {slot}"));
    }
    for slot in 0..16 {
        asm.label(&format!("slot {slot}"));
        asm.store(T6, 4 * T6 as i32, GP);
        asm.op("addi", T6, 0, 0, slot);
        asm.go("jal", 0, 0, "trap");
    }
}

/// Takes the next line of the table: where the program is, where it ends, the seed of its data.
fn start_program(asm: &mut Assembler) {
    asm.label("next");
    asm.load(T0, NEXT, GP);
    asm.load(T1, 0, T0);
    asm.go("beq", T1, 0, "exit");
    asm.load(T2, 4, T0);
    asm.store(T2, END, GP);
    asm.load(T3, 8, T0);
    asm.op("addi", T0, T0, 0, 12);
    asm.store(T0, NEXT, GP);
    asm.store(0, TRAPS, GP);
    asm.li(T4, DATA);
    asm.li(T5, DATA + DATA_BYTES);
    asm.label("fill");
    for (shift, distance) in [("slli", 13), ("srli", 17), ("slli", 5)] {
        asm.op(shift, T6, T3, 0, distance);
        asm.op("xor", T3, T3, T6, 0);
    }
    asm.store(T3, 0, T4);
    asm.op("addi", T4, T4, 0, 4);
    asm.go("bne", T4, T5, "fill");

    for number in [csr::MSCRATCH, csr::MIE, csr::MCAUSE, csr::MTVAL, csr::MCOUNTEREN] {
        asm.write_csr(number, 0);
    }
    asm.set_csr(csr::MTVEC, VECTORS);
    (0..3).for_each(|n| asm.write_csr(csr::PMPCFG0 + n, 0));
    (0..15).for_each(|n| asm.write_csr(csr::PMPADDR0 + n, 0));
    asm.set_csr(csr::PMPADDR0 + 15, u32::MAX); // user mode may do everything that is not guarded
    asm.set_csr(csr::PMPCFG0 + 3, 0x1F00_0000);
    asm.poke(MTIMECMP + 4, u32::MAX);
    asm.poke(MTIMECMP, u32::MAX);
    asm.poke(MSIP, 0);
    asm.li(T4, UART);
    asm.op("sb", 0, T4, 0, 1);
    asm.li(T4, PLIC_CLAIM);
    asm.load(T5, 0, T4);
    asm.store(T5, 0, T4);
    asm.set_csr(csr::MSTATUS, MPP);
    asm.op("addi", T4, T1, 0, SAVED_BYTES as i32);
    asm.write_csr(csr::MEPC, T4);
    asm.op("addi", RA, T1, 0, 0);
    for register in (4..32).chain([2, RA]) {
        asm.load(register, 4 * (register as i32 - 1), RA);
    }
    asm.op("mret", 0, 0, 0, 0);

    asm.label("exit");
    asm.poke(FINISHER, 0x5555);
    asm.go("jal", 0, 0, "exit");
}

fn handle_trap(asm: &mut Assembler) {
    asm.label("trap");
    asm.store(T6, SLOT, GP);
    (1..31).for_each(|register| asm.store(register, 4 * register as i32, GP));
    asm.load(T0, TRAPS, GP);
    asm.op("slli", T1, T0, 0, 4);
    asm.op("slli", T2, T0, 0, 2);
    asm.op("add", T1, T1, T2, 0);
    asm.op("add", T1, T1, GP, 0);
    asm.load(T3, SLOT, GP);
    asm.read_csr(T2, csr::MCAUSE);
    asm.read_csr(T4, csr::MEPC);
    asm.read_csr(T5, csr::MTVAL);
    asm.read_csr(T6, csr::MSTATUS);
    for (n, register) in [T3, T2, T4, T5, T6].into_iter().enumerate() {
        asm.store(register, LOG + 4 * n as i32, T1);
    }
    asm.load(T3, END, GP);
    asm.go("beq", T4, T3, "tell");
    asm.op("addi", T3, 0, 0, TRAPS_MAX as i32);
    asm.go("beq", T0, T3, "tell");
    asm.op("addi", T0, T0, 0, 1);
    asm.store(T0, TRAPS, GP);
    asm.go("blt", T2, 0, "interrupt");
    asm.op("addi", T3, 0, 0, 1);
    asm.go("beq", T2, T3, "lost");
    asm.op("addi", T3, 0, 0, 8);
    asm.go("bne", T2, T3, "skip");
    asm.li(T3, MPP);
    asm.op("csrrs", 0, T3, 0, csr::MSTATUS as i32);
    asm.label("skip");
    asm.op("lhu", T3, T4, 0, 0);
    asm.op("andi", T3, T3, 0, 3);
    asm.op("addi", T3, T3, 0, -3);
    asm.op("addi", T4, T4, 0, 2);
    asm.go("bne", T3, 0, "resume");
    asm.op("addi", T4, T4, 0, 2);
    asm.label("resume");
    asm.write_csr(csr::MEPC, T4);
    for register in (4..32).chain([2, RA]) {
        asm.load(register, 4 * register as i32, GP);
    }
    asm.op("mret", 0, 0, 0, 0);

    asm.label("lost");
    asm.load(T4, 4, GP);
    asm.go("jal", 0, 0, "resume");

    asm.label("interrupt");
    asm.op("addi", A0, T4, 0, 0);
    asm.poke(MSIP, 0);
    asm.poke(MTIMECMP + 4, u32::MAX);
    asm.poke(MTIMECMP, u32::MAX);
    asm.li(T4, UART);
    asm.op("sb", 0, T4, 0, 1);
    asm.li(T4, PLIC_CLAIM);
    asm.load(T5, 0, T4);
    asm.store(T5, 0, T4);
    asm.op("addi", T4, A0, 0, 0);
    asm.go("jal", 0, 0, "resume");
}

fn tell(asm: &mut Assembler) {
    asm.label("tell");
    asm.li(T3, MPRV);
    asm.op("csrrc", 0, T3, 0, csr::MSTATUS as i32);
    asm.load(T0, TRAPS, GP);
    asm.li(A0, MAGIC);
    asm.op("or", A0, A0, T0, 0);
    asm.go("jal", RA, 0, "word");
    for register in 1..32 {
        asm.load(A0, 4 * register, GP);
        asm.go("jal", RA, 0, "word");
    }
    for number in TOLD {
        asm.read_csr(A0, number);
        asm.go("jal", RA, 0, "word");
    }
    asm.li(T4, DATA);
    asm.li(T5, DATA + DATA_BYTES);
    asm.li(T6, 0x0100_0193);
    asm.op("addi", A0, 0, 0, 1);
    asm.label("hash");
    asm.load(T3, 0, T4);
    asm.op("xor", A0, A0, T3, 0);
    asm.op("mul", A0, A0, T6, 0);
    asm.op("srli", T3, A0, 0, 15);
    asm.op("xor", A0, A0, T3, 0);
    asm.op("addi", T4, T4, 0, 4);
    asm.go("bne", T4, T5, "hash");
    asm.go("jal", RA, 0, "word");
    // the recorded traps, and the last, which was not counted
    asm.load(T0, TRAPS, GP);
    asm.op("addi", T0, T0, 0, 1);
    asm.op("addi", T1, GP, 0, LOG);
    asm.label("one trap");
    for n in 0..TRAP_WORDS as i32 {
        asm.load(A0, 4 * n, T1);
        asm.go("jal", RA, 0, "word");
    }
    asm.op("addi", T1, T1, 0, 4 * TRAP_WORDS as i32);
    asm.op("addi", T0, T0, 0, -1);
    asm.go("bne", T0, 0, "one trap");
    asm.go("jal", 0, 0, "next");

    asm.label("word");
    asm.li(A1, UART);
    for _ in 0..4 {
        asm.op("sb", 0, A1, A0, 0);
        asm.op("srli", A0, A0, 0, 8);
    }
    asm.op("jalr", 0, RA, 0, 0);
}
