//! The command line.

mod explore;
mod run;
mod sweep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use ramscope_cli::image::Board;

pub(crate) use explore::ExploreOptions;
pub(crate) use run::{RunOptions, SettingOptions};
pub(crate) use sweep::SweepOptions;

use crate::reports::ReportOptions;
use crate::verb::lint::LintOptions;
use crate::verb::tui::TuiOptions;

/// Shows where every byte of RAM goes while the threads of an ESP32 program run, on a simulated chip.
#[derive(Debug, Parser)]
#[command(name = "ramscope", version = VERSION, arg_required_else_help = true)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    /// When to use colour; `auto` also heeds RAMSCOPE_COLOR, NO_COLOR, CLICOLOR_FORCE and TERM=dumb.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(crate) color: When,
}

/// The version, and the commit where this program was built from a repository.
pub(crate) const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("RAMSCOPE_COMMIT"));

const AFTER_HELP: &str = "\
Examples:
  ramscope run scenarios                   run and judge every scenario of a folder
  ramscope run -f stack --seed 1-20 -j 4   those whose name has `stack`, twenty times each
  ramscope tui                             watch the demo program live
  ramscope replay FILE.ramscope            judge a recorded run again

Exit codes: 0 pass, 1 an expectation or budget is false, 2 bad input or usage, 3 a target or tool is
unavailable, 4 nothing ran, 5 inconclusive, 42 device time-out, 130 interrupted.";

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// If the output is a terminal and the environment does not object.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run scenarios and judge them.
    Run(RunOptions),
    /// Run schedules of a scenario: threads switched elsewhere than the clock does it.
    Explore(ExploreOptions),
    /// Let each allocation of the programs of scenarios fail once: nothing may break, leak or hang.
    Sweep(SweepOptions),
    /// Watch a program live: heap, stacks and console on one screen.
    Tui(TuiOptions),
    /// Build the firmware image.
    Build(BuildOptions),
    /// Judge a recorded run again.
    Replay(ReplayOptions),
    /// Judge the serial log of a wokwi-cli run, and keep it as a capture.
    Ingest(IngestOptions),
    /// Show what a recorded run holds.
    Show(ShowOptions),
    /// Check scenario files without running them.
    Lint(LintOptions),
    /// List scenarios and the runs that they make.
    List(ListOptions),
    /// Print the schema of a file that ramscope reads or writes, as JSON Schema.
    Schema(SchemaOptions),
    /// Print all settings, and where each comes from.
    Config(SettingOptions),
    /// Begin a project: a ramscope.toml and a first scenario.
    Init(InitOptions),
    /// Say what works on this machine, and what would help where something does not.
    Doctor,
    /// Print the manual page, in the form of man(7).
    Man,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Options of `ramscope list`.
#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    #[command(flatten)]
    pub(crate) settings: SettingOptions,
}

/// Options of `ramscope init`.
#[derive(Debug, Args)]
pub(crate) struct InitOptions {
    /// The folder of the project.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

/// How to print reports.
#[derive(Debug, Args)]
pub(crate) struct OutputOptions {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// JUnit XML, for CI systems.
    Junit,
    /// Markdown, for comments and pages.
    Markdown,
    /// Annotations that GitHub Actions shows on the lines of scenarios.
    Github,
}

/// Options of `ramscope build`.
#[derive(Debug, Args)]
pub(crate) struct BuildOptions {
    /// What the image is for.
    #[arg(long, value_enum, default_value_t = BoardArgument::Esp32c3)]
    pub(crate) board: BoardArgument,

    /// Say nothing unless it fails.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// A board, as it is named on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BoardArgument {
    /// The ESP32-C3.
    Esp32c3,
    /// QEMU's virt machine.
    Virt,
}

impl From<BoardArgument> for Board {
    fn from(board: BoardArgument) -> Self {
        match board {
            BoardArgument::Esp32c3 => Self::Esp32c3,
            BoardArgument::Virt => Self::Virt,
        }
    }
}

/// Options of `ramscope replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayOptions {
    /// The captures.
    #[arg(required = true)]
    pub(crate) captures: Vec<PathBuf>,

    /// Each run in full, with every function of its deepest stacks, where they were followed.
    #[arg(long, short)]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

/// Options of `ramscope schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaOptions {
    /// Of what.
    #[arg(value_enum, default_value_t = SchemaOf::Scenario)]
    pub(crate) of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Scenario files; for editors: `# yaml-language-server: $schema=FILE` as a first line.
    Scenario,
    /// The JSON report of `run` and `replay`.
    Result,
}

/// Options of `ramscope ingest`.
#[derive(Debug, Args)]
pub(crate) struct IngestOptions {
    /// The scenario that wokwi-cli ran.
    pub(crate) scenario: PathBuf,

    /// The file that wokwi-cli's --serial-log-file wrote. Its telemetry, and so every budget, needs a
    /// first step `write-serial: "telemetry frames\n"`.
    #[arg(long, alias = "serial-log-file", value_name = "FILE")]
    pub(crate) serial_log: PathBuf,

    /// The image that ran, for the names of functions in findings.
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,

    /// Where the capture goes [default: target/ramscope/runs].
    #[arg(long, value_name = "DIR")]
    pub(crate) captures: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

/// Options of `ramscope show`.
#[derive(Debug, Args)]
pub(crate) struct ShowOptions {
    /// The capture.
    pub(crate) capture: PathBuf,

    #[command(flatten)]
    pub(crate) reports: ReportOptions,

    /// Print only what the device said over its serial line, as it came.
    #[arg(long)]
    pub(crate) console: bool,

    /// Print only what the diagram's logic analyzers saw, as a Value Change Dump.
    #[arg(long, conflicts_with = "console")]
    pub(crate) vcd: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// The lines of a GitHub workflow that call ramscope, as words.
    fn calls(workflow: &str) -> Vec<Vec<String>> {
        let lines = workflow.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let calls = lines.filter_map(|line| line.split_once("cargo run --release -- "));
        calls
            .map(|(_, words)| words.replace("${{ matrix.scenario }}", "threads/counting"))
            .map(|words| words.split_whitespace().map(|word| word.replace('"', "")).collect())
            .collect()
    }

    #[test]
    fn the_workflows_that_ci_offers_call_what_exists() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ci/workflows");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            // The scenario reader knows YAML; that a workflow is no scenario is another matter.
            let parsed = ramscope_scenario::parse("workflow.yml", &text);
            let broken = |problem: &ramscope_scenario::Problem| {
                problem.rule.to_string().starts_with("yaml-")
            };
            assert!(!parsed.problems.iter().any(broken), "{:?}", parsed.problems);
            for call in calls(&text) {
                let words = std::iter::once("ramscope".to_owned()).chain(call.clone());
                Arguments::try_parse_from(words)
                    .unwrap_or_else(|error| panic!("{call:?}: {error}"));
                seen += 1;
            }
        }
        assert_eq!(seen, 4, "lint and run, build and ingest");
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
