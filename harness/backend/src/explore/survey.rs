//! The run that the others fork off: by the clock's schedule alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use ramscope_capture::ObserverEvent;
use ramscope_scenario::{PinPlace, Run, Value};
use ramscope_time::Instant;

use super::Ground;
use super::fork::Told;
use crate::circuit::{Circuit, Terminal};
use crate::engine::{EngineSession, Follow};
use crate::firmware::Firmware;

use crate::launch::engine_session;
use crate::session::{BackendError, Capabilities, PauseAt, Progress, Session, TargetFacts};

/// The unit that exists from the beginning and runs programs.
const MAIN: u32 = 1;
/// The kernel's own.
const KERNEL: u32 = 0;

/// A session that keeps what a fork needs.
pub struct Survey {
    device: EngineSession,
    at_power_on: EngineSession,
    told: Vec<Told>,
    fork: Option<Split>,
    looks_for: LooksFor,
}

/// What a survey notes on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LooksFor {
    /// Where slices could end: each instruction is looked at.
    Points,
    Nothing,
}

/// The fork, once it is reached.
struct Split {
    device: EngineSession,
    /// Units that existed then, main left out.
    residents: Vec<u32>,
}

impl Survey {
    /// Powers on the device of a run.
    #[must_use]
    pub fn launch(run: &Run, firmware: &Firmware, circuit: Option<&Circuit>) -> Self {
        let mut survey = Self::launch_to_fork(run, firmware, circuit);
        survey.looks_for = LooksFor::Points;
        // If no stimulus ever comes, the program began by itself.
        survey.device.watch_points();
        survey
    }

    /// As [`Survey::launch`], for who wants forks and no points.
    #[must_use]
    pub fn launch_to_fork(run: &Run, firmware: &Firmware, circuit: Option<&Circuit>) -> Self {
        let device = engine_session(run, firmware, circuit, Follow::Nothing);
        let at_power_on = device.clone();
        Self { device, at_power_on, told: Vec::new(), fork: None, looks_for: LooksFor::Nothing }
    }

    /// What was found. `None`: the image does not say which unit runs.
    #[must_use]
    pub fn into_ground(self) -> Option<Ground> {
        let (told, Split { device, residents }) = match self.fork {
            Some(fork) => (self.told, fork),
            None => (Vec::new(), Split { device: self.at_power_on, residents: Vec::new() }),
        };
        let mut points = match self.looks_for {
            LooksFor::Points => self.device.into_points()?,
            LooksFor::Nothing => BTreeMap::new(),
        };
        points.retain(|unit, _| *unit != KERNEL && !residents.contains(unit));
        Some(Ground { told: told.into(), device: Arc::new(device), points })
    }

    /// The first stimulus is about to come.
    fn split(&mut self) {
        if self.fork.is_none() {
            let mut residents = self.device.unit_ids();
            residents.retain(|unit| *unit != MAIN);
            // Forks have nobody who looks at each of their instructions.
            let device = self.device.clone().without_points();
            self.fork = Some(Split { device, residents });
            if self.looks_for == LooksFor::Points {
                self.device.watch_points();
            }
        }
    }

    fn tell(&mut self, told: impl FnOnce() -> Told) {
        if self.fork.is_none() {
            self.told.push(told());
        }
    }
}

impl Session for Survey {
    fn capabilities(&self) -> Capabilities {
        self.device.capabilities()
    }

    fn facts(&self) -> TargetFacts {
        self.device.facts()
    }

    fn now(&self) -> Instant {
        self.device.now()
    }

    fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError> {
        let progress = self.device.advance(until, pause)?;
        let now = self.device.now();
        self.tell(|| Told::Advanced(progress.clone(), now));
        Ok(progress)
    }

    fn send_serial(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.split();
        self.device.send_serial(bytes)
    }

    fn command(&mut self, words: &[u32]) -> Result<(), BackendError> {
        self.split();
        self.device.command(words)
    }

    fn read_pin(&mut self, pin: &Terminal) -> Result<bool, BackendError> {
        let high = self.device.read_pin(pin)?;
        self.tell(|| Told::Read(high));
        Ok(high)
    }

    fn set_control(
        &mut self,
        part: &str,
        control: &str,
        value: &Value,
    ) -> Result<(), BackendError> {
        self.split();
        self.device.set_control(part, control, value)
    }

    fn hold_pin(&mut self, pin: &PinPlace, level: Option<bool>) -> Result<(), BackendError> {
        self.split();
        self.device.hold_pin(pin, level)
    }

    fn calls(&self) -> Vec<ObserverEvent> {
        self.device.calls()
    }

    fn finish(&mut self) -> Result<Progress, BackendError> {
        self.device.finish()
    }
}
