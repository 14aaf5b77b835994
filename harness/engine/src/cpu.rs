//! The processor's own state: registers, privilege, CSRs and traps.
//!
//! Nothing here knows of memory or devices. The core is machine mode with a minimal user mode, as
//! the chip has it: no supervisor, no delegation, interrupts enabled through the interrupt matrix
//! and mstatus.MIE alone.
//!
//! Invariants:
//! 1. `pc` and `mepc` are even.
//! 2. Only slots 0 to 31 of `registers` mean anything; slot 0 is always zero, because decoded
//!    instructions write `x0` to [`SINK`](decode::SINK).

pub(crate) mod compressed;
pub(crate) mod csr;
pub(crate) mod decode;
pub(crate) mod execute;
pub(crate) mod pmp;
pub(crate) mod standard;
pub(crate) mod trigger;

use crate::hash::StateHasher;
use csr::Csrs;
use standard::Standard;
use std::hash::Hash;
use trigger::Triggers;

/// Trap causes (RISC-V privileged manual, table of mcause values).
pub(crate) mod cause {
    pub(crate) const FETCH_FAULT: u32 = 1;
    pub(crate) const ILLEGAL: u32 = 2;
    pub(crate) const BREAKPOINT: u32 = 3;
    pub(crate) const LOAD_MISALIGNED: u32 = 4;
    pub(crate) const LOAD_FAULT: u32 = 5;
    pub(crate) const STORE_MISALIGNED: u32 = 6;
    pub(crate) const STORE_FAULT: u32 = 7;
    pub(crate) const ECALL_USER: u32 = 8;
    pub(crate) const ECALL_MACHINE: u32 = 11;
    pub(crate) const INTERRUPT: u32 = 0x8000_0000;
}

/// Who executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Privilege {
    User,
    Machine,
}

/// An exception: what mcause and mtval will say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) cause: u32,
    pub(crate) value: u32,
}

impl Exception {
    pub(crate) fn new(cause: u32, value: u32) -> Self {
        Self { cause, value }
    }
}

/// Registers of the core.
#[derive(Clone, Debug)]
pub(crate) struct Cpu {
    /// 256 slots, so that a `u8` is always within bounds.
    pub(crate) registers: [u32; 256],
    pub(crate) pc: u32,
    pub(crate) privilege: Privilege,
    /// WFI was executed and nothing has woken the core since.
    pub(crate) waiting: bool,
    pub(crate) csrs: Csrs,
    pub(crate) triggers: Triggers,
    /// What only a standard core has; the ESP32-C3 has triggers instead.
    pub(crate) standard: Option<Box<Standard>>,
    #[cfg(feature = "mutations")]
    pub(crate) mutation: Option<crate::Mutation>,
}

impl Cpu {
    /// A core that starts at `entry`. mstatus.MIE is set, as Espressif's boot chain leaves it.
    pub(crate) fn new(entry: u32) -> Self {
        Self {
            registers: [0; 256],
            pc: entry & !1,
            privilege: Privilege::Machine,
            waiting: false,
            csrs: Csrs::new(),
            triggers: Triggers::default(),
            standard: None,
            #[cfg(feature = "mutations")]
            mutation: None,
        }
    }

    /// A core as the RISC-V manual has it, as it is after reset.
    pub(crate) fn standard(entry: u32) -> Self {
        let mut csrs = Csrs::new();
        (csrs.mstatus, csrs.mtvec) = (0, 0);
        Self { csrs, standard: Some(Box::new(Standard::new())), ..Self::new(entry) }
    }

    pub(crate) fn register(&self, n: u8) -> u32 {
        self.registers[usize::from(n & 31)]
    }

    pub(crate) fn interrupts_enabled(&self) -> bool {
        self.csrs.mstatus & csr::MIE != 0
    }

    /// Whether a pending interrupt would be taken now: user code cannot mask interrupts.
    pub(crate) fn takes_interrupts(&self) -> bool {
        self.privilege == Privilege::User || self.interrupts_enabled()
    }

    /// Whether WFI raises an exception: user mode with mstatus.TW.
    pub(crate) fn wfi_is_illegal(&self) -> bool {
        self.privilege == Privilege::User && self.csrs.mstatus & csr::TW != 0
    }

    /// Enters the trap handler for `mcause` from the instruction at `pc`.
    pub(crate) fn trap(&mut self, mcause: u32, mtval: u32, pc: u32) {
        let csrs = &mut self.csrs;
        let previous_enable = csrs.mstatus & csr::MIE != 0;
        csrs.mstatus &= !(csr::MIE | csr::MPIE | csr::MPP);
        if previous_enable {
            csrs.mstatus |= csr::MPIE;
        }
        if self.privilege == Privilege::Machine {
            csrs.mstatus |= csr::MPP;
        }
        csrs.mepc = pc;
        csrs.mcause = mcause;
        csrs.mtval = mtval;
        self.privilege = Privilege::Machine;
        self.waiting = false;
        self.triggers.enter_trap();
        self.pc = match self.standard {
            None => csrs.handler(mcause),
            Some(_) => standard::handler(csrs.mtvec, mcause),
        };
        #[cfg(feature = "mutations")]
        self.spoil_trap();
    }

    /// Returns from a trap (mret). As the chip's manual says, and unlike the RISC-V manual, MPIE is
    /// clear afterwards.
    pub(crate) fn trap_return(&mut self) {
        let csrs = &mut self.csrs;
        self.privilege = match csrs.mstatus & csr::MPP {
            0 => Privilege::User,
            _ => Privilege::Machine,
        };
        let enable = csrs.mstatus & csr::MPIE != 0;
        csrs.mstatus &= !(csr::MIE | csr::MPIE | csr::MPP);
        if enable {
            csrs.mstatus |= csr::MIE;
        }
        self.triggers.leave_trap();
        self.pc = csrs.mepc;
        if self.standard.is_some() {
            self.finish_standard_return();
            #[cfg(feature = "mutations")]
            self.spoil_return();
        }
    }

    pub(crate) fn hash_into(&self, hasher: &mut StateHasher) {
        self.registers[..32].hash(hasher);
        (self.pc, self.privilege, self.waiting).hash(hasher);
        self.csrs.hash(hasher);
        self.triggers.hash(hasher);
        if let Some(standard) = &self.standard {
            standard.hash(hasher);
        }
    }
}
