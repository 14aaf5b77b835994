//! All evidence together: what is false, what is doubtful, and what follows.
//!
//! How the run ended comes first: a run that was interrupted, or whose target failed, says nothing
//! about the firmware; one that ran out of time was not judged to its end. Then what is certainly
//! false, then what is doubtful.

use ramscope_capture::HowEnded;
use ramscope_scenario::{Run, Settings};

use crate::console::Console;
use crate::device::Device;
use crate::feed::Course;
use crate::finding::FindingKind;
use crate::symbols::Symbols;
use crate::verdict::{
    BudgetResult, BudgetState, Failure, Outcome, StepOutcome, StepResult, Verdict, baseline,
    budget, course, faults, findings, incomplete, sentence, texts,
};

/// Everything that a verdict is made of.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The run, with its budgets and expectations.
    pub run: &'a Run,
    /// What the device did.
    pub device: &'a Device,
    /// What became of the steps.
    pub course: &'a Course,
    /// What the device printed.
    pub console: &'a Console,
    /// What is wrong with the recording itself, if something is.
    pub damage: Option<&'a str>,
    /// Names for functions.
    pub symbols: &'a dyn Symbols,
}

impl Evidence<'_> {
    pub(super) fn settings(&self) -> &Settings {
        &self.run.scenario.settings
    }
}

/// Judges a run.
#[must_use]
pub fn verdict_of(evidence: &Evidence<'_>) -> Verdict {
    let steps = course::step_results(evidence.run, evidence.course);
    let all = findings::all_findings(evidence);
    let found = findings::judge_findings(&all, evidence.settings(), evidence.symbols);
    let mut budgets = budget::judge_budgets(evidence.run, evidence.course, evidence.device);
    let doubts = doubts(evidence, &budgets, findings::doubt(evidence, &found));
    if incomplete::reason(evidence).is_some() {
        incomplete::leave_open(&mut budgets);
    }
    let mut failures: Vec<Failure> = findings::failures(&found, &steps).collect();
    failures.extend(texts::failures(evidence, &steps));
    failures.extend(course::failures(&steps));
    failures.extend(budget_failures(&budgets));
    failures.extend(baseline::failures(evidence));
    let unfulfilled = findings::unfulfilled(evidence, &found, &steps);
    // What was to happen may have happened and be lost: then it is a doubt, told above.
    if doubts.is_empty() {
        failures.extend(unfulfilled);
    }
    failures.extend(bad_end(evidence, &steps, failures.is_empty()));
    let outcome = outcome(evidence.course.ended.as_ref(), &failures, &doubts);
    let mut verdict = Verdict {
        outcome,
        sentence: String::new(),
        failures,
        doubts,
        budgets,
        findings: found,
        faults: faults::all(evidence),
        steps,
        stop_reason: stop_reason(evidence.course.ended.as_ref()).to_owned(),
        ended_at: evidence.course.last_at,
    };
    verdict.sentence = sentence::of(&verdict, evidence.course.ended.as_ref());
    verdict
}

fn outcome(ended: Option<&HowEnded>, failures: &[Failure], doubts: &[String]) -> Outcome {
    match ended {
        Some(HowEnded::Interrupted) => return Outcome::Interrupted,
        Some(HowEnded::Error(_) | HowEnded::HostWatchdog) => return Outcome::Unavailable,
        Some(HowEnded::TimedOut { .. }) => return Outcome::TimedOut,
        _ => {}
    }
    match (failures.is_empty(), doubts.is_empty()) {
        (false, _) => Outcome::Fail,
        (true, false) => Outcome::Inconclusive,
        (true, true) => Outcome::Pass,
    }
}

/// Why the run stopped, as a stable word.
fn stop_reason(ended: Option<&HowEnded>) -> &'static str {
    match ended {
        Some(HowEnded::StepsDone) => "steps-done",
        Some(HowEnded::TimedOut { .. }) => "timed-out",
        Some(HowEnded::StepFailed { .. }) => "step-failed",
        Some(HowEnded::ForbiddenText { .. }) => "forbidden-text",
        Some(HowEnded::Fatal(_)) => "fatal",
        Some(HowEnded::Interrupted) => "interrupted",
        Some(HowEnded::Deadlocked) => "deadlocked",
        Some(HowEnded::HostWatchdog) => "host-watchdog",
        Some(HowEnded::Error(_)) => "target-failed",
        None => "capture-cut",
    }
}

/// Budgets that are false although they should not be, and the other way round.
fn budget_failures(budgets: &[BudgetResult]) -> Vec<Failure> {
    let mut failures: Vec<Failure> = budgets
        .iter()
        .filter(|result| result.fails() && !result.expected_to_fail)
        .map(|result| Failure {
            line: Some(result.line),
            subject: subject_of(result),
            expected: result.demand(),
            observed: result.observation(),
            at: result.at,
        })
        .collect();
    failures.extend(budgets.iter().enumerate().filter_map(|(index, result)| {
        // The results of one budget stand together.
        let is_first = index == 0 || budgets[index - 1].id != result.id;
        (is_first && result.expected_to_fail && held(budgets, result)).then(|| Failure {
            line: Some(result.line),
            subject: result.id.to_string(),
            expected: format!("to fail ({})", result.demand()),
            observed: format!("it held: {}", result.observation()),
            at: result.at,
        })
    }));
    failures
}

/// Whether a budget certainly held for all of its subjects.
fn held(budgets: &[BudgetResult], budget: &BudgetResult) -> bool {
    let mut of_budget = budgets.iter().filter(|other| other.id == budget.id);
    of_budget.all(|result| result.state == BudgetState::Met)
}

/// The budget's id, and the subject where a pattern matched it.
fn subject_of(result: &BudgetResult) -> String {
    let id = result.id.to_string();
    let subject = format!("/{}:{}/", result.kind, result.name);
    match id.contains(&subject) {
        true => id,
        false => format!("{id} ({})", result.name),
    }
}

fn doubts(
    evidence: &Evidence<'_>,
    budgets: &[BudgetResult],
    findings: Option<String>,
) -> Vec<String> {
    let mut doubts = Vec::from_iter(incomplete::reason(evidence));
    doubts.extend(texts::doubt(evidence));
    // What is missing is said once, although it also is a finding.
    doubts.extend(
        findings.filter(|doubt| doubts.first().is_none_or(|reason| !doubt.contains(reason))),
    );
    for result in budgets {
        match &result.state {
            BudgetState::Inconclusive { reason } => {
                doubts.push(format!("{}: {reason}", subject_of(result)));
            }
            BudgetState::Skipped { reason } if result.expected_to_fail => {
                doubts.push(format!("{} is expected to fail: {reason}", subject_of(result)));
            }
            _ => {}
        }
    }
    doubts
}

/// A run that did not come to its end, where nothing else says so yet.
fn bad_end(evidence: &Evidence<'_>, steps: &[StepResult], is_news: bool) -> Option<Failure> {
    let line = steps
        .iter()
        .find(|step| step.outcome == StepOutcome::Unfinished)
        .or(steps.last())
        .map(|step| step.line);
    let observed = match evidence.course.ended.as_ref()? {
        HowEnded::Fatal(reason) => format!("the machine could not go on: {reason}"),
        HowEnded::TimedOut { .. } if is_news => "its device time ran out".to_owned(),
        // If the scenario expects the deadlock, standing still is the end that it wants.
        HowEnded::Deadlocked if is_news && !deadlock_is_wanted(evidence) => {
            "nothing can happen any more, and the scenario still waits".to_owned()
        }
        _ => return None,
    };
    Some(Failure {
        line,
        subject: "the run".to_owned(),
        expected: "to come to its end".to_owned(),
        observed,
        at: Some(evidence.course.last_at),
    })
}

fn deadlock_is_wanted(evidence: &Evidence<'_>) -> bool {
    let expected = &evidence.settings().expect.findings;
    let is_wanted = |kind: FindingKind| {
        expected.iter().any(|pattern| ramscope_scenario::glob_matches(pattern, kind.id()))
    };
    is_wanted(FindingKind::Deadlock) || is_wanted(FindingKind::LockDeadlock)
}
