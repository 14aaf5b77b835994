//! What has grown since a stored result.
//!
//! The stored figures are in the plan of the run, so a replay gives the same verdict without the file. On a
//! machine that repeats a run exactly any growth is one of the firmware, so none is let through; who means
//! it stores the new result.

use ramscope_scenario::Baseline;

use crate::figures::{Figure, figures};
use crate::number::bytes;
use crate::verdict::{Evidence, Failure};

/// Figures of which more is worse, by how their ids end.
const WORSE_IF_MORE: [&str; 3] = ["/stack-peak", "/heap-peak", "/peak"];

/// A failure for each figure that is worse than it was.
pub(super) fn failures(evidence: &Evidence<'_>) -> Vec<Failure> {
    let Some(baseline) = &evidence.run.baseline else { return Vec::new() };
    let grown = figures(evidence.device).into_iter();
    grown.filter_map(|figure| failure(baseline, &figure)).collect()
}

fn failure(baseline: &Baseline, figure: &Figure) -> Option<Failure> {
    if !WORSE_IF_MORE.iter().any(|end| figure.id.ends_with(end)) {
        return None;
    }
    let (before, now) = (*baseline.figures.get(&figure.id)?, u64::from(figure.bytes));
    let grown = now.checked_sub(before).filter(|grown| *grown > 0)?;
    let subject = figure.id.split('/').nth(1).unwrap_or(&figure.id);
    let (kind, name) = subject.split_once(':').unwrap_or(("", subject));
    Some(Failure {
        line: None,
        subject: figure.id.clone(),
        expected: format!("at most {} as in {}", bytes(before), baseline.name),
        observed: format!("{kind} `{name}` grew by {grown} bytes to {}", bytes(now)),
        at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str, bytes: u32) -> Option<String> {
        let figures = [("run/task:net/stack-peak".to_owned(), 800)];
        let figures = figures.into_iter().collect();
        let baseline = Baseline { name: "main.json".to_owned(), figures };
        failure(&baseline, &Figure { id: id.to_owned(), bytes }).map(|failure| failure.text())
    }

    #[test]
    fn who_has_grown_is_told_with_the_bytes() {
        let sentence = "run/task:net/stack-peak: at most 800 B as in main.json, but task `net` grew by 400 \
                        bytes to 1,200 B";
        assert_eq!(of("run/task:net/stack-peak", 1_200).as_deref(), Some(sentence));
    }

    #[test]
    fn what_is_the_same_or_less_or_new_is_no_failure() {
        assert_eq!(of("run/task:net/stack-peak", 800), None);
        assert_eq!(of("run/task:net/stack-peak", 400), None);
        assert_eq!(of("run/task:new/stack-peak", 400), None);
    }
}
