//! A program: what the registers hold at its start, and its units.
//!
//! A **unit** is a stretch of instructions that makes sense alone and has no reference into
//! another, so that any unit can be taken out to find the shortest program that still shows a
//! difference.

use crate::code::{Instruction, ins};
use crate::layout::SAVED_BYTES;

/// Instructions that belong together.
pub(crate) type Unit = Vec<Instruction>;

/// One program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// x1 to x31; x3 is the driver's.
    pub(crate) registers: [u32; 31],
    pub(crate) units: Vec<Unit>,
    /// It locks entries of memory protection, which nothing but a reset can undo.
    pub(crate) locks: bool,
}

/// A program as it stands in memory.
pub(crate) struct Placed {
    pub(crate) bytes: Vec<u8>,
    /// Offset of the `ecall` behind the last unit.
    pub(crate) end: u32,
}

impl Program {
    pub(crate) fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.units.iter().flatten()
    }

    /// Bytes that the program takes at most.
    pub(crate) fn length(&self) -> u32 {
        SAVED_BYTES + self.instructions().map(Instruction::length).sum::<u32>() + 8
    }

    pub(crate) fn place(&self) -> Placed {
        let mut bytes: Vec<u8> = self.registers.iter().flat_map(|r| r.to_le_bytes()).collect();
        bytes.extend(self.instructions().flat_map(Instruction::bytes));
        let end = bytes.len() as u32;
        bytes.extend(ins("ecall", 0, 0, 0, 0).bytes());
        while !bytes.len().is_multiple_of(4) {
            bytes.push(0);
        }
        Placed { bytes, end }
    }

    /// The program without some stretches of units, each given by its first and of one length.
    pub(crate) fn without(&self, starts: &[usize], length: usize) -> Program {
        let is_out = |n: usize| starts.iter().any(|&first| (first..first + length).contains(&n));
        let kept = self.units.iter().enumerate().filter(|(n, _)| !is_out(*n));
        Program { units: kept.map(|(_, unit)| unit.clone()).collect(), ..self.clone() }
    }

    /// The program as an assembler would read it, with the registers that it names.
    pub(crate) fn listing(&self) -> String {
        let mut text = String::new();
        let body: Vec<&str> = self.instructions().map(|i| i.text.as_str()).collect();
        for (n, value) in self.registers.iter().enumerate() {
            let name = format!("x{}", n + 1);
            let is_named = |line: &&str| {
                line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name)
            };
            if body.iter().any(is_named) {
                text += &format!("    # {name} = {value:#010x}\n");
            }
        }
        for instruction in self.instructions() {
            text += &format!(
                "    {:<36} # {:0width$x}\n",
                instruction.text,
                instruction.bits,
                width = 2 * instruction.length() as usize
            );
        }
        text
    }
}
