//! Phases: which windows they are made of.
//!
//! A phase lasts from the beginning of its first step to the end of its last, the waits after it
//! included; what comes before the first step belongs to that. The device opens a window at each end
//! of each phase, so a phase is a run of whole windows, also where phases overlap; a repeated phase
//! is several of them. All of it is read from what was recorded: which windows were asked for between
//! which steps, and which of them the device opened.

use ramscope_capture::{StepEvent, StepEventKind};
use ramscope_scenario::Phase;

use crate::device::{Device, Window};
use crate::feed::{AskedWindow, Course};

/// One time that a phase was carried out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occurrence<'a> {
    /// Its windows, at least one.
    pub(super) windows: &'a [Window],
    /// The window right before it, if there is one.
    pub(super) before: Option<&'a Window>,
}

/// Why a phase has no figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoPhase {
    /// Nobody could tell the device.
    NotAsked,
    /// It should have figures, but has none, for this reason.
    Unknown(String),
}

/// Every time that the phase was carried out, in order.
pub(super) fn occurrences<'a>(
    phase: &Phase,
    course: &Course,
    device: &'a Device,
) -> Result<Vec<Occurrence<'a>>, NoPhase> {
    let name = &phase.name;
    let unknown = |what: String| Err(NoPhase::Unknown(what));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begins) = position(course, at, phase.from, begins) {
        let Some(ends) = position(course, begins, phase.to, is_over) else {
            return unknown(format!("the run ended before phase `{name}` was over"));
        };
        let Some(closing) = asked(course, ends + 1) else { return Err(NoPhase::NotAsked) };
        // Before the first step of a run the window of the boot is open.
        let opening = match (asked(course, begins), begins) {
            (Some(asked), _) => opened(device, asked),
            (None, 0) => Some(0),
            (None, _) => return Err(NoPhase::NotAsked),
        };
        let (Some(from), Some(to)) = (opening, opened(device, closing)) else {
            return unknown(format!("the device did not open the windows of phase `{name}`"));
        };
        found.push(Occurrence {
            windows: &device.windows()[from..to],
            before: from.checked_sub(1).map(|before| &device.windows()[before]),
        });
        at = ends + 1;
    }
    match found.is_empty() {
        true => unknown(format!("the run ended before phase `{name}` began")),
        false => Ok(found),
    }
}

/// The first event from `at` on that is one of the step and of the right kind.
fn position(
    course: &Course,
    at: usize,
    step: usize,
    is_it: impl Fn(StepEventKind) -> bool,
) -> Option<usize> {
    let of_step = |event: &StepEvent| event.index as usize == step && is_it(event.kind);
    let events = course.steps.get(at..)?;
    events.iter().position(of_step).map(|found| at + found)
}

const fn begins(kind: StepEventKind) -> bool {
    matches!(kind, StepEventKind::Started | StepEventKind::Skipped)
}

const fn is_over(kind: StepEventKind) -> bool {
    matches!(kind, StepEventKind::Finished | StepEventKind::Skipped)
}

/// The window that was asked for right before the step event of this place.
fn asked(course: &Course, place: usize) -> Option<&AskedWindow> {
    course.windows.iter().find(|asked| asked.steps_before == place)
}

/// The place of the window that the device opened when it was asked.
fn opened(device: &Device, asked: &AskedWindow) -> Option<usize> {
    device.windows().iter().position(|window| window.id == asked.id && window.from >= asked.at)
}
