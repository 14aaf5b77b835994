//! The `ramscope:` key, checked and with its defaults filled in.
//!
//! A capture holds the settings of its run, and old captures stay readable: what was added after the
//! first version has a default.

mod artifacts;
mod condition;
mod injection;
mod program;
mod target;

use ramscope_time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::budget::{Budget, BudgetId};
use crate::capability::Capability;
use crate::value::Value;

pub use artifacts::{Artifact, Artifacts, Keep};
pub use condition::{Condition, During, FailOn, StepWait, TextExpectation};
pub use injection::{
    AllocationFault, Direction, Fault, Injection, Moment, PinPlace, StuckPin, UartFault,
    WhichAllocation,
};
pub use program::Program;
pub use target::{OptionForm, Target, TargetKind, TargetOption};

/// Everything that a scenario says to us and not to Wokwi.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `schema`: the version of this key's form; 1.
    pub schema: u32,
    /// `targets`: what the scenario runs on, in the order of the file; the engine by default.
    pub targets: Vec<Target>,
    /// `requires`: what a target must be able to do; on one that cannot the scenario is skipped.
    #[serde(default)]
    pub requires: Vec<Capability>,
    /// `program` and `args`: what the steps start.
    #[serde(default)]
    pub program: Option<Program>,
    /// `seeds`: one run each; `[1]` by default.
    pub seeds: Vec<u64>,
    /// `repeat`: how many runs each seed gets; 1 by default.
    #[serde(default = "once")]
    pub repeat: u32,
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
    /// `waits`: what steps wait for in addition, in the order of the file.
    #[serde(default)]
    pub waits: Vec<StepWait>,
    /// `expect-text`: what must be said.
    #[serde(default)]
    pub expect_text: Vec<TextExpectation>,
    /// `fail-on`: what must never be said.
    #[serde(default)]
    pub fail_on: Vec<FailOn>,
    /// `inject`: faults that happen during the run, in the order of the file.
    #[serde(default)]
    pub inject: Vec<Injection>,
    /// `expect`: what must go wrong for the run to pass.
    pub expect: Expect,
    /// `baseline`: the JSON report of an earlier run to compare with, by its path relative to the scenario's.
    #[serde(default)]
    pub baseline: Option<String>,
    /// `artifacts`: what is kept of a run.
    #[serde(default)]
    pub artifacts: Artifacts,
    /// `match`: by which rule `wait-serial` looks at the stream.
    pub matching: Matching,
    /// `tags`: for filters.
    pub tags: Vec<String>,
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
    /// The keys in the file, in the order of documentation.
    pub const KEYS: [&'static str; 23] = [
        "schema",
        "description",
        "targets",
        "requires",
        "program",
        "args",
        "seeds",
        "repeat",
        "timeout",
        "timeouts",
        "settle",
        "match",
        "phases",
        "budgets",
        "findings",
        "waits",
        "expect-text",
        "fail-on",
        "inject",
        "expect",
        "baseline",
        "artifacts",
        "tags",
    ];
    /// The default of `timeout`.
    pub const TIMEOUT: Span = Span::from_seconds(30);
    /// The default of `settle`.
    pub const SETTLE: Span = Span::from_millis(200);
    /// The most that `repeat` can be.
    pub const REPEAT_MAX: u32 = 10_000;
    /// The form of the key that this version reads.
    pub const SCHEMA: u32 = 1;

    /// The device time that step `index` may take, if it has a bound of its own.
    #[must_use]
    pub fn step_timeout(&self, index: usize) -> Option<Span> {
        self.timeouts.steps.get(&index).copied().or(self.timeouts.default)
    }

    /// The waits that follow step `index`, with their places in [`Settings::waits`].
    pub fn waits_after(&self, index: usize) -> impl Iterator<Item = (usize, &StepWait)> {
        self.waits.iter().enumerate().filter(move |(_, wait)| wait.after == index)
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
            requires: Vec::new(),
            program: None,
            seeds: vec![1],
            repeat: once(),
            timeout: Self::TIMEOUT,
            timeouts: StepTimeouts::default(),
            settle: Self::SETTLE,
            phases: Vec::new(),
            budgets: Vec::new(),
            findings: FindingRules::default(),
            waits: Vec::new(),
            expect_text: Vec::new(),
            fail_on: Vec::new(),
            inject: Vec::new(),
            expect: Expect::default(),
            baseline: None,
            artifacts: Artifacts::default(),
            matching: Matching::default(),
            tags: Vec::new(),
        }
    }
}

/// The default of `repeat`.
const fn once() -> u32 {
    1
}
