//! Instructions under construction: their bits, and how they read.

use crate::opcode::{Form, Opcode, named};

/// One instruction: two or four bytes, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) bits: u32,
    pub(crate) text: String,
}

impl Instruction {
    /// Bits that stand for nothing.
    pub(crate) fn raw(bits: u32) -> Self {
        let text = match bits & 3 {
            3 => format!(".word {bits:#010x}"),
            _ => format!(".half {bits:#06x}"),
        };
        Self { bits, text }
    }

    pub(crate) fn length(&self) -> u32 {
        if self.bits & 3 == 3 { 4 } else { 2 }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bits.to_le_bytes()[..self.length() as usize].to_vec()
    }
}

/// Bits `high` to `low` of `value`, moved so that the lowest stands at `to`.
fn put(value: u32, high: u32, low: u32, to: u32) -> u32 {
    (value >> low & ((1 << (high - low + 1)) - 1)) << to
}

/// The operands that a form may have; the others are ignored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Operands {
    pub(crate) rd: u32,
    pub(crate) rs1: u32,
    pub(crate) rs2: u32,
    pub(crate) imm: i32,
}

/// An instruction with its operands put in; what does not fit its fields is cut off.
pub(crate) fn build(op: &Opcode, o: Operands) -> Instruction {
    let Operands { rd, rs1, rs2, imm } = o;
    let i = imm as u32;
    let (fields, text) = match op.form {
        Form::Upper => (i & 0xFFFF_F000 | rd << 7, format!("x{rd}, {:#x}", i >> 12)),
        Form::Jal => {
            let bits = put(i, 20, 20, 31) | put(i, 10, 1, 21) | put(i, 11, 11, 20);
            (bits | put(i, 19, 12, 12) | rd << 7, format!("x{rd}, .{imm:+}"))
        }
        Form::Branch => {
            let bits = put(i, 12, 12, 31) | put(i, 10, 5, 25) | put(i, 4, 1, 8) | put(i, 11, 11, 7);
            (bits | rs2 << 20 | rs1 << 15, format!("x{rs1}, x{rs2}, .{imm:+}"))
        }
        Form::Jalr | Form::Load => (i << 20 | rs1 << 15 | rd << 7, format!("x{rd}, {imm}(x{rs1})")),
        Form::Store => {
            let bits = put(i, 11, 5, 25) | put(i, 4, 0, 7);
            (bits | rs2 << 20 | rs1 << 15, format!("x{rs2}, {imm}(x{rs1})"))
        }
        Form::Immediate => (i << 20 | rs1 << 15 | rd << 7, format!("x{rd}, x{rs1}, {imm}")),
        Form::Shift => ((i & 31) << 20 | rs1 << 15 | rd << 7, format!("x{rd}, x{rs1}, {}", i & 31)),
        Form::Register => (rs2 << 20 | rs1 << 15 | rd << 7, format!("x{rd}, x{rs1}, x{rs2}")),
        Form::Csr => (i << 20 | rs1 << 15 | rd << 7, format!("x{rd}, {i:#05x}, x{rs1}")),
        Form::CsrImmediate => (i << 20 | rs1 << 15 | rd << 7, format!("x{rd}, {i:#05x}, {rs1}")),
        Form::Fence | Form::System | Form::CSystem => (0, String::new()),
        _ => build_compressed(op, o),
    };
    let bits = op.bits | fields;
    Instruction { bits, text: format!("{:<11} {text}", op.name).trim_end().to_owned() }
}

fn build_compressed(op: &Opcode, Operands { rd, rs1, rs2, imm }: Operands) -> (u32, String) {
    let i = imm as u32;
    let short = |register: u32| register & 7;
    let six = put(i, 5, 5, 12) | put(i, 4, 0, 2);
    match op.form {
        Form::CAddi4spn => {
            let bits = put(i, 5, 4, 11) | put(i, 9, 6, 7) | put(i, 2, 2, 6) | put(i, 3, 3, 5);
            (bits | short(rd) << 2, format!("x{rd}, {imm}"))
        }
        Form::CLoad | Form::CStore => {
            let data = if op.form == Form::CLoad { rd } else { rs2 };
            let bits = put(i, 5, 3, 10) | put(i, 2, 2, 6) | put(i, 6, 6, 5);
            (bits | short(rs1) << 7 | short(data) << 2, format!("x{data}, {imm}(x{rs1})"))
        }
        Form::CNop => (six, format!("{imm}")),
        Form::CImmediate => (six | rd << 7, format!("x{rd}, {imm}")),
        Form::CUpper => {
            let bits = put(i, 17, 17, 12) | put(i, 16, 12, 2);
            (bits | rd << 7, format!("x{rd}, {:#x}", i >> 12))
        }
        Form::CAddi16sp => {
            let bits = put(i, 9, 9, 12) | put(i, 4, 4, 6) | put(i, 6, 6, 5);
            (bits | put(i, 8, 7, 3) | put(i, 5, 5, 2), format!("{imm}"))
        }
        Form::CShift => ((i & 31) << 2 | short(rd) << 7, format!("x{rd}, {}", i & 31)),
        Form::CAndi => (six | short(rd) << 7, format!("x{rd}, {imm}")),
        Form::CArithmetic => (short(rs2) << 2 | short(rd) << 7, format!("x{rd}, x{rs2}")),
        Form::CJump => {
            let bits = put(i, 11, 11, 12) | put(i, 4, 4, 11) | put(i, 9, 8, 9) | put(i, 10, 10, 8);
            let bits = bits | put(i, 6, 6, 7) | put(i, 7, 7, 6) | put(i, 3, 1, 3) | put(i, 5, 5, 2);
            (bits, format!(".{imm:+}"))
        }
        Form::CBranch => {
            let bits = put(i, 8, 8, 12) | put(i, 4, 3, 10) | put(i, 7, 6, 5);
            let bits = bits | put(i, 2, 1, 3) | put(i, 5, 5, 2) | short(rs1) << 7;
            (bits, format!("x{rs1}, .{imm:+}"))
        }
        Form::CSlli => ((i & 31) << 2 | rd << 7, format!("x{rd}, {}", i & 31)),
        Form::CLoadSp => {
            let bits = put(i, 5, 5, 12) | put(i, 4, 2, 4) | put(i, 7, 6, 2);
            (bits | rd << 7, format!("x{rd}, {imm}"))
        }
        Form::CStoreSp => {
            let bits = put(i, 5, 2, 9) | put(i, 7, 6, 7);
            (bits | rs2 << 2, format!("x{rs2}, {imm}"))
        }
        Form::CMove => (rs2 << 2 | rd << 7, format!("x{rd}, x{rs2}")),
        Form::CJumpRegister => (rs1 << 7, format!("x{rs1}")),
        _ => unreachable!("only compressed forms come here"),
    }
}

/// An instruction by its name.
pub(crate) fn ins(name: &str, rd: u32, rs1: u32, rs2: u32, imm: i32) -> Instruction {
    build(named(name), Operands { rd, rs1, rs2, imm })
}

/// Puts a constant into a register: always eight bytes.
pub(crate) fn li(rd: u32, value: u32) -> Vec<Instruction> {
    let low = (value << 20) as i32 >> 20;
    vec![ins("lui", rd, 0, 0, value.wrapping_sub(low as u32) as i32), ins("addi", rd, rd, 0, low)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opcode::index_of;

    fn check(instruction: &Instruction, bits: u32) {
        assert_eq!(instruction.bits, bits, "{}", instruction.text);
        assert!(index_of(bits).is_some(), "{}", instruction.text);
    }

    // Pairs from the GNU assembler.
    #[test]
    fn fields_stand_where_the_assembler_puts_them() {
        check(&ins("addi", 1, 0, 0, -1), 0xFFF0_0093);
        check(&ins("sw", 0, 2, 1, -4), 0xFE11_2E23);
        check(&ins("beq", 0, 0, 0, -4), 0xFE00_0EE3);
        check(&ins("jal", 1, 0, 0, -4), 0xFFDF_F0EF);
        check(&ins("c.addi4spn", 10, 2, 0, 16), 0x0808);
        check(&ins("c.lw", 15, 11, 0, 68), 0x41FC);
        check(&ins("c.sw", 0, 11, 10, 0), 0xC188);
        check(&ins("c.addi16sp", 2, 2, 0, -64), 0x7139);
        check(&ins("c.lui", 10, 0, 0, 0xFFFF_F000_u32 as i32), 0x757D);
        check(&ins("c.srai", 10, 0, 0, 4), 0x8511);
        check(&ins("c.andi", 10, 0, 0, 15), 0x893D);
        check(&ins("c.bnez", 0, 10, 0, -4), 0xFD75);
        check(&ins("c.lwsp", 1, 2, 0, 12), 0x40B2);
        check(&ins("c.swsp", 0, 2, 1, 12), 0xC606);
        check(&ins("c.sub", 10, 0, 11, 0), 0x8D0D);
        check(&ins("c.j", 0, 0, 0, 0), 0xA001);
    }
}
