//! The faults that the scenario asked for, and what became of them.

use ramscope_capture::Stimulus;
use ramscope_scenario::Fault;

use crate::number::bytes;
use crate::verdict::InjectedFault;
use crate::verdict::judge::Evidence;

/// One for each fault of the scenario, in its order.
pub(super) fn all(evidence: &Evidence<'_>) -> Vec<InjectedFault> {
    let injections = evidence.settings().inject.iter().enumerate();
    injections
        .map(|(place, injection)| {
            let stimuli = evidence.course.stimuli.iter();
            let mut of_fault = stimuli.filter(|stimulus| place_of(&stimulus.event) == Some(place));
            let began = of_fault.next().map(|stimulus| stimulus.instant);
            let last = of_fault.next_back();
            let effect = match (&injection.fault, last.map(|stimulus| &stimulus.event)) {
                _ if began.is_none() => "the run did not come to it".to_owned(),
                (Fault::Allocation(_), _) => failed_allocations(evidence),
                (_, Some(Stimulus::FaultEnds { detail, .. })) => detail.clone(),
                _ => String::new(),
            };
            InjectedFault {
                line: injection.line,
                what: injection.fault.to_string(),
                began,
                ended: last.map(|stimulus| stimulus.instant),
                effect,
            }
        })
        .collect()
}

fn place_of(stimulus: &Stimulus) -> Option<usize> {
    match stimulus {
        Stimulus::FaultBegins { fault } | Stimulus::FaultEnds { fault, .. } => {
            usize::try_from(*fault).ok()
        }
        _ => None,
    }
}

/// The device does not say which command it was; with one fault of memory there is no doubt.
fn failed_allocations(evidence: &Evidence<'_>) -> String {
    let failed: Vec<String> = evidence
        .device
        .failed_allocations()
        .iter()
        .map(|failed| {
            format!("`{}` got no {} at {}", failed.unit, bytes(failed.bytes.into()), failed.at)
        })
        .collect();
    match failed.is_empty() {
        true => "nobody asked for the memory that was to fail".to_owned(),
        false => failed.join(", "),
    }
}
