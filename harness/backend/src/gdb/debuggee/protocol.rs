//! The device as the library that speaks gdb's protocol asks about it.

use core::convert::Infallible;

use gdbstub::common::{Signal, Tid};
use gdbstub::outputln;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadRangeStepping, MultiThreadRangeSteppingOps, MultiThreadResume,
    MultiThreadResumeOps, MultiThreadSchedulerLocking, MultiThreadSchedulerLockingOps,
    MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::reverse_exec::{
    ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
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

use super::{Debuggee, Resume, thread_of};
use crate::gdb::breaks::{Stride, Watch};
use crate::gdb::registers::{CSRS, Integers, Register, Rv32, description};
use crate::gdb::timeline::Input;
use crate::session::Session;

/// A monitor command that is not known.
const HELP: &str =
    "monitor info: device time and instructions\nmonitor threads: threads and stacks";

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
