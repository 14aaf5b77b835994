//! Watching a machine from outside.
//!
//! Stacks, heap and schedule of any firmware can be followed without a line of instrumentation
//! in it, because the machine sees every store, call, return and trap. An [`Observer`] is a type
//! parameter of [`Machine::run_observed`](crate::Machine::run_observed): its constants say which
//! facts it wants, and the code for the others is not even generated.
//!
//! Invariants:
//! 1. An observer sees the machine through [`CpuView`] only, so it cannot change a run.
//! 2. A method is called when its fact has happened, in program order; a [`Flow::Stop`] ends the
//!    run after the instruction is complete, never in its middle.

use crate::machine::{Machine, Unmapped};
use ramscope_time::Instant;

/// Whether a run goes on after an observer has looked.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Return [`Stop::Observer`](crate::Stop::Observer) once this instruction is complete.
    Stop,
}

/// What an observer may know about the processor at the moment of a fact.
#[derive(Clone, Copy, Debug)]
pub struct CpuView<'a> {
    machine: &'a Machine,
    pc: u32,
    cycle: u64,
}

impl<'a> CpuView<'a> {
    /// The machine at the instruction at `pc`, which started at `cycle`: while code executes, the
    /// machine's own fields for both lag behind.
    #[inline(always)]
    pub(crate) fn new(machine: &'a Machine, pc: u32, cycle: u64) -> Self {
        Self { machine, pc, cycle }
    }

    /// Address of the instruction that the fact belongs to.
    #[must_use]
    pub fn pc(&self) -> u32 {
        self.pc
    }

    /// Register `x0` to `x31`; only the low five bits of `n` count. `x2` is the stack pointer.
    #[must_use]
    pub fn register(&self, n: u8) -> u32 {
        self.machine.register(n)
    }

    /// Reads memory or registers of devices without side effects.
    ///
    /// # Errors
    /// If part of the range is not mapped; `out` is then unspecified.
    pub fn read_bytes(&self, address: u32, out: &mut [u8]) -> Result<(), Unmapped> {
        self.machine.read_bytes(address, out)
    }

    /// Whether mstatus.MIE is set.
    #[must_use]
    pub fn interrupts_enabled(&self) -> bool {
        self.machine.interrupts_enabled()
    }

    /// CPU cycles since power-on, idle ones included.
    #[must_use]
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// Instructions since power-on, this one not counted.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.machine.instructions_at(self.cycle)
    }

    /// The instant at which the instruction started.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.machine.instant_of(self.cycle)
    }
}

/// Facts about a running machine; every method does nothing unless implemented.
///
/// A method is called only if the constant beside it is `true`.
pub trait Observer {
    /// Whether [`store`](Self::store) is wanted.
    const STORES: bool = false;
    /// Whether [`call`](Self::call) and [`ret`](Self::ret) are wanted.
    const CALLS: bool = false;
    /// Whether [`trap`](Self::trap) and [`trap_return`](Self::trap_return) are wanted.
    const TRAPS: bool = false;
    /// Whether [`csr_write`](Self::csr_write) is wanted.
    const CSR_WRITES: bool = false;
    /// Whether [`interrupt_mask`](Self::interrupt_mask) is wanted.
    const INTERRUPT_MASK: bool = false;
    /// Whether [`retire`](Self::retire) is wanted.
    const RETIRES: bool = false;

    /// `bytes` (1, 2 or 4) bytes of `value` were stored at `address`, to memory or a register.
    fn store(&mut self, cpu: &CpuView<'_>, address: u32, bytes: u8, value: u32) -> Flow {
        let _ = (cpu, address, bytes, value);
        Flow::Continue
    }

    /// A `jal` or `jalr` with `ra` or `t0` as its link register goes to `target`.
    fn call(&mut self, cpu: &CpuView<'_>, target: u32, return_address: u32) -> Flow {
        let _ = (cpu, target, return_address);
        Flow::Continue
    }

    /// A `jalr` through `ra` or `t0` that links nothing returns to `target`.
    fn ret(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        let _ = (cpu, target);
        Flow::Continue
    }

    /// A trap with `mcause` = `cause` was taken; `handler` is the next instruction.
    fn trap(&mut self, cpu: &CpuView<'_>, cause: u32, handler: u32) -> Flow {
        let _ = (cpu, cause, handler);
        Flow::Continue
    }

    /// An `mret` goes to `target`.
    fn trap_return(&mut self, cpu: &CpuView<'_>, target: u32) -> Flow {
        let _ = (cpu, target);
        Flow::Continue
    }

    /// A CSR instruction wrote `value` (before the CSR's own masking) to CSR `number`.
    fn csr_write(&mut self, cpu: &CpuView<'_>, number: u16, value: u32) -> Flow {
        let _ = (cpu, number, value);
        Flow::Continue
    }

    /// mstatus.MIE changed to `enabled`: by a CSR write, a trap or an `mret`.
    fn interrupt_mask(&mut self, cpu: &CpuView<'_>, enabled: bool) -> Flow {
        let _ = (cpu, enabled);
        Flow::Continue
    }

    /// The instruction at `pc` is about to execute.
    fn retire(&mut self, cpu: &CpuView<'_>, pc: u32) -> Flow {
        let _ = (cpu, pc);
        Flow::Continue
    }
}

/// Watches nothing and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Observer for Nobody {}
