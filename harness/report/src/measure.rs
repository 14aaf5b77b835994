//! The phases of a run, and the memory in them.

use ramscope_model::{Judged, Series, StepResult};
use ramscope_time::Instant;

/// A phase of a run, and the memory in it as far as samples tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phase<'a> {
    pub(crate) name: &'a str,
    pub(crate) began: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    pub(crate) heap_used_max: Option<u32>,
    pub(crate) largest_free_min: Option<u32>,
}

/// The phases of a run's scenario.
pub(crate) fn phases(judged: &Judged) -> Vec<Phase<'_>> {
    let heap = judged.feed.device().heap();
    let steps = &judged.verdict.steps;
    let phases = judged.facts.run.scenario.settings.phases.iter();
    phases
        .map(|phase| {
            let began = steps.get(phase.from).and_then(|step: &StepResult| step.began);
            let ended = steps.get(phase.to).and_then(|step| step.ended);
            let to = ended.unwrap_or(judged.verdict.ended_at);
            let within = |series| began.map(|from| samples_within(series, from, to));
            let used = within(&heap.used_series).unwrap_or_default();
            let free = within(&heap.largest_free_series).unwrap_or_default();
            Phase {
                name: &phase.name,
                began,
                ended,
                heap_used_max: used.map(|(_, max)| max),
                largest_free_min: free.map(|(min, _)| min),
            }
        })
        .collect()
}

/// The smallest and the largest sample of a stretch of time.
fn samples_within(series: &Series, from: Instant, to: Instant) -> Option<(u32, u32)> {
    let points = series.points().iter().filter(|point| point.to >= from && point.from <= to);
    points
        .map(|point| (point.min, point.max))
        .reduce(|(min, max), (low, high)| (min.min(low), max.max(high)))
}
