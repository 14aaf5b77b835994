//! Budgets: bounds on measured quantities, and the ids by which everybody refers to them.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A bound on one quantity of some subjects during one phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The phase; `None` is the whole run.
    pub phase: Option<String>,
    /// Whose quantity.
    pub subject: Subject,
    /// Which quantity.
    pub metric: Metric,
    /// From which side the limit bounds it.
    pub bound: Bound,
    /// The limit, in the metric's [`Unit`].
    pub limit: u64,
    /// The line of the scenario that says so.
    pub line: u32,
}

/// The stable name of a budget: `phase/thread:net/stack-peak`, with phase `run` for the whole run
/// and `-min` after the metric of a lower bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BudgetId(String);

/// Whose quantity a budget bounds: everything of a kind whose name matches a pattern. The budget
/// holds if it holds for each of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The kind of thing.
    pub kind: SubjectKind,
    /// A pattern with `*` and `?`, see [`glob_matches`](crate::glob_matches).
    pub glob: String,
}

/// The kinds of things that have budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SubjectKind {
    /// A preemptive thread.
    Thread,
    /// A task of an event loop.
    Task,
    /// A cooperative tasklet.
    Tasklet,
    /// A loaded module.
    Module,
    /// The interrupt handlers.
    Interrupt,
    /// A heap.
    Heap,
}

/// The quantities that a budget can bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Metric {
    /// The deepest use of a stack, in bytes.
    StackPeak,
    /// What the deepest use left of a stack, in bytes.
    StackMargin,
    /// The heap bytes that a unit or module owns at the end.
    HeapUsed,
    /// The most heap bytes that a unit or module owned at once.
    HeapPeak,
    /// The bytes used of a heap at the end.
    Used,
    /// The most bytes used of a heap at once.
    Peak,
    /// The bytes free in a heap at the end.
    Free,
    /// The largest free block of a heap at the end, in bytes.
    LargestFree,
    /// How often a unit was switched to.
    Switches,
    /// The share of processor time, in hundredths of a per cent.
    CpuShare,
}

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Plain numbers.
    Count,
    /// Hundredths of a per cent.
    BasisPoints,
}

/// From which side a limit bounds a quantity; the limit itself is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Bound {
    /// `METRIC`: at most the limit.
    Upper,
    /// `METRIC-min`: at least the limit.
    Lower,
}

impl Budget {
    /// The phase of the id of a budget on the whole run.
    pub const WHOLE_RUN: &'static str = "run";

    /// The budget's stable name.
    #[must_use]
    pub fn id(&self) -> BudgetId {
        let phase = self.phase.as_deref().unwrap_or(Self::WHOLE_RUN);
        BudgetId(format!("{phase}/{}/{}{}", self.subject, self.metric, self.bound.suffix()))
    }

    /// Whether `observed`, in the metric's unit, satisfies the budget.
    #[must_use]
    pub const fn holds(&self, observed: u64) -> bool {
        match self.bound {
            Bound::Upper => observed <= self.limit,
            Bound::Lower => observed >= self.limit,
        }
    }
}

impl BudgetId {
    /// The id that this text spells.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Subject {
    /// Whether the subject is, or includes, the thing of this kind and name.
    #[must_use]
    pub fn includes(&self, kind: SubjectKind, name: &str) -> bool {
        self.kind == kind && crate::glob_matches(&self.glob, name)
    }
}

impl SubjectKind {
    /// Every kind, in the order of documentation.
    pub const ALL: [Self; 6] =
        [Self::Thread, Self::Task, Self::Tasklet, Self::Module, Self::Interrupt, Self::Heap];

    /// The key in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Task => "task",
            Self::Tasklet => "tasklet",
            Self::Module => "module",
            Self::Interrupt => "interrupt",
            Self::Heap => "heap",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The metrics that make sense for this kind.
    #[must_use]
    pub const fn metrics(self) -> &'static [Metric] {
        use Metric::{
            CpuShare, Free, HeapPeak, HeapUsed, LargestFree, Peak, StackMargin, StackPeak,
            Switches, Used,
        };
        match self {
            Self::Thread | Self::Task | Self::Tasklet => {
                &[StackPeak, StackMargin, HeapUsed, HeapPeak, Switches, CpuShare]
            }
            Self::Module => &[HeapUsed, HeapPeak],
            Self::Interrupt => &[StackPeak, StackMargin, CpuShare],
            Self::Heap => &[Used, Peak, Free, LargestFree],
        }
    }
}

impl Metric {
    /// Every metric, in the order of documentation.
    pub const ALL: [Self; 10] = [
        Self::StackPeak,
        Self::StackMargin,
        Self::HeapUsed,
        Self::HeapPeak,
        Self::Used,
        Self::Peak,
        Self::Free,
        Self::LargestFree,
        Self::Switches,
        Self::CpuShare,
    ];

    /// The key in the file, without `-min`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StackPeak => "stack-peak",
            Self::StackMargin => "stack-margin",
            Self::HeapUsed => "heap-used",
            Self::HeapPeak => "heap-peak",
            Self::Used => "used",
            Self::Peak => "peak",
            Self::Free => "free",
            Self::LargestFree => "largest-free",
            Self::Switches => "switches",
            Self::CpuShare => "cpu-share",
        }
    }

    /// The metric of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// What the metric counts.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Switches => Unit::Count,
            Self::CpuShare => Unit::BasisPoints,
            _ => Unit::Bytes,
        }
    }

    /// Whether more of it is better, so that an upper bound is probably a mistake.
    #[must_use]
    pub const fn more_is_better(self) -> bool {
        matches!(self, Self::StackMargin | Self::Free | Self::LargestFree)
    }

    /// A value of this metric as a person reads it: `1024 B`, `12`, `2.50 %`.
    #[must_use]
    pub fn format(self, value: u64) -> String {
        match self.unit() {
            Unit::Bytes => format!("{value} B"),
            Unit::Count => value.to_string(),
            Unit::BasisPoints => format!("{}.{:02} %", value / 100, value % 100),
        }
    }
}

impl Bound {
    /// What the metric's key ends with.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Upper => "",
            Self::Lower => "-min",
        }
    }
}

impl fmt::Display for BudgetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.glob)
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
