//! Waiting for what is no `wait-serial`: a state, a record, a text, a regular expression; and texts
//! that must never be said.
//!
//! States and records are in the telemetry, which this crate does not read. Whoever can read it is
//! a [`Witness`]: it is shown what was recorded and says whether the condition holds.

use ramscope_capture::{HowEnded, Recorder, StepEventKind, Stream};
use ramscope_scenario::{Condition, FailOn, Step, StepWait, TextSearch};
use ramscope_time::Instant;

use super::Driver;
use super::wait::Reason;
use super::wait::quote;
use crate::session::Output;

/// Whoever can read what the device tells while a run goes on.
pub trait Witness {
    /// A wait for a condition begins: what was recorded up to now came before it.
    fn begin(&mut self, condition: &Condition, recorder: &Recorder);

    /// Whether the condition has come to pass, by what was recorded up to now.
    fn has_come(&mut self, recorder: &Recorder) -> bool;

    /// What is the case instead, for a message about a time-out.
    fn instead(&self) -> String;
}

/// Reads nothing: no condition on telemetry ever comes to pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn begin(&mut self, _condition: &Condition, _recorder: &Recorder) {}

    fn has_come(&mut self, _recorder: &Recorder) -> bool {
        false
    }

    fn instead(&self) -> String {
        "nobody reads its telemetry".to_owned()
    }
}

/// The texts of `fail-on`, looked for in everything that the device says.
pub(super) struct Forbidden {
    searches: Vec<TextSearch>,
    /// The place of the first that was found.
    found: Option<u32>,
}

impl Forbidden {
    pub(super) fn of(entries: &[FailOn]) -> Self {
        let searches = entries.iter().map(|entry| TextSearch::new(&entry.pattern)).collect();
        Self { searches, found: None }
    }

    pub(super) fn take(&mut self, output: &Output) {
        if output.stream != Stream::Uart0 || self.found.is_some() {
            return;
        }
        let mut hits = self.searches.iter_mut().enumerate();
        let hit = hits.find_map(|(place, search)| search.feed(&output.bytes).map(|_| place));
        self.found = hit.map(|place| place as u32);
    }

    /// The end of a run in which one was found.
    pub(super) fn verdict(&self) -> Result<(), HowEnded> {
        match self.found {
            Some(entry) => Err(HowEnded::ForbiddenText { entry }),
            None => Ok(()),
        }
    }
}

impl Driver<'_> {
    /// Carries out the waits that follow a step; they are part of it.
    pub(super) fn waits_after(&mut self, step: &Step) -> Result<(), HowEnded> {
        let run = self.run;
        for (place, wait) in run.scenario.settings.waits_after(step.index) {
            if run.wait_skip(place).is_none() {
                self.wait(step, wait)?;
            }
        }
        Ok(())
    }

    fn wait(&mut self, step: &Step, wait: &StepWait) -> Result<(), HowEnded> {
        let began = self.line.now();
        let of_run = Instant::ZERO + self.run.scenario.settings.timeout;
        let deadline = wait.within.map_or(of_run, |within| of_run.min(began + within));
        let (has_come, instead) = match &wait.until {
            Condition::Text(pattern) => {
                let mut search = TextSearch::new(pattern);
                let before = self.heard;
                let has_come = self.advance_for(deadline, &mut Reason::Text(&mut search))?;
                (has_come, format!("{} bytes were received since it began", self.heard - before))
            }
            condition => {
                self.witness.begin(condition, self.recorder);
                let has_come = self.advance_for(deadline, &mut Reason::Telemetry)?;
                (has_come, self.witness.instead())
            }
        };
        if has_come {
            return Ok(());
        }
        let waited = self.line.now().since(began);
        let condition = quote(wait.until.to_string().as_bytes());
        let line = wait.line;
        let detail = format!(
            "the wait of line {line} for {condition} was not over after {waited}; {instead}"
        );
        self.step_event(step, StepEventKind::TimedOut, &detail);
        Err(HowEnded::TimedOut { step: Some(step.index as u32) })
    }
}
