//! The session as a debugger needs it: run beside an observer that can stop it, byte by byte.

use ramscope_engine::{CpuView, Flow, Machine, Observer, Stop, UartByte};
use ramscope_time::Instant;

use super::stacks::{StackWatch, WithCalls};
use super::{Device, EngineSession};
use crate::session::{End, Output};

/// An observer that stops the device.
pub(crate) trait Breaking: Observer {
    /// Whether it has asked to stop.
    fn has_stopped(&self) -> bool;
}

/// Why a device that ran beside an observer stands still.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// The session's own reason.
    To(End),
    /// The observer stopped it, after the instruction in which it did.
    Stopped,
}

impl EngineSession {
    /// Runs until an instant, or until `observer` stops it.
    pub(crate) fn run_beside(&mut self, until: Instant, observer: &mut impl Breaking) -> Ran {
        // What an observer of blocks does not see it would tell wrongly.
        self.device.blocks = None;
        loop {
            let Device { machine, stacks, .. } = &mut self.device;
            let stop = match stacks {
                Some(stacks) => machine.run_observed(until, &mut Beside { stacks, observer }),
                None => machine.run_observed(until, observer),
            };
            let stopped = matches!(stop, Stop::Observer) && observer.has_stopped();
            match self.device.after(stop) {
                Some(end) => return Ran::To(end),
                None if stopped => {
                    self.device.serial.extend(self.device.machine.take_uart0());
                    return Ran::Stopped;
                }
                None => {}
            }
        }
    }

    /// Runs until an instant and tells nothing yet.
    pub(crate) fn run_to(&mut self, until: Instant) -> End {
        self.device.run(until)
    }

    /// The machine, to change.
    pub(crate) fn machine_mut(&mut self) -> &mut Machine {
        &mut self.device.machine
    }

    /// Serial bytes that have not been told yet.
    pub(crate) fn untold(&self) -> &[UartByte] {
        &self.device.serial
    }

    /// Tells the first `serial_taken` serial bytes and everything else.
    pub(crate) fn tell(&mut self, serial_taken: usize, output: &mut Vec<Output>) {
        self.device.tell(serial_taken, output);
    }
}

/// The watch over stacks, with their calls, and another observer, on one run.
pub(super) struct Beside<'a, O> {
    pub(super) stacks: &'a mut StackWatch,
    pub(super) observer: &'a mut O,
}

/// Tells both, each what it wants, and stops if one of them wants to.
macro_rules! both {
    ($self:ident, $wanted:ident, $fact:ident($($argument:expr),*)) => {{
        let mut flow = Flow::Continue;
        if WithCalls::$wanted && WithCalls($self.stacks).$fact($($argument),*) == Flow::Stop {
            flow = Flow::Stop;
        }
        if O::$wanted && $self.observer.$fact($($argument),*) == Flow::Stop {
            flow = Flow::Stop;
        }
        flow
    }};
}

impl<O: Observer> Observer for Beside<'_, O> {
    const STORES: bool = WithCalls::STORES || O::STORES;
    const CALLS: bool = WithCalls::CALLS || O::CALLS;
    const TRAPS: bool = WithCalls::TRAPS || O::TRAPS;
    const CSR_WRITES: bool = WithCalls::CSR_WRITES || O::CSR_WRITES;
    const INTERRUPT_MASK: bool = WithCalls::INTERRUPT_MASK || O::INTERRUPT_MASK;
    const RETIRES: bool = WithCalls::RETIRES || O::RETIRES;

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, bytes: u8, value: u32) -> Flow {
        both!(self, STORES, store(cpu, address, bytes, value))
    }

    fn call(&mut self, cpu: &CpuView<'_>, target: u32, return_address: u32) -> Flow {
        both!(self, CALLS, call(cpu, target, return_address))
    }

    fn ret(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        both!(self, CALLS, ret(cpu, target))
    }

    fn trap(&mut self, cpu: &CpuView<'_>, cause: u32, handler: u32) -> Flow {
        both!(self, TRAPS, trap(cpu, cause, handler))
    }

    fn trap_return(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        both!(self, TRAPS, trap_return(cpu, target))
    }

    fn csr_write(&mut self, cpu: &CpuView<'_>, number: u16, value: u32) -> Flow {
        both!(self, CSR_WRITES, csr_write(cpu, number, value))
    }

    fn interrupt_mask(&mut self, cpu: &CpuView<'_>, enabled: bool) -> Flow {
        both!(self, INTERRUPT_MASK, interrupt_mask(cpu, enabled))
    }

    fn retire(&mut self, cpu: &CpuView<'_>, pc: u32) -> Flow {
        both!(self, RETIRES, retire(cpu, pc))
    }
}
