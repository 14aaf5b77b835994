//! The judgement of a run, with every reason for it.
//!
//! A [`Verdict`] is plain data: who reads it needs neither the scenario nor the device. It is made
//! by [`judge`](crate::judge()), a pure function, so it can be made again from a recording.

mod baseline;
mod budget;
mod course;
mod faults;
mod findings;
mod incomplete;
mod judge;
mod sentence;
mod texts;

use core::fmt;
use ramscope_scenario::{Bound, BudgetId, Metric, SubjectKind};
use ramscope_time::Instant;

use crate::finding::FindingKind;

pub use budget::format_value;
pub use judge::{Evidence, verdict_of};

/// How a run came out.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Everything that was demanded held.
    Pass,
    /// An expectation or a budget is false.
    Fail,
    /// It cannot be said, because something needed for it was lost.
    Inconclusive,
    /// The device time of the run, or of a step, ran out.
    TimedOut,
    /// The target, or a tool that it needs, was not there or failed.
    Unavailable,
    /// It was not run, for a reason.
    Skipped,
    /// A person stopped it.
    Interrupted,
}

/// The judgement of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// How it came out.
    pub outcome: Outcome,
    /// The outcome and its first reason, as one sentence without a full stop.
    pub sentence: String,
    /// Every reason why it is not a pass, the most important one first.
    pub failures: Vec<Failure>,
    /// What could not be said, and why.
    pub doubts: Vec<String>,
    /// Every budget, in the order of the file; one entry for each subject that it matched.
    pub budgets: Vec<BudgetResult>,
    /// Every finding, in the order of time.
    pub findings: Vec<JudgedFinding>,
    /// The faults that the scenario asked for, in the order of the file.
    pub faults: Vec<InjectedFault>,
    /// Every step, in the order of the file.
    pub steps: Vec<StepResult>,
    /// Why the run stopped, in one or two words: `steps-done`, `timed-out`, ...
    pub stop_reason: String,
    /// The device instant at which the run ended.
    pub ended_at: Instant,
}

/// Something that was demanded and did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line of the scenario that demands it, or that was being carried out.
    pub line: Option<u32>,
    /// What is false: a budget's id, a finding's id, a step.
    pub subject: String,
    /// What was demanded.
    pub expected: String,
    /// What was the case.
    pub observed: String,
    /// When, in device time.
    pub at: Option<Instant>,
}

/// The judgement of a budget on one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetResult {
    /// The budget.
    pub id: BudgetId,
    /// The line of the scenario that states it.
    pub line: u32,
    /// The kind of its subject.
    pub kind: SubjectKind,
    /// The name of the subject, or the pattern if nothing matched it.
    pub name: String,
    /// The name that it shares with its likes: `worker` of `worker#2`.
    pub base_name: String,
    /// What is bounded.
    pub metric: Metric,
    /// From which side.
    pub bound: Bound,
    /// The limit, in the metric's unit.
    pub limit: u64,
    /// What was observed, in the metric's unit.
    pub observed: Option<u64>,
    /// How much there is: the size of the stack or of the heap.
    pub capacity: Option<u64>,
    /// When the observed value was first told.
    pub at: Option<Instant>,
    /// For a leak: from when to when what was allocated counts.
    pub span: Option<(Instant, Instant)>,
    /// Whether it holds.
    pub state: BudgetState,
    /// Whether the scenario expects it to fail.
    pub expected_to_fail: bool,
}

/// Whether a budget holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BudgetState {
    /// It does.
    Met,
    /// It does not.
    Exceeded,
    /// Nothing of its subject's kind and name ever appeared.
    NoSuchSubject {
        /// The names that did.
        seen: Vec<String>,
    },
    /// The target cannot give the figure.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It cannot be said.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

/// A finding and what it means for the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedFinding {
    /// Its kind.
    pub kind: FindingKind,
    /// The unit that it is about.
    pub unit: Option<String>,
    /// When, in device time.
    pub at: Instant,
    /// What was noticed, without a full stop.
    pub sentence: String,
    /// What it means.
    pub standing: Standing,
}

/// What a finding means for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It fails the run.
    Fails,
    /// The scenario expects it.
    Expected,
    /// The scenario allows it.
    Allowed,
    /// It is worth knowing.
    Noted,
}

/// A fault that the scenario asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectedFault {
    /// The line of the scenario that asks for it.
    pub line: u32,
    /// What goes wrong.
    pub what: String,
    /// When it began; `None` if the run did not come to it.
    pub began: Option<Instant>,
    /// When it was over, for faults that last.
    pub ended: Option<Instant>,
    /// What it did, as far as anybody saw.
    pub effect: String,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    /// The step's index, from 0.
    pub index: usize,
    /// What to call it: `step 3 (publish)`.
    pub label: String,
    /// Its line in the scenario.
    pub line: u32,
    /// How it went.
    pub outcome: StepOutcome,
    /// When it began.
    pub began: Option<Instant>,
    /// When it was over.
    pub ended: Option<Instant>,
    /// What a person wants to know about it.
    pub detail: String,
}

/// The ways in which a step can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepOutcome {
    /// It was done.
    Done,
    /// It did not hold.
    Failed,
    /// Its time ran out.
    TimedOut,
    /// The target cannot do it.
    Skipped,
    /// It began and the run ended.
    Unfinished,
    /// The run ended before it.
    NotReached,
}

impl BudgetResult {
    /// Whether the budget is false.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self.state, BudgetState::Exceeded | BudgetState::NoSuchSubject { .. })
    }

    /// From which side the limit bounds, in reports.
    #[must_use]
    pub const fn bound_name(&self) -> &'static str {
        match self.bound {
            Bound::Upper => "upper",
            Bound::Lower => "lower",
        }
    }

    /// What is left between the observed value and the limit; `None` if it is exceeded or unknown.
    #[must_use]
    pub fn headroom(&self) -> Option<u64> {
        let observed = self.observed?;
        match self.bound {
            Bound::Upper => self.limit.checked_sub(observed),
            Bound::Lower => observed.checked_sub(self.limit),
        }
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Pass,
        Self::Fail,
        Self::Inconclusive,
        Self::TimedOut,
        Self::Unavailable,
        Self::Skipped,
        Self::Interrupted,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::TimedOut => "timed-out",
            Self::Unavailable => "unavailable",
            Self::Skipped => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Standing {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Expected => "expected",
            Self::Allowed => "allowed",
            Self::Noted => "noted",
        }
    }
}

impl StepOutcome {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Skipped => "skipped",
            Self::Unfinished => "unfinished",
            Self::NotReached => "not-reached",
        }
    }
}

impl BudgetState {
    /// The name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Exceeded => "exceeded",
            Self::NoSuchSubject { .. } => "no-such-subject",
            Self::Skipped { .. } => "skipped",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
