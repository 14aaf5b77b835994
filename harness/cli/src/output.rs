//! What is printed on stdout once everything has run, or is replayed.

use std::io::{self, Write};

use ramscope_model::{Judged, Outcome};
use ramscope_report::{Entry, ExitCode, NotRun, Style, annotations, detail, detail_in_full, table};
use ramscope_scenario::{Plan, Run, Skip};

use crate::args::Format;
use crate::columns::print_table;
use crate::failure::Failure;
use crate::reports::FileKind;
use crate::terminal::Terminal;

/// Prints data. Whoever closed the other end of a pipe has seen enough.
pub(crate) fn print_text(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Prints what would run and what would not.
pub(crate) fn print_plan(plan: &Plan) {
    let rows: Vec<[String; 4]> = plan
        .runs
        .iter()
        .map(|run| {
            let scenario = &run.scenario;
            let seed = run.seed.to_string();
            [scenario.name.clone(), run.target.to_string(), seed, scenario.path.clone()]
        })
        .collect();
    print_table(["scenario", "target", "seed", "file"], &rows);
    for skip in &plan.skipped {
        print_text(&format!("skipped: {}: {}\n", skip.scenario, skip.reason));
    }
}

/// Why a run was never begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unbegun {
    /// A person did not want it any more.
    Interrupted,
    /// One before it did not pass, and that was to be enough.
    FailFast,
}

/// Everything that was planned, with what became of it: runs first, in their order, then what
/// could not even begin.
pub(crate) fn entries(
    plan: &Plan,
    results: Vec<Option<Result<Judged, Failure>>>,
    unbegun: Unbegun,
) -> Vec<Entry> {
    let (outcome, reason) = match unbegun {
        Unbegun::Interrupted => (Outcome::Interrupted, "it was interrupted before it began"),
        Unbegun::FailFast => {
            (Outcome::Skipped, "it was not begun, because one before it did not pass")
        }
    };
    let ran = plan.runs.iter().zip(results).map(|(run, result)| match result {
        Some(Ok(judged)) => judged.into(),
        Some(Err(failure)) => not_run(run, failure.outcome(), failure.sentence()),
        None => not_run(run, outcome, reason.to_owned()),
    });
    ran.chain(plan.skipped.iter().map(skipped)).collect()
}

fn not_run(run: &Run, outcome: Outcome, reason: String) -> Entry {
    Entry::NotRun(NotRun {
        scenario: run.scenario.name.clone(),
        path: run.scenario.path.clone(),
        target: Some(run.target.to_string()),
        outcome,
        reason,
    })
}

fn skipped(skip: &Skip) -> Entry {
    Entry::NotRun(NotRun {
        scenario: skip.scenario.clone(),
        path: skip.path.clone(),
        target: skip.target.map(|target| target.to_string()),
        outcome: Outcome::Skipped,
        reason: skip.reason.clone(),
    })
}

/// How much is said of each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// One run in full, several as a table.
    Calm,
    /// Each in full, with every function of its deepest stacks.
    Full,
}

/// Prints the report on some runs.
pub(crate) fn print(
    entries: &[Entry],
    (format, verbosity): (Format, Verbosity),
    terminal: &Terminal,
) {
    let style = if terminal.stdout_color { Style::Color } else { Style::Plain };
    let text = match (format, entries) {
        (Format::Json, entries) => FileKind::Json.render(entries),
        (Format::Junit, entries) => FileKind::Junit.render(entries),
        (Format::Markdown, entries) => FileKind::Markdown.render(entries),
        (Format::Github, entries) => annotations(entries),
        (Format::Text, entries) if verbosity == Verbosity::Full => each_in_full(entries, style),
        (Format::Text, [Entry::Ran(judged)]) => detail(judged, style),
        (Format::Text, entries) => table(entries, style),
    };
    print_text(&text);
}

/// Every run that ran, and at the end the table of several.
fn each_in_full(entries: &[Entry], style: Style) -> String {
    let ran = entries.iter().filter_map(|entry| match entry {
        Entry::Ran(judged) => Some(detail_in_full(judged, style)),
        Entry::NotRun(_) => None,
    });
    let mut parts: Vec<String> = ran.collect();
    if entries.len() != 1 || parts.is_empty() {
        parts.push(table(entries, style));
    }
    parts.join("\n")
}

/// The exit code of some runs.
pub(crate) fn exit_code(entries: &[Entry]) -> ExitCode {
    ExitCode::of(entries.iter().map(Entry::outcome))
}
