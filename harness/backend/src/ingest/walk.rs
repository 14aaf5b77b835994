//! Going along a log with the steps of a scenario.

use ramscope_capture::{HowEnded, StepEvent, StepEventKind};
use ramscope_scenario::{Command, Run, Step};
use ramscope_time::Instant;

use super::search::{self, Exactness};
use crate::drive::quote;

/// What became of the steps, and where in the log.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// Each with its offset; the instants are still to come.
    pub(super) events: Vec<(usize, StepEvent)>,
    pub(super) ended: HowEnded,
    /// How many steps were done.
    pub(super) steps_done: usize,
}

/// What a serial log does not show.
const NOT_IN_LOG: &str = "a serial log does not show it; wokwi-cli has checked it";
const DELAYED: &str = "as wokwi-cli says; a serial log does not show it";

impl Walk {
    /// Looks for each step from where the last one ended.
    pub(super) fn along(run: &Run, log: &[u8]) -> Self {
        let mut walk = Self { events: Vec::new(), ended: HowEnded::StepsDone, steps_done: 0 };
        let mut at = 0;
        for step in &run.scenario.steps {
            match walk.step(run, step, log, at) {
                Some(next) => at = next,
                None => {
                    walk.ended = HowEnded::TimedOut { step: Some(step.index as u32) };
                    break;
                }
            }
            walk.steps_done += 1;
        }
        walk
    }

    /// Where a step ends; `None` if it does not.
    fn step(&mut self, run: &Run, step: &Step, log: &[u8], at: usize) -> Option<usize> {
        if let Some(reason) = run.step_skip(step.index) {
            self.note(at, step, StepEventKind::Skipped, reason);
            return Some(at);
        }
        match &step.command {
            Command::WaitSerial(text) => return self.wait(step, text, run, log, at),
            Command::WriteSerial(bytes) => self.done(at, step, &quote(bytes)),
            Command::Delay(span) => self.done(at, step, &format!("{span}, {DELAYED}")),
            _ => self.note(at, step, StepEventKind::Skipped, NOT_IN_LOG),
        }
        Some(at)
    }

    fn wait(
        &mut self,
        step: &Step,
        text: &[u8],
        run: &Run,
        log: &[u8],
        at: usize,
    ) -> Option<usize> {
        self.note(at, step, StepEventKind::Started, "");
        match search::find(log, at, text) {
            Some(found) => {
                let detail = match found.exactness {
                    Exactness::Exact => quote(text),
                    Exactness::WithoutLineEnds => {
                        format!("{}, without a line end that wokwi-cli swallowed", quote(text))
                    }
                };
                self.note(found.end, step, StepEventKind::Finished, &detail);
                Some(found.end)
            }
            None => {
                let detail = why_not(text, run, log, at);
                self.note(log.len(), step, StepEventKind::TimedOut, &detail);
                None
            }
        }
    }

    fn done(&mut self, at: usize, step: &Step, detail: &str) {
        self.note(at, step, StepEventKind::Started, "");
        self.note(at, step, StepEventKind::Finished, detail);
    }

    fn note(&mut self, at: usize, step: &Step, kind: StepEventKind, detail: &str) {
        let (index, detail) = (step.index as u32, detail.to_owned());
        self.events.push((at, StepEvent { index, kind, instant: Instant::ZERO, detail }));
    }
}

/// Why a text was not found, and what it may mean.
fn why_not(text: &[u8], run: &Run, log: &[u8], at: usize) -> String {
    let rest = &log[at..];
    let mut why = match rest.len() {
        0 => format!("{} does not come: the log ends here", quote(text)),
        n => format!("{} does not come in the {n} bytes that are left of the log", quote(text)),
    };
    let texts = run.scenario.steps.iter().filter_map(|step| match &step.command {
        Command::WaitSerial(text) if !text.is_empty() => Some(text),
        _ => None,
    });
    let mut texts = texts.peekable();
    if texts.peek().is_some() && texts.all(|text| search::find(log, 0, text).is_none()) {
        why.push_str("; nor does any other text of this scenario: is it the log of another one?");
    } else if search::find(log, 0, text).is_some() {
        why.push_str("; it comes earlier, before the step before it was done");
    } else if (1..text.len()).any(|length| rest.ends_with(&text[..length])) {
        why.push_str("; the log ends with its beginning: was it cut off?");
    }
    why
}
