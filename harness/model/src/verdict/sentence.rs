//! A verdict in one sentence.

use ramscope_capture::HowEnded;

use crate::number::counted;
use crate::verdict::{BudgetResult, BudgetState, Failure, Outcome, Standing, Verdict};

/// What is expected of a finding that fails a run.
pub(super) const NOT_TO_HAPPEN: &str = "not to happen";

/// Whether an expectation is a bound on a value.
fn is_demand(expected: &str) -> bool {
    expected.starts_with("at ")
}

/// The sentence of a verdict whose other fields are set.
pub(super) fn of(verdict: &Verdict, ended: Option<&HowEnded>) -> String {
    match verdict.outcome {
        Outcome::Pass => passed(verdict),
        Outcome::Fail => format!("failed: {}", first_failure(verdict)),
        Outcome::TimedOut => format!("timed out: {}", first_failure(verdict)),
        Outcome::Inconclusive => format!("inconclusive: {}", verdict.doubts.join("; ")),
        Outcome::Unavailable => format!("the target failed: {}", target_failure(ended)),
        Outcome::Interrupted => format!("interrupted at {}", verdict.ended_at),
        Outcome::Skipped => "skipped".to_owned(),
    }
}

fn first_failure(verdict: &Verdict) -> String {
    let others = verdict.failures.len().saturating_sub(1) as u64;
    let first = verdict.failures.first().map(Failure::text).unwrap_or_default();
    match others {
        0 => first,
        more => format!("{first} (and {})", counted(more, "other failure")),
    }
}

fn target_failure(ended: Option<&HowEnded>) -> String {
    match ended {
        Some(HowEnded::Error(reason)) => reason.clone(),
        _ => "the host's watchdog stopped it, because it took far more host time than it should"
            .to_owned(),
    }
}

fn passed(verdict: &Verdict) -> String {
    let expected = expected_failures(&verdict.budgets);
    let findings: Vec<&str> = verdict
        .findings
        .iter()
        .filter(|finding| finding.standing == Standing::Expected)
        .map(|finding| finding.kind.id())
        .collect();
    if !expected.is_empty() {
        return format!("exactly the expected failure: {}", expected.join("; "));
    }
    if !findings.is_empty() {
        return format!("as expected: {}", unique(findings).join(", "));
    }
    let held = counted(count(&verdict.budgets, |state| *state == BudgetState::Met), "budget");
    let skipped = count(&verdict.budgets, |state| matches!(state, BudgetState::Skipped { .. }));
    match skipped {
        0 => format!("{held} held"),
        skipped => format!("{held} held, {skipped} skipped"),
    }
}

fn expected_failures(budgets: &[BudgetResult]) -> Vec<String> {
    let expected = budgets.iter().filter(|result| result.fails());
    expected
        .map(|result| match (result.observed, result.holds_as_sign()) {
            (Some(_), sign) => {
                let observed = result.observation();
                let limit = super::budget::format_value(result.metric, result.limit);
                format!("{} {observed} {sign} {limit}", result.id)
            }
            (None, _) => format!("{}: {}", result.id, result.observation()),
        })
        .collect()
}

/// How many budgets came out so for one of their subjects at least. The results of one stand
/// together.
fn count(budgets: &[BudgetResult], which: impl Fn(&BudgetState) -> bool) -> u64 {
    let results = budgets.iter().filter(|result| which(&result.state));
    let mut ids: Vec<_> = results.map(|result| &result.id).collect();
    ids.dedup();
    ids.len() as u64
}

fn unique(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names.dedup();
    names
}

impl BudgetResult {
    /// On which side of the limit a value is that breaks it.
    const fn holds_as_sign(&self) -> &'static str {
        match self.bound {
            ramscope_scenario::Bound::Upper => ">",
            ramscope_scenario::Bound::Lower => "<",
        }
    }
}

impl Failure {
    /// The failure without its line: `ID: at most 512 B, was 1,204 B (at 2.113 s)`.
    #[must_use]
    pub fn text(&self) -> String {
        let at = self.at.map_or_else(String::new, |at| format!(" (at {at})"));
        let Self { subject, expected, observed, .. } = self;
        let is_value = observed.starts_with(|first: char| first.is_ascii_digit());
        match subject.strip_prefix("finding ") {
            Some(kind) if expected == NOT_TO_HAPPEN => format!("{kind}: {observed}{at}"),
            _ if is_value && is_demand(expected) => {
                format!("{subject}: {expected}, was {observed}{at}")
            }
            _ if is_demand(expected) => format!("{subject}: {expected}, but {observed}{at}"),
            _ => format!("{subject} was expected {expected}, but {observed}{at}"),
        }
    }
}
