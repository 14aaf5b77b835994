//! Programs together in one image.

use crate::driver::driver;
use crate::elf::Elf;
use crate::layout::{DRIVER, PROGRAMS, PROGRAMS_END, TABLE};
use crate::opcode::{Form, OPCODES, index_of};
use crate::program::Program;
use std::ops::Range;

/// An image of the driver and a few programs.
pub(crate) struct Batch {
    pub(crate) programs: Vec<Program>,
    /// Where the instructions of each program are.
    pub(crate) places: Vec<Range<u32>>,
    pub(crate) elf: Vec<u8>,
    /// For each half-word from [`PROGRAMS`] on, the instruction that begins there.
    pub(crate) known: Vec<Option<Known>>,
}

/// What is counted of an instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Its line in [`OPCODES`].
    pub(crate) opcode: usize,
    /// The CSR that it accesses.
    pub(crate) csr: Option<u32>,
}

impl Known {
    fn of(bits: u32) -> Option<Self> {
        let opcode = index_of(bits)?;
        let is_csr = matches!(OPCODES[opcode].form, Form::Csr | Form::CsrImmediate);
        Some(Self { opcode, csr: is_csr.then_some(bits >> 20) })
    }
}

/// How many of the programs fit one image. A program that locks memory protection is the last.
pub(crate) fn fitting(programs: &[Program]) -> usize {
    let mut bytes = 0;
    for (n, program) in programs.iter().enumerate() {
        bytes += program.length().next_multiple_of(4);
        if bytes > PROGRAMS_END - PROGRAMS {
            return n;
        }
        if program.locks {
            return n + 1;
        }
    }
    programs.len()
}

impl Batch {
    pub(crate) fn new(programs: Vec<Program>) -> Self {
        let mut ram = Vec::new();
        let mut table = Vec::new();
        let mut places = Vec::new();
        let mut known = vec![None; (PROGRAMS_END - PROGRAMS) as usize / 2];
        for (n, program) in programs.iter().enumerate() {
            let at = PROGRAMS + ram.len() as u32;
            let placed = program.place();
            let first = at + crate::layout::SAVED_BYTES;
            places.push(first..at + placed.end);
            let mut here = first;
            for instruction in program.instructions() {
                known[(here - PROGRAMS) as usize / 2] = Known::of(instruction.bits);
                here += instruction.length();
            }
            for word in [at, at + placed.end, data_seed(n)] {
                table.extend(word.to_le_bytes());
            }
            ram.extend(placed.bytes);
        }
        table.extend([0; 4]);
        let mut flash = driver();
        flash.resize((TABLE - DRIVER) as usize, 0);
        flash.extend(table);
        let elf = Elf { segments: &[(DRIVER, &flash), (PROGRAMS, &ram)], symbols: &[] }.file();
        Self { programs, places, elf, known }
    }
}

/// What the data of a program are made from: the same wherever it stands, so that it can be taken
/// out of its batch.
fn data_seed(_: usize) -> u32 {
    0x1234_5678
}
