//! Units of CSRs, modes, interrupts and memory protection.

use super::Generator;
use crate::code::{Instruction, ins, li};
use crate::freedom::{ABSENT, FREEDOMS, Freedom};
use crate::layout::{DATA, DATA_BYTES, MSIP, MTIMECMP, UART, VAULT, csr};
use crate::program::Unit;

const MIE_BIT: i32 = 1 << 3;
const MPP: u32 = 3 << 11;
const MPRV: u32 = 1 << 17;
const TW: u32 = 1 << 21;
const PLIC: u32 = 0x0C00_0000;

fn csr_register(name: &str, rd: u32, number: u32, rs1: u32) -> Instruction {
    ins(name, rd, rs1, 0, number as i32)
}

/// Writes a constant to a CSR.
fn set_csr(number: u32, value: u32, scratch: u32) -> Unit {
    let mut unit = li(scratch, value);
    unit.push(csr_register("csrrw", 0, number, scratch));
    unit
}

/// Stores a constant at an address.
fn poke(address: u32, value: u32, pointer: u32, scratch: u32) -> Unit {
    let mut unit = li(pointer, address);
    unit.extend(li(scratch, value));
    unit.push(ins("sw", 0, pointer, scratch, 0));
    unit
}

impl Generator {
    /// One CSR instruction, with what it read masked.
    pub(super) fn csr(&mut self) -> Unit {
        let Freedom { csr, compared, written, .. } = *self.random.pick(FREEDOMS);
        let rd = self.target();
        let mut unit = Unit::new();
        match self.random.below(6) {
            n @ 0..=2 => {
                let name = ["csrrw", "csrrs", "csrrc"][n as usize];
                let source = if self.random.one_in(4) { 0 } else { self.scratch() };
                if source != 0 {
                    // Setting no bits in a read-only CSR is illegal by the manual, and fine in QEMU.
                    let is_read_only = csr >> 10 == 3;
                    let value = self.random.value() | u32::from(is_read_only);
                    unit.extend(li(source, value & written));
                }
                unit.push(csr_register(name, rd, csr, source));
            }
            n => {
                let name = ["csrrwi", "csrrsi", "csrrci"][n as usize - 3];
                let value = self.random.below(32) & written;
                unit.push(ins(name, rd, value, 0, csr as i32));
            }
        }
        if compared != u32::MAX && rd != 0 {
            let mask = self.scratch_beside(rd);
            unit.extend(li(mask, compared));
            unit.push(ins("and", rd, rd, mask, 0));
        }
        unit
    }

    /// A CSR that is not there: an illegal instruction.
    pub(super) fn absent_csr(&mut self) -> Unit {
        let names = ["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"];
        let (name, number) = (*self.random.pick(&names), *self.random.pick(ABSENT));
        let (rd, rs1) = (self.target(), self.random.below(32));
        vec![csr_register(name, rd, number, rs1)]
    }

    /// From machine mode to user mode, or back.
    pub(super) fn change_mode(&mut self) -> Unit {
        if self.user { self.leave_user() } else { self.enter_user() }
    }

    pub(super) fn leave_user(&mut self) -> Unit {
        self.user = false;
        vec![ins("ecall", 0, 0, 0, 0)]
    }

    fn enter_user(&mut self) -> Unit {
        self.user = true;
        let scratch = self.scratch();
        let mut unit = li(scratch, MPP);
        unit.push(csr_register("csrrc", 0, csr::MSTATUS, scratch));
        unit.extend(self.continue_by_mret(scratch));
        unit
    }

    /// `mret` to the instruction behind it.
    fn continue_by_mret(&mut self, scratch: u32) -> Unit {
        vec![
            ins("auipc", scratch, 0, 0, 0),
            ins("addi", scratch, scratch, 0, 16),
            csr_register("csrrw", 0, csr::MEPC, scratch),
            ins("mret", 0, 0, 0, 0),
        ]
    }

    /// An interrupt that is taken: enabled, then raised, or the other way round.
    pub(super) fn interrupt(&mut self) -> Unit {
        let (pointer, scratch) = {
            let pointer = self.scratch();
            (pointer, self.scratch_beside(pointer))
        };
        let (bit, raise) = match self.random.below(3) {
            0 => (1 << 3, poke(MSIP, 1, pointer, scratch)),
            1 => {
                let mut raise = poke(MTIMECMP + 4, 0, pointer, scratch);
                raise.extend(poke(MTIMECMP, 0, pointer, scratch));
                (1 << 7, raise)
            }
            _ => {
                let mut raise = poke(PLIC + 40, 1, pointer, scratch);
                raise.extend(poke(PLIC + 0x2000, 1 << 10, pointer, scratch));
                raise.extend(li(pointer, UART));
                raise.push(ins("addi", scratch, 0, 0, 2));
                raise.push(ins("sb", 0, pointer, scratch, 1));
                (1 << 11, raise)
            }
        };
        let enable = set_csr(csr::MIE, bit, scratch);
        let let_in = vec![ins("csrrsi", 0, MIE_BIT as u32, 0, csr::MSTATUS as i32)];
        let mut unit = vec![ins("csrrci", 0, MIE_BIT as u32, 0, csr::MSTATUS as i32)];
        unit.extend(match self.random.below(3) {
            0 => [enable, let_in, raise].concat(),
            1 => [raise, enable, let_in].concat(),
            _ => [raise, let_in, enable].concat(),
        });
        let vectored = self.random.one_in(2);
        if vectored {
            unit.insert(0, ins("csrrsi", 0, 1, 0, csr::MTVEC as i32));
            unit.push(ins("csrrci", 0, 1, 0, csr::MTVEC as i32));
        }
        unit
    }

    /// WFI while an interrupt stands that is not let in; or WFI that user mode may not execute.
    pub(super) fn wait(&mut self) -> Unit {
        if self.user || self.random.one_in(2) {
            return self.forbidden_wait();
        }
        let pointer = self.scratch();
        let scratch = self.scratch_beside(pointer);
        let mut unit = vec![ins("csrrci", 0, MIE_BIT as u32, 0, csr::MSTATUS as i32)];
        unit.extend(poke(MSIP, 1, pointer, scratch));
        unit.extend(set_csr(csr::MIE, 1 << 3, scratch));
        unit.push(ins("wfi", 0, 0, 0, 0));
        unit.push(csr_register("csrrs", scratch, csr::MIP, 0));
        unit.push(ins("andi", scratch, scratch, 0, 8));
        let other = self.scratch_beside(pointer);
        unit.extend(poke(MSIP, 0, pointer, other));
        unit
    }

    fn forbidden_wait(&mut self) -> Unit {
        let scratch = self.scratch();
        let mut unit = if self.user { self.leave_user() } else { Unit::new() };
        unit.extend(li(scratch, TW));
        unit.push(csr_register("csrrs", 0, csr::MSTATUS, scratch));
        unit.extend(self.enter_user());
        unit.push(ins("wfi", 0, 0, 0, 0));
        unit.extend(self.leave_user());
        unit.extend(li(scratch, TW));
        unit.push(csr_register("csrrc", 0, csr::MSTATUS, scratch));
        unit
    }

    /// A guard in the data that binds loads and stores with MPRV and MPP = user.
    pub(super) fn guard(&mut self) -> Unit {
        let mut unit = if self.user { self.leave_user() } else { Unit::new() };
        let scratch = self.scratch();
        let place = DATA + 0x40 + self.random.below(DATA_BYTES - 0x100) / 64 * 64;
        let (config, first, end) = self.entry(place, &mut unit, scratch);
        unit.extend(set_csr(csr::PMPCFG0, config, scratch));
        unit.extend(li(scratch, MPP));
        unit.push(csr_register("csrrc", 0, csr::MSTATUS, scratch));
        unit.extend(li(scratch, MPRV));
        unit.push(csr_register("csrrs", 0, csr::MSTATUS, scratch));
        unit.extend(self.accesses_around(first, end));
        unit.extend(li(scratch, MPRV));
        unit.push(csr_register("csrrc", 0, csr::MSTATUS, scratch));
        unit.extend(set_csr(csr::PMPCFG0, 0, scratch));
        unit
    }

    /// The same with locked entries, which bind machine mode; in memory that nobody else needs.
    pub(super) fn lock(&mut self) -> Unit {
        let mut unit = Unit::new();
        let scratch = self.scratch();
        let (config, first, end) = self.entry(VAULT + 0x400, &mut unit, scratch);
        unit.extend(set_csr(csr::PMPCFG0, config | 0x8080, scratch));
        unit.extend(self.accesses_around(first, end));
        unit.extend(set_csr(csr::PMPCFG0, 0, scratch));
        unit.extend(set_csr(csr::PMPADDR0, 0, scratch));
        unit.extend(set_csr(csr::PMPADDR0 + 1, 0, scratch));
        unit.extend(self.accesses_around(first, end));
        for number in [csr::PMPCFG0, csr::PMPADDR0, csr::PMPADDR0 + 1] {
            let rd = self.scratch();
            unit.push(csr_register("csrrs", rd, number, 0));
        }
        unit
    }

    /// Entry 0 or 1 over a piece that begins at `place`: the configurations, and the piece.
    fn entry(&mut self, place: u32, unit: &mut Unit, scratch: u32) -> (u32, u32, u32) {
        let permissions = *self.random.pick(&[0, 1, 3, 4, 5, 7]);
        match self.random.below(3) {
            0 => {
                unit.extend(set_csr(csr::PMPADDR0, place >> 2, scratch));
                unit.extend(set_csr(csr::PMPADDR0 + 1, 0, scratch));
                (permissions | 0x10, place, place + 4)
            }
            1 => {
                let bytes = 8 << self.random.below(4);
                unit.extend(set_csr(csr::PMPADDR0, place >> 2 | (bytes / 8 - 1), scratch));
                unit.extend(set_csr(csr::PMPADDR0 + 1, 0, scratch));
                (permissions | 0x18, place, place + bytes)
            }
            _ => {
                let bytes = 4 + 4 * self.random.below(16);
                unit.extend(set_csr(csr::PMPADDR0, place >> 2, scratch));
                unit.extend(set_csr(csr::PMPADDR0 + 1, (place + bytes) >> 2, scratch));
                ((permissions | 0x08) << 8, place, place + bytes)
            }
        }
    }

    /// A few aligned accesses at both edges of a piece.
    fn accesses_around(&mut self, first: u32, end: u32) -> Unit {
        let base = self.scratch();
        let mut unit = li(base, first);
        for _ in 0..1 + self.random.below(4) {
            let edges = [-4, 0, (end - first) as i32 - 4, (end - first) as i32];
            let offset = *self.random.pick(&edges);
            loop {
                let access = self.load_or_store(base, offset);
                let overwrites = access.bits & 0x7F == 0x03 && access.bits >> 7 & 31 == base;
                if !overwrites {
                    unit.push(access);
                    break;
                }
            }
        }
        unit
    }
}
