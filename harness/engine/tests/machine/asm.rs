//! A tiny assembler: enough to say programs in tests.

use std::collections::BTreeMap;

/// Register numbers by their names in the calling convention.
pub(crate) mod reg {
    pub(crate) const ZERO: u32 = 0;
    pub(crate) const RA: u32 = 1;
    pub(crate) const SP: u32 = 2;
    pub(crate) const T0: u32 = 5;
    pub(crate) const T1: u32 = 6;
    pub(crate) const T2: u32 = 7;
    pub(crate) const S0: u32 = 8;
    pub(crate) const S1: u32 = 9;
    pub(crate) const A0: u32 = 10;
    pub(crate) const A1: u32 = 11;
    pub(crate) const A2: u32 = 12;
    pub(crate) const A3: u32 = 13;
    pub(crate) const A4: u32 = 14;
    pub(crate) const A5: u32 = 15;
}
use reg::{T0, T1, ZERO};

/// CSR numbers.
pub(crate) mod csr {
    pub(crate) const MSTATUS: u32 = 0x300;
    pub(crate) const MTVEC: u32 = 0x305;
    pub(crate) const MSCRATCH: u32 = 0x340;
    pub(crate) const MEPC: u32 = 0x341;
    pub(crate) const MCAUSE: u32 = 0x342;
    pub(crate) const TSELECT: u32 = 0x7A0;
    pub(crate) const TDATA1: u32 = 0x7A1;
    pub(crate) const TDATA2: u32 = 0x7A2;
    pub(crate) const TCONTROL: u32 = 0x7A5;
    pub(crate) const MPCCR: u32 = 0x7E2;
}

enum Fixup {
    Branch,
    Jump,
    /// The upper part of an address that the next instruction completes.
    Address,
}

/// A program under construction.
pub(crate) struct Asm {
    base: u32,
    bytes: Vec<u8>,
    labels: BTreeMap<String, u32>,
    fixups: Vec<(usize, String, Fixup)>,
}

impl Asm {
    /// A program that starts at `base`.
    pub(crate) fn new(base: u32) -> Self {
        Self { base, bytes: Vec::new(), labels: BTreeMap::new(), fixups: Vec::new() }
    }

    /// The address of what comes next.
    pub(crate) fn here(&self) -> u32 {
        self.base + self.bytes.len() as u32
    }

    pub(crate) fn label(&mut self, name: &str) {
        let here = self.here();
        assert!(self.labels.insert(name.into(), here).is_none(), "{name} twice");
    }

    /// Labels and bytes, with every reference filled in.
    pub(crate) fn finish(mut self) -> (Vec<u8>, BTreeMap<String, u32>) {
        for (at, label, fixup) in std::mem::take(&mut self.fixups) {
            let target = *self.labels.get(&label).unwrap_or_else(|| panic!("no label {label}"));
            let offset = target.wrapping_sub(self.base + at as u32);
            match fixup {
                Fixup::Branch => self.patch(at, branch_bits(offset)),
                Fixup::Jump => self.patch(at, jump_bits(offset)),
                Fixup::Address => {
                    self.patch(at, target.wrapping_add(0x800) & 0xFFFF_F000);
                    self.patch(at + 4, target << 20);
                }
            }
        }
        (self.bytes, self.labels)
    }

    fn patch(&mut self, at: usize, bits: u32) {
        let word = u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap()) | bits;
        self.bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }

    pub(crate) fn word(&mut self, word: u32) {
        self.bytes.extend(word.to_le_bytes());
    }

    pub(crate) fn half(&mut self, half: u16) {
        self.bytes.extend(half.to_le_bytes());
    }

    pub(crate) fn align(&mut self, bytes: usize) {
        while !self.bytes.len().is_multiple_of(bytes) {
            self.half(0x0001);
        }
    }

    pub(crate) fn i_type(&mut self, opcode: u32, funct3: u32, rd: u32, rs1: u32, imm: i32) {
        self.word((imm as u32) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
    }

    pub(crate) fn r_type(&mut self, funct7: u32, funct3: u32, rd: u32, rs1: u32, rs2: u32) {
        self.word(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33);
    }

    pub(crate) fn s_type(&mut self, funct3: u32, rs2: u32, offset: i32, rs1: u32) {
        let imm = offset as u32 & 0xFFF;
        self.word(imm >> 5 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23);
    }

    pub(crate) fn b_type(&mut self, funct3: u32, rs1: u32, rs2: u32, label: &str) {
        self.fixups.push((self.bytes.len(), label.into(), Fixup::Branch));
        self.word(rs2 << 20 | rs1 << 15 | funct3 << 12 | 0x63);
    }

    pub(crate) fn lui(&mut self, rd: u32, value: u32) {
        self.word(value & 0xFFFF_F000 | rd << 7 | 0x37);
    }

    pub(crate) fn auipc(&mut self, rd: u32, value: u32) {
        self.word(value & 0xFFFF_F000 | rd << 7 | 0x17);
    }

    pub(crate) fn addi(&mut self, rd: u32, rs1: u32, imm: i32) {
        self.i_type(0x13, 0, rd, rs1, imm);
    }

    pub(crate) fn add(&mut self, rd: u32, rs1: u32, rs2: u32) {
        self.r_type(0, 0, rd, rs1, rs2);
    }

    /// Always two instructions, whatever the value.
    pub(crate) fn li(&mut self, rd: u32, value: u32) {
        self.lui(rd, value.wrapping_add(0x800));
        self.addi(rd, rd, value as i32 & 0xFFF);
    }

    /// The address of a label.
    pub(crate) fn la(&mut self, rd: u32, label: &str) {
        self.fixups.push((self.bytes.len(), label.into(), Fixup::Address));
        self.lui(rd, 0);
        self.addi(rd, rd, 0);
    }

    pub(crate) fn lw(&mut self, rd: u32, offset: i32, rs1: u32) {
        self.i_type(0x03, 2, rd, rs1, offset);
    }

    pub(crate) fn sw(&mut self, rs2: u32, offset: i32, rs1: u32) {
        self.s_type(2, rs2, offset, rs1);
    }

    pub(crate) fn beq(&mut self, rs1: u32, rs2: u32, label: &str) {
        self.b_type(0, rs1, rs2, label);
    }

    pub(crate) fn bne(&mut self, rs1: u32, rs2: u32, label: &str) {
        self.b_type(1, rs1, rs2, label);
    }

    pub(crate) fn jal(&mut self, rd: u32, label: &str) {
        self.fixups.push((self.bytes.len(), label.into(), Fixup::Jump));
        self.word(rd << 7 | 0x6F);
    }

    pub(crate) fn j(&mut self, label: &str) {
        self.jal(ZERO, label);
    }

    pub(crate) fn jalr(&mut self, rd: u32, rs1: u32, offset: i32) {
        self.i_type(0x67, 0, rd, rs1, offset);
    }

    pub(crate) fn ret(&mut self) {
        self.jalr(ZERO, reg::RA, 0);
    }

    /// A jump to itself.
    pub(crate) fn stay(&mut self) {
        self.word(0x0000_006F);
    }

    pub(crate) fn csrrw(&mut self, rd: u32, csr: u32, rs1: u32) {
        self.i_type(0x73, 1, rd, rs1, csr as i32);
    }

    pub(crate) fn csrrs(&mut self, rd: u32, csr: u32, rs1: u32) {
        self.i_type(0x73, 2, rd, rs1, csr as i32);
    }

    pub(crate) fn csrrsi(&mut self, rd: u32, csr: u32, bits: u32) {
        self.i_type(0x73, 6, rd, bits, csr as i32);
    }

    pub(crate) fn csrrci(&mut self, rd: u32, csr: u32, bits: u32) {
        self.i_type(0x73, 7, rd, bits, csr as i32);
    }

    pub(crate) fn csrr(&mut self, rd: u32, csr: u32) {
        self.csrrs(rd, csr, ZERO);
    }

    pub(crate) fn ecall(&mut self) {
        self.word(0x0000_0073);
    }

    pub(crate) fn ebreak(&mut self) {
        self.word(0x0010_0073);
    }

    pub(crate) fn mret(&mut self) {
        self.word(0x3020_0073);
    }

    pub(crate) fn wfi(&mut self) {
        self.word(0x1050_0073);
    }

    /// Stores a constant at a constant address; uses `t0` and `t1`.
    pub(crate) fn poke(&mut self, address: u32, value: u32) {
        self.li(T0, address);
        self.li(T1, value);
        self.sw(T1, 0, T0);
    }

    /// Loads from a constant address.
    pub(crate) fn peek(&mut self, rd: u32, address: u32) {
        self.li(rd, address);
        self.lw(rd, 0, rd);
    }

    /// Writes a constant to a CSR; uses `t0`.
    pub(crate) fn write_csr(&mut self, csr: u32, value: u32) {
        self.li(T0, value);
        self.csrrw(ZERO, csr, T0);
    }

    /// Lets traps go to a label, directly; uses `t0`.
    pub(crate) fn traps_to(&mut self, label: &str) {
        self.la(T0, label);
        self.csrrw(ZERO, csr::MTVEC, T0);
    }

    /// Switches all watchdogs off, as a board's start-up does; uses `t0` and `t1`.
    pub(crate) fn watchdogs_off(&mut self) {
        self.poke(0x6000_80A8, 0x50D8_3AA1);
        self.poke(0x6000_8090, 0);
        self.poke(0x6000_80B0, 0x8F1D_312A);
        self.poke(0x6000_80AC, 1 << 31);
        for group in [0x6001_F000, 0x6002_0000] {
            self.poke(group + 0x64, 0x50D8_3AA1);
            self.poke(group + 0x48, 0);
        }
    }
}

fn branch_bits(offset: u32) -> u32 {
    (offset >> 12 & 1) << 31
        | (offset >> 5 & 0x3F) << 25
        | (offset >> 1 & 0xF) << 8
        | (offset >> 11 & 1) << 7
}

fn jump_bits(offset: u32) -> u32 {
    (offset >> 20 & 1) << 31
        | (offset >> 1 & 0x3FF) << 21
        | (offset >> 11 & 1) << 20
        | (offset >> 12 & 0xFF) << 12
}
