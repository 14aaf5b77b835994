//! Every instruction of RV32IMC, by its fixed bits.
//!
//! The table is written from the manual and shares nothing with the engine's decoder, because what
//! is compared must not be judged by itself. It says what a word is (the first line that fits
//! counts) and, through its form, which fields are free.

/// Which fields an instruction has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Upper,
    Jal,
    Jalr,
    Branch,
    Load,
    Store,
    Immediate,
    Shift,
    Register,
    Fence,
    System,
    Csr,
    CsrImmediate,
    CAddi4spn,
    CLoad,
    CStore,
    CNop,
    CImmediate,
    CUpper,
    CAddi16sp,
    CShift,
    CAndi,
    CArithmetic,
    CJump,
    CBranch,
    CSlli,
    CLoadSp,
    CStoreSp,
    CMove,
    CJumpRegister,
    CSystem,
}

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opcode {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    mask: u32,
    pub(crate) bits: u32,
}

impl Opcode {
    pub(crate) fn is_compressed(&self) -> bool {
        self.bits & 3 != 3
    }

    fn fits(&self, word: u32) -> bool {
        word & self.mask == self.bits
    }
}

const fn op(name: &'static str, form: Form, mask: u32, bits: u32) -> Opcode {
    Opcode { name, form, mask, bits }
}

const OPCODE: u32 = 0x7F;
const FUNCT3: u32 = 0x707F;
const FUNCT7: u32 = 0xFE00_707F;
const ALL: u32 = u32::MAX;

/// From the unprivileged manual, chapters "RV32/64G Instruction Set Listings" and "C".
pub(crate) const OPCODES: &[Opcode] = &[
    op("lui", Form::Upper, OPCODE, 0x37),
    op("auipc", Form::Upper, OPCODE, 0x17),
    op("jal", Form::Jal, OPCODE, 0x6F),
    op("jalr", Form::Jalr, FUNCT3, 0x67),
    op("beq", Form::Branch, FUNCT3, 0x0063),
    op("bne", Form::Branch, FUNCT3, 0x1063),
    op("blt", Form::Branch, FUNCT3, 0x4063),
    op("bge", Form::Branch, FUNCT3, 0x5063),
    op("bltu", Form::Branch, FUNCT3, 0x6063),
    op("bgeu", Form::Branch, FUNCT3, 0x7063),
    op("lb", Form::Load, FUNCT3, 0x0003),
    op("lh", Form::Load, FUNCT3, 0x1003),
    op("lw", Form::Load, FUNCT3, 0x2003),
    op("lbu", Form::Load, FUNCT3, 0x4003),
    op("lhu", Form::Load, FUNCT3, 0x5003),
    op("sb", Form::Store, FUNCT3, 0x0023),
    op("sh", Form::Store, FUNCT3, 0x1023),
    op("sw", Form::Store, FUNCT3, 0x2023),
    op("addi", Form::Immediate, FUNCT3, 0x0013),
    op("slti", Form::Immediate, FUNCT3, 0x2013),
    op("sltiu", Form::Immediate, FUNCT3, 0x3013),
    op("xori", Form::Immediate, FUNCT3, 0x4013),
    op("ori", Form::Immediate, FUNCT3, 0x6013),
    op("andi", Form::Immediate, FUNCT3, 0x7013),
    op("slli", Form::Shift, FUNCT7, 0x1013),
    op("srli", Form::Shift, FUNCT7, 0x5013),
    op("srai", Form::Shift, FUNCT7, 0x4000_5013),
    op("add", Form::Register, FUNCT7, 0x0033),
    op("sub", Form::Register, FUNCT7, 0x4000_0033),
    op("sll", Form::Register, FUNCT7, 0x1033),
    op("slt", Form::Register, FUNCT7, 0x2033),
    op("sltu", Form::Register, FUNCT7, 0x3033),
    op("xor", Form::Register, FUNCT7, 0x4033),
    op("srl", Form::Register, FUNCT7, 0x5033),
    op("sra", Form::Register, FUNCT7, 0x4000_5033),
    op("or", Form::Register, FUNCT7, 0x6033),
    op("and", Form::Register, FUNCT7, 0x7033),
    op("mul", Form::Register, FUNCT7, 0x0200_0033),
    op("mulh", Form::Register, FUNCT7, 0x0200_1033),
    op("mulhsu", Form::Register, FUNCT7, 0x0200_2033),
    op("mulhu", Form::Register, FUNCT7, 0x0200_3033),
    op("div", Form::Register, FUNCT7, 0x0200_4033),
    op("divu", Form::Register, FUNCT7, 0x0200_5033),
    op("rem", Form::Register, FUNCT7, 0x0200_6033),
    op("remu", Form::Register, FUNCT7, 0x0200_7033),
    op("fence", Form::Fence, FUNCT3, 0x000F),
    op("fence.i", Form::Fence, FUNCT3, 0x100F),
    op("ecall", Form::System, ALL, 0x0000_0073),
    op("ebreak", Form::System, ALL, 0x0010_0073),
    op("mret", Form::System, ALL, 0x3020_0073),
    op("wfi", Form::System, ALL, 0x1050_0073),
    op("csrrw", Form::Csr, FUNCT3, 0x1073),
    op("csrrs", Form::Csr, FUNCT3, 0x2073),
    op("csrrc", Form::Csr, FUNCT3, 0x3073),
    op("csrrwi", Form::CsrImmediate, FUNCT3, 0x5073),
    op("csrrsi", Form::CsrImmediate, FUNCT3, 0x6073),
    op("csrrci", Form::CsrImmediate, FUNCT3, 0x7073),
    op("c.addi4spn", Form::CAddi4spn, 0xE003, 0x0000),
    op("c.lw", Form::CLoad, 0xE003, 0x4000),
    op("c.sw", Form::CStore, 0xE003, 0xC000),
    op("c.nop", Form::CNop, 0xEF83, 0x0001),
    op("c.addi", Form::CImmediate, 0xE003, 0x0001),
    op("c.jal", Form::CJump, 0xE003, 0x2001),
    op("c.li", Form::CImmediate, 0xE003, 0x4001),
    op("c.addi16sp", Form::CAddi16sp, 0xEF83, 0x6101),
    op("c.lui", Form::CUpper, 0xE003, 0x6001),
    op("c.srli", Form::CShift, 0xFC03, 0x8001),
    op("c.srai", Form::CShift, 0xFC03, 0x8401),
    op("c.andi", Form::CAndi, 0xEC03, 0x8801),
    op("c.sub", Form::CArithmetic, 0xFC63, 0x8C01),
    op("c.xor", Form::CArithmetic, 0xFC63, 0x8C21),
    op("c.or", Form::CArithmetic, 0xFC63, 0x8C41),
    op("c.and", Form::CArithmetic, 0xFC63, 0x8C61),
    op("c.j", Form::CJump, 0xE003, 0xA001),
    op("c.beqz", Form::CBranch, 0xE003, 0xC001),
    op("c.bnez", Form::CBranch, 0xE003, 0xE001),
    op("c.slli", Form::CSlli, 0xF003, 0x0002),
    op("c.lwsp", Form::CLoadSp, 0xE003, 0x4002),
    op("c.ebreak", Form::CSystem, 0xFFFF, 0x9002),
    op("c.jr", Form::CJumpRegister, 0xF07F, 0x8002),
    op("c.jalr", Form::CJumpRegister, 0xF07F, 0x9002),
    op("c.mv", Form::CMove, 0xF003, 0x8002),
    op("c.add", Form::CMove, 0xF003, 0x9002),
    op("c.swsp", Form::CStoreSp, 0xE003, 0xC002),
];

/// The place in the table of the instruction that these bits are. Reserved encodings of a
/// compressed form count as none.
pub(crate) fn index_of(word: u32) -> Option<usize> {
    let is_compressed = word & 3 != 3;
    let bits = if is_compressed { word & 0xFFFF } else { word };
    let found =
        OPCODES.iter().position(|op| op.is_compressed() == is_compressed && op.fits(bits))?;
    let immediate = bits & 0x107C;
    let reserved = match OPCODES[found].form {
        Form::CAddi4spn => bits & 0x1FE0 == 0,
        Form::CAddi16sp | Form::CUpper => immediate == 0,
        Form::CLoadSp | Form::CJumpRegister => bits >> 7 & 31 == 0,
        _ => false,
    };
    (!reserved).then_some(found)
}

/// The line of a name.
pub(crate) fn named(name: &str) -> &'static Opcode {
    OPCODES.iter().find(|op| op.name == name).expect("the table has every name that is asked for")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_by_its_own_bits() {
        for (index, op) in OPCODES.iter().enumerate() {
            let filled = match op.form {
                Form::CAddi4spn => op.bits | 0x40,
                Form::CAddi16sp => op.bits | 0x40,
                Form::CUpper => op.bits | 0x84,
                Form::CLoadSp | Form::CJumpRegister | Form::CImmediate => op.bits | 0x280,
                Form::CMove => op.bits | 0x284,
                _ => op.bits,
            };
            assert_eq!(index_of(filled), Some(index), "{}", op.name);
        }
    }

    #[test]
    fn what_is_reserved_is_none() {
        for word in [0, 0x6101, 0x6081, 0x4002, 0x8002, 0x9C01, 0x9001, 0x2000, 0x2F, 0xFFFF_FFFF] {
            assert_eq!(index_of(word), None, "{word:#x}");
        }
    }
}
