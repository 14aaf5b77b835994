//! Programs together in one image.

use crate::driver::driver;
use crate::layout::{DRIVER, PROGRAMS, PROGRAMS_END, TABLE};
use crate::opcode::index_of;
use crate::program::Program;
use std::ops::Range;

/// An image of the driver and a few programs.
pub(crate) struct Batch {
    pub(crate) programs: Vec<Program>,
    /// Where the instructions of each program are.
    pub(crate) places: Vec<Range<u32>>,
    pub(crate) elf: Vec<u8>,
    /// For each half-word from [`PROGRAMS`] on, the instruction that begins there.
    pub(crate) opcodes: Vec<Option<usize>>,
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
        let mut opcodes = vec![None; (PROGRAMS_END - PROGRAMS) as usize / 2];
        for (n, program) in programs.iter().enumerate() {
            let at = PROGRAMS + ram.len() as u32;
            let placed = program.place();
            let first = at + crate::layout::SAVED_BYTES;
            places.push(first..at + placed.end);
            let mut here = first;
            for instruction in program.instructions() {
                opcodes[(here - PROGRAMS) as usize / 2] = index_of(instruction.bits);
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
        let elf = elf(&[(DRIVER, &flash), (PROGRAMS, &ram)]);
        Self { programs, places, elf, opcodes }
    }
}

/// What the data of a program are made from: the same wherever it stands, so that it can be taken
/// out of its batch.
fn data_seed(_: usize) -> u32 {
    0x1234_5678
}

/// An ELF executable that starts at its first segment.
fn elf(segments: &[(u32, &[u8])]) -> Vec<u8> {
    const HEADER: u32 = 52;
    const PROGRAM_HEADER: u32 = 32;
    let count = segments.len() as u32;
    let mut file = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let halves = |file: &mut Vec<u8>, values: &[u16]| {
        values.iter().for_each(|value| file.extend(value.to_le_bytes()));
    };
    let words = |file: &mut Vec<u8>, values: &[u32]| {
        values.iter().for_each(|value| file.extend(value.to_le_bytes()));
    };
    halves(&mut file, &[2, 243]);
    words(&mut file, &[1, segments[0].0, HEADER, 0, 1]); // flags: compressed instructions
    halves(&mut file, &[HEADER as u16, PROGRAM_HEADER as u16, count as u16, 40, 0, 0]);
    let mut offset = HEADER + count * PROGRAM_HEADER;
    for (address, bytes) in segments {
        let length = bytes.len() as u32;
        words(&mut file, &[1, offset, *address, *address, length, length, 7, 4]);
        offset += length;
    }
    segments.iter().for_each(|(_, bytes)| file.extend(*bytes));
    file
}
