//! QEMU's `virt` machine as a session: a process that ran before the session begins.
//!
//! QEMU is repeatable only if nobody outside has a say while it runs: a pause warps its clock, and
//! bytes on its standard input arrive whenever the host gets round to it. So nothing is sent to it.
//! The steps of the run go into its memory as a script, which the image itself plays
//! (`ramscope_wire::script`, and `player` of `board-virt`); a fresh process carries out the whole
//! run; and its log, replayed, is the session:
//!
//! ```text
//! Run -> script -> RAM file -> qemu-system-riscv32 -> UART file, RAM file (log) -> Replay
//!                                  ^ again after each reset, with the same RAM file
//! ```
//!
//! What this is honest about, and what not:
//! - Bytes are those that QEMU's UART wrote. Their instants, and those of telemetry, are the
//!   device's own clock as the player read it, whole multiples of 100 ns.
//! - The player's work is the device's and takes device time, so figures of time are those of a
//!   device that logs. Figures of memory are exact.
//! - [`Session::send_serial`] sends nothing: it checks that the player typed the same bytes at the
//!   same instant, and fails if not. So the steps that a report shows are those that took place.
//! - Nothing can be decided while it runs: no pins, no conditions on telemetry, no debugger.
//!
//! Invariants:
//! 1. No process outlives its [`Machine`](machine::Machine) or [`abandon`], and no folder does.
//! 2. The device part of a capture is a function of image, scenario and seed, also across resets.

mod flash;
mod folder;
mod machine;
mod memory;
mod replay;
mod script;
mod tool;

use std::io;

use ramscope_capture::HowEnded;
use ramscope_scenario::Run;
use ramscope_time::Instant;

pub use self::folder::abandon;
pub use self::tool::Qemu;

use self::flash::Flash;
use self::machine::{Machine, Stopped};
use self::memory::Memory;
use self::replay::{LastWord, Recording, Replay};
use crate::firmware::Firmware;
use crate::session::{
    BackendError, Capabilities, Capability, End, PauseAt, Progress, Session, TargetFacts,
};
use crate::watchdog::Watchdog;

/// The target's name in messages.
const TARGET: &str = "qemu-virt";
/// The exit code of a machine that wants to start again, as the image's player has it.
const START_AGAIN: i32 = 75;

/// A run of QEMU that is over, as a session.
#[derive(Debug)]
pub struct QemuSession {
    replay: Replay,
    time_model: String,
}

impl QemuSession {
    /// What it can do with an image that plays scripts.
    pub const CAPABILITIES: Capabilities =
        Capabilities::of(&[Capability::Serial, Capability::DeviceClock, Capability::Ring]);

    /// Runs QEMU until the run's steps are carried out, or until `watchdog` stops it.
    ///
    /// # Errors
    /// If the image plays no scripts, or QEMU does not do its work.
    pub fn launch(
        qemu: &Qemu,
        run: &Run,
        firmware: &Firmware,
        watchdog: &Watchdog,
    ) -> Result<Self, BackendError> {
        let flash = Flash::of(firmware)?;
        let memory = Memory::new(memory::locator(firmware)?, &script::of(run))?;
        let machine = Machine::new(qemu, &flash, &memory, run).map_err(failed)?;
        Self::carry_out(machine, memory, machine::icount(run), watchdog)
    }

    /// Boots a machine until it does not want to start again.
    fn carry_out(
        mut machine: Machine,
        mut memory: Memory,
        icount: u64,
        watchdog: &Watchdog,
    ) -> Result<Self, BackendError> {
        let mut recording = Recording::default();
        loop {
            let stopped = machine.boot(watchdog).map_err(failed)?;
            let log = memory.read_log(machine.ram()).map_err(failed)?;
            let last = recording.add(&machine.uart().map_err(failed)?, &log.bytes);
            let boot = Boot { stopped, has_begun: !log.bytes.is_empty(), log_is_full: log.is_full };
            match boot.next(last.map_err(failed)?) {
                Next::Boot => {}
                Next::Replay(ended) => {
                    let replay = recording.finish(ended);
                    return Ok(Self { replay, time_model: time_model(icount) });
                }
                Next::Fail(how) => {
                    let said = machine.said();
                    let said = if said.is_empty() { "nothing".to_owned() } else { said };
                    return Err(failed(io::Error::other(format!("it {how}, and said: {said}"))));
                }
            }
        }
    }
}

/// A process that is no more.
struct Boot {
    stopped: Stopped,
    /// Whether the image's player did anything.
    has_begun: bool,
    log_is_full: bool,
}

/// What comes after a boot.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The device was reset: another.
    Boot,
    /// The run is over; how, if the script is not.
    Replay(Option<HowEnded>),
    /// QEMU did not do its work.
    Fail(String),
}

impl Boot {
    fn next(&self, last: LastWord) -> Next {
        let status = match self.stopped {
            Stopped::Killed(stopping) => return Next::Replay(Some(stopping.into())),
            Stopped::Ended(status) => status,
        };
        match (last, status.code()) {
            (LastWord::Over, _) => Next::Replay(None),
            (LastWord::Reset, Some(START_AGAIN)) => Next::Boot,
            _ if self.log_is_full => {
                let full = "it logged more than there is room for";
                Next::Replay(Some(HowEnded::Error(full.to_owned())))
            }
            (_, Some(code)) if self.has_begun => Next::Replay(Some(HowEnded::Fatal(format!(
                "it ended itself with exit code {code}"
            )))),
            _ => Next::Fail(format!("ended before the firmware began ({status})")),
        }
    }
}

/// What its times mean.
fn time_model(icount: u64) -> String {
    let nanos = 1 << icount;
    format!(
        "-icount, {nanos} ns an instruction, devices take no time; \
         the image plays and logs its input itself, and that work counts"
    )
}

fn failed(source: io::Error) -> BackendError {
    BackendError::Failed { target: TARGET, source }
}

impl Session for QemuSession {
    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    fn facts(&self) -> TargetFacts {
        TargetFacts {
            name: "qemu virt".to_owned(),
            time_model: self.time_model.clone(),
            clock_hz: None,
            instructions: None,
        }
    }

    fn now(&self) -> Instant {
        self.replay.now()
    }

    fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError> {
        Ok(self.replay.advance(until, pause))
    }

    fn send_serial(&mut self, _: &[u8]) -> Result<(), BackendError> {
        self.replay.send()
    }

    fn finish(&mut self) -> Result<Progress, BackendError> {
        Ok(Progress { output: Vec::new(), end: End::Reached })
    }
}

#[cfg(test)]
mod tests;
