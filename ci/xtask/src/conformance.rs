//! The conformance list: which rows of it hold, by group.
//!
//! The problem: a kernel that imitates another must say how far it does, row by row, and a row that
//! is awkward must not be forgotten. So the list is a committed file, `ci/conformance.toml`, whose
//! size is fixed; a row's tests bear its id in their names; and here both are brought together.
//!
//! Every row has exactly one outcome: passed, failed, not applicable with its reason, or open, which
//! is a row that no test bears the name of yet.

mod manifest;
mod outcome;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::failure::Failure;
use crate::workspace::{self, Workspace};
use manifest::Row;
use outcome::{Outcome, Results};

pub(crate) const NAME: &str = "conformance";
pub(crate) const HELP: &str =
    "rows of ci/conformance.toml that hold, by group (--log FILE: as printed by tests that ran)";

const LIST: &str = "ci/conformance.toml";

/// Where tests are named after rows: the kernel's own, the host port's, and those on the engine.
const SUITES: [&[&str]; 2] = [
    &[
        "test",
        "--locked",
        "--no-fail-fast",
        "--package=ramscope-kernel",
        "--package=ramscope-board-host",
    ],
    &[
        "test",
        "--locked",
        "--no-fail-fast",
        "--package=ramscope-cli",
        "--test=firmware",
        "--test=program",
    ],
];

/// Prints the table. Fails if a row failed, or if list and tests do not fit each other.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let report = match arguments {
        [] => results_of_suites(),
        ["--log", file] => results_of_log(Path::new(file)),
        _ => {
            eprintln!("{NAME}: it takes nothing, or --log FILE");
            return ExitCode::from(2);
        }
    };
    match report.and_then(|results| judge(&results)) {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{NAME}: {}", failure.text());
            ExitCode::FAILURE
        }
    }
}

fn results_of_suites() -> Result<Results, Failure> {
    let mut results = Results::default();
    for suite in SUITES {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // Its exit code does not count: a test that failed is in its output.
        let output = workspace::run(Command::new(cargo).args(suite).stderr(Stdio::inherit()))?;
        results.read(&String::from_utf8_lossy(&output.stdout));
    }
    Ok(results)
}

fn results_of_log(file: &Path) -> Result<Results, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|source| Failure::File { name: file.display().to_string(), source })?;
    let mut results = Results::default();
    results.read(&text);
    Ok(results)
}

fn judge(results: &Results) -> Result<String, Failure> {
    let workspace = Workspace::load()?;
    let path = workspace.root.join(LIST);
    let text = fs::read_to_string(&path).map_err(|e| workspace.file_failure(&path, e))?;
    let rows = manifest::read(&text).map_err(|e| Failure::Found(vec![format!("{LIST}: {e}")]))?;
    let mut problems = manifest::problems(&rows);
    problems.extend(results.strangers(&rows));
    let failed = rows.iter().filter(|row| results.outcome(row) == Outcome::Failed);
    problems.extend(failed.map(|row| format!("{} failed: {}", row.id, row.title)));
    Failure::unless_empty(problems)?;
    Ok(table(&rows, results))
}

/// A line a group, the sum, and why rows are not applicable.
fn table(rows: &[Row], results: &Results) -> String {
    let mut text = format!("{:<22}{:>7}{:>7}{:>7}{:>7}\n", "", "passed", "n/a", "open", "rows");
    let mut groups: Vec<&str> = rows.iter().map(|row| row.group.as_str()).collect();
    groups.dedup();
    for group in groups {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.group == group).collect();
        text += &line(group, &rows, results);
    }
    text += &line("all", &rows.iter().collect::<Vec<_>>(), results);
    text += "\nnot applicable to a native kernel:\n";
    for row in rows {
        if let Outcome::NotApplicable(reason) = results.outcome(row) {
            text += &format!("  {}  {:<44} {reason}\n", row.id, row.upstream);
        }
    }
    let open = rows.iter().filter(|row| results.outcome(row) == Outcome::Open);
    let open: Vec<&str> = open.map(|row| row.id.as_str()).collect();
    text + &format!("\nopen, without a test yet:\n{}", wrapped(&open))
}

fn line(name: &str, rows: &[&Row], results: &Results) -> String {
    let count = |wanted: fn(Outcome<'_>) -> bool| {
        rows.iter().filter(|row| wanted(results.outcome(row))).count()
    };
    format!(
        "{name:<22}{:>7}{:>7}{:>7}{:>7}\n",
        count(|it| it == Outcome::Passed),
        count(|it| matches!(it, Outcome::NotApplicable(_))),
        count(|it| it == Outcome::Open),
        rows.len()
    )
}

/// Ids, twenty a line.
fn wrapped(ids: &[&str]) -> String {
    ids.chunks(20).map(|ids| format!("  {}\n", ids.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_counts_every_row_once() {
        let text = include_str!("../../conformance.toml");
        let rows = manifest::read(text).unwrap();
        let mut results = Results::default();
        results.read("test t20_lock ... ok\ntest t21_lock ... ok\n");
        let table = table(&rows, &results);
        let threads = table.lines().find(|line| line.starts_with("threads")).unwrap();
        let numbers: Vec<usize> =
            threads.split_whitespace().skip(1).map(|it| it.parse().unwrap()).collect();
        assert_eq!(numbers[0], 2);
        assert_eq!(numbers[0] + numbers[1] + numbers[2], numbers[3]);
        assert_eq!(numbers[3], 33);
    }
}
