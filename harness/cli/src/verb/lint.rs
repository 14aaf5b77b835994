//! `ramscope lint`: every problem of scenario files at once, without running anything.

mod explain;
mod json;
mod sarif;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ramscope_report::ExitCode;
use ramscope_scenario::{Problem, Severity};

use crate::diagram;
use crate::failure::Failure;
use crate::files::ScenarioFiles;
use crate::output::print_text;
use crate::terminal::Terminal;

/// Options of `ramscope lint`.
#[derive(Debug, Args)]
pub(crate) struct LintOptions {
    /// Scenario files, folders that hold some, or patterns.
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,

    /// The parts that the steps name [default: those of the diagram.json that `run` would take].
    #[arg(long, visible_alias = "diagram-file", value_name = "FILE")]
    diagram: Option<PathBuf>,

    /// The form of the output.
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    format: LintFormat,

    /// Fail for warnings too.
    #[arg(long)]
    deny_warnings: bool,

    /// Say what a rule is about, with an example, and check nothing.
    #[arg(long, value_name = "RULE", conflicts_with = "rules")]
    explain: Option<String>,

    /// List all rules, and check nothing.
    #[arg(long)]
    rules: bool,
}

/// The form of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LintFormat {
    /// A line for each problem, for people and editors.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// What was looked at and what is wrong with it.
struct Report<'a> {
    files: usize,
    problems: Vec<&'a Problem>,
}

/// Prints every problem of some scenario files, those against the diagram included; an error in any
/// of them is bad input.
pub(crate) fn lint(options: &LintOptions, terminal: &Terminal) -> Result<ExitCode, Failure> {
    if let Some(rule) = &options.explain {
        return explain::explain(rule).map(|text| printed(&text));
    }
    if options.rules {
        return Ok(printed(&explain::table()));
    }
    let mut files = ScenarioFiles::read(&options.paths)?;
    if let Some(circuit) = diagram::circuit(options.diagram.as_deref(), &options.paths)? {
        for parsed in &mut files.parsed {
            if let Some(scenario) = &parsed.scenario {
                parsed.problems.extend(circuit.check(scenario).problems);
                parsed.problems.sort_by_key(|problem| (problem.line, problem.column));
            }
        }
    }
    let report = Report { files: files.parsed.len(), problems: files.problems().collect() };
    if report.files == 0 {
        return Err(Failure::NothingToRun { reason: "no scenario files were found".into() });
    }
    print_text(&match options.format {
        LintFormat::Text => text::text(&report, terminal.stdout_color),
        LintFormat::Json => json::json(&report),
        LintFormat::Sarif => sarif::sarif(&report),
    });
    eprintln!("{}", text::summary(&report));
    let fails = |problem: &Problem| options.deny_warnings || problem.severity == Severity::Error;
    Ok(match report.problems.iter().any(|problem| fails(problem)) {
        true => ExitCode::BadInput,
        false => ExitCode::Pass,
    })
}

fn printed(text: &str) -> ExitCode {
    print_text(text);
    ExitCode::Pass
}

/// How many problems of a severity some files have.
pub(crate) fn count(files: &ScenarioFiles, severity: Severity) -> usize {
    files.problems().filter(|problem| problem.severity == severity).count()
}

impl Report<'_> {
    fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }
}
