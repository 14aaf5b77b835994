//! Budgets against what was observed.
//!
//! A budget may match several subjects, and each is judged by itself. What is said must be true
//! whatever records were lost, so a figure counts as final only if nothing was lost between its
//! last sample and the end of its subject. Some answers hold without that: a peak that is over its
//! limit stays over it.

mod figure;
mod owner;
mod phase;
mod phase_figures;
mod phased_modules;
mod subject;

use ramscope_scenario::{Bound, Budget, BudgetId, Metric, Run, SubjectKind};

use crate::device::Device;
use crate::feed::Course;
use crate::number::counted;
use crate::verdict::{BudgetResult, BudgetState};
use figure::{Figure, Trend, trend};
use phase::{NoPhase, occurrences};
use phase_figures::Phased;
use subject::{Found, FoundSubject, find_subjects};

/// The judgement of all budgets of a run.
pub(super) fn judge_budgets(run: &Run, course: &Course, device: &Device) -> Vec<BudgetResult> {
    let settings = &run.scenario.settings;
    let results = settings.budgets.iter().flat_map(|budget| {
        let id = budget.id();
        let expected_to_fail = settings.expect.fail.contains(&id);
        let mut results = judge_budget(budget, &id, (run, course), device);
        for result in &mut results {
            result.expected_to_fail = expected_to_fail;
        }
        results
    });
    results.collect()
}

fn judge_budget(
    budget: &Budget,
    id: &BudgetId,
    (run, course): (&Run, &Course),
    device: &Device,
) -> Vec<BudgetResult> {
    let nobody = |state| vec![result(budget, id, &budget.subject.glob, state)];
    if let Some(reason) = run.budget_skip(id) {
        return nobody(skipped(reason));
    }
    if let Some(reason) = silence(device) {
        return nobody(inconclusive(&reason));
    }
    let phase = budget.phase.as_deref().and_then(|name| run.scenario.settings.phase(name));
    let occurrences = match phase.map(|phase| occurrences(phase, course, device)).transpose() {
        Ok(occurrences) => occurrences,
        Err(NoPhase::NotAsked) => return nobody(skipped("the firmware was not told of the phase")),
        Err(NoPhase::Unknown(reason)) => return nobody(inconclusive(&reason)),
    };
    let phase = occurrences.as_deref().map(|occurrences| Phased { occurrences, device });
    match find_subjects(&budget.subject, device, phase) {
        Found::Some(subjects) => subjects
            .into_iter()
            .map(|subject| judge_subject(budget, id, &subject, phase))
            .chain(unknown_subjects(budget, id, device))
            .collect(),
        Found::Nobody { seen } => nobody(absent(budget, seen, device)),
    }
}

/// Why nothing can be said at all.
fn silence(device: &Device) -> Option<String> {
    match (device.refused_version(), device.hello()) {
        (Some(version), _) => Some(format!(
            "the device speaks version {version} of the telemetry, which this ramscope does not know"
        )),
        (None, None) => Some("no telemetry arrived".to_owned()),
        (None, Some(_)) => None,
    }
}

fn judge_subject(
    budget: &Budget,
    id: &BudgetId,
    subject: &FoundSubject<'_>,
    phase: Option<Phased<'_>>,
) -> BudgetResult {
    let figure = match phase {
        Some(phase) => subject.figure_in(phase, budget.metric),
        None => subject.figure(budget.metric),
    };
    let judged = judge_figure(budget, id, &subject.name, figure);
    let is_leak = matches!(budget.metric, Metric::Leak | Metric::LeakBlocks);
    let span = phase.filter(|_| is_leak).map(|phase| phase.leak_span());
    BudgetResult { base_name: subject.base_name.clone(), span, ..judged }
}

fn judge_figure(budget: &Budget, id: &BudgetId, name: &str, figure: Figure) -> BudgetResult {
    match figure {
        Figure::NotGiven(reason) => result(budget, id, name, skipped(&reason)),
        Figure::Unknown(reason) => result(budget, id, name, inconclusive(&reason)),
        Figure::Known { value, capacity, at, is_final } => BudgetResult {
            observed: Some(value),
            capacity,
            at,
            ..result(budget, id, name, state_of(budget, value, is_final))
        },
    }
}

/// A figure that may have moved on since still answers where moving on cannot change the answer.
fn state_of(budget: &Budget, value: u64, is_final: bool) -> BudgetState {
    let holds = budget.holds(value);
    match (is_final || is_settled(budget.metric, budget.bound, holds), holds) {
        (false, _) => inconclusive("telemetry was lost after its last sample"),
        (true, true) => BudgetState::Met,
        (true, false) => BudgetState::Exceeded,
    }
}

/// Whether what comes later cannot change that a bound holds, or does not.
pub(super) const fn is_settled(metric: Metric, bound: Bound, holds: bool) -> bool {
    match (bound, trend(metric)) {
        (Bound::Upper, Trend::Rises) | (Bound::Lower, Trend::Falls) => !holds,
        (Bound::Lower, Trend::Rises) | (Bound::Upper, Trend::Falls) => holds,
        (_, Trend::Moves) => false,
    }
}

/// If units exist of which even the name was lost, the budget might have been about them: a second
/// `worker` is one that a budget on `worker` means too.
fn unknown_subjects(budget: &Budget, id: &BudgetId, device: &Device) -> Option<BudgetResult> {
    let missing = subject::units_never_told(device);
    if missing == 0 || !subject::is_unit_kind(budget.subject.kind) {
        return None;
    }
    let reason = format!("what the device said of {} was lost", counted(missing, "unit"));
    Some(result(budget, id, &budget.subject.glob, inconclusive(&reason)))
}

fn absent(budget: &Budget, seen: Vec<String>, device: &Device) -> BudgetState {
    let is_told_once =
        subject::is_unit_kind(budget.subject.kind) || budget.subject.kind == SubjectKind::Timer;
    if is_told_once && (device.losses().any() || device.forgotten() > 0) {
        return inconclusive("it was not seen, but telemetry was lost");
    }
    BudgetState::NoSuchSubject { seen }
}

fn result(budget: &Budget, id: &BudgetId, name: &str, state: BudgetState) -> BudgetResult {
    BudgetResult {
        id: id.clone(),
        line: budget.line,
        kind: budget.subject.kind,
        name: name.to_owned(),
        base_name: name.to_owned(),
        metric: budget.metric,
        bound: budget.bound,
        limit: budget.limit,
        observed: None,
        capacity: None,
        at: None,
        span: None,
        state,
        expected_to_fail: false,
    }
}

fn skipped(reason: &str) -> BudgetState {
    BudgetState::Skipped { reason: reason.to_owned() }
}

fn inconclusive(reason: &str) -> BudgetState {
    BudgetState::Inconclusive { reason: reason.to_owned() }
}

impl BudgetResult {
    /// The limit as a demand: `at most 512 B`.
    #[must_use]
    pub fn demand(&self) -> String {
        let word = match self.bound {
            Bound::Upper => "at most",
            Bound::Lower => "at least",
        };
        format!("{word} {}", format_value(self.metric, self.limit))
    }

    /// The observed value, or why there is none.
    #[must_use]
    pub fn observation(&self) -> String {
        match (&self.state, self.observed) {
            (BudgetState::NoSuchSubject { seen }, _) => never_appeared(self, seen),
            (_, Some(value)) => format_value(self.metric, value),
            (BudgetState::Skipped { reason } | BudgetState::Inconclusive { reason }, None) => {
                reason.clone()
            }
            (BudgetState::Met | BudgetState::Exceeded, None) => "unknown".to_owned(),
        }
    }
}

/// A value of a metric with separators: `1,204 B`, `12`, `2.50 %`.
#[must_use]
pub fn format_value(metric: Metric, value: u64) -> String {
    match metric.unit() {
        ramscope_scenario::Unit::Bytes => crate::number::bytes(value),
        ramscope_scenario::Unit::Count => crate::number::grouped(value),
        ramscope_scenario::Unit::BasisPoints | ramscope_scenario::Unit::Picos => {
            metric.format(value)
        }
    }
}

fn never_appeared(result: &BudgetResult, seen: &[String]) -> String {
    const NAMES_MAX: usize = 12;
    let kind = result.kind;
    let name = &result.name;
    if seen.is_empty() {
        return format!("no {kind} `{name}` ever appeared, and no other {kind} did");
    }
    let mut names: Vec<String> = seen.iter().take(NAMES_MAX).map(|n| format!("`{n}`")).collect();
    if seen.len() > NAMES_MAX {
        names.push(format!("{} more", seen.len() - NAMES_MAX));
    }
    format!("no {kind} `{name}` ever appeared; seen: {}", names.join(", "))
}
