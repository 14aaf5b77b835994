//! The run loop: instructions between events.
//!
//! The problem: time, devices and interrupts must be exact to the instruction, and yet the usual
//! instruction must not pay for them. The idea: everything that can happen by itself is known in
//! advance as a cycle, so the execute loop compares one counter and runs to the nearest of them.
//! Whatever an instruction changes on the way sets `attention`, and the loop comes back here.
//!
//! Invariants:
//! 1. Before an instruction executes, every device event up to its cycle has happened, and no
//!    interrupt that would be taken is pending.
//! 2. Where a run is cut changes nothing: the loop keeps no state between instructions that is not
//!    in the machine, and looks at `until` only to stop.

use super::{Fatal, Machine, ResetEvent, ResetReason, Stop, first_cpu};
use crate::board::Board;
use crate::cpu::execute::Exit;
use crate::cpu::pmp::Region;
use crate::cpu::{Exception, cause};
use crate::memory::{DataBus, Layout, Open};
use crate::observer::{CpuView, Flow, Nobody, Observer};
use crate::rom::{self, Rom};
use ramscope_time::Instant;

/// A fault that comes back this often with nothing in between is a lockup.
const LOCKUP_REPEATS: u32 = 32;
/// At most this many cycles lie between the repeats of a lockup.
const LOCKUP_CYCLES: u64 = 256;

/// The same fault, over and over: how a broken trap handler shows itself.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct FaultRun {
    pc: u32,
    cause: u32,
    repeats: u32,
    last_cycle: u64,
}

impl FaultRun {
    /// Notes an exception; whether it has come back too often.
    fn note(&mut self, pc: u32, cause: u32, cycle: u64) -> bool {
        let same = self.pc == pc
            && self.cause == cause
            && cycle.saturating_sub(self.last_cycle) < LOCKUP_CYCLES;
        *self =
            Self { pc, cause, repeats: if same { self.repeats + 1 } else { 1 }, last_cycle: cycle };
        self.repeats >= LOCKUP_REPEATS
    }
}

impl Machine {
    /// Runs to the first instruction boundary that is not before `until`.
    pub fn run(&mut self, until: Instant) -> Stop {
        self.run_observed(until, &mut Nobody)
    }

    /// As [`run`](Self::run), with an observer.
    pub fn run_observed<O: Observer>(&mut self, until: Instant, observer: &mut O) -> Stop {
        loop {
            if let Some(stop) = self.take_stop() {
                return stop;
            }
            if self.now() >= until {
                return Stop::Reached;
            }
            if self.attention || self.cycle >= self.event_cycle {
                self.settle();
                if self.watched_pins_changed() {
                    return Stop::Pins;
                }
            }
            self.raise_due();
            if self.cpu.waiting {
                if self.pending_line.is_some() {
                    self.cpu.waiting = false;
                } else if let Some(stop) = self.skip_idle_time(until) {
                    return stop;
                } else {
                    continue;
                }
            }
            match self.pending_line {
                Some(line) if self.cpu.takes_interrupts() => self.interrupt(line, observer),
                _ => {
                    if let Some(fatal) = self.execute_to(self.nearest_cycle(until), observer) {
                        return Stop::Fatal(fatal);
                    }
                }
            }
        }
    }

    /// What the last instruction asked for.
    fn take_stop(&mut self) -> Option<Stop> {
        if std::mem::take(&mut self.watch_was_hit)
            && let Some((address, _)) = self.watch
        {
            let value = self.read_word(address).expect("only RAM is watched");
            return Some(Stop::Watched { address, value });
        }
        if std::mem::take(&mut self.observer_stopped) {
            return Some(Stop::Observer);
        }
        if self.halt.is_some_and(|instruction| instruction <= self.instructions()) {
            self.halt = None;
            return Some(Stop::Instruction);
        }
        self.devices.exit_code().map(|code| Stop::Finished { code })
    }

    /// Looks again which interrupt the processor would take.
    fn update_line(&mut self) {
        self.pending_line = match (&self.devices, &mut self.cpu.standard) {
            (Board::Esp32c3(devices), _) => devices.matrix.line(),
            (Board::Virt(virt), Some(standard)) => {
                standard.mip = virt.pending();
                standard.line()
            }
            (Board::Virt(_), None) => unreachable!("the virt machine has a standard core"),
        };
    }

    /// Brings everything that depends on devices, triggers and code up to date.
    fn settle(&mut self) {
        self.attention = false;
        if let Some((offset, bytes)) = self.stale.take() {
            self.code.forget(offset, bytes);
        }
        if self.devices.take_plans_changed() || self.cycle >= self.event_cycle {
            self.settle_devices();
        } else {
            self.devices.update_sources();
        }
        let period_ps = self.devices.cpu_period_ps();
        if period_ps != self.clock.period_ps() {
            self.clock.change(self.cycle, period_ps);
            self.event_cycle = self.clock.cycle_at(self.devices.next_event());
        }
        self.careful = self.cpu.triggers.need_care();
        self.update_line();
    }

    /// Lets everything happen that is due, and finds out what is next.
    fn settle_devices(&mut self) {
        let now = self.now();
        self.devices.sync(now);
        if let Some(reason) = self.devices.take_reset() {
            self.reset(reason, now);
            self.devices.sync(now);
        }
        let _ = self.devices.take_plans_changed(); // they are looked at next
        self.event_cycle = self.clock.cycle_at(self.devices.next_event());
    }

    fn reset(&mut self, reason: ResetReason, now: Instant) {
        self.devices.reset(reason, now);
        self.clear_trigger_marks();
        self.cpu = first_cpu(&self.image);
        self.fetch = None;
        self.cpu.csrs.restart_counter(self.instructions());
        self.protect();
        self.rom = Rom::new();
        self.fault_run = FaultRun::default();
        self.memory.chip.reset();
        self.code.forget_flash();
        self.devices.boot(self.image.boot(), now);
        if !reason.is_cpu_only() {
            self.load_ram_segments();
            self.code.forget_ram(&mut self.memory);
        }
        self.resets.push(ResetEvent { at: now, reason });
    }

    /// Raises the sources whose instruction has come.
    fn raise_due(&mut self) {
        while let Some(&(instruction, source)) = self.raises.first()
            && instruction <= self.instructions()
        {
            self.raises.pop_first();
            self.devices.raise(source);
            self.update_line();
        }
    }

    /// The cycle at which the execute loop has to come back by itself.
    fn nearest_cycle(&self, until: Instant) -> u64 {
        let raise = self.raises.first().map(|&(instruction, _)| instruction);
        let instructions = raise.into_iter().chain(self.halt);
        let cycle = instructions.map(|count| count.saturating_add(self.idle_cycles)).min();
        self.event_cycle.min(self.clock.cycle_at(until)).min(cycle.unwrap_or(u64::MAX))
    }

    /// Jumps to the next event or to `until`; a stop if no event will ever come.
    fn skip_idle_time(&mut self, until: Instant) -> Option<Stop> {
        let target = self.event_cycle.min(self.clock.cycle_at(until));
        debug_assert!(target > self.cycle, "what is due has happened");
        self.idle_cycles += target - self.cycle;
        self.cycle = target;
        let nothing_armed = self.devices.next_event() == Instant::MAX;
        nothing_armed.then_some(Stop::Deadlocked)
    }

    fn interrupt<O: Observer>(&mut self, line: u32, observer: &mut O) {
        self.devices.acknowledge(line);
        self.update_line();
        self.fault_run = FaultRun::default();
        self.enter_trap(cause::INTERRUPT | line, 0, self.cycle, observer);
    }

    /// Enters the handler from the instruction at `pc`, which started at `cycle`.
    fn enter_trap<O: Observer>(&mut self, mcause: u32, mtval: u32, cycle: u64, observer: &mut O) {
        let pc = self.cpu.pc;
        let was_enabled = self.cpu.interrupts_enabled();
        self.cpu.trap(mcause, mtval, pc);
        self.protect();
        let view = CpuView::new(self, pc, cycle);
        let mut flow = Flow::Continue;
        if O::TRAPS {
            flow = observer.trap(&view, mcause, self.cpu.pc);
        }
        if O::INTERRUPT_MASK && was_enabled && observer.interrupt_mask(&view, false) == Flow::Stop {
            flow = Flow::Stop;
        }
        self.observer_stopped |= flow == Flow::Stop;
    }

    /// Executes up to `stop_cycle`, or until something has to be sorted out.
    fn execute_to<O: Observer>(&mut self, stop_cycle: u64, observer: &mut O) -> Option<Fatal> {
        debug_assert!(stop_cycle > self.cycle, "what is due has happened");
        let pc = self.cpu.pc;
        let region = self.fetch_region(pc);
        let stretch =
            if region.may_execute { self.code.stretch(pc, region, &self.memory) } else { None };
        let Some(stretch) = stretch else {
            let has_rom = self.memory.layout() == Layout::Esp32c3;
            if region.may_execute && has_rom && rom::is_rom(pc) {
                return self.rom_step(stop_cycle, observer);
            }
            return self.exception(Exception::new(cause::FETCH_FAULT, pc), observer);
        };
        let exit = match (self.memory.layout(), self.careful) {
            (Layout::Esp32c3, false) => {
                self.execute::<O, DataBus, false>(&stretch, stop_cycle, observer)
            }
            (Layout::Esp32c3, true) => {
                self.execute::<O, DataBus, true>(&stretch, stop_cycle, observer)
            }
            (Layout::Virt, _) => self.execute::<O, Open, false>(&stretch, stop_cycle, observer),
        };
        drop(stretch); // so that the code cache is not copied when it changes
        match exit {
            Exit::Due | Exit::Elsewhere => None,
            Exit::Undecoded => {
                self.code.decode_around(self.cpu.pc, &mut self.memory);
                None
            }
            Exit::Trap(exception) => self.exception(exception, observer),
        }
    }

    /// What may be executed around `pc`.
    fn fetch_region(&mut self, pc: u32) -> Region {
        let privilege = self.cpu.privilege;
        match self.fetch {
            Some((known, region)) if known == privilege && region.contains(pc) => region,
            _ => {
                let region = self.cpu.csrs.pmp.region(pc, privilege);
                self.fetch = Some((privilege, region));
                region
            }
        }
    }

    /// Takes an exception: it costs the cycle of the instruction that raised it.
    pub(crate) fn exception<O: Observer>(
        &mut self,
        exception: Exception,
        observer: &mut O,
    ) -> Option<Fatal> {
        let Exception { cause, value } = exception;
        let (pc, cycle) = (self.cpu.pc, self.cycle);
        self.cycle += 1;
        self.enter_trap(cause, value, cycle, observer);
        let locked_up = self.fault_run.note(pc, cause, cycle);
        locked_up.then_some(Fatal::Lockup { handler: self.cpu.pc, pc, cause, value })
    }

    /// Whether an interrupt would be taken before the next instruction.
    pub(crate) fn would_interrupt(&self) -> bool {
        self.pending_line.is_some() && self.cpu.takes_interrupts()
    }

    /// A handler that returns is not locked up.
    pub(crate) fn note_trap_return(&mut self) {
        self.fault_run = FaultRun::default();
    }
}
