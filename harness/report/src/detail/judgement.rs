//! Budgets, findings, steps, and the reasons of a verdict.

use ramscope_model::{
    BudgetResult, BudgetState, Judged, Outcome, Standing, StepOutcome, counted, format_value,
};
use ramscope_time::Instant;

use crate::columns::{Cell, Columns};
use crate::detail::heading;
use crate::figures::seconds;
use crate::style::{Meaning, Style, clean};
use crate::table::{doubt_lines, failure_lines};

/// A pattern can match thousands of subjects; past so many rows only what is not met is shown.
const ROWS_MAX: usize = 64;

pub(super) fn budgets(judged: &Judged, style: Style) -> String {
    if judged.verdict.budgets.is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    let headings = ["budget", "", "subject", "observed", "demand", "headroom", "line"];
    columns.row(headings.map(|text| Cell::left(text).meaning(Meaning::Heading)));
    let results = judged.verdict.budgets.iter().enumerate();
    let (shown, hidden): (Vec<_>, Vec<_>) = results
        .map(|(index, result)| (index < ROWS_MAX || result.state != BudgetState::Met, result))
        .partition(|(is_shown, _)| *is_shown);
    for (_, result) in shown {
        columns.row(budget_row(result));
        if result.observed.is_none() {
            columns.text(format!("     {}", clean(&result.observation())));
        }
    }
    if !hidden.is_empty() {
        let count = counted(hidden.len() as u64, "subject");
        columns.text(format!("and {count} for which a budget is met"));
    }
    columns.render(style)
}

fn budget_row(result: &BudgetResult) -> [Cell; 7] {
    let (word, meaning) = budget_word(result);
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
        Cell::left(clean(&result.name)),
        Cell::right(observed),
        Cell::right(result.demand()),
        Cell::right(headroom),
        Cell::right(result.line.to_string()),
    ]
}

const fn budget_word(result: &BudgetResult) -> (&'static str, Meaning) {
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
    text + &format!(" replay: {}\n", clean(&judged.facts.replay))
}
