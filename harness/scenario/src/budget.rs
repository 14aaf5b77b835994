//! Budgets: bounds on measured quantities, and the ids by which everybody refers to them.

use core::fmt;
use ramscope_time::Span;
use serde::{Deserialize, Serialize};

use crate::capability::Capability;

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
    /// For [`Metric::Leak`] and [`Metric::LeakBlocks`]: how often the steps of the phase are carried out; `None` if it is once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u32>,
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
    /// A timer.
    Timer,
    /// Whoever owns memory: a thread, task or tasklet, the kernel, timers, modules, and "permanent".
    Owner,
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
    /// The heap bytes that remain at the end of a phase beyond those at its beginning; if the phase
    /// is repeated, after its last time beyond those after its first.
    Leak,
    /// The same in blocks.
    LeakBlocks,
    /// The largest share of a heap's free bytes that lay outside of the largest free block of their area,
    /// in hundredths of a per cent.
    Fragmentation,
    /// How much later than it was due something ran at worst, in picoseconds of device time.
    Lateness,
    /// The longest time for which a collection kept every unit waiting, in picoseconds of device time.
    CollectPause,
    /// The bytes that collections gave back.
    CollectFreed,
    /// The instructions executed.
    Instructions,
    /// The most heap bytes that a module had once it was imported.
    Resident,
    /// The most heap bytes that a module had on the way, while it was imported.
    ImportPeak,
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
    /// Picoseconds of device time.
    Picos,
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

    /// What a target needs so that the budget can be judged, beside telemetry.
    pub fn needs(&self) -> impl Iterator<Item = Capability> {
        let windows = self.phase.is_some().then_some(Capability::Windows);
        let repeats = self.repeat.map(|_| Capability::Repeats);
        let instructions =
            (self.metric == Metric::Instructions).then_some(Capability::Instructions);
        [windows, repeats, instructions].into_iter().flatten()
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
    pub const ALL: [Self; 8] = [
        Self::Thread,
        Self::Task,
        Self::Tasklet,
        Self::Module,
        Self::Interrupt,
        Self::Heap,
        Self::Timer,
        Self::Owner,
    ];

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
            Self::Timer => "timer",
            Self::Owner => "owner",
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
            CollectFreed, CollectPause, CpuShare, Fragmentation, Free, HeapPeak, HeapUsed,
            ImportPeak, Instructions, LargestFree, Lateness, Leak, LeakBlocks, Peak, Resident,
            StackMargin, StackPeak, Switches, Used,
        };
        match self {
            Self::Thread | Self::Task | Self::Tasklet => &[
                StackPeak,
                StackMargin,
                HeapUsed,
                HeapPeak,
                Leak,
                Switches,
                CpuShare,
                Lateness,
                Instructions,
            ],
            Self::Module => &[Resident, ImportPeak, HeapUsed, HeapPeak, Leak],
            Self::Interrupt => &[StackPeak, StackMargin, CpuShare, Lateness, Instructions],
            Self::Heap => {
                &[Used, Peak, Free, LargestFree, Fragmentation, Leak, CollectPause, CollectFreed]
            }
            Self::Owner => &[HeapUsed, HeapPeak, Leak, LeakBlocks],
            Self::Timer => &[Lateness, HeapUsed, HeapPeak],
        }
    }

    /// The metric that `name` means for this kind: its own name, or another that is as clear there.
    /// A heap's `heap-peak` is its `peak`; a stack's `margin` is its `stack-margin`.
    #[must_use]
    pub fn metric(self, name: &str) -> Option<Metric> {
        let metric = match (self, name) {
            (Self::Heap, "heap-used") => Metric::Used,
            (Self::Heap, "heap-peak") => Metric::Peak,
            (_, "margin") => Metric::StackMargin,
            _ => Metric::from_name(name)?,
        };
        self.metrics().contains(&metric).then_some(metric)
    }
}

impl Metric {
    /// Every metric, in the order of documentation.
    pub const ALL: [Self; 19] = [
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
        Self::Leak,
        Self::LeakBlocks,
        Self::Fragmentation,
        Self::Lateness,
        Self::CollectPause,
        Self::CollectFreed,
        Self::Instructions,
        Self::Resident,
        Self::ImportPeak,
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
            Self::Leak => "leak",
            Self::LeakBlocks => "leak-blocks",
            Self::Fragmentation => "fragmentation",
            Self::Lateness => "lateness",
            Self::CollectPause => "collect-pause",
            Self::CollectFreed => "collect-freed",
            Self::Instructions => "instructions",
            Self::Resident => "resident",
            Self::ImportPeak => "import-peak",
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
            Self::Switches | Self::Instructions | Self::LeakBlocks => Unit::Count,
            Self::Lateness | Self::CollectPause => Unit::Picos,
            Self::CpuShare | Self::Fragmentation => Unit::BasisPoints,
            _ => Unit::Bytes,
        }
    }

    /// Whether more of it is better, so that an upper bound is probably a mistake.
    #[must_use]
    pub const fn more_is_better(self) -> bool {
        matches!(self, Self::StackMargin | Self::Free | Self::LargestFree | Self::CollectFreed)
    }

    /// Whether it is about blocks of the heap that are in use at the end of what it is about: who exceeds
    /// it wants to know where they come from.
    #[must_use]
    pub const fn is_of_held_blocks(self) -> bool {
        matches!(self, Self::Leak | Self::LeakBlocks | Self::HeapUsed)
    }

    /// A value of this metric as a person reads it: `1024 B`, `12`, `2.50 %`, `1.500 ms`.
    #[must_use]
    pub fn format(self, value: u64) -> String {
        match self.unit() {
            Unit::Bytes => format!("{value} B"),
            Unit::Count => value.to_string(),
            Unit::BasisPoints => format!("{}.{:02} %", value / 100, value % 100),
            Unit::Picos => Span::from_picos(value).to_string(),
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
