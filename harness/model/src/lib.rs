//! Records to the state of the device, to findings and verdict.
//!
//! A run leaves bytes: records of a telemetry ring, lines of a console, notes of an observer. People
//! want to know how deep each stack went, who owns the heap, and whether the budgets held. This
//! crate is the only way from the one to the other, and it is used in the same way by a screen
//! that watches a run, by the report after it, and by a replay of the recording years later:
//!
//! ```text
//! chunks --Feed--> Device   units, stacks, heap, locks, findings, losses   (a screen draws it)
//!              +-> Console  lines with device instants
//!              +-> Course   what happened to the steps, how the run ended
//!                      |
//!                      +--judge(Run)--> Verdict   outcome, budgets, findings, one sentence
//! ```
//!
//! Live use: make a [`Feed`], [`Feed::push`] every chunk, draw [`Feed::device`],
//! [`Feed::console`] and [`Feed::course`]. Afterwards: [`judge()`] a
//! [`Capture`](ramscope_capture::Capture) whose host part is a [`HostFacts`].
//!
//! # Examples
//! ```
//! use ramscope_capture::Stream;
//! use ramscope_model::Feed;
//! use ramscope_time::Instant;
//!
//! let mut feed = Feed::new();
//! feed.push(Stream::Uart0, Instant::from_picos(2_500_000), b"ready\n");
//! let line = feed.console().lines().next().expect("a line has ended");
//! assert_eq!((line.text.as_str(), line.at.to_string().as_str()), ("ready", "2.500 us"));
//! assert!(feed.device().units().is_empty());
//! ```
//!
//! Invariants:
//! 1. Pure: no file, no clock, no process. A verdict is a function of a capture's two parts, so a
//!    replay gives the same verdict.
//! 2. No input makes anything in here panic or take memory out of proportion.
//! 3. A verdict that lost or damaged telemetry could have changed is inconclusive, never a pass.

mod console;
mod device;
mod feed;
mod figures;
mod finding;
mod frames;
mod host;
mod judge;
mod number;
mod series;
mod symbols;
mod verdict;
mod witness;

pub use console::{Console, Line};
pub use device::{
    Area, AreaPicture, Boot, Callbacks, Calls, Certainty, Change, CollectFigures, Collection,
    Collections, Cpu, CpuFigures, DeepestCalls, Device, Ending, FailedAllocation, Figures, Frame,
    Heap, HeapFigures, HeapLayout, HeapMap, HeldChain, HelloFacts, History, Holding,
    HoldingFigures, InterruptFigures, Interrupts, KeptBlock, LatenessFigures, Log, LogEntry,
    Losses, MapOwner, Mark, MemoryRegion, Module, ModulePlace, Object, OwnedFigures, Owner,
    PeakChain, Pin, Place, ProgramRun, Reset, ResumedUnit, Run, Shape, Shows, SiteHeld,
    SourcePlace, Square, Stack, StackFigures, Stretch, Suspended, Timer, Unit, UnitEnd,
    UnitFigures, UnitKey, Unmodelled, UnseenOverflow, Waiter, What, Window, WindowEnd,
    basis_points,
};
pub use feed::{AskedWindow, Course, Feed};
pub use figures::{Figure, figures};
pub use finding::{Detail, Finding, FindingKind, RacingUse};
pub use frames::{ShownFrame, Took, is_allocator, shown_frames};
pub use host::{Closing, HostError, HostFacts, HostTimes, ImageFacts, MachineFacts};
pub use judge::{Judged, judge, judge_fed};
pub use number::{bytes, counted, grouped};
pub use series::{Point, Series};
pub use symbols::{ElfSymbols, Inlined, NoSymbols, Symbol, SymbolError, SymbolTable, Symbols};
pub use verdict::{
    BudgetResult, BudgetState, Evidence, Failure, InjectedFault, JudgedFinding, Outcome, Standing,
    StepOutcome, StepResult, Verdict, format_value, verdict_of,
};
pub use witness::LiveView;
