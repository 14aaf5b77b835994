//! Control and status registers.
//!
//! Which CSRs exist and which of their bits can be written follows the chip's technical reference
//! manual, chapter "ESP-RISC-V CPU"; any other number is an illegal instruction. Where the manual
//! leaves room, this model chooses:
//! - mie and mip read as zero and ignore writes: interrupts are enabled in the interrupt matrix.
//! - mtvec keeps direct mode when it is written, though silicon is always vectored. In vectored
//!   mode the base is rounded down to 256 bytes, as the chip does.
//! - PMP registers decide what may be executed ([`pmp`](super::pmp)), not what may be accessed.
//! - mpccr counts CPU clock cycles from its last write on, whatever mpcer and mpcmr say. As on
//!   silicon it **stands still while the core waits** in WFI (description of mpcer, event CYCLE),
//!   so it is no clock; an instruction being a cycle here, it counts instructions.
//! - mstatus.MIE is set at the start, as Espressif's boot chain leaves it; after a bare reset of
//!   silicon it is clear.

use super::Privilege;
use super::pmp::Pmp;

/// mstatus.MIE: machine interrupts enabled.
pub(crate) const MIE: u32 = 1 << 3;
/// mstatus.MPIE: MIE before the trap.
pub(crate) const MPIE: u32 = 1 << 7;
/// mstatus.MPP: privilege before the trap, 0 user, 3 machine.
pub(crate) const MPP: u32 = 3 << 11;
const MPP_LOW: u32 = 1 << 11;
/// mstatus.TW: WFI is illegal in user mode.
pub(crate) const TW: u32 = 1 << 21;

const MSTATUS: u16 = 0x300;
const MISA: u16 = 0x301;
pub(super) const MIE_CSR: u16 = 0x304;
const MTVEC: u16 = 0x305;
const MSCRATCH: u16 = 0x340;
const MEPC: u16 = 0x341;
const MCAUSE: u16 = 0x342;
const MTVAL: u16 = 0x343;
const MIP: u16 = 0x344;
const PMPCFG_FIRST: u16 = 0x3A0;
const PMPCFG_LAST: u16 = 0x3A3;
const PMPADDR_FIRST: u16 = 0x3B0;
const PMPADDR_LAST: u16 = 0x3BF;
pub(super) const TSELECT: u16 = 0x7A0;
pub(super) const TDATA1: u16 = 0x7A1;
pub(super) const TDATA2: u16 = 0x7A2;
pub(super) const TCONTROL: u16 = 0x7A5;
const MPCER: u16 = 0x7E0;
const MPCMR: u16 = 0x7E1;
const MPCCR: u16 = 0x7E2;
const GPIO_OEN: u16 = 0x803;
const GPIO_IN: u16 = 0x804;
const GPIO_OUT: u16 = 0x805;
const MVENDORID: u16 = 0xF11;
const MARCHID: u16 = 0xF12;
const MIMPID: u16 = 0xF13;
const MHARTID: u16 = 0xF14;

/// RV32 with I, M, C and user mode.
pub(super) const MISA_VALUE: u32 = 0x4010_1104;

/// The CSRs that are plain storage with a mask.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Csrs {
    pub(crate) mstatus: u32,
    pub(crate) mtvec: u32,
    pub(super) mscratch: u32,
    pub(crate) mepc: u32,
    pub(crate) mcause: u32,
    pub(crate) mtval: u32,
    pub(crate) pmp: Pmp,
    mpcer: u32,
    mpcmr: u32,
    /// What is added to the count of active cycles to give mpccr.
    mpccr_offset: u32,
    gpio: [u32; 2],
}

impl Csrs {
    pub(super) fn new() -> Self {
        Self {
            mstatus: MIE | MPP,
            mtvec: 1,
            mscratch: 0,
            mepc: 0,
            mcause: 0,
            mtval: 0,
            pmp: Pmp::default(),
            mpcer: 1,
            mpcmr: 1,
            mpccr_offset: 0,
            gpio: [0; 2],
        }
    }

    /// Lets mpccr start at zero after `active` cycles that the core did not wait.
    pub(crate) fn restart_counter(&mut self, active: u64) {
        self.mpccr_offset = (active as u32).wrapping_neg();
    }

    /// Where a trap with `mcause` goes.
    pub(super) fn handler(&self, mcause: u32) -> u32 {
        if self.mtvec & 1 == 0 {
            return self.mtvec;
        }
        let base = self.mtvec & !0xFF;
        if mcause & super::cause::INTERRUPT != 0 { base + 4 * (mcause & 31) } else { base }
    }

    /// The value of a CSR that is not a trigger's, after `active` cycles that the core did not
    /// wait; `None` if there is none of this number.
    pub(super) fn read(&self, number: u16, active: u64) -> Option<u32> {
        Some(match number {
            MSTATUS => self.mstatus,
            MISA => MISA_VALUE,
            MIE_CSR | MIP => 0,
            MTVEC => self.mtvec,
            MSCRATCH => self.mscratch,
            MEPC => self.mepc,
            MCAUSE => self.mcause,
            MTVAL => self.mtval,
            PMPCFG_FIRST..=PMPCFG_LAST => {
                self.pmp.configuration(usize::from(number - PMPCFG_FIRST))
            }
            PMPADDR_FIRST..=PMPADDR_LAST => self.pmp.address(usize::from(number - PMPADDR_FIRST)),
            MPCER => self.mpcer,
            MPCMR => self.mpcmr,
            MPCCR => (active as u32).wrapping_add(self.mpccr_offset),
            GPIO_OEN => self.gpio[0],
            GPIO_IN => 0,
            GPIO_OUT => self.gpio[1],
            MVENDORID => 0x612,
            MARCHID => 0x8000_0001,
            MIMPID => 1,
            MHARTID => 0,
            _ => return None,
        })
    }

    /// Writes a CSR that [`read`](Self::read) knows; writes to constants do nothing.
    pub(super) fn write(&mut self, number: u16, value: u32, active: u64) {
        match number {
            MSTATUS => self.mstatus = legal_mstatus(value),
            MTVEC if value & 1 == 0 => self.mtvec = value & !3,
            MTVEC => self.mtvec = value & !0xFF | 1,
            MSCRATCH => self.mscratch = value,
            MEPC => self.mepc = value & !1,
            MCAUSE => self.mcause = value & (super::cause::INTERRUPT | 31),
            MTVAL => self.mtval = value,
            PMPCFG_FIRST..=PMPCFG_LAST => {
                self.pmp.write_configuration(usize::from(number - PMPCFG_FIRST), value);
            }
            PMPADDR_FIRST..=PMPADDR_LAST => {
                self.pmp.write_address(usize::from(number - PMPADDR_FIRST), value);
            }
            MPCER => self.mpcer = value & 0x7FF,
            MPCMR => self.mpcmr = value & 3,
            MPCCR => self.mpccr_offset = value.wrapping_sub(active as u32),
            GPIO_OEN => self.gpio[0] = value & 0xFF,
            GPIO_OUT => self.gpio[1] = value & 0xFF,
            _ => {}
        }
    }
}

/// Of MPP only the lower bit can be written; the higher follows it.
fn legal_mstatus(value: u32) -> u32 {
    let kept = value & (MIE | MPIE | TW);
    if value & MPP_LOW != 0 { kept | MPP } else { kept }
}

/// Whether a CSR is one of memory protection.
pub(super) fn is_protection(number: u16) -> bool {
    (PMPCFG_FIRST..=PMPADDR_LAST).contains(&number)
}

/// Whether software of this privilege may name this CSR, by the bits of its number.
pub(super) fn allowed(number: u16, privilege: Privilege) -> bool {
    privilege == Privilege::Machine || number >> 8 & 3 == 0
}

/// Whether the number says that the CSR cannot be written.
pub(super) fn is_read_only(number: u16) -> bool {
    number >> 10 == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_pmp_entry_keeps_its_address_and_bits() {
        let mut csrs = Csrs::new();
        csrs.write(PMPADDR_FIRST, 0x100, 0);
        csrs.write(PMPADDR_FIRST + 1, 0x200, 0);
        csrs.write(PMPCFG_FIRST, 0x8900, 0); // entry 1: locked, top of range, readable
        csrs.write(PMPADDR_FIRST, 0x111, 0);
        csrs.write(PMPADDR_FIRST + 1, 0x222, 0);
        csrs.write(PMPCFG_FIRST, 0x1F1F, 0);
        assert_eq!(csrs.read(PMPADDR_FIRST, 0), Some(0x100));
        assert_eq!(csrs.read(PMPADDR_FIRST + 1, 0), Some(0x200));
        assert_eq!(csrs.read(PMPCFG_FIRST, 0), Some(0x891F));
    }

    #[test]
    fn the_previous_privilege_is_user_or_machine() {
        let mut csrs = Csrs::new();
        for (written, kept) in [(0, 0), (1 << 11, MPP), (2 << 11, 0), (MPP, MPP)] {
            csrs.write(MSTATUS, written, 0);
            assert_eq!(csrs.read(MSTATUS, 0), Some(kept));
        }
    }

    #[test]
    fn the_cycle_counter_counts_from_what_was_written() {
        let mut csrs = Csrs::new();
        csrs.write(MPCCR, 1_000, 50);
        assert_eq!(csrs.read(MPCCR, 60), Some(1_010));
    }
}
