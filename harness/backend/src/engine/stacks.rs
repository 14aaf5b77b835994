//! Watching stacks from outside: the overflow that no guard saw.
//!
//! A guard below a stack is finite. A function with a frame larger than the guard can step over it,
//! store below, and return before the kernel looks; what it overwrote is then wrong for no visible
//! reason. The machine sees each store, so such a store can be named, exactly and for nothing.
//!
//! The firmware says which stack is in use in a word block `RAMSCOPE_CURRENT`: unit id, lowest
//! address, bytes. It changes just before the stack pointer does. The watch therefore believes a
//! new stack only once the stack pointer has been inside of it.
//!
//! Invariants:
//! 1. A store counts as an overflow only if it was executed on the current unit's stack: the
//!    stack pointer was inside, then went below, and was not on a stack of handlers in between. So
//!    neither a switch that is half done nor a handler that overflows its own stack is blamed on
//!    the unit.
//! 2. At most one finding a unit and boot.

use std::collections::BTreeSet;

use ramscope_capture::ObserverEvent;
use ramscope_engine::{CpuView, Flow, Image, Observer};
use ramscope_time::Instant;

use super::Follow;
use super::deepest::DeepestCalls;

/// The stack pointer's register.
pub(super) const SP: u8 = 2;
/// Few enough that an event stands near the other events of its time.
const SWITCHES_PER_EVENT: usize = 64;
/// A store this far below the stack pointer still belongs to its frame: code may store before it
/// moves the stack pointer.
const BELOW_SP_BYTES: u32 = 16;

/// An observer of the current unit's stack.
#[derive(Clone, Debug)]
pub(super) struct StackWatch {
    /// The address of `RAMSCOPE_CURRENT`.
    block: u32,
    /// Stacks of handlers: lowest address and the one after the highest.
    handler_stacks: Vec<(u32, u32)>,
    current: Current,
    /// When the current stack was announced.
    since: Instant,
    found: Vec<Finding>,
    /// Who got the processor when, since the last call of `take_switches`.
    switches: Vec<(Instant, u32)>,
    /// Units of this boot that have a finding.
    told: BTreeSet<u32>,
    /// Who called whom when each stack was deepest, if somebody wants to know.
    deepest: Option<DeepestCalls>,
}

/// The stack in use, as the firmware says.
#[derive(Clone, Copy, Debug, Default)]
struct Current {
    unit: u32,
    low: u32,
    bytes: u32,
    /// Whether the stack pointer has been inside since it was announced.
    entered: bool,
}

#[derive(Clone, Debug)]
struct Finding {
    at: Instant,
    /// When the stack was announced that the finding is about.
    announced: Instant,
    event: ObserverEvent,
}

impl StackWatch {
    /// A watch for an image that says which stack is in use.
    pub(super) fn of(image: &Image, follow: Follow) -> Option<Self> {
        let range = |low, high| Some((image.symbol(low)?, image.symbol(high)?));
        let handler_stacks = [
            range("_ramscope_interrupt_stack_low", "_ramscope_interrupt_stack_high"),
            range("_ramscope_emergency_stack_low", "_ramscope_emergency_stack_high"),
        ];
        Some(Self {
            block: image.symbol("RAMSCOPE_CURRENT")?,
            handler_stacks: handler_stacks.into_iter().flatten().collect(),
            current: Current::default(),
            since: Instant::ZERO,
            found: Vec::new(),
            switches: Vec::new(),
            told: BTreeSet::new(),
            deepest: (follow >= Follow::Calls).then(DeepestCalls::default),
        })
    }

    /// The device was reset: what was announced before does not hold any more.
    pub(super) fn device_reset(&mut self, at: Instant) {
        self.found.retain(|finding| finding.at < at || finding.announced >= at);
        self.told.clear();
        self.deepest.iter_mut().for_each(DeepestCalls::device_reset);
        if self.since < at {
            self.current = Current::default();
        }
    }

    /// The switches since the last call, as events of not too many.
    pub(super) fn take_switches(&mut self) -> impl Iterator<Item = (Instant, ObserverEvent)> {
        let switches = std::mem::take(&mut self.switches);
        let events: Vec<_> = switches.chunks(SWITCHES_PER_EVENT).map(switches_event).collect();
        events.into_iter()
    }

    /// Who called whom when each stack was deepest.
    pub(super) fn deepest(&self) -> Vec<ObserverEvent> {
        self.deepest.as_ref().map_or_else(Vec::new, DeepestCalls::events)
    }

    /// Whether calls are followed.
    pub(super) fn follows_calls(&self) -> bool {
        self.deepest.is_some()
    }

    /// The unit that runs and its calls that are not over, innermost first; none in a handler.
    pub(super) fn open_calls(&self, sp: u32) -> (u32, Vec<u32>) {
        let deepest = self.deepest.as_ref().filter(|_| self.is_inside(sp));
        (self.current.unit, deepest.map_or_else(Vec::new, DeepestCalls::open_calls))
    }

    /// The findings since the last call.
    pub(super) fn take_findings(&mut self) -> impl Iterator<Item = (Instant, ObserverEvent)> {
        self.found.drain(..).map(|finding| (finding.at, finding.event))
    }

    fn announce(&mut self, offset: u32, value: u32, now: Instant) {
        match offset {
            0 => {
                self.current.unit = value;
                if let Some(deepest) = &mut self.deepest {
                    deepest.switch_to(value);
                }
                self.switches.push((now, value));
            }
            4 => self.current.low = value,
            8 => self.current.bytes = value,
            _ => return,
        }
        self.current.entered = false;
        self.since = now;
    }

    #[inline]
    fn is_inside(&self, sp: u32) -> bool {
        sp.wrapping_sub(self.current.low) <= self.current.bytes
    }

    fn on_handler_stack(&self, sp: u32) -> bool {
        self.handler_stacks.iter().any(|&(low, high)| (low..=high).contains(&sp))
    }

    /// A store while the stack pointer, which was inside of the current stack, is not any more.
    fn outside(&mut self, cpu: &CpuView<'_>, sp: u32, address: u32) {
        let Current { unit, low, .. } = self.current;
        if self.on_handler_stack(sp) {
            self.current.entered = false;
            return;
        }
        let in_frame = (sp.saturating_sub(BELOW_SP_BYTES)..low).contains(&address);
        if sp >= low || !in_frame || !self.told.insert(unit) {
            return;
        }
        self.found.push(Finding {
            at: cpu.now(),
            announced: self.since,
            event: ObserverEvent::OverflowUnseen {
                unit,
                pc: cpu.pc(),
                sp,
                limit: low,
                address,
                instant: cpu.now(),
            },
        });
    }
}

/// At least one switch as an event, at the instant of the last.
fn switches_event(switches: &[(Instant, u32)]) -> (Instant, ObserverEvent) {
    let gaps = switches.windows(2).map(|pair| pair[1].0.since(pair[0].0).as_picos()).collect();
    let units = switches.iter().map(|(_, unit)| *unit).collect();
    let event = ObserverEvent::Switches { from: switches[0].0, gaps, units };
    (switches[switches.len() - 1].0, event)
}

impl Observer for StackWatch {
    const STORES: bool = true;

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, _bytes: u8, value: u32) -> Flow {
        let offset = address.wrapping_sub(self.block);
        if offset < 16 {
            self.announce(offset, value, cpu.now());
            return Flow::Continue;
        }
        let sp = cpu.register(SP);
        if self.is_inside(sp) {
            self.current.entered = true;
            if let Some(deepest) = &mut self.deepest {
                deepest.store(sp, cpu.pc());
            }
        } else if self.current.entered {
            self.outside(cpu, sp, address);
        }
        Flow::Continue
    }
}

/// The watch over stacks, with the calls on them: seeing each call costs, so who does not follow them
/// runs beside the watch alone.
pub(super) struct WithCalls<'a>(pub(super) &'a mut StackWatch);

impl Observer for WithCalls<'_> {
    const STORES: bool = true;
    const CALLS: bool = true;
    const TRAPS: bool = true;

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, bytes: u8, value: u32) -> Flow {
        self.0.store(cpu, address, bytes, value)
    }

    fn call(&mut self, cpu: &CpuView<'_>, _target: u32, _return_address: u32) -> Flow {
        let sp = cpu.register(SP);
        if self.0.is_inside(sp)
            && let Some(deepest) = &mut self.0.deepest
        {
            deepest.call(sp, cpu.pc());
        }
        Flow::Continue
    }

    fn trap(&mut self, cpu: &CpuView<'_>, _cause: u32, _handler: u32) -> Flow {
        let sp = cpu.register(SP);
        if self.0.is_inside(sp)
            && let Some(deepest) = &mut self.0.deepest
        {
            deepest.trap(sp, cpu.pc());
        }
        Flow::Continue
    }

    fn trap_return(&mut self, cpu: &CpuView<'_>, _target: u32) -> Flow {
        if self.0.is_inside(cpu.register(SP))
            && let Some(deepest) = &mut self.0.deepest
        {
            deepest.trap_return();
        }
        Flow::Continue
    }
}
