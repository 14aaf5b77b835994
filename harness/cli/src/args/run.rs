//! The options of verbs that run or plan scenarios. Each has the name of a setting, and takes its
//! place for this call.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use ramscope_scenario::Schedule;

/// Options of `ramscope run`.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) settings: SettingOptions,

    /// Run the image as it was built last, without looking for changes.
    #[arg(long, help_heading = IMAGE)]
    pub(crate) no_build: bool,

    /// Wait for gdb on this port of 127.0.0.1 before the first instruction of the one run; 0: any port.
    ///
    /// Breakpoints, watchpoints, the kernel's threads by name, and `reverse-stepi`, `reverse-continue`
    /// and their relatives work; `monitor help` lists the rest. Host time is not limited.
    #[arg(long, value_name = "PORT", help_heading = RUNNING)]
    pub(crate) gdb: Option<u16>,

    /// End slices of the one run after these instructions, and let these units of the same priority go
    /// on: `81234:4,90211:3`. `ramscope explore` finds such a schedule.
    #[arg(long, value_name = "N:UNIT,...", help_heading = WHICH)]
    pub(crate) schedule: Option<Schedule>,

    /// Let the N-th allocation after the first stimulus of the one run fail. `ramscope sweep` tries each
    /// of them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = WHICH)]
    pub(crate) fail_allocation: Option<u32>,

    /// Say what would run, and run nothing.
    #[arg(long)]
    pub(crate) list: bool,
}

const WHICH: &str = "Which runs";
const IMAGE: &str = "Image";
const RUNNING: &str = "Running";
const OUTPUT: &str = "Output";
const CONFIGURATION: &str = "Configuration";

/// The settings, as the command line spells them.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SettingOptions {
    /// Scenario files, folders that hold some, or patterns such as 'scenarios/**/stack*.yaml'; or the
    /// folder of a project, with a ramscope.toml or wokwi.toml [default: scenarios].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The same as PATH, as wokwi-cli spells it.
    #[arg(long, value_name = "FILE", help_heading = WHICH)]
    scenario: Vec<PathBuf>,

    /// Only scenarios whose name or file holds this text, or matches it if it has `*` or `?`; of
    /// several, one has to fit.
    #[arg(long, short, value_name = "TEXT", help_heading = WHICH)]
    filter: Vec<String>,

    /// Only scenarios with this tag; of several, one has to be there.
    #[arg(long, value_name = "TAG", help_heading = WHICH)]
    tag: Vec<String>,

    /// Run on this target, whatever the scenarios say; can be given more than once. `all`: every
    /// machine that needs no board, account or service.
    ///
    /// `engine`: the built-in ESP32-C3; `engine-virt`: the built-in machine as QEMU's virt;
    /// `qemu-virt`: QEMU itself. `ramscope doctor` says which work here.
    #[arg(long, short, value_name = "NAME", help_heading = WHICH)]
    target: Vec<String>,

    /// Run with these seeds, whatever the scenarios say: 7, or 1,5,9, or 1-100.
    #[arg(long, value_name = "SEEDS", help_heading = WHICH)]
    seed: Vec<String>,

    /// Run each seed so often; repetitions have seeds of their own.
    #[arg(long, value_name = "N", help_heading = WHICH)]
    repeat: Option<String>,

    /// Only the runs of one part of several, for machines that share the work: 1/4 to 4/4.
    ///
    /// The same run is in the same part wherever and in whatever order it is planned.
    #[arg(long, value_name = "K/N", help_heading = WHICH)]
    shard: Option<String>,

    /// Run this image: an ELF file, an ESP-IDF image or a flash image
    /// [default: the one of the project's ramscope.toml or wokwi.toml, or of the workspace].
    #[arg(long, value_name = "FILE", help_heading = IMAGE)]
    elf: Option<PathBuf>,

    /// A command that makes the image first, as `cargo build --release`.
    #[arg(long, value_name = "COMMAND", help_heading = IMAGE)]
    build: Option<String>,

    /// Take names of functions from this ELF file [default: the image].
    #[arg(long, value_name = "FILE", help_heading = IMAGE)]
    symbols: Option<PathBuf>,

    /// The parts around the chip [default: the diagram.json beside the wokwi.toml of the scenarios'
    /// project, or of the workspace].
    #[arg(long, visible_alias = "diagram-file", value_name = "FILE", help_heading = IMAGE)]
    diagram: Option<PathBuf>,

    /// How many runs go on at once; the result is the same for any number.
    #[arg(long, short, value_name = "N", help_heading = RUNNING)]
    jobs: Option<String>,

    /// Try a run again, so often, if its target fails; a verdict is never tried again.
    #[arg(long, value_name = "N", help_heading = RUNNING)]
    retries: Option<String>,

    /// Begin no more runs after one that does not pass.
    #[arg(long, action = ArgAction::SetTrue, overrides_with = "no_fail_fast", help_heading = RUNNING)]
    fail_fast: bool,

    /// Begin all runs, whatever a file says.
    #[arg(long, action = ArgAction::SetTrue, overrides_with = "fail_fast", help_heading = RUNNING)]
    no_fail_fast: bool,

    /// Device time of each run in milliseconds, whatever the scenarios say; 0: without a limit.
    #[arg(long, value_name = "MS", help_heading = RUNNING)]
    timeout: Option<String>,

    /// What to exit with after a device time-out [default: 42].
    #[arg(long, value_name = "CODE", help_heading = RUNNING)]
    timeout_exit_code: Option<String>,

    /// Host time after which a run is given up, in seconds [default: 120].
    #[arg(long, value_name = "SECONDS", help_heading = RUNNING)]
    host_limit: Option<String>,

    /// A text that the device has to say; without a PATH the run passes as soon as it does.
    #[arg(long, value_name = "TEXT", help_heading = RUNNING)]
    expect_text: Vec<String>,

    /// A text that the device must never say.
    #[arg(long, value_name = "TEXT", help_heading = RUNNING)]
    fail_text: Vec<String>,

    /// Where captures go [default: target/ramscope/runs].
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    captures: Option<PathBuf>,

    /// Which captures stay: all, failed, or none [default: all; of repetitions, failed].
    #[arg(long, value_name = "WHICH", help_heading = OUTPUT)]
    keep: Option<String>,

    /// Write what the device of the one run said over its serial line to this file.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    serial_log_file: Option<PathBuf>,

    /// Write what the logic analyzers of the one run saw to this file, as a Value Change Dump.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    vcd_file: Option<PathBuf>,

    /// Also write a report: text=FILE, json=FILE, junit=FILE, markdown=FILE, or `github` for
    /// annotations and the job's summary (on by itself in GitHub Actions); can be repeated.
    #[arg(long, value_name = "KIND=FILE", help_heading = OUTPUT)]
    report: Vec<String>,

    /// The form of the report on stdout: text, json, junit, markdown or github [default: text].
    #[arg(long, value_name = "FORM", help_heading = OUTPUT)]
    format: Option<String>,

    /// No progress and no table: only failures and the exit code.
    #[arg(long, short, help_heading = OUTPUT)]
    quiet: bool,

    /// Each run in full: who had called whom when each stack was deepest, function by function with its
    /// bytes, and which calls held the heap at its peak.
    #[arg(long, short, conflicts_with = "quiet", help_heading = OUTPUT)]
    verbose: bool,

    /// Settings of this profile of ramscope.toml [default: RAMSCOPE_PROFILE, or none].
    #[arg(long, short = 'P', value_name = "NAME", help_heading = CONFIGURATION)]
    pub(crate) profile: Option<String>,

    /// Read this file in place of the nearest ramscope.toml.
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub(crate) config_file: Option<PathBuf>,
}

impl SettingOptions {
    /// What files, folders and patterns are named.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.iter().chain(&self.scenario)
    }

    /// Whether the one target that is named is the host port.
    pub(crate) fn names_host(&self) -> bool {
        self.target == ["host"]
    }

    /// Whether the one target that is named is QEMU.
    pub(crate) fn names_qemu(&self) -> bool {
        self.target == ["qemu-virt"]
    }

    /// The same without targets.
    pub(crate) fn without_targets(&self) -> Self {
        Self { target: Vec::new(), ..self.clone() }
    }

    /// What is said, by the names of settings.
    pub(crate) fn said(&self) -> Vec<(&'static str, Vec<String>)> {
        let text = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
        let path = |path: &Option<PathBuf>| path.iter().map(|path| shown(path)).collect::<Vec<_>>();
        let flag = |yes: bool, no: bool| match (yes, no) {
            (true, _) => vec!["true".to_owned()],
            (_, true) => vec!["false".to_owned()],
            _ => Vec::new(),
        };
        vec![
            ("scenarios", self.paths().map(|path| shown(path)).collect()),
            ("filter", self.filter.clone()),
            ("tag", self.tag.clone()),
            ("target", self.target.clone()),
            ("seed", self.seed.clone()),
            ("repeat", text(&self.repeat)),
            ("shard", text(&self.shard)),
            ("elf", path(&self.elf)),
            ("build", text(&self.build)),
            ("symbols", path(&self.symbols)),
            ("diagram", path(&self.diagram)),
            ("jobs", text(&self.jobs)),
            ("retries", text(&self.retries)),
            ("fail-fast", flag(self.fail_fast, self.no_fail_fast)),
            ("timeout", text(&self.timeout)),
            ("timeout-exit-code", text(&self.timeout_exit_code)),
            ("host-limit", text(&self.host_limit)),
            ("expect-text", self.expect_text.clone()),
            ("fail-text", self.fail_text.clone()),
            ("captures", path(&self.captures)),
            ("keep", text(&self.keep)),
            ("serial-log-file", path(&self.serial_log_file)),
            ("vcd-file", path(&self.vcd_file)),
            ("report", self.report.clone()),
            ("format", text(&self.format)),
            ("quiet", flag(self.quiet, false)),
            ("verbose", flag(self.verbose, false)),
        ]
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KEYS;

    #[test]
    fn every_setting_has_an_option_and_the_other_way_round() {
        let mut options: Vec<_> =
            SettingOptions::default().said().into_iter().map(|(name, _)| name).collect();
        let mut keys: Vec<_> = KEYS.iter().map(|key| key.name).collect();
        options.sort_unstable();
        keys.sort_unstable();
        assert_eq!(options, keys);
    }
}
