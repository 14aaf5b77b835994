//! From instruction bits to a form that executes quickly.
//!
//! Decoding is separate from executing because code is executed far more often than it changes:
//! each half-word of code memory has one [`Decoded`] of eight bytes. Everything that depends on
//! the bits alone is settled here, so that executing has nothing left to decide.
//!
//! Invariants:
//! 1. A `Decoded` does not depend on the address it stands at, so both names of SRAM1 share it.
//! 2. `rd` is [`SINK`] where the bits say `x0`, so a write needs no test; `rs1` is below 32.
//! 3. `imm` of a branch and of `jal` counts half-words, as the execute loop does.
//! 4. Bits that RV32IMC does not define, or reserves, decode to [`Op::Illegal`] with the bits
//!    in `imm`, which is what mtval must show.
//!
//! Encodings: RISC-V unprivileged manual, chapters "RV32I", "M" and "C".

use super::compressed;

/// The register slot that swallows writes to `x0`.
pub(crate) const SINK: u8 = 32;

/// What an instruction does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Op {
    /// Memory that has not been looked at since it last changed.
    #[default]
    Undecoded,
    Illegal,
    /// A 32-bit instruction whose second half lies outside the memory.
    Torn,
    Lui,
    Auipc,
    Jal,
    Jalr,
    Beq,
    Bne,
    Blt,
    Bge,
    Bltu,
    Bgeu,
    Lb,
    Lh,
    Lw,
    Lbu,
    Lhu,
    Sb,
    Sh,
    Sw,
    Addi,
    Slti,
    Sltiu,
    Xori,
    Ori,
    Andi,
    Slli,
    Srli,
    Srai,
    Add,
    Sub,
    Sll,
    Slt,
    Sltu,
    Xor,
    Srl,
    Sra,
    Or,
    And,
    Mul,
    Mulh,
    Mulhsu,
    Mulhu,
    Div,
    Divu,
    Rem,
    Remu,
    Fence,
    Ecall,
    Ebreak,
    Mret,
    Wfi,
    /// CSR instructions: `imm` is the CSR's number, `rs1` the register or the immediate.
    Csrrw,
    Csrrs,
    Csrrc,
    Csrrwi,
    Csrrsi,
    Csrrci,
    /// What a seeded bug computes from two registers.
    #[cfg(feature = "mutations")]
    Mutant,
}

/// An instruction, ready to execute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) op: Op,
    pub(crate) rd: u8,
    pub(crate) rs1: u8,
    /// Bits 4:0 the register, bits 7:5 the length in half-words.
    rs2_and_length: u8,
    pub(crate) imm: u32,
}

const _: () = assert!(size_of::<Decoded>() == 8, "the code cache counts on eight bytes");

impl Decoded {
    /// `rd` as the bits say it, 0 to 31.
    pub(super) fn new(op: Op, rd: u32, rs1: u32, rs2: u32, imm: u32) -> Self {
        Self {
            op,
            rd: if rd == 0 { SINK } else { rd as u8 },
            rs1: rs1 as u8,
            rs2_and_length: rs2 as u8,
            imm,
        }
    }

    pub(super) fn illegal(bits: u32) -> Self {
        Self::new(Op::Illegal, 0, 0, 0, bits)
    }

    pub(crate) fn with_length(mut self, halves: u8) -> Self {
        self.rs2_and_length = (self.rs2_and_length & 31) | (halves << 5);
        self
    }

    #[inline(always)]
    pub(crate) fn rs2(self) -> u8 {
        self.rs2_and_length & 31
    }

    /// Length in half-words: 1 or 2.
    #[inline(always)]
    pub(crate) fn halves(self) -> usize {
        usize::from(self.rs2_and_length >> 5)
    }

    /// How many half-words a taken branch or a jump moves.
    #[inline(always)]
    pub(crate) fn distance(self) -> usize {
        self.imm as i32 as isize as usize
    }

    /// Whether a jump that links in `rd` is a call by the calling convention.
    #[inline(always)]
    pub(crate) fn links(self) -> bool {
        self.rd == 1 || self.rd == 5
    }

    /// Whether an indirect jump is a return by the calling convention.
    #[inline(always)]
    pub(crate) fn returns(self) -> bool {
        self.rd == SINK && (self.rs1 == 1 || self.rs1 == 5)
    }
}

/// Whether an instruction that starts with these sixteen bits is compressed.
pub(crate) fn is_compressed(low: u16) -> bool {
    low & 3 != 3
}

/// Decodes the instruction that starts with `low`; `high` are the sixteen bits after it, if there
/// is memory there.
pub(crate) fn decode(low: u16, high: Option<u16>) -> Decoded {
    if is_compressed(low) {
        return compressed::decode(low).with_length(1);
    }
    match high {
        Some(high) => decode_word(u32::from(low) | u32::from(high) << 16).with_length(2),
        None => Decoded::new(Op::Torn, 0, 0, 0, u32::from(low)).with_length(2),
    }
}

/// Bits `high` to `low` of `word`.
fn field(word: u32, high: u32, low: u32) -> u32 {
    (word >> low) & ((1 << (high - low + 1)) - 1)
}

/// The low `bits` bits of `value` as a signed number.
pub(super) fn signed(value: u32, bits: u32) -> u32 {
    let shift = 32 - bits;
    (((value << shift) as i32) >> shift) as u32
}

/// An offset in bytes as one in half-words.
pub(super) fn halved(offset: u32) -> u32 {
    (offset as i32 >> 1) as u32
}

fn decode_word(word: u32) -> Decoded {
    let rd = field(word, 11, 7);
    let rs1 = field(word, 19, 15);
    let rs2 = field(word, 24, 20);
    let funct3 = field(word, 14, 12);
    let i_imm = signed(word >> 20, 12);
    let of = |op, imm| Decoded::new(op, rd, rs1, rs2, imm);
    let decoded = match word & 0x7F {
        0x37 => Some(of(Op::Lui, word & 0xFFFF_F000)),
        0x17 => Some(of(Op::Auipc, word & 0xFFFF_F000)),
        0x6F => Some(of(Op::Jal, jump_offset(word))),
        0x67 if funct3 == 0 => Some(of(Op::Jalr, i_imm)),
        0x63 => branch(funct3).map(|op| of(op, branch_offset(word))),
        0x03 => load(funct3).map(|op| of(op, i_imm)),
        0x23 => store(funct3).map(|op| of(op, signed(field(word, 31, 25) << 5 | rd, 12))),
        0x13 => immediate(funct3, field(word, 31, 25)).map(|op| match op {
            Op::Slli | Op::Srli | Op::Srai => of(op, rs2),
            _ => of(op, i_imm),
        }),
        0x33 => register(funct3, field(word, 31, 25)).map(|op| of(op, 0)),
        0x0F if funct3 <= 1 => Some(of(Op::Fence, 0)),
        0x73 => system(word, funct3).map(|op| of(op, word >> 20)),
        _ => None,
    };
    decoded.unwrap_or(Decoded::illegal(word))
}

fn jump_offset(word: u32) -> u32 {
    let bits = field(word, 31, 31) << 20
        | field(word, 19, 12) << 12
        | field(word, 20, 20) << 11
        | field(word, 30, 21) << 1;
    halved(signed(bits, 21))
}

fn branch_offset(word: u32) -> u32 {
    let bits = field(word, 31, 31) << 12
        | field(word, 7, 7) << 11
        | field(word, 30, 25) << 5
        | field(word, 11, 8) << 1;
    halved(signed(bits, 13))
}

fn branch(funct3: u32) -> Option<Op> {
    Some(match funct3 {
        0 => Op::Beq,
        1 => Op::Bne,
        4 => Op::Blt,
        5 => Op::Bge,
        6 => Op::Bltu,
        7 => Op::Bgeu,
        _ => return None,
    })
}

fn load(funct3: u32) -> Option<Op> {
    Some(match funct3 {
        0 => Op::Lb,
        1 => Op::Lh,
        2 => Op::Lw,
        4 => Op::Lbu,
        5 => Op::Lhu,
        _ => return None,
    })
}

fn store(funct3: u32) -> Option<Op> {
    Some(match funct3 {
        0 => Op::Sb,
        1 => Op::Sh,
        2 => Op::Sw,
        _ => return None,
    })
}

fn immediate(funct3: u32, funct7: u32) -> Option<Op> {
    Some(match (funct3, funct7) {
        (0, _) => Op::Addi,
        (2, _) => Op::Slti,
        (3, _) => Op::Sltiu,
        (4, _) => Op::Xori,
        (6, _) => Op::Ori,
        (7, _) => Op::Andi,
        (1, 0x00) => Op::Slli,
        (5, 0x00) => Op::Srli,
        (5, 0x20) => Op::Srai,
        _ => return None,
    })
}

fn register(funct3: u32, funct7: u32) -> Option<Op> {
    Some(match (funct7, funct3) {
        (0x00, 0) => Op::Add,
        (0x00, 1) => Op::Sll,
        (0x00, 2) => Op::Slt,
        (0x00, 3) => Op::Sltu,
        (0x00, 4) => Op::Xor,
        (0x00, 5) => Op::Srl,
        (0x00, 6) => Op::Or,
        (0x00, 7) => Op::And,
        (0x20, 0) => Op::Sub,
        (0x20, 5) => Op::Sra,
        (0x01, 0) => Op::Mul,
        (0x01, 1) => Op::Mulh,
        (0x01, 2) => Op::Mulhsu,
        (0x01, 3) => Op::Mulhu,
        (0x01, 4) => Op::Div,
        (0x01, 5) => Op::Divu,
        (0x01, 6) => Op::Rem,
        (0x01, 7) => Op::Remu,
        _ => return None,
    })
}

fn system(word: u32, funct3: u32) -> Option<Op> {
    Some(match (word, funct3) {
        (0x0000_0073, _) => Op::Ecall,
        (0x0010_0073, _) => Op::Ebreak,
        (0x3020_0073, _) => Op::Mret,
        (0x1050_0073, _) => Op::Wfi,
        (_, 1) => Op::Csrrw,
        (_, 2) => Op::Csrrs,
        (_, 3) => Op::Csrrc,
        (_, 5) => Op::Csrrwi,
        (_, 6) => Op::Csrrsi,
        (_, 7) => Op::Csrrci,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: u32, op: Op, rd: u8, rs1: u8, rs2: u8, imm: i32) {
        let found = decode(word as u16, Some((word >> 16) as u16));
        let of = Decoded { op, rd, rs1, rs2_and_length: rs2 | 2 << 5, imm: imm as u32 };
        assert_eq!(found, of, "{word:#010x}");
    }

    #[test]
    fn immediates_of_each_format_are_put_together() {
        check(0xFFF0_0093, Op::Addi, 1, 0, 31, -1); // addi ra, x0, -1
        check(0x8000_00B7, Op::Lui, 1, 0, 0, i32::MIN); // lui ra, 0x80000
        check(0xFE11_2E23, Op::Sw, 28, 2, 1, -4); // sw ra, -4(sp)
        check(0xFE00_0EE3, Op::Beq, 29, 0, 0, -2); // beq x0, x0, -4
        check(0xFFDF_F0EF, Op::Jal, 1, 31, 29, -2); // jal ra, -4
        check(0x4051_5113, Op::Srai, 2, 2, 5, 5); // srai sp, sp, 5
    }

    #[test]
    fn undefined_bits_are_illegal_and_kept() {
        for word in [
            0xFFFF_FFFF_u32,
            0x0000_1067,
            0x0000_2063,
            0x0000_3003,
            0x4000_1013,
            0x1200_0073,
            0x3000_0073,
            0x0000_2F2F,
        ] {
            let found = decode(word as u16, Some((word >> 16) as u16));
            assert_eq!((found.op, found.imm), (Op::Illegal, word), "{word:#010x}");
        }
    }

    #[test]
    fn a_torn_instruction_is_told_apart() {
        assert_eq!(decode(0x0093, None).op, Op::Torn);
        assert_eq!(decode(0x0001, None).op, Op::Addi);
    }
}
