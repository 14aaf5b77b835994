//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use ramscope_cli::image::Board;
use ramscope_scenario::TargetKind;

use crate::reports::ReportOptions;
use crate::verb::tui::TuiOptions;

/// Shows where every byte of RAM goes while the threads of an ESP32 program run, on a simulated chip.
#[derive(Debug, Parser)]
#[command(name = "ramscope", version, about, arg_required_else_help = true)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(crate) color: When,
}

const AFTER_HELP: &str = "\
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
    /// Watch a program live: heap, stacks and console on one screen.
    Tui(TuiOptions),
    /// Build the firmware image.
    Build(BuildOptions),
    /// Judge a recorded run again.
    Replay(ReplayOptions),
    /// Show what a recorded run holds.
    Show(ShowOptions),
    /// Check scenario files without running them.
    Lint(PathOptions),
    /// List scenarios.
    List(PathOptions),
    /// Print the schema of a file that ramscope reads or writes, as JSON Schema.
    Schema(SchemaOptions),
    /// Say what works on this machine, and what would help where something does not.
    Doctor,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Which scenario files.
#[derive(Debug, Args)]
pub(crate) struct PathOptions {
    /// Scenario files, or folders that hold some.
    #[arg(default_value = "scenarios")]
    pub(crate) paths: Vec<PathBuf>,
}

/// Options of `ramscope run`.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) paths: PathOptions,

    /// How many runs go on at once; the result is the same for any number.
    #[arg(long, short, default_value_t = 1, value_name = "N", value_parser = at_least_one)]
    pub(crate) jobs: usize,

    /// Run with this seed only, whatever the scenarios say.
    #[arg(long, value_name = "SEED")]
    pub(crate) seed: Option<u64>,

    /// Run on this target in place of what the scenarios say; can be given more than once. `all`:
    /// every machine that needs no board, account or service.
    ///
    /// `engine`: the built-in ESP32-C3; `engine-virt`: the built-in machine as QEMU's virt;
    /// `qemu-virt`: QEMU itself. `ramscope doctor` says which work here.
    #[arg(long = "target", value_name = "TARGET", value_parser = targets)]
    pub(crate) targets: Vec<TargetArgument>,

    /// Run only scenarios with this tag; can be given more than once.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,

    /// Run this image in place of the workspace's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,

    /// The parts around the chip [default: the diagram.json beside the wokwi.toml of the scenarios'
    /// project, or of the workspace].
    #[arg(long, value_name = "FILE")]
    pub(crate) diagram: Option<PathBuf>,

    /// Run the image as it was built last, without looking for changes.
    #[arg(long, conflicts_with = "elf")]
    pub(crate) no_build: bool,

    /// Where captures go [default: target/ramscope/runs].
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,

    /// Host time after which a run is given up, in seconds.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub(crate) host_limit: u64,

    /// Wait for gdb on this port of 127.0.0.1 before the first instruction of the one run; 0: any port.
    ///
    /// Breakpoints, watchpoints, the kernel's threads by name, and `reverse-stepi`, `reverse-continue`
    /// and their relatives work; `monitor help` lists the rest. Host time is not limited.
    #[arg(long, value_name = "PORT")]
    pub(crate) gdb: Option<u16>,

    #[command(flatten)]
    pub(crate) output: OutputOptions,

    /// Say what would run, and run nothing.
    #[arg(long)]
    pub(crate) list: bool,

    /// No progress and no table: only failures and the exit code.
    #[arg(long, short)]
    pub(crate) quiet: bool,
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

/// One `--target`.
#[derive(Clone, Debug)]
pub(crate) enum TargetArgument {
    /// Every machine.
    All,
    /// This one.
    One(TargetKind),
}

fn targets(text: &str) -> Result<TargetArgument, String> {
    if text == "all" {
        return Ok(TargetArgument::All);
    }
    TargetKind::from_name(text).map(TargetArgument::One).ok_or_else(|| {
        let known = TargetKind::ALL.map(TargetKind::name).join(", ");
        format!("the targets are {known}, and all")
    })
}

impl RunOptions {
    /// The targets to run on, each once, in the order in which they were named.
    pub(crate) fn targets(&self) -> Option<Vec<TargetKind>> {
        let mut targets = Vec::new();
        for argument in &self.targets {
            let named = match argument {
                TargetArgument::All => &ramscope_backend::MACHINES[..],
                TargetArgument::One(target) => std::slice::from_ref(target),
            };
            for target in named {
                if !targets.contains(target) {
                    targets.push(*target);
                }
            }
        }
        (!targets.is_empty()).then_some(targets)
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one run has to go on".into()),
        Ok(jobs) => Ok(jobs),
        Err(_) => Err("a whole number is expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
