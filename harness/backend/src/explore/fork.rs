//! A session whose beginning is told again, and whose rest is lived.

use std::sync::Arc;

use ramscope_capture::{ObserverEvent, Stream};
use ramscope_scenario::{PinPlace, Value};
use ramscope_time::Instant;

use crate::circuit::Terminal;
use crate::engine::EngineSession;
use crate::session::{BackendError, Capabilities, PauseAt, Progress, Session, TargetFacts};

/// A call that was made before the fork, and what it gave.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// The device ran, until this instant.
    Advanced(Progress, Instant),
    /// A pin was read.
    Read(bool),
}

/// A run that forked off another one.
pub struct Fork {
    told: Arc<[Told]>,
    /// How many of them this one has told again.
    place: usize,
    now: Instant,
    device: EngineSession,
}

impl Fork {
    pub(super) fn new(told: Arc<[Told]>, device: EngineSession) -> Self {
        Self { told, place: 0, now: Instant::ZERO, device }
    }

    /// What is to be told again next.
    fn next(&mut self) -> Option<Told> {
        let told = self.told.get(self.place).cloned()?;
        self.place += 1;
        Some(told)
    }
}

impl Session for Fork {
    fn capabilities(&self) -> Capabilities {
        self.device.capabilities()
    }

    fn facts(&self) -> TargetFacts {
        self.device.facts()
    }

    fn now(&self) -> Instant {
        match self.place < self.told.len() {
            true => self.now,
            false => self.device.now(),
        }
    }

    fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError> {
        match self.next() {
            None => self.device.advance(until, pause),
            Some(Told::Read(_)) => unreachable!("a driver makes the calls that it made before"),
            Some(Told::Advanced(progress, now)) => {
                let serial = progress.output.iter().filter(|output| output.stream == Stream::Uart0);
                let bytes: Vec<u8> = serial.flat_map(|output| &output.bytes).copied().collect();
                // Where it pauses is known; whoever looks has to see the bytes nevertheless.
                let _ = pause.feed(&bytes);
                self.now = now;
                Ok(progress)
            }
        }
    }

    fn send_serial(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.device.send_serial(bytes)
    }

    fn command(&mut self, words: &[u32]) -> Result<(), BackendError> {
        self.device.command(words)
    }

    fn read_pin(&mut self, pin: &Terminal) -> Result<bool, BackendError> {
        match self.next() {
            Some(Told::Read(high)) => Ok(high),
            Some(Told::Advanced(..)) => {
                unreachable!("a driver makes the calls that it made before")
            }
            None => self.device.read_pin(pin),
        }
    }

    fn set_control(
        &mut self,
        part: &str,
        control: &str,
        value: &Value,
    ) -> Result<(), BackendError> {
        self.device.set_control(part, control, value)
    }

    fn hold_pin(&mut self, pin: &PinPlace, level: Option<bool>) -> Result<(), BackendError> {
        self.device.hold_pin(pin, level)
    }

    fn calls(&self) -> Vec<ObserverEvent> {
        self.device.calls()
    }

    fn finish(&mut self) -> Result<Progress, BackendError> {
        self.device.finish()
    }
}
