//! An assembler: enough for the driver of random programs, and for small tests.

use crate::code::{Instruction, ins, li};
use std::collections::BTreeMap;

/// x29; x30 follows it.
const SCRATCH: u32 = 29;

/// Instructions with labels. It spoils x29 and x30 where it needs registers of its own.
#[derive(Default)]
pub(crate) struct Assembler {
    pub(crate) bytes: Vec<u8>,
    labels: BTreeMap<String, usize>,
    /// Jumps and branches whose target is put in at the end.
    open: Vec<(usize, &'static str, u32, u32, String)>,
}

impl Assembler {
    pub(crate) fn put(&mut self, instruction: &Instruction) {
        self.bytes.extend(instruction.bytes());
    }

    /// An instruction by its name.
    pub(crate) fn op(&mut self, name: &str, rd: u32, rs1: u32, rs2: u32, imm: i32) {
        self.put(&ins(name, rd, rs1, rs2, imm));
    }

    pub(crate) fn li(&mut self, rd: u32, value: u32) {
        li(rd, value).iter().for_each(|instruction| self.put(instruction));
    }

    /// Names the place of what comes next.
    pub(crate) fn label(&mut self, name: &str) {
        self.labels.insert(name.to_owned(), self.bytes.len());
    }

    /// A branch, or a jump that links in `a`.
    pub(crate) fn go(&mut self, name: &'static str, a: u32, b: u32, label: &str) {
        self.open.push((self.bytes.len(), name, a, b, label.to_owned()));
        self.bytes.extend([0; 4]);
    }

    pub(crate) fn load(&mut self, rd: u32, offset: i32, base: u32) {
        self.op("lw", rd, base, 0, offset);
    }

    pub(crate) fn store(&mut self, rs: u32, offset: i32, base: u32) {
        self.op("sw", 0, base, rs, offset);
    }

    /// Stores a constant.
    pub(crate) fn poke(&mut self, address: u32, value: u32) {
        self.li(SCRATCH, address);
        self.li(SCRATCH + 1, value);
        self.store(SCRATCH + 1, 0, SCRATCH);
    }

    pub(crate) fn read_csr(&mut self, rd: u32, number: u32) {
        self.op("csrrs", rd, 0, 0, number as i32);
    }

    pub(crate) fn write_csr(&mut self, number: u32, rs: u32) {
        self.op("csrrw", 0, rs, 0, number as i32);
    }

    pub(crate) fn set_csr(&mut self, number: u32, value: u32) {
        self.li(SCRATCH, value);
        self.write_csr(number, SCRATCH);
    }

    /// The bytes, with every jump filled in.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        for (at, name, a, b, label) in std::mem::take(&mut self.open) {
            let offset = self.labels[&label] as i32 - at as i32;
            let instruction = match name {
                "jal" => ins(name, a, 0, 0, offset),
                _ => ins(name, 0, a, b, offset),
            };
            self.bytes[at..at + 4].copy_from_slice(&instruction.bytes());
        }
        self.bytes
    }
}
