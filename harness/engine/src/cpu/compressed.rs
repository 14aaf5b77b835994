//! The compressed instructions of RV32C.
//!
//! Each is a shorter way to say one 32-bit instruction, so it decodes to the same [`Op`]. Hints
//! (such as `c.li` to `x0`) do nothing; reserved encodings, and those for floating point, RV64
//! and custom extensions, are illegal, because the chip has none of them.
//!
//! Encodings: RISC-V unprivileged manual, chapter "C", tables of the three quadrants.

use super::decode::{Decoded, Op, halved, signed};

/// Bit `from` of `bits`, moved to position `to`.
fn bit(bits: u32, from: u32, to: u32) -> u32 {
    (bits >> from & 1) << to
}

/// Bits `high` to `low` of `bits`, moved so that the lowest stands at position `to`.
fn move_bits(bits: u32, high: u32, low: u32, to: u32) -> u32 {
    ((bits >> low) & ((1 << (high - low + 1)) - 1)) << to
}

/// Decodes sixteen bits whose low two are not both set.
pub(super) fn decode(half: u16) -> Decoded {
    let bits = u32::from(half);
    let funct3 = bits >> 13;
    let decoded = match bits & 3 {
        0 => quadrant0(bits, funct3),
        1 => quadrant1(bits, funct3),
        _ => quadrant2(bits, funct3),
    };
    decoded.unwrap_or(Decoded::illegal(bits))
}

/// The three-bit register field at `low`: `x8` to `x15`.
fn short(bits: u32, low: u32) -> u32 {
    8 + (bits >> low & 7)
}

fn quadrant0(bits: u32, funct3: u32) -> Option<Decoded> {
    let word_offset = move_bits(bits, 12, 10, 3) | bit(bits, 6, 2) | bit(bits, 5, 6);
    match funct3 {
        0 => {
            let imm = move_bits(bits, 12, 11, 4)
                | move_bits(bits, 10, 7, 6)
                | bit(bits, 6, 2)
                | bit(bits, 5, 3);
            (imm != 0).then(|| Decoded::new(Op::Addi, short(bits, 2), 2, 0, imm))
        }
        2 => Some(Decoded::new(Op::Lw, short(bits, 2), short(bits, 7), 0, word_offset)),
        6 => Some(Decoded::new(Op::Sw, 0, short(bits, 7), short(bits, 2), word_offset)),
        _ => None,
    }
}

fn quadrant1(bits: u32, funct3: u32) -> Option<Decoded> {
    let rd = bits >> 7 & 31;
    let imm = signed(bit(bits, 12, 5) | move_bits(bits, 6, 2, 0), 6);
    match funct3 {
        0 => Some(Decoded::new(Op::Addi, rd, rd, 0, imm)),
        1 => Some(Decoded::new(Op::Jal, 1, 0, 0, jump_offset(bits))),
        2 => Some(Decoded::new(Op::Addi, rd, 0, 0, imm)),
        3 if rd == 2 => {
            let imm = signed(
                bit(bits, 12, 9)
                    | bit(bits, 6, 4)
                    | bit(bits, 5, 6)
                    | move_bits(bits, 4, 3, 7)
                    | bit(bits, 2, 5),
                10,
            );
            (imm != 0).then(|| Decoded::new(Op::Addi, 2, 2, 0, imm))
        }
        3 => (imm != 0).then(|| Decoded::new(Op::Lui, rd, 0, 0, imm << 12)),
        4 => arithmetic(bits, imm),
        5 => Some(Decoded::new(Op::Jal, 0, 0, 0, jump_offset(bits))),
        6 => Some(Decoded::new(Op::Beq, 0, short(bits, 7), 0, branch_offset(bits))),
        _ => Some(Decoded::new(Op::Bne, 0, short(bits, 7), 0, branch_offset(bits))),
    }
}

/// `c.srli` to `c.and`. Shifts by 32 and more are for custom extensions on RV32.
fn arithmetic(bits: u32, imm: u32) -> Option<Decoded> {
    let rd = short(bits, 7);
    let rs2 = short(bits, 2);
    let wide = bits >> 12 & 1 != 0;
    match bits >> 10 & 3 {
        0 => (!wide).then(|| Decoded::new(Op::Srli, rd, rd, 0, imm & 31)),
        1 => (!wide).then(|| Decoded::new(Op::Srai, rd, rd, 0, imm & 31)),
        2 => Some(Decoded::new(Op::Andi, rd, rd, 0, imm)),
        _ if wide => None,
        _ => {
            let op = [Op::Sub, Op::Xor, Op::Or, Op::And][(bits >> 5 & 3) as usize];
            Some(Decoded::new(op, rd, rd, rs2, 0))
        }
    }
}

fn quadrant2(bits: u32, funct3: u32) -> Option<Decoded> {
    let rd = bits >> 7 & 31;
    let rs2 = bits >> 2 & 31;
    match funct3 {
        0 => (bits >> 12 & 1 == 0).then(|| Decoded::new(Op::Slli, rd, rd, 0, rs2)),
        2 => {
            let imm = bit(bits, 12, 5) | move_bits(bits, 6, 4, 2) | move_bits(bits, 3, 2, 6);
            (rd != 0).then(|| Decoded::new(Op::Lw, rd, 2, 0, imm))
        }
        4 => match (bits >> 12 & 1, rd, rs2) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(Decoded::new(Op::Jalr, 0, rd, 0, 0)),
            (0, _, _) => Some(Decoded::new(Op::Add, rd, 0, rs2, 0)),
            (_, 0, 0) => Some(Decoded::new(Op::Ebreak, 0, 0, 0, 0)),
            (_, _, 0) => Some(Decoded::new(Op::Jalr, 1, rd, 0, 0)),
            (_, _, _) => Some(Decoded::new(Op::Add, rd, rd, rs2, 0)),
        },
        6 => {
            let imm = move_bits(bits, 12, 9, 2) | move_bits(bits, 8, 7, 6);
            Some(Decoded::new(Op::Sw, 0, 2, rs2, imm))
        }
        _ => None,
    }
}

fn jump_offset(bits: u32) -> u32 {
    halved(signed(
        bit(bits, 12, 11)
            | bit(bits, 11, 4)
            | move_bits(bits, 10, 9, 8)
            | bit(bits, 8, 10)
            | bit(bits, 7, 6)
            | bit(bits, 6, 7)
            | move_bits(bits, 5, 3, 1)
            | bit(bits, 2, 5),
        12,
    ))
}

fn branch_offset(bits: u32) -> u32 {
    halved(signed(
        bit(bits, 12, 8)
            | move_bits(bits, 11, 10, 3)
            | move_bits(bits, 6, 5, 6)
            | move_bits(bits, 4, 3, 1)
            | bit(bits, 2, 5),
        9,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::decode::decode as decode_any;
    use super::*;

    /// A compressed instruction means exactly what its long form means.
    fn check(half: u16, long: u32) {
        let found = decode(half);
        let of = decode_any(long as u16, Some((long >> 16) as u16));
        assert_eq!(found.op, of.op, "{half:#06x}");
        if of.op != Op::Ebreak {
            assert_eq!(found.imm, of.imm, "{half:#06x}");
        }
        if !matches!(of.op, Op::Beq | Op::Bne | Op::Sw) {
            assert_eq!(found.rd, of.rd, "{half:#06x}");
        }
        if !matches!(of.op, Op::Jal | Op::Lui | Op::Ebreak) {
            assert_eq!(found.rs1, of.rs1, "{half:#06x}");
        }
        if matches!(of.op, Op::Sw | Op::Add | Op::Sub | Op::Beq) {
            assert_eq!(found.rs2(), of.rs2(), "{half:#06x}");
        }
    }

    // Pairs from the GNU assembler's listing of both forms.
    #[test]
    fn each_form_means_its_long_form() {
        check(0x0001, 0x0000_0013); // nop
        check(0x1141, 0xFF01_0113); // addi sp, sp, -16
        check(0xC606, 0x0011_2623); // sw ra, 12(sp)
        check(0x40B2, 0x00C1_2083); // lw ra, 12(sp)
        check(0x8082, 0x0000_8067); // ret
        check(0x9002, 0x0010_0073); // ebreak
        check(0x852E, 0x00B0_0533); // mv a0, a1
        check(0x952E, 0x00B5_0533); // add a0, a0, a1
        check(0x8D0D, 0x40B5_0533); // sub a0, a0, a1
        check(0x4501, 0x0000_0513); // li a0, 0
        check(0x557D, 0xFFF0_0513); // li a0, -1
        check(0x6505, 0x0000_1537); // lui a0, 1
        check(0x757D, 0xFFFF_F537); // lui a0, 0xfffff
        check(0x7139, 0xFC01_0113); // addi sp, sp, -64
        check(0x6121, 0x0401_0113); // addi sp, sp, 64
        check(0x0808, 0x0101_0513); // addi a0, sp, 16
        check(0x4188, 0x0005_A503); // lw a0, 0(a1)
        check(0xC188, 0x00A5_A023); // sw a0, 0(a1)
        check(0x41FC, 0x0445_A783); // lw a5, 68(a1)
        check(0x8111, 0x0045_5513); // srli a0, a0, 4
        check(0x8511, 0x4045_5513); // srai a0, a0, 4
        check(0x0512, 0x0045_1513); // slli a0, a0, 4
        check(0x893D, 0x00F5_7513); // andi a0, a0, 15
        check(0xC501, 0x0005_0463); // beqz a0, +8
        check(0xFD75, 0xFE05_1EE3); // bnez a0, -4
        check(0xA001, 0x0000_006F); // j .
        check(0x9502, 0x0005_00E7); // jalr a0
        check(0x8502, 0x0005_0067); // jr a0
    }

    #[test]
    fn reserved_forms_are_illegal_and_kept() {
        for half in [
            0x0000, // all zero
            0x0004, // c.addi4spn with zero immediate
            0x2000, // c.fld
            0x6000, // c.flw
            0x8000, // reserved quadrant 0
            0xA000, // c.fsd
            0x6101, // c.addi16sp with zero immediate
            0x6501, // c.lui with zero immediate
            0x9101, // c.srli by 32
            0x9501, // c.srai by 32
            0x9D0D, // c.subw
            0x1502, // c.slli by 32
            0x4002, // c.lwsp to x0
            0x8002, // c.jr x0
            0x6002, // c.flwsp
            0xE002, // c.fswsp
        ] {
            let found = decode(half);
            assert_eq!((found.op, found.imm), (Op::Illegal, u32::from(half)), "{half:#06x}");
        }
    }
}
