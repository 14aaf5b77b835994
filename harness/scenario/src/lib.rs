//! Scenario text to a checked scenario to a plan of runs.
//!
//! A scenario is a Wokwi automation scenario, version 1, that wokwi-cli runs unmodified; all of
//! ours stands under its one extra top-level key `ramscope:`. The problem is twofold. The file must
//! mean here exactly what it means there, down to the JavaScript habits of the original
//! (`wait-serial: 1.0` waits for the text `1`). And a person who made three mistakes must
//! see three clear sentences, with line and column, not the first one three times.
//!
//! The way from text to runs:
//!
//! ```text
//! text -> yaml (tree with spans, YAML 1.2 core schema) -> read (steps, settings; all problems)
//!      -> Scenario -> plan (scenarios x targets x seeds -> runs, skips with reasons)
//! ```
//!
//! Invariants:
//! 1. Pure: no file, no clock, no process. The same text gives the same answer.
//! 2. All problems are reported at once, in the order of their place in the text.
//! 3. A [`Scenario`] that exists has been checked: every reference in it resolves.
//! 4. An error is only what wokwi-cli refuses as well, at validation or when the step runs, or a
//!    mistake inside `ramscope:`. What wokwi-cli lets through although it is a trap is a warning.
//! 5. No text makes it panic, loop or take memory out of proportion.

mod budget;
mod capability;
mod finding_id;
mod glob;
mod matcher;
mod nearest;
mod plan;
mod problem;
mod quantity;
mod read;
mod rule;
mod scenario;
mod schedule;
mod serial_form;
mod settings;
mod text;
mod value;
mod yaml;

pub use budget::{Bound, Budget, BudgetId, Metric, Subject, SubjectKind, Unit};
pub use capability::{Capabilities, Capability};
pub use finding_id::FINDING_IDS;
pub use glob::glob_matches;
pub use matcher::{EarlierMatch, Fed, Match, Matcher, NearestMiss, WaitReport};
pub use nearest::nearest;
pub use plan::{
    Baseline, Plan, PlanOptions, Run, Skip, SkippedBudget, SkippedStep, SkippedWait, TargetOffer,
    plan,
};
pub use problem::{Problem, Severity, WokwiRefusal, WokwiStage, one_line};
pub use rule::{Example, Rule, Snippet};
pub use scenario::{
    Command, ExpectPin, Parsed, Scenario, SetControl, Step, TakeScreenshot, Touch, TouchPoint,
};
pub use schedule::{NextUnit, Schedule, ScheduleError, SwitchPoint, UnitName};
pub use settings::{
    AllocationFault, Artifact, Artifacts, Condition, Direction, During, Expect, FailOn, Fault,
    FindingRules, Injection, Keep, Matching, Moment, OptionForm, Phase, PinPlace, Program,
    ResetExpectation, Settings, StepTimeouts, StepWait, StuckPin, Target, TargetKind, TargetOption,
    TextExpectation, UartFault, WhichAllocation,
};
pub use text::{NoRegex, TextMatch, TextPattern, TextSearch};
pub use value::Value;

/// The JSON Schema of scenario files, ours and Wokwi's part: for editors, and for whoever makes files.
///
/// It is a little stricter than the reader: what runs but always fails, it refuses.
pub const SCENARIO_SCHEMA: &str = include_str!("../schema/scenario.schema.json");

/// Reads any YAML document as wokwi-cli would: the value that `text` has by the core schema of YAML
/// 1.2.
///
/// # Errors
/// All problems that make it no document, at most one of them a mistake of syntax.
pub fn document(path: &str, text: &str) -> Result<Value, Vec<Problem>> {
    read::document(path, text)
}

/// Reads a scenario from `text`; `path` is what messages and the scenario call it.
///
/// # Examples
/// ```
/// let parsed = ramscope_scenario::parse(
///     "blink.yaml",
///     "name: blink\nversion: 1\nsteps:\n- delay: 500ms\n- delay: 500\n",
/// );
/// assert!(parsed.scenario.is_none());
/// assert_eq!(parsed.problems[0].line, 5);
/// ```
#[must_use]
pub fn parse(path: &str, text: &str) -> Parsed {
    read::read(path, text)
}
