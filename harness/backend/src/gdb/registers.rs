//! The processor in the debugger's words: RV32 with its integer registers, `pc` and CSRs.
//!
//! Numbers follow gdb's own for RISC-V: 0 to 31 the integer registers, 32 `pc`, and 65 + n for CSR
//! number n (gdb manual, "RISC-V Features").

use std::num::NonZeroUsize;

use gdbstub::arch::{Arch, RegId, Registers};

/// The number of `pc`.
const PC: usize = 32;
/// The number of CSR 0.
const FIRST_CSR: usize = 65;

/// What a debugger may ask of the CSRs of the machine.
pub(super) const CSRS: [(&str, u16); 12] = [
    ("mstatus", 0x300),
    ("misa", 0x301),
    ("mtvec", 0x305),
    ("mscratch", 0x340),
    ("mepc", 0x341),
    ("mcause", 0x342),
    ("mtval", 0x343),
    ("tselect", 0x7A0),
    ("tdata1", 0x7A1),
    ("tdata2", 0x7A2),
    ("tcontrol", 0x7A5),
    ("mhartid", 0xF14),
];

/// RV32 as this debugger knows it.
#[derive(Debug)]
pub(super) enum Rv32 {}

impl Arch for Rv32 {
    type Usize = u32;
    type Registers = Integers;
    type BreakpointKind = usize;
    type RegId = Register;

    // The description names CSRs, so it is made by the target, see `description`.
}

/// The integer registers and `pc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Integers {
    pub(crate) x: [u32; 32],
    pub(crate) pc: u32,
}

impl Registers for Integers {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        self.pc
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        let words = self.x.iter().chain([&self.pc]);
        words.flat_map(|word| word.to_le_bytes()).for_each(|byte| write_byte(Some(byte)));
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let (words, rest) = bytes.as_chunks::<4>();
        if words.len() < PC + 1 || !rest.is_empty() {
            return Err(());
        }
        for (place, word) in self.x.iter_mut().chain([&mut self.pc]).zip(words) {
            *place = u32::from_le_bytes(*word);
        }
        Ok(())
    }
}

/// One register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    /// `x0` to `x31`.
    Integer(u8),
    /// `pc`.
    Pc,
    /// A CSR by its number.
    Csr(u16),
}

impl RegId for Register {
    fn from_raw_id(id: usize) -> Option<(Self, Option<NonZeroUsize>)> {
        let register = match id {
            0..PC => Self::Integer(id as u8),
            PC => Self::Pc,
            FIRST_CSR.. => Self::Csr(u16::try_from(id - FIRST_CSR).ok()?),
            _ => return None,
        };
        Some((register, NonZeroUsize::new(4)))
    }
}

/// The description that makes a debugger know all of this.
pub(super) fn description() -> String {
    const NAMES: [&str; 32] = [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4",
        "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
        "t5", "t6",
    ];
    let integers = NAMES.iter().enumerate().map(|(number, name)| {
        let kind = match *name {
            "ra" => "code_ptr",
            "sp" | "gp" | "tp" | "fp" => "data_ptr",
            _ => "int",
        };
        register(name, number, kind)
    });
    let csrs = CSRS.iter().map(|(name, csr)| register(name, FIRST_CSR + usize::from(*csr), "int"));
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">\
         <target version=\"1.0\"><architecture>riscv:rv32</architecture>\
         <feature name=\"org.gnu.gdb.riscv.cpu\">{}{}</feature>\
         <feature name=\"org.gnu.gdb.riscv.csr\">{}</feature></target>",
        integers.collect::<String>(),
        register("pc", PC, "code_ptr"),
        csrs.collect::<String>(),
    )
}

fn register(name: &str, number: usize, kind: &str) -> String {
    format!("<reg name=\"{name}\" bitsize=\"32\" regnum=\"{number}\" type=\"{kind}\"/>")
}
