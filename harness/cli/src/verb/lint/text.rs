//! Problems for people: one line each, in the form that editors and terminals make into links.

use std::fmt::Write;

use ramscope_scenario::{Problem, Severity};

use super::Report;

/// A line for each problem.
pub(super) fn text(report: &Report<'_>, color: bool) -> String {
    report.problems.iter().fold(String::new(), |mut text, problem| {
        let line = if color { colored(problem) } else { problem.to_string() };
        writeln!(text, "{line}").expect("a String takes everything");
        text
    })
}

/// The place stands out, the severity has the colour of its meaning, and the rule steps back.
fn colored(problem: &Problem) -> String {
    let Problem { path, line, column, severity, rule, message, fix, .. } = problem;
    let meaning = match severity {
        Severity::Error => "1;31",
        Severity::Warning => "33",
    };
    let mut text = format!(
        "\x1b[1m{path}:{line}:{column}\x1b[0m: \x1b[{meaning}m{severity}\x1b[0m\x1b[2m[{rule}]\x1b[0m: \
         {message}"
    );
    if let Some(fix) = fix {
        write!(text, " (fix: \x1b[32m{fix}\x1b[0m)").expect("a String takes everything");
    }
    text
}

/// `3 scenario files: 1 error, 2 warnings`, and where to read more.
pub(super) fn summary(report: &Report<'_>) -> String {
    let counted = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    };
    let files = counted(report.files, "scenario file");
    let errors = counted(report.count(Severity::Error), "error");
    let warnings = counted(report.count(Severity::Warning), "warning");
    let more = match report.problems.first() {
        Some(problem) => format!("; `ramscope lint --explain {}` says more", problem.rule),
        None => String::new(),
    };
    format!("{files}: {errors}, {warnings}{more}")
}
