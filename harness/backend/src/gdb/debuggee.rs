//! The device that a debugger looks at: what it sees, and how it goes on.

mod protocol;

use core::fmt::Write;

use gdbstub::common::{Signal, Tid};
use gdbstub::stub::MultiThreadStopReason;
use gdbstub::target::ext::base::reverse_exec::ReplayLogPosition;
use gdbstub::target::{TargetError, TargetResult};
use ramscope_engine::{Image, Machine};
use ramscope_time::Instant;

use super::breaks::{Breaks, Forwards, Place, Stride, Watch, Whose, Why};
use super::registers::Integers;
use super::timeline::{Forward, HasHappened, Input, Timeline};
use super::units::{Unit, Units};
use crate::engine::EngineSession;
use crate::session::Session;

/// The kernel's number among the debugger's threads, where 0 means any.
const KERNEL_THREAD: usize = 0x7FFF_FFFF;
/// How the debugger wants the device to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    Forwards(Stride),
    BackStep(Whose),
    BackContinue,
}

/// A device that is debugged.
pub(super) struct Debuggee {
    pub(super) timeline: Timeline,
    pub(super) resume: Resume,
    breaks: Breaks,
    units: Units,
    resumed_at: Instant,
    /// What came from the debugger since the last look: bytes to come may be others now.
    pub(super) was_changed: bool,
}

impl Debuggee {
    pub(super) fn new(session: EngineSession, image: &Image) -> Self {
        Self {
            resumed_at: session.now(),
            timeline: Timeline::new(session),
            resume: Resume::Forwards(Stride::Continue),
            breaks: Breaks::default(),
            units: Units::of(image),
            was_changed: false,
        }
    }

    fn machine(&self) -> &Machine {
        self.timeline.shown().machine()
    }

    /// The debugger's thread that runs.
    pub(super) fn running(&self) -> Tid {
        thread_of(self.units.running(self.machine()))
    }

    /// Runs forwards as the debugger has asked.
    pub(super) fn forwards(&mut self, until: Instant) -> Forward {
        let Resume::Forwards(stride) = self.resume else {
            unreachable!("who goes backwards does so at once");
        };
        let Self { breaks, resumed_at, .. } = self;
        let mut finder = Forwards { breaks, stride, from: *resumed_at, found: None };
        self.timeline.forwards(until, &mut finder)
    }

    /// Goes backwards as the debugger has asked, and says where that ended.
    pub(super) fn backwards(&mut self, steps: Option<Whose>) -> MultiThreadStopReason<u32> {
        match self.timeline.backwards(&self.breaks, steps) {
            Some(place) => self.reason(&place),
            None => MultiThreadStopReason::ReplayLog {
                tid: Some(self.running()),
                pos: ReplayLogPosition::Begin,
            },
        }
    }

    /// A place in the debugger's words.
    pub(super) fn reason(&self, place: &Place) -> MultiThreadStopReason<u32> {
        let tid = self.running();
        match place.why {
            Why::Software => MultiThreadStopReason::SwBreak(tid),
            Why::Hardware => MultiThreadStopReason::HwBreak(tid),
            Why::Watch(Watch { kind, address, .. }) => {
                MultiThreadStopReason::Watch { tid, kind, addr: address }
            }
            Why::Stepped | Why::Left => self.signal(Signal::SIGTRAP),
        }
    }

    /// A signal to the thread that runs.
    pub(super) fn signal(&self, signal: Signal) -> MultiThreadStopReason<u32> {
        MultiThreadStopReason::SignalWithThread { tid: self.running(), signal }
    }

    /// Steps of a thread; before the kernel runs, of whatever runs.
    fn whose(&self, tid: Tid) -> Whose {
        let started = self.units.have_started(self.machine());
        Whose { running: self.units.running.filter(|_| started), unit: unit_of(tid) }
    }

    fn unit(&self, tid: Tid) -> Option<Unit> {
        self.units.all(self.machine()).into_iter().find(|unit| unit.id == unit_of(tid))
    }

    /// The registers of a thread that does not run; `None`: those of the processor count.
    fn saved(&self, tid: Tid) -> TargetResult<Option<Integers>, Self> {
        self.unit(tid).map(|unit| unit.saved).ok_or(TargetError::NonFatal)
    }

    fn integers(&self, tid: Tid) -> TargetResult<Integers, Self> {
        let machine = self.machine();
        let live = || Integers {
            x: core::array::from_fn(|number| machine.register(number as u8)),
            pc: machine.pc(),
        };
        Ok(self.saved(tid)?.unwrap_or_else(live))
    }

    /// Changes the device, as a stimulus of this instant.
    fn put(&mut self, input: Input) -> TargetResult<(), Self> {
        self.was_changed = true;
        self.timeline.put(input).map_err(|HasHappened| TargetError::NonFatal)
    }

    /// Registers of threads that do not run are read only.
    fn put_register(&mut self, tid: Tid, input: Input) -> TargetResult<(), Self> {
        match self.saved(tid)? {
            None => self.put(input),
            Some(_) => Err(TargetError::NonFatal),
        }
    }

    fn describe(&self, unit: &Unit) -> String {
        let Unit { id, name, stack_low, stack_bytes, saved } = unit;
        let sp = saved.map_or_else(|| self.machine().register(2), |registers| registers.x[2]);
        let used = stack_low.wrapping_add(*stack_bytes).wrapping_sub(sp);
        let state = if saved.is_none() { ", runs" } else { "" };
        match used <= *stack_bytes {
            true => format!("{id} {name}: {used} of {stack_bytes} B of its stack{state}"),
            false => format!("{id} {name}{state}"),
        }
    }

    fn describe_device(&self) -> String {
        let machine = self.machine();
        let mut text = format!(
            "at {}, {} instructions, {} Hz",
            machine.now(),
            machine.instructions(),
            machine.cpu_hz()
        );
        if machine.is_waiting() {
            text.push_str(", waits for an interrupt");
        }
        if self.timeline.is_in_past() {
            let present = self.timeline.present().now();
            write!(text, "; the present is at {present}").expect("a String takes everything");
        }
        text
    }
}

fn thread_of(unit: u32) -> Tid {
    let number = if unit == 0 { KERNEL_THREAD } else { unit as usize };
    Tid::new(number).expect("0 has become the kernel's number")
}

fn unit_of(tid: Tid) -> u32 {
    if tid.get() == KERNEL_THREAD { 0 } else { u32::try_from(tid.get()).unwrap_or(u32::MAX) }
}
