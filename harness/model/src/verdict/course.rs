//! How the steps went, out of the events that were recorded about them.

use ramscope_capture::{StepEvent, StepEventKind};
use ramscope_scenario::{Run, Step};
use ramscope_time::Instant;

use crate::feed::Course;
use crate::verdict::{Failure, StepOutcome, StepResult};

/// One result for each step of the run.
pub(super) fn step_results(run: &Run, course: &Course) -> Vec<StepResult> {
    let steps = run.scenario.steps.iter();
    steps.map(|step| step_result(step, &course.steps)).collect()
}

fn step_result(step: &Step, events: &[StepEvent]) -> StepResult {
    let mut result = StepResult {
        index: step.index,
        label: step.label(),
        line: step.line,
        outcome: StepOutcome::NotReached,
        began: None,
        ended: None,
        detail: String::new(),
    };
    let of_step = |event: &&StepEvent| usize::try_from(event.index) == Ok(step.index);
    for event in events.iter().filter(of_step) {
        let (outcome, is_over) = match event.kind {
            StepEventKind::Started => (StepOutcome::Unfinished, false),
            StepEventKind::Finished => (StepOutcome::Done, true),
            StepEventKind::TimedOut => (StepOutcome::TimedOut, true),
            StepEventKind::Failed => (StepOutcome::Failed, true),
            StepEventKind::Skipped => (StepOutcome::Skipped, true),
        };
        result.outcome = outcome;
        result.began.get_or_insert(event.instant);
        if is_over {
            result.ended = Some(event.instant);
            result.detail.clone_from(&event.detail);
        }
    }
    result
}

/// The steps that failed, as failures.
pub(super) fn failures(steps: &[StepResult]) -> impl Iterator<Item = Failure> {
    steps.iter().filter_map(|step| {
        let expected = match step.outcome {
            StepOutcome::Failed => "to hold",
            StepOutcome::TimedOut => "to be done in time",
            _ => return None,
        };
        Some(Failure {
            line: Some(step.line),
            subject: step.label.clone(),
            expected: expected.to_owned(),
            observed: step.detail.clone(),
            at: step.ended,
        })
    })
}

/// The line of the step that was being carried out at an instant; the last one that had begun.
pub(super) fn line_at(steps: &[StepResult], at: Instant) -> Option<u32> {
    let begun = steps.iter().rev();
    begun
        .filter(|step| step.began.is_some_and(|began| began <= at))
        .map(|step| step.line)
        .next()
        .or_else(|| steps.first().map(|step| step.line))
}
