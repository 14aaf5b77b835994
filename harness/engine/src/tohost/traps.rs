//! Which exception a program has not come back from.

use crate::cpu::cause;
use crate::observer::{CpuView, Flow, Observer};
use std::fmt;

/// An exception whose handler has not returned, or that had none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnhandledTrap {
    /// mcause.
    pub cause: u32,
    /// The instruction that raised it.
    pub pc: u32,
    bits: Option<u32>,
}

impl UnhandledTrap {
    /// The instruction, if it is the reason.
    pub(super) fn instruction(self) -> Option<u32> {
        self.bits.filter(|_| self.cause == cause::ILLEGAL)
    }

    /// The exception's name in the privileged manual, in small letters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.cause {
            cause::FETCH_FAULT => "instruction access fault",
            cause::ILLEGAL => "illegal instruction",
            cause::BREAKPOINT => "breakpoint",
            cause::LOAD_MISALIGNED => "misaligned load",
            cause::LOAD_FAULT => "load access fault",
            cause::STORE_MISALIGNED => "misaligned store",
            cause::STORE_FAULT => "store access fault",
            cause::ECALL_USER => "ecall from user mode",
            cause::ECALL_MACHINE => "ecall from machine mode",
            _ => "exception",
        }
    }
}

impl fmt::Display for UnhandledTrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (cause {}) at {:#010x}", self.name(), self.cause, self.pc)?;
        match self.instruction() {
            Some(bits) if bits & 3 == 3 => write!(f, ": {bits:#010x}"),
            Some(bits) => write!(f, ": {:#06x}", bits & 0xFFFF),
            None => Ok(()),
        }
    }
}

/// Follows traps and returns. A fault of the first instruction of a handler is no news: what led
/// there is what there is to know.
#[derive(Default)]
pub(super) struct Traps {
    open: Option<UnhandledTrap>,
    handler: Option<u32>,
}

impl Traps {
    /// The exception in whose handler the program is.
    pub(super) fn unanswered(&self) -> Option<UnhandledTrap> {
        self.open
    }
}

impl Observer for Traps {
    const TRAPS: bool = true;

    fn trap(&mut self, cpu: &CpuView<'_>, cause: u32, handler: u32) -> Flow {
        let is_interrupt = cause & cause::INTERRUPT != 0;
        let follows = self.open.is_some() && self.handler == Some(cpu.pc());
        if !is_interrupt && !follows {
            self.open = Some(UnhandledTrap { cause, pc: cpu.pc(), bits: bits_at(cpu) });
        }
        self.handler = Some(handler);
        Flow::Continue
    }

    fn trap_return(&mut self, _: &CpuView<'_>, _: u32) -> Flow {
        self.open = None;
        Flow::Continue
    }
}

/// The instruction itself; two bytes of it if no more are there.
fn bits_at(cpu: &CpuView<'_>) -> Option<u32> {
    let mut bytes = [0; 4];
    let whole = cpu.read_bytes(cpu.pc(), &mut bytes);
    whole.or_else(|_| cpu.read_bytes(cpu.pc(), &mut bytes[..2])).ok()?;
    Some(u32::from_le_bytes(bytes))
}
