//! Budgets, findings, steps, and the reasons of a verdict.

use ramscope_model::{
    BudgetResult, BudgetState, Judged, Outcome, Standing, StepOutcome, counted, format_value,
};
use ramscope_time::Instant;
use std::collections::BTreeMap;

use crate::columns::{Cell, Columns};
use crate::detail::heading;
use crate::figures::seconds;
use crate::style::{Meaning, Style, clean};
use crate::table::{doubt_lines, failure_lines, next_lines};

/// A budget can be about thousands of subjects; past so many rows only what is not met is shown.
const ROWS_MAX: usize = 64;
/// From so many namesakes on for which a budget is met they are one row.
const FOLD_MIN: usize = 3;

pub(super) fn budgets(judged: &Judged, style: Style) -> String {
    if judged.verdict.budgets.is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    let headings = ["budget", "", "subject", "observed", "demand", "headroom", "line"];
    columns.row(headings.map(|text| Cell::left(text).meaning(Meaning::Heading)));
    let rows = budget_rows(&judged.verdict.budgets).into_iter().enumerate();
    let (shown, hidden): (Vec<_>, Vec<_>) =
        rows.partition(|(index, row)| *index < ROWS_MAX || row[0].state != BudgetState::Met);
    for (_, row) in shown {
        columns.row(budget_row(&row));
        if row[0].observed.is_none() {
            columns.text(format!("     {}", clean(&row[0].observation())));
        }
    }
    let hidden: usize = hidden.iter().map(|(_, row)| row.len()).sum();
    if hidden > 0 {
        let count = counted(hidden as u64, "subject");
        columns.text(format!("and {count} for which a budget is met"));
    }
    columns.render(style)
}

/// The results of each row: one, or all of a budget that is met for many units of one name.
pub(crate) fn budget_rows(results: &[BudgetResult]) -> Vec<Vec<&BudgetResult>> {
    let key = |result: &BudgetResult| (result.id.clone(), result.base_name.clone());
    let mut alike: BTreeMap<_, Vec<&BudgetResult>> = BTreeMap::new();
    for result in results.iter().filter(|result| result.state == BudgetState::Met) {
        alike.entry(key(result)).or_default().push(result);
    }
    let row_of = |result| match alike.get(&key(result)) {
        Some(row) if row.len() >= FOLD_MIN && result.state == BudgetState::Met => {
            core::ptr::eq(row[0], result).then(|| row.clone())
        }
        _ => Some(vec![result]),
    };
    results.iter().filter_map(row_of).collect()
}

/// Of several results the one that came nearest to its limit.
pub(crate) fn nearest_to_its_limit<'a>(results: &[&'a BudgetResult]) -> &'a BudgetResult {
    let nearest = results.iter().min_by_key(|result| result.headroom());
    nearest.expect("a row is about something")
}

/// A row about the one that came nearest to its limit.
fn budget_row(results: &[&BudgetResult]) -> [Cell; 7] {
    let result = nearest_to_its_limit(results);
    let (word, meaning) = budget_word(result);
    let subject = match results {
        [_] => clean(&result.name),
        several => format!("{} ({})", clean(&result.base_name), several.len()),
    };
    let observed = match result.observed {
        Some(_) => result.observation(),
        None => "-".to_owned(),
    };
    let headroom = match result.headroom() {
        Some(headroom) => format_value(result.metric, headroom),
        None => "-".to_owned(),
    };
    [
        Cell::left(clean(result.id.as_str())),
        Cell::left(word).meaning(meaning),
        Cell::left(subject),
        Cell::right(observed),
        Cell::right(result.demand()),
        Cell::right(headroom),
        Cell::right(result.line.to_string()),
    ]
}

pub(crate) const fn budget_word(result: &BudgetResult) -> (&'static str, Meaning) {
    match (&result.state, result.expected_to_fail) {
        (BudgetState::Met, false) => ("met", Meaning::Good),
        (BudgetState::Met, true) => ("HELD, should fail", Meaning::Bad),
        (BudgetState::Exceeded | BudgetState::NoSuchSubject { .. }, true) => {
            ("fails as expected", Meaning::Good)
        }
        (BudgetState::Exceeded, false) => ("EXCEEDED", Meaning::Bad),
        (BudgetState::NoSuchSubject { .. }, false) => ("NO SUBJECT", Meaning::Bad),
        (BudgetState::Skipped { .. }, _) => ("skipped", Meaning::Quiet),
        (BudgetState::Inconclusive { .. }, _) => ("INCONCLUSIVE", Meaning::Doubt),
    }
}

pub(super) fn findings(judged: &Judged, style: Style) -> String {
    if judged.verdict.findings.is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    let headings = [Cell::left("finding"), Cell::left(""), Cell::right("at")];
    columns.row(headings.map(|cell| cell.meaning(Meaning::Heading)));
    for finding in &judged.verdict.findings {
        let (word, meaning) = match finding.standing {
            Standing::Fails => ("FAILS", Meaning::Bad),
            Standing::Expected => ("expected", Meaning::Good),
            Standing::Allowed => ("allowed", Meaning::Quiet),
            Standing::Noted => ("noted", Meaning::Doubt),
        };
        columns.row([
            Cell::left(finding.kind.id()),
            Cell::left(word).meaning(meaning),
            Cell::right(seconds(finding.at)),
            Cell::left(clean(&finding.sentence)),
        ]);
    }
    columns.render(style)
}

pub(super) fn steps(judged: &Judged, style: Style) -> String {
    if judged.verdict.steps.is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    let headings = [Cell::left("step"), Cell::left(""), Cell::right("began"), Cell::right("ended")];
    columns.row(headings.map(|cell| cell.meaning(Meaning::Heading)));
    for step in &judged.verdict.steps {
        let meaning = match step.outcome {
            StepOutcome::Done => Meaning::Good,
            StepOutcome::Failed | StepOutcome::TimedOut => Meaning::Bad,
            StepOutcome::Unfinished => Meaning::Doubt,
            StepOutcome::Skipped | StepOutcome::NotReached => Meaning::Quiet,
        };
        columns.row([
            Cell::left(clean(&step.label)),
            Cell::left(step.outcome.name()).meaning(meaning),
            instant(step.began),
            instant(step.ended),
            Cell::left(clean(&step.detail)),
        ]);
    }
    columns.render(style)
}

fn instant(at: Option<Instant>) -> Cell {
    Cell::right(at.map_or_else(|| "-".to_owned(), seconds))
}

/// The faults that the scenario asked for, and what they did.
pub(super) fn faults(judged: &Judged, style: Style) -> String {
    if judged.verdict.faults.is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    let headings = ["fault", "began", "ended", "line"];
    columns.row(headings.map(|text| Cell::left(text).meaning(Meaning::Heading)));
    for fault in &judged.verdict.faults {
        columns.row([
            Cell::left(clean(&fault.what)),
            instant(fault.began),
            instant(fault.ended),
            Cell::right(fault.line.to_string()),
        ]);
        if !fault.effect.is_empty() {
            columns.text(format!("     {}", clean(&fault.effect)));
        }
    }
    columns.render(style)
}

/// Why it is no pass, and what to do next.
pub(super) fn reasons(judged: &Judged, style: Style) -> String {
    let verdict = &judged.verdict;
    if verdict.outcome == Outcome::Pass {
        return String::new();
    }
    let mut text = String::new();
    if !verdict.failures.is_empty() {
        text += &heading("what is wrong", style);
        for line in failure_lines(judged) {
            text += &format!("   {line}\n");
        }
    }
    if !verdict.doubts.is_empty() {
        text += &heading("what cannot be said", style);
        for line in doubt_lines(judged) {
            text += &format!("   {line}\n");
        }
    }
    let next = next_lines(judged).into_iter().map(|line| format!(" {line}\n"));
    text + &next.collect::<String>()
}
