//! A session that a debugger looks into: gdb's remote protocol on 127.0.0.1.
//!
//! The problem: a scenario drives a device forwards, step by step, while a person at a debugger
//! wants to stand still, look, and go back. The idea: the device stops for the debugger inside of
//! [`Session::advance`], so the steps never notice; and the past is a separate copy of the device
//! (see [`timeline`]), so going back takes nothing back that the steps, the capture or the terminal
//! have already seen. Forwards through the past, everything happens again as it did, input
//! included, and then the run goes on.
//!
//! Invariants:
//! 1. A run with a debugger that changes nothing has the same device part as one without.
//! 2. The device is never further than the instant that the session has told of, but for the
//!    stretch that it is in: the next serial byte that could complete a match ends a stretch.
//! 3. Nothing outside of this computer can connect.

mod breaks;
mod debuggee;
mod link;
mod load;
pub(crate) mod registers;
mod timeline;
pub(crate) mod units;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use gdbstub::common::Signal;
use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, MultiThreadStopReason};
use ramscope_capture::{HowEnded, ObserverEvent};
use ramscope_engine::Image;
use ramscope_scenario::{PinPlace, Run, TargetKind, Value};
use ramscope_time::Instant;

use self::debuggee::{Debuggee, Resume};
pub use self::link::GdbListener;
use self::link::Link;
use self::timeline::Forward;
use crate::circuit::{Circuit, Terminal};
use crate::engine::{EngineSession, Follow, STRIDE};
use crate::firmware::Firmware;

use crate::launch::engine_session;
use crate::session::{BackendError, Capabilities, End, PauseAt, Progress, Session, TargetFacts};

/// The answer to a debugger that kills the run; the library leaves it out.
const KILLED: &[u8] = b"$OK#9a";

type Stub = GdbStubStateMachine<'static, Debuggee, Link>;

/// A session on the built-in machine that a debugger looks into.
pub struct GdbSession {
    debuggee: Debuggee,
    /// `None`: the debugger has gone, and the run goes on alone.
    stub: Option<Stub>,
    /// When the next serial bytes will be complete, looked up in advance up to an instant.
    ahead: (Instant, VecDeque<Instant>),
    /// The device cannot go on, and the debugger knows.
    told_end: Option<End>,
}

/// What the debugger wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The device is to run.
    Run,
    /// The run is to end.
    End,
}

impl GdbSession {
    /// Powers a device on for a run, as [`launch`](crate::launch) does, and waits for a debugger
    /// before its first instruction.
    ///
    /// # Errors
    /// If the run's target cannot be debugged, the connection fails, or somebody interrupts the wait.
    pub fn launch(
        run: &Run,
        firmware: &Firmware,
        circuit: Option<&Circuit>,
        listener: GdbListener,
        interrupted: &Arc<AtomicBool>,
    ) -> Result<Self, BackendError> {
        if !matches!(run.target, TargetKind::Engine | TargetKind::EngineVirt) {
            let reason = "only the built-in engine can be debugged here".to_owned();
            return Err(BackendError::Unavailable { target: run.target.name(), reason });
        }
        let session = engine_session(run, firmware, circuit, Follow::Calls);
        Self::new(session, &firmware.image, listener, interrupted)
    }

    /// Waits for a debugger, before the first instruction of the session.
    ///
    /// # Errors
    /// If the connection fails, or somebody interrupts the wait.
    pub fn new(
        session: EngineSession,
        image: &Image,
        listener: GdbListener,
        interrupted: &Arc<AtomicBool>,
    ) -> Result<Self, BackendError> {
        let link = listener.accept(interrupted).map_err(|error| match error.kind() {
            std::io::ErrorKind::Interrupted => BackendError::NoDebugger,
            _ => failed(error),
        })?;
        let mut debuggee = Debuggee::new(session, image);
        let stub = GdbStub::builder(link)
            .build()
            .map_err(|error| failed(std::io::Error::other(error)))?
            .run_state_machine(&mut debuggee)
            .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
        Ok(Self {
            debuggee,
            stub: Some(stub),
            ahead: (Instant::ZERO, VecDeque::new()),
            told_end: None,
        })
    }

    /// Does what the debugger says until it lets the device run.
    fn converse(&mut self) -> Wish {
        while let Some(stub) = self.stub.take() {
            let debuggee = &mut self.debuggee;
            let next = match stub {
                Stub::Idle(mut stub) => match stub.borrow_conn().read() {
                    Ok(byte) => stub.incoming_data(debuggee, byte),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                        return Wish::End;
                    }
                    Err(_) => break,
                },
                Stub::Running(mut stub) => match stub.borrow_conn().poll() {
                    Ok(Some(byte)) => stub.incoming_data(debuggee, byte),
                    Ok(None) => match debuggee.resume {
                        Resume::Forwards(_) => {
                            self.stub = Some(stub.into());
                            return Wish::Run;
                        }
                        Resume::BackStep(whose) => {
                            let reason = debuggee.backwards(Some(whose));
                            stub.report_stop(debuggee, reason)
                        }
                        Resume::BackContinue => {
                            let reason = debuggee.backwards(None);
                            stub.report_stop(debuggee, reason)
                        }
                    },
                    Err(_) => break,
                },
                Stub::CtrlCInterrupt(stub) => {
                    let reason = debuggee.signal(Signal::SIGINT);
                    stub.interrupt_handled(debuggee, Some(reason))
                }
                Stub::Disconnected(mut stub) => match stub.get_reason() {
                    DisconnectReason::Kill => {
                        // `vKill` is answered, `k` is not, and nobody reads what follows it.
                        let _ = stub.borrow_conn().write_all(KILLED);
                        return Wish::End;
                    }
                    _ => break,
                },
            };
            match next {
                Ok(next) => self.stub = Some(next),
                // A debugger that breaks the protocol has gone.
                Err(_) => break,
            }
        }
        // Alone, the device goes on from where the run is.
        self.debuggee.timeline.show_present();
        Wish::Run
    }

    /// Tells the debugger why the device stands still.
    fn report(&mut self, reason: MultiThreadStopReason<u32>) {
        self.stub = match self.stub.take() {
            Some(Stub::Running(stub)) => stub.report_stop(&mut self.debuggee, reason).ok(),
            other => other,
        };
    }

    /// When the next serial byte of the present will be complete, if that is before `end`.
    fn next_byte(&mut self, end: Instant) -> Option<Instant> {
        let present = self.debuggee.timeline.present();
        let now = present.now();
        if std::mem::take(&mut self.debuggee.was_changed) {
            self.ahead = (Instant::ZERO, VecDeque::new());
        }
        if self.ahead.0 <= now {
            let mut copy = present.clone();
            let until = end.max(now + STRIDE);
            let _ = copy.run_to(until);
            self.ahead = (until, copy.untold().iter().map(|byte| byte.at).collect());
        }
        while self.ahead.1.front().is_some_and(|at| *at <= now) {
            self.ahead.1.pop_front();
        }
        self.ahead.1.front().copied().filter(|at| *at < end)
    }

    /// One stride, as sessions on the engine make it: what is told at once decides how it is
    /// recorded, and so has to be the same with a debugger. Answers how many serial bytes may be told.
    fn stride(&mut self, stride_end: Instant, pause: &mut dyn PauseAt) -> (End, usize) {
        let mut end = End::Reached;
        let mut fed = 0;
        loop {
            let untold = &self.debuggee.timeline.present().untold()[fed..];
            let bytes: Vec<u8> = untold.iter().map(|byte| byte.byte).collect();
            if let Some(taken) = pause.feed(&bytes) {
                return (End::Paused, fed + taken);
            }
            fed += bytes.len();
            if self.now() >= stride_end || !matches!(end, End::Reached | End::Stuck) {
                return (end, fed);
            }
            if self.converse() == Wish::End {
                return (End::Ended(HowEnded::Interrupted), fed);
            }
            let mut stretch_end = stride_end.min(self.now() + STRIDE);
            if pause.may_pause()
                && let Some(byte) = self.next_byte(stretch_end)
            {
                stretch_end = byte;
            }
            end = self.stretch(stretch_end).unwrap_or(End::Reached);
        }
    }

    /// One stretch forwards, as far as the debugger lets it.
    fn stretch(&mut self, until: Instant) -> Option<End> {
        if self.stub.is_none() {
            return Some(self.debuggee.timeline.present_mut().run_to(until));
        }
        if self.debuggee.was_changed {
            self.told_end = None;
        }
        if let (Some(end), false) = (&self.told_end, self.debuggee.timeline.is_in_past()) {
            return Some(end.clone());
        }
        match self.debuggee.forwards(until) {
            Forward::At(place) => {
                let reason = self.debuggee.reason(&place);
                self.report(reason);
                None
            }
            Forward::To(end @ End::Ended(_)) => {
                self.told_end = Some(end);
                let reason = self.debuggee.signal(Signal::SIGABRT);
                self.report(reason);
                None
            }
            Forward::To(end) => Some(end),
            Forward::Present => None,
        }
    }
}

impl Session for GdbSession {
    fn capabilities(&self) -> Capabilities {
        self.debuggee.timeline.present().capabilities()
    }

    fn facts(&self) -> TargetFacts {
        self.debuggee.timeline.present().facts()
    }

    fn calls(&self) -> Vec<ObserverEvent> {
        self.debuggee.timeline.present().calls()
    }

    fn now(&self) -> Instant {
        self.debuggee.timeline.present().now()
    }

    fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError> {
        if self.stub.is_none() {
            return self.debuggee.timeline.present_mut().advance(until, pause);
        }
        let mut output = Vec::new();
        loop {
            let stride_end = match pause.may_pause() {
                true => until.min(self.now() + STRIDE),
                false => until,
            };
            let (end, serial_taken) = self.stride(stride_end, pause);
            self.debuggee.timeline.present_mut().tell(serial_taken, &mut output);
            let over = self.now() >= until || !matches!(end, End::Reached | End::Stuck);
            if over {
                return Ok(Progress { output, end });
            }
        }
    }

    fn send_serial(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.debuggee.was_changed = true;
        self.debuggee.timeline.send_serial(bytes)
    }

    fn command(&mut self, words: &[u32]) -> Result<(), BackendError> {
        self.debuggee.was_changed = true;
        self.debuggee.timeline.command(words)
    }

    fn hold_pin(&mut self, pin: &PinPlace, level: Option<bool>) -> Result<(), BackendError> {
        self.debuggee.was_changed = true;
        self.debuggee.timeline.hold_pin(pin, level)
    }

    fn read_pin(&mut self, pin: &Terminal) -> Result<bool, BackendError> {
        self.debuggee.timeline.present_mut().read_pin(pin)
    }

    fn set_control(
        &mut self,
        part: &str,
        control: &str,
        value: &Value,
    ) -> Result<(), BackendError> {
        self.debuggee.was_changed = true;
        self.debuggee.timeline.set_control(part, control, value)
    }

    fn finish(&mut self) -> Result<Progress, BackendError> {
        self.report(MultiThreadStopReason::Exited(0));
        self.debuggee.timeline.present_mut().finish()
    }
}

fn failed(source: std::io::Error) -> BackendError {
    BackendError::Debugger(source)
}
