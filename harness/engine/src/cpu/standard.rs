//! What a core has that follows the RISC-V privileged manual to the letter, where the ESP32-C3's
//! core goes its own way: interrupts enabled one by one (mie, mip), counters, enforced protection
//! (PMP), mstatus.MPRV, and `mret` that leaves MPIE set.
//!
//! The model is QEMU's `rv32` with I, M, C and user mode; what the manual leaves free is chosen as
//! QEMU 7.2 does:
//! - **mcycle and minstret count nanoseconds** of virtual time, as they do there with `-icount`, so
//!   that the same image means the same on both.
//! - Performance counters 3 to 31 exist and read zero.
//! - A write of a reserved mode to mtvec is ignored.

use super::csr::{self, Csrs};
use super::pmp::{DataProtection, Pmp};
use super::{Cpu, Privilege};
use crate::virt::{CPU_PERIOD_PS, MTIME_PERIOD_PS, interrupt};
use std::hash::{Hash, Hasher};

/// mstatus.MPRV: loads and stores have the privilege in MPP.
const MPRV: u32 = 1 << 17;
const MSTATUS_WRITABLE: u32 = csr::MIE | csr::MPIE | csr::MPP | csr::TW | MPRV;
const MIE_WRITABLE: u32 = interrupt::SOFTWARE | interrupt::TIMER | interrupt::EXTERNAL;
const NANOS_A_CYCLE: u64 = CPU_PERIOD_PS / 1_000;

/// CSR numbers.
mod number {
    pub(super) const MSTATUS: u16 = 0x300;
    pub(super) const MISA: u16 = 0x301;
    pub(super) const MIE: u16 = 0x304;
    pub(super) const MTVEC: u16 = 0x305;
    pub(super) const MCOUNTEREN: u16 = 0x306;
    pub(super) const MSTATUSH: u16 = 0x310;
    pub(super) const MCOUNTINHIBIT: u16 = 0x320;
    pub(super) const MHPMEVENT_FIRST: u16 = 0x323;
    pub(super) const MHPMEVENT_LAST: u16 = 0x33F;
    pub(super) const MSCRATCH: u16 = 0x340;
    pub(super) const MEPC: u16 = 0x341;
    pub(super) const MCAUSE: u16 = 0x342;
    pub(super) const MTVAL: u16 = 0x343;
    pub(super) const MIP: u16 = 0x344;
    pub(super) const PMPCFG_FIRST: u16 = 0x3A0;
    pub(super) const PMPCFG_LAST: u16 = 0x3A3;
    pub(super) const PMPADDR_FIRST: u16 = 0x3B0;
    pub(super) const PMPADDR_LAST: u16 = 0x3BF;
    /// mcycle, minstret and the performance counters; the upper halves are 0x80 above.
    pub(super) const COUNTERS_FIRST: u16 = 0xB00;
    pub(super) const COUNTERS_LAST: u16 = 0xB1F;
    /// Their names for user mode, with time where machine mode has a gap.
    pub(super) const USER_FIRST: u16 = 0xC00;
    pub(super) const USER_LAST: u16 = 0xC1F;
    pub(super) const HIGH: u16 = 0x80;
    pub(super) const MVENDORID: u16 = 0xF11;
    pub(super) const MCONFIGPTR: u16 = 0xF15;
}
use number::*;

/// mcycle, time, minstret among the counters.
const CYCLE: usize = 0;
const TIME: usize = 1;
const INSTRET: usize = 2;

/// The part of a standard core's state that the ESP32-C3's core lacks.
#[derive(Clone, Debug)]
pub(crate) struct Standard {
    /// What the entries of protection mean; they themselves stand among the CSRs.
    pub(crate) data: DataProtection,
    /// The interrupts that stand, brought up to date by the run loop.
    pub(crate) mip: u32,
    mie: u32,
    mcounteren: u32,
    /// What firmware has added to mcycle and minstret by writing them.
    mcycle_shift: u64,
    minstret_shift: u64,
}

impl Hash for Standard {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.mip, self.mie, self.mcounteren).hash(hasher);
        (self.mcycle_shift, self.minstret_shift).hash(hasher);
    }
}

impl Standard {
    pub(super) fn new() -> Self {
        Self {
            data: DataProtection::new(&Pmp::default()),
            mip: 0,
            mie: 0,
            mcounteren: 0,
            mcycle_shift: 0,
            minstret_shift: 0,
        }
    }

    /// The interrupt that would be taken: external before software before timer.
    pub(crate) fn line(&self) -> Option<u32> {
        let pending = self.mip & self.mie;
        [interrupt::EXTERNAL, interrupt::SOFTWARE, interrupt::TIMER]
            .into_iter()
            .find(|bit| pending & bit != 0)
            .map(u32::trailing_zeros)
    }

    fn counter(&self, n: usize, cycle: u64) -> u64 {
        let nanos = cycle.wrapping_mul(NANOS_A_CYCLE);
        match n {
            CYCLE => nanos.wrapping_add(self.mcycle_shift),
            TIME => cycle.wrapping_mul(CPU_PERIOD_PS) / MTIME_PERIOD_PS,
            INSTRET => nanos.wrapping_add(self.minstret_shift),
            _ => 0,
        }
    }

    fn set_counter(&mut self, n: usize, value: u64, cycle: u64) {
        let shift = value.wrapping_sub(cycle.wrapping_mul(NANOS_A_CYCLE));
        match n {
            CYCLE => self.mcycle_shift = shift,
            INSTRET => self.minstret_shift = shift,
            _ => {}
        }
    }
}

/// The counter that a CSR number means, if any, and whether it is the upper half.
fn counter_of(csr: u16, first: u16, last: u16) -> Option<(usize, bool)> {
    let within = |csr: u16| (first..=last).contains(&csr).then(|| usize::from(csr - first));
    match within(csr) {
        Some(n) => Some((n, false)),
        None => within(csr.wrapping_sub(HIGH)).map(|n| (n, true)),
    }
}

fn half(value: u64, is_high: bool) -> u32 {
    if is_high { (value >> 32) as u32 } else { value as u32 }
}

impl Cpu {
    /// The privilege that loads and stores have.
    pub(crate) fn data_privilege(&self) -> Privilege {
        let mstatus = self.csrs.mstatus;
        #[cfg(feature = "mutations")]
        let mstatus = if self.ignores_mprv() { 0 } else { mstatus };
        match (mstatus & MPRV, mstatus & csr::MPP) {
            (0, _) => self.privilege,
            (_, 0) => Privilege::User,
            _ => Privilege::Machine,
        }
    }

    pub(super) fn read_standard(&self, standard: &Standard, csr: u16, cycle: u64) -> Option<u32> {
        let csrs: &Csrs = &self.csrs;
        Some(match csr {
            MSTATUS => csrs.mstatus,
            MISA => csr::MISA_VALUE,
            MIE => standard.mie,
            MTVEC => csrs.mtvec,
            MCOUNTEREN => standard.mcounteren,
            MSTATUSH | MCOUNTINHIBIT | MHPMEVENT_FIRST..=MHPMEVENT_LAST => 0,
            MSCRATCH => csrs.mscratch,
            MEPC => csrs.mepc,
            MCAUSE => csrs.mcause,
            MTVAL => csrs.mtval,
            MIP => standard.mip,
            PMPCFG_FIRST..=PMPCFG_LAST => csrs.pmp.configuration(usize::from(csr - PMPCFG_FIRST)),
            PMPADDR_FIRST..=PMPADDR_LAST => csrs.pmp.address(usize::from(csr - PMPADDR_FIRST)),
            MVENDORID..=MCONFIGPTR => 0,
            _ => return self.read_counter(standard, csr, cycle),
        })
    }

    fn read_counter(&self, standard: &Standard, csr: u16, cycle: u64) -> Option<u32> {
        if let Some((n, is_high)) = counter_of(csr, COUNTERS_FIRST, COUNTERS_LAST) {
            return (n != TIME).then(|| half(standard.counter(n, cycle), is_high));
        }
        let (n, is_high) = counter_of(csr, USER_FIRST, USER_LAST)?;
        let open = self.privilege == Privilege::Machine || standard.mcounteren >> n & 1 != 0;
        open.then(|| half(standard.counter(n, cycle), is_high))
    }

    /// Writes a CSR that [`read_standard`](Self::read_standard) knows.
    pub(super) fn write_standard(&mut self, csr: u16, value: u32, cycle: u64) {
        let Some(standard) = &mut self.standard else {
            return;
        };
        let csrs = &mut self.csrs;
        match csr {
            MSTATUS => csrs.mstatus = legal_mstatus(value, csrs.mstatus),
            MIE => standard.mie = value & MIE_WRITABLE,
            MTVEC if value & 2 == 0 => csrs.mtvec = value,
            MCOUNTEREN => standard.mcounteren = value,
            MSCRATCH => csrs.mscratch = value,
            MEPC => csrs.mepc = value & !1,
            MCAUSE => csrs.mcause = value,
            MTVAL => csrs.mtval = value,
            PMPCFG_FIRST..=PMPCFG_LAST => {
                csrs.pmp.write_configuration(usize::from(csr - PMPCFG_FIRST), value);
                standard.data = DataProtection::new(&csrs.pmp);
            }
            PMPADDR_FIRST..=PMPADDR_LAST => {
                csrs.pmp.write_address(usize::from(csr - PMPADDR_FIRST), value);
                standard.data = DataProtection::new(&csrs.pmp);
            }
            _ => {
                if let Some((n, is_high)) = counter_of(csr, COUNTERS_FIRST, COUNTERS_LAST) {
                    let old = standard.counter(n, cycle);
                    let new = if is_high {
                        old & 0xFFFF_FFFF | u64::from(value) << 32
                    } else {
                        old & !0xFFFF_FFFF | u64::from(value)
                    };
                    standard.set_counter(n, new, cycle);
                }
            }
        }
    }

    /// What `mret` does besides: MPIE is set, and a return to user mode ends MPRV.
    pub(super) fn finish_standard_return(&mut self) {
        self.csrs.mstatus |= csr::MPIE;
        if self.privilege == Privilege::User {
            self.csrs.mstatus &= !MPRV;
        }
    }
}

/// A reserved privilege in MPP is not kept: the old one stays.
fn legal_mstatus(value: u32, old: u32) -> u32 {
    let kept = value & MSTATUS_WRITABLE;
    match kept & csr::MPP {
        0 | csr::MPP => kept,
        _ => kept & !csr::MPP | old & csr::MPP,
    }
}

/// Where a trap goes: every exception to the base, an interrupt to its own slot in vectored mode.
pub(super) fn handler(mtvec: u32, mcause: u32) -> u32 {
    let base = mtvec & !3;
    let vectored = mtvec & 1 != 0 && mcause & super::cause::INTERRUPT != 0;
    if vectored { base.wrapping_add(4 * (mcause & 31)) } else { base }
}
