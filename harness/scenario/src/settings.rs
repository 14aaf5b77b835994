//! The `ramscope:` key, checked and with its defaults filled in.

use core::fmt;
use ramscope_time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::budget::{Budget, BudgetId};
use crate::value::Value;

/// Everything that a scenario says to us and not to Wokwi.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `schema`: the version of this key's form; 1.
    pub schema: u32,
    /// `targets`: what the scenario runs on, in the order of the file; the engine by default.
    pub targets: Vec<Target>,
    /// `seeds`: one run each; `[1]` by default.
    pub seeds: Vec<u64>,
    /// `timeout`: device time for the whole run; 30 s by default.
    #[serde(with = "crate::serial_form::span")]
    pub timeout: Span,
    /// `timeouts`: device time for single steps.
    pub timeouts: StepTimeouts,
    /// `settle`: how long the device runs on after the last step; 200 ms by default.
    #[serde(with = "crate::serial_form::span")]
    pub settle: Span,
    /// `phases`: named stretches of the run, in the order of the file.
    pub phases: Vec<Phase>,
    /// `budgets`: one for each metric of each entry, in the order of the file.
    pub budgets: Vec<Budget>,
    /// `findings`: which ones are allowed and which forbidden.
    pub findings: FindingRules,
    /// `expect`: what must go wrong for the run to pass.
    pub expect: Expect,
    /// `match`: by which rule `wait-serial` looks at the stream.
    pub matching: Matching,
    /// `tags`: for filters.
    pub tags: Vec<String>,
}

/// Something that runs a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Which one.
    pub kind: TargetKind,
    /// Its options as written; a map, possibly empty.
    pub options: Value,
}

/// The targets that a scenario can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TargetKind {
    /// `engine`: the built-in machine.
    Engine,
    /// `qemu-virt`: QEMU's `virt` machine.
    QemuVirt,
    /// `qemu-esp32c3`: Espressif's QEMU as an ESP32-C3.
    QemuEsp32c3,
    /// `qemu-esp32`: Espressif's QEMU as an ESP32.
    QemuEsp32,
    /// `wokwi`: Wokwi's simulation service.
    Wokwi,
    /// `serial`: a board behind a serial port.
    Serial,
    /// `probe`: a board behind a debug probe.
    Probe,
}

/// Device time that single steps may take; a step without one is bounded by the run's time-out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTimeouts {
    /// `default`: for every step that is not named.
    #[serde(with = "crate::serial_form::optional_span")]
    pub default: Option<Span>,
    /// `steps`: by index, references resolved.
    #[serde(with = "crate::serial_form::spans_by_step")]
    pub steps: BTreeMap<usize, Span>,
}

/// A named stretch of a run: from the beginning of one step to the end of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name; never `run`, which is the whole run.
    pub name: String,
    /// The index of the first step.
    pub from: usize,
    /// The index of the last step, not before `from`.
    pub to: usize,
    /// The line on which it is defined.
    pub line: u32,
}

/// Findings that do not count, and findings that fail a run. Both hold patterns with `*` and `?`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRules {
    /// `allow`: never fail the run.
    pub allow: Vec<String>,
    /// `deny`: always fail the run.
    pub deny: Vec<String>,
}

/// What must go wrong. A run with expectations passes only if exactly these things happen and it
/// ended normally.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// `fail`: the budgets that must fail; each exists in [`Settings::budgets`].
    pub fail: Vec<BudgetId>,
    /// `findings`: ids of findings that must be noticed.
    pub findings: Vec<String>,
    /// `reset`: whether the device must reset.
    pub reset: ResetExpectation,
}

/// Whether a device must reset during a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResetExpectation {
    /// It must not.
    #[default]
    Never,
    /// `reset: true`: it must, for whatever reason.
    Any,
    /// `reset: REASON`: it must, for a reason that this pattern matches.
    Reason(String),
}

/// By which rule `wait-serial` looks at the stream of received bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Matching {
    /// Only bytes that arrive after the step began count, as on Wokwi.
    #[default]
    Wokwi,
    /// Every byte after the last match counts, so that a wait cannot come too late.
    Cursor,
}

impl Settings {
    /// The default of `timeout`.
    pub const TIMEOUT: Span = Span::from_seconds(30);
    /// The default of `settle`.
    pub const SETTLE: Span = Span::from_millis(200);
    /// The form of the key that this version reads.
    pub const SCHEMA: u32 = 1;

    /// The device time that step `index` may take, if it has a bound of its own.
    #[must_use]
    pub fn step_timeout(&self, index: usize) -> Option<Span> {
        self.timeouts.steps.get(&index).copied().or(self.timeouts.default)
    }

    /// The phase called `name`.
    #[must_use]
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.name == name)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schema: Self::SCHEMA,
            targets: vec![Target { kind: TargetKind::Engine, options: Value::Map(Vec::new()) }],
            seeds: vec![1],
            timeout: Self::TIMEOUT,
            timeouts: StepTimeouts::default(),
            settle: Self::SETTLE,
            phases: Vec::new(),
            budgets: Vec::new(),
            findings: FindingRules::default(),
            expect: Expect::default(),
            matching: Matching::default(),
            tags: Vec::new(),
        }
    }
}

impl TargetKind {
    /// Every target, in the order of documentation.
    pub const ALL: [Self; 7] = [
        Self::Engine,
        Self::QemuVirt,
        Self::QemuEsp32c3,
        Self::QemuEsp32,
        Self::Wokwi,
        Self::Serial,
        Self::Probe,
    ];

    /// The name in scenarios and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::QemuVirt => "qemu-virt",
            Self::QemuEsp32c3 => "qemu-esp32c3",
            Self::QemuEsp32 => "qemu-esp32",
            Self::Wokwi => "wokwi",
            Self::Serial => "serial",
            Self::Probe => "probe",
        }
    }

    /// The target of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
