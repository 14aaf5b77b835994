//! Conditions beside the steps: what a step waits for in addition, and what has to be said.
//!
//! They stand under `ramscope:` and never inside a step, so wokwi-cli runs the same file without
//! them.

use core::fmt;
use ramscope_time::Span;
use serde::{Deserialize, Serialize};

use crate::budget::Subject;
use crate::text::TextPattern;

/// An entry of `waits`: after a step is done the run goes on until a condition holds, and only then
/// the next step begins. On a target that cannot see the condition the wait is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepWait {
    /// `after`: the index of the step.
    pub after: usize,
    /// `until`: what has to come to pass, counted from the end of the step.
    pub until: Condition,
    /// `within`: the device time that it may take; without it the run's time-out bounds the wait.
    #[serde(with = "crate::serial_form::optional_span")]
    pub within: Option<Span>,
    /// The line on which it stands.
    pub line: u32,
}

/// Something that comes to pass on a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// A unit is in a state, or already was when the wait began.
    State {
        /// Which unit: a thread, task or tasklet; any of those that the pattern matches.
        unit: Subject,
        /// `state`: `ready`, `running`, `blocked` or `ended`, as `ramscope_wire::State` spells them.
        state: String,
        /// `why`: the reason of the state, as `ramscope_wire::Why` spells it.
        why: Option<String>,
    },
    /// A record of telemetry arrives after the wait began.
    Record {
        /// `record`: its kind, as `ramscope_wire::Record::kind_name` spells it: `UnitEnd`. The file
        /// says `unit-end`.
        kind: String,
        /// `name`: a pattern for the name of what the record is about, for kinds that are about
        /// something with a name.
        name: Option<String>,
    },
    /// A text is received after the wait began.
    Text(TextPattern),
}

/// An entry of `expect-text`: something that must be said, or the run fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextExpectation {
    /// `text` or `regex`: what.
    pub pattern: TextPattern,
    /// When.
    pub during: During,
    /// The line on which it stands.
    pub line: u32,
}

/// An entry of `fail-on`: something that must never be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailOn {
    /// `text` or `regex`: what.
    pub pattern: TextPattern,
    /// The line on which it stands.
    pub line: u32,
}

/// A stretch of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum During {
    /// From power-on to the end.
    #[default]
    Run,
    /// `phase`: from the beginning of its first step to the end of its last.
    Phase(String),
    /// `step`: from its beginning to its end.
    Step(usize),
}

/// `thread:worker is blocked (lock)`, `UnitEnd of worker`, `/heap \d+/`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { unit, state, why: None } => write!(f, "{unit} is {state}"),
            Self::State { unit, state, why: Some(why) } => write!(f, "{unit} is {state} ({why})"),
            Self::Record { kind, name: None } => write!(f, "{kind}"),
            Self::Record { kind, name: Some(name) } => write!(f, "{kind} of {name}"),
            Self::Text(pattern) => write!(f, "{pattern}"),
        }
    }
}
