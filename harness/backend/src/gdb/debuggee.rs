//! The device as the debugger's library asks about it.

use core::convert::Infallible;

use gdbstub::common::{Signal, Tid};
use gdbstub::outputln;
use gdbstub::stub::MultiThreadStopReason;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadRangeStepping, MultiThreadRangeSteppingOps, MultiThreadResume,
    MultiThreadResumeOps, MultiThreadSchedulerLocking, MultiThreadSchedulerLockingOps,
    MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::reverse_exec::{
    ReplayLogPosition, ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps,
    SwBreakpoint, SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::ext::thread_extra_info::{ThreadExtraInfo, ThreadExtraInfoOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use ramscope_engine::{Image, Machine};
use ramscope_time::Instant;

use super::breaks::{Breaks, Forwards, Place, Stride, Watch, Whose, Why};
use super::registers::{CSRS, Integers, Register, Rv32, description};
use super::timeline::{Forward, HasHappened, Input, Timeline};
use super::units::{Unit, Units};
use crate::engine::EngineSession;
use crate::session::Session;

/// The kernel's number among the debugger's threads, where 0 means any.
const KERNEL_THREAD: usize = 0x7FFF_FFFF;
/// A monitor command that is not known.
const HELP: &str =
    "monitor info: device time and instructions\nmonitor threads: threads and stacks";

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
            text.push_str(&format!("; the present is at {}", self.timeline.present().now()));
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

impl Target for Debuggee {
    type Arch = Rv32;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Rv32, Infallible> {
        BaseOps::MultiThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        Some(self)
    }
}

impl TargetDescriptionXmlOverride for Debuggee {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if annex != b"target.xml" {
            return Err(TargetError::NonFatal);
        }
        let text = description();
        let rest = text.as_bytes().get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(length).min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl MultiThreadBase for Debuggee {
    fn read_registers(&mut self, registers: &mut Integers, tid: Tid) -> TargetResult<(), Self> {
        *registers = self.integers(tid)?;
        Ok(())
    }

    fn write_registers(&mut self, registers: &Integers, tid: Tid) -> TargetResult<(), Self> {
        let before = self.integers(tid)?;
        for number in 1..32 {
            let value = registers.x[number];
            if value != before.x[number] {
                self.put_register(tid, Input::Register(number as u8, value))?;
            }
        }
        if registers.pc != before.pc {
            self.put_register(tid, Input::Pc(registers.pc))?;
        }
        Ok(())
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, Tid, Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, start: u32, data: &mut [u8], _: Tid) -> TargetResult<usize, Self> {
        let machine = self.machine();
        if machine.read_bytes(start, data).is_ok() {
            return Ok(data.len());
        }
        let mut count = 0;
        for (address, byte) in (start..).zip(data.iter_mut()) {
            let mut read = [0];
            if machine.read_bytes(address, &mut read).is_err() {
                break;
            }
            *byte = read[0];
            count += 1;
        }
        if count == 0 { Err(TargetError::NonFatal) } else { Ok(count) }
    }

    fn write_addrs(&mut self, start: u32, data: &[u8], _: Tid) -> TargetResult<(), Self> {
        let bytes: Vec<(u32, u8)> = data
            .iter()
            .enumerate()
            .map(|(n, byte)| (start.wrapping_add(n as u32), *byte))
            .collect();
        for in_word in bytes.chunk_by(|(one, _), (other, _)| one & !3 == other & !3) {
            let address = in_word[0].0 & !3;
            let mut machine = self.machine().clone();
            let word = machine.read_word(address).map_err(|_| TargetError::NonFatal)?;
            let mut word = word.to_le_bytes();
            for (at, byte) in in_word {
                word[(at & 3) as usize] = *byte;
            }
            let value = u32::from_le_bytes(word);
            // Tried on a copy first: flash cannot be written.
            machine.write_word(address, value).map_err(|_| TargetError::NonFatal)?;
            self.put(Input::Word(address, value))?;
        }
        Ok(())
    }

    fn list_active_threads(&mut self, tell: &mut dyn FnMut(Tid)) -> Result<(), Infallible> {
        // The first is the one that a debugger which has just come looks at.
        let running = self.units.running(self.machine());
        let units = self.units.all(self.machine());
        let others = units.iter().map(|unit| unit.id).filter(|id| *id != running);
        [running].into_iter().chain(others).for_each(|id| tell(thread_of(id)));
        Ok(())
    }

    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

impl ThreadExtraInfo for Debuggee {
    fn thread_extra_info(&self, tid: Tid, buf: &mut [u8]) -> Result<usize, Infallible> {
        let name = self.unit(tid).map(|unit| unit.name).unwrap_or_default();
        let count = name.len().min(buf.len());
        buf[..count].copy_from_slice(&name.as_bytes()[..count]);
        Ok(count)
    }
}

impl SingleRegisterAccess<Tid> for Debuggee {
    fn read_register(
        &mut self,
        tid: Tid,
        register: Register,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let value = match register {
            Register::Integer(number) => self.integers(tid)?.x[usize::from(number)],
            Register::Pc => self.integers(tid)?.pc,
            Register::Csr(number) if CSRS.iter().any(|(_, known)| *known == number) => {
                self.machine().csr(number).ok_or(TargetError::NonFatal)?
            }
            Register::Csr(_) => return Err(TargetError::NonFatal),
        };
        buf[..4].copy_from_slice(&value.to_le_bytes());
        Ok(4)
    }

    fn write_register(
        &mut self,
        tid: Tid,
        register: Register,
        value: &[u8],
    ) -> TargetResult<(), Self> {
        let value = value.try_into().map_err(|_| TargetError::NonFatal)?;
        let value = u32::from_le_bytes(value);
        match register {
            Register::Integer(number) => self.put_register(tid, Input::Register(number, value)),
            Register::Pc => self.put_register(tid, Input::Pc(value)),
            Register::Csr(_) => Err(TargetError::NonFatal),
        }
    }
}

impl MultiThreadResume for Debuggee {
    fn resume(&mut self) -> Result<(), Infallible> {
        self.resumed_at = self.timeline.shown().now();
        Ok(())
    }

    fn clear_resume_actions(&mut self) -> Result<(), Infallible> {
        self.resume = Resume::Forwards(Stride::Continue);
        Ok(())
    }

    fn set_resume_action_continue(&mut self, _: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        Ok(())
    }

    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }

    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_range_step(&mut self) -> Option<MultiThreadRangeSteppingOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, Tid, Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, Tid, Self>> {
        Some(self)
    }
}

/// The kernel decides who runs, and a debugger that only looks must not change that: so no thread
/// is ever held back. gdb asks for it where it steps over a breakpoint that it has lifted; another
/// thread that is switched to in this one instruction can pass there unseen.
impl MultiThreadSchedulerLocking for Debuggee {
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl MultiThreadSingleStep for Debuggee {
    fn set_resume_action_step(&mut self, tid: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        self.resume = Resume::Forwards(Stride::Step(self.whose(tid)));
        Ok(())
    }
}

impl MultiThreadRangeStepping for Debuggee {
    fn set_resume_action_range_step(
        &mut self,
        tid: Tid,
        start: u32,
        end: u32,
    ) -> Result<(), Infallible> {
        self.resume = Resume::Forwards(Stride::Range(self.whose(tid), start, end));
        Ok(())
    }
}

impl ReverseStep<Tid> for Debuggee {
    fn reverse_step(&mut self, tid: Tid) -> Result<(), Infallible> {
        self.resume = Resume::BackStep(self.whose(tid));
        Ok(())
    }
}

impl ReverseCont<Tid> for Debuggee {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        self.resume = Resume::BackContinue;
        Ok(())
    }
}

impl Breakpoints for Debuggee {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Debuggee {
    fn add_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        self.breaks.software.insert(address);
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.breaks.software.remove(&address))
    }
}

impl HwBreakpoint for Debuggee {
    fn add_hw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        self.breaks.hardware.insert(address);
        Ok(true)
    }

    fn remove_hw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.breaks.hardware.remove(&address))
    }
}

impl HwWatchpoint for Debuggee {
    fn add_hw_watchpoint(
        &mut self,
        address: u32,
        bytes: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        self.breaks.watches.push(Watch { address, bytes, kind });
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        address: u32,
        bytes: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        let watch = Watch { address, bytes, kind };
        let found = self.breaks.watches.iter().position(|known| *known == watch);
        found.map(|index| self.breaks.watches.remove(index));
        Ok(found.is_some())
    }
}

impl MonitorCmd for Debuggee {
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        match command.trim_ascii() {
            b"info" => outputln!(out, "{}", self.describe_device()),
            b"threads" => {
                for unit in self.units.all(self.machine()) {
                    outputln!(out, "{}", self.describe(&unit));
                }
            }
            _ => outputln!(out, "{HELP}"),
        }
        Ok(())
    }
}
