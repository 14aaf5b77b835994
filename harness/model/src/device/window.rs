//! Measuring windows: what the samples said about each stretch of a run.
//!
//! A window has peaks of its own, and the samples that close it are the last word about it. A phase
//! is one or more windows that follow each other, so its figures can be put together from theirs.
//!
//! Invariants:
//! 1. Windows stand in the order of time, the last one is open, and each begins where the one
//!    before ends.
//! 2. A sample counts for the window that it names. One that names a later window than the open one
//!    proves that the record which opened it was lost.

use ramscope_time::Instant;
use ramscope_wire::{
    CollectSample, CpuSample, HeapSample, InterruptSample, InterruptTimes, OwnerKind, OwnerSample,
    StackSample, UnitId, WindowId,
};
use std::collections::BTreeMap;

/// A stretch of a boot with figures of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The boot that it belongs to, counted by us from 0.
    pub boot: u32,
    /// Its number within the boot.
    pub id: WindowId,
    /// When it opened; where nobody told, when it was first heard of.
    pub from: Instant,
    /// Its end, if it is over.
    pub closed: Option<WindowEnd>,
    /// The heap.
    pub heap: Figures<HeapFigures>,
    /// The interrupt handlers.
    pub interrupts: Figures<InterruptFigures>,
    /// How long interrupt handlers took, where the device tells.
    pub interrupt_times: Figures<InterruptTimes>,
    /// How late the clock's interrupts were served.
    pub clock: Figures<LatenessFigures>,
    /// What collections did.
    pub collections: Figures<CollectFigures>,
    /// Timers, by their place in [`Device::timers`](crate::Device::timers).
    pub timers: BTreeMap<usize, Figures<LatenessFigures>>,
    /// Owners of memory, by what they are and by their number.
    pub owners: BTreeMap<(OwnerKind, UnitId), Figures<OwnedFigures>>,
    /// Units, by their place in [`Device::units`](crate::Device::units).
    pub units: BTreeMap<usize, UnitFigures>,
}

/// The end of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowEnd {
    /// When.
    pub at: Instant,
    /// [`Losses::serial`](crate::Losses::serial) then.
    pub losses_seen: u64,
}

/// The last sample of something in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures<T> {
    /// What it said, and when; `None` if none came.
    pub last: Option<(Instant, T)>,
    /// [`Losses::serial`](crate::Losses::serial) then.
    pub losses_seen: u64,
}

/// What a unit did in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFigures {
    /// Its stack.
    pub stack: Figures<StackFigures>,
    /// Its share of the heap.
    pub heap: Figures<HoldingFigures>,
    /// Its processor time, since boot.
    pub cpu: Figures<CpuFigures>,
}

/// A stack in a window, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackFigures {
    /// Its size.
    pub bytes: u32,
    /// The deepest use.
    pub peak: u32,
    /// When that was first told.
    pub peak_at: Instant,
}

/// What a unit held of the heap in a window, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldingFigures {
    /// At the last sample.
    pub current: u32,
    /// The most at once.
    pub peak: u32,
    /// When that was first told.
    pub peak_at: Instant,
}

/// What an owner of memory has in a window, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnedFigures {
    /// At the last sample.
    pub current: u32,
    /// Blocks then, a count.
    pub blocks: u32,
    /// The most at once.
    pub peak: u32,
}

/// Processor time at the end of a window, counted since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuFigures {
    /// How often the unit got the processor.
    pub switches: u32,
    /// Ticks for which it had it.
    pub ticks: u64,
}

/// The heap in a window, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapFigures {
    /// All of it.
    pub total: u32,
    /// In use at the last sample.
    pub used: u32,
    /// The most in use at once.
    pub peak: u32,
    /// When that was first told.
    pub peak_at: Instant,
    /// The largest free block at the last sample.
    pub largest_free: u32,
}

/// The handlers' stack in a window, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterruptFigures {
    /// Its size.
    pub bytes: u32,
    /// The deepest use.
    pub peak: u32,
    /// When that was first told.
    pub peak_at: Instant,
    /// Interrupts since boot.
    pub entries: u32,
}

/// What collections did in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectFigures {
    /// The longest pause, in nanoseconds.
    pub pause_ns: u32,
    /// When that was first told.
    pub pause_at: Instant,
    /// Bytes that were given back.
    pub freed: u32,
}

/// How late something was at worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatenessFigures {
    /// In nanoseconds.
    pub worst_ns: u32,
    /// When that was first told.
    pub worst_at: Instant,
}

impl LatenessFigures {
    pub(crate) const fn new(worst_ns: u32, at: Instant) -> Self {
        Self { worst_ns, worst_at: at }
    }
}

/// A peak that is told again and again: when its present value came first.
fn peak_at<T: Copy>(
    last: Option<(Instant, T)>,
    at: Instant,
    is_old: impl Fn(T) -> bool,
    of: impl Fn(T) -> Instant,
) -> Instant {
    match last {
        Some((_, last)) if is_old(last) => of(last),
        _ => at,
    }
}

impl<T> Default for Figures<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T> Figures<T> {
    const NONE: Self = Self { last: None, losses_seen: 0 };
}

impl<T: Copy> Figures<T> {
    fn take(&mut self, at: Instant, losses_seen: u64, figures: T) {
        *self = Self { last: Some((at, figures)), losses_seen };
    }

    /// What the last sample said.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.last.map(|(_, figures)| figures)
    }
}

impl Figures<LatenessFigures> {
    /// Takes what a sample says, and keeps when the worst was first told.
    pub(crate) fn take_worst(&mut self, at: Instant, losses: u64, figures: LatenessFigures) {
        let is_old = |last: LatenessFigures| last.worst_ns >= figures.worst_ns;
        let worst_at = peak_at(self.last, at, is_old, |last| last.worst_at);
        self.take(at, losses, LatenessFigures { worst_at, ..figures });
    }
}

impl Window {
    /// A window that opens.
    #[must_use]
    pub(crate) const fn new(boot: u32, id: WindowId, from: Instant) -> Self {
        Self {
            boot,
            id,
            from,
            closed: None,
            heap: Figures::NONE,
            interrupts: Figures::NONE,
            interrupt_times: Figures::NONE,
            clock: Figures::NONE,
            collections: Figures::NONE,
            timers: BTreeMap::new(),
            units: BTreeMap::new(),
            owners: BTreeMap::new(),
        }
    }

    pub(crate) fn sample_stack(
        &mut self,
        unit: usize,
        at: Instant,
        losses: u64,
        sample: &StackSample,
    ) {
        let stack = &mut self.units.entry(unit).or_default().stack;
        let peak = sample.peak_window.max(sample.used_now);
        // What overflowed is deeper than any sample can say.
        let peak = stack.get().map_or(peak, |last| last.peak.max(peak));
        let peak_at = peak_at(stack.last, at, |last| last.peak >= peak, |last| last.peak_at);
        stack.take(at, losses, StackFigures { bytes: sample.stack_bytes, peak, peak_at });
    }

    pub(crate) fn overflow(&mut self, unit: usize, at: Instant, losses: u64, bytes: u32, by: u32) {
        let peak = bytes.saturating_add(by);
        let stack = &mut self.units.entry(unit).or_default().stack;
        stack.take(at, losses, StackFigures { bytes, peak, peak_at: at });
    }

    /// What the sample says of its owner, whatever that is.
    pub(crate) fn sample_owned(&mut self, at: Instant, losses: u64, sample: &OwnerSample) {
        let OwnerSample { kind, unit, current, blocks, peak_window, .. } = *sample;
        let figures = OwnedFigures { current, blocks, peak: peak_window.max(current) };
        self.owners.entry((kind, unit)).or_default().take(at, losses, figures);
    }

    pub(crate) fn sample_owner(
        &mut self,
        unit: usize,
        at: Instant,
        losses: u64,
        sample: &OwnerSample,
    ) {
        let heap = &mut self.units.entry(unit).or_default().heap;
        let peak = sample.peak_window.max(sample.current);
        let peak_at = peak_at(heap.last, at, |last| last.peak >= peak, |last| last.peak_at);
        heap.take(at, losses, HoldingFigures { current: sample.current, peak, peak_at });
    }

    pub(crate) fn sample_cpu(&mut self, unit: usize, at: Instant, losses: u64, sample: &CpuSample) {
        let figures = CpuFigures { switches: sample.switches, ticks: sample.ticks };
        self.units.entry(unit).or_default().cpu.take(at, losses, figures);
    }

    pub(crate) fn sample_heap(&mut self, at: Instant, losses: u64, sample: &HeapSample) {
        let peak = sample.peak_window.max(sample.used);
        let peak_at = peak_at(self.heap.last, at, |last| last.peak >= peak, |last| last.peak_at);
        let HeapSample { total, used, largest_free, .. } = *sample;
        self.heap.take(at, losses, HeapFigures { total, used, peak, peak_at, largest_free });
    }

    pub(crate) fn sample_interrupts(&mut self, at: Instant, losses: u64, sample: &InterruptSample) {
        let peak = sample.peak_window;
        let last = self.interrupts.last;
        let peak_at = peak_at(last, at, |last| last.peak >= peak, |last| last.peak_at);
        let InterruptSample { stack_bytes: bytes, entries, .. } = *sample;
        self.interrupts.take(at, losses, InterruptFigures { bytes, peak, peak_at, entries });
    }

    pub(crate) fn sample_clock(&mut self, at: Instant, losses: u64, worst: LatenessFigures) {
        self.clock.take_worst(at, losses, worst);
    }

    pub(crate) fn sample_collections(&mut self, at: Instant, losses: u64, sample: &CollectSample) {
        let (pause_ns, freed) = (sample.pause_window_ns, sample.freed_window);
        let is_old = |last: CollectFigures| last.pause_ns >= pause_ns;
        let pause_at = peak_at(self.collections.last, at, is_old, |last| last.pause_at);
        self.collections.take(at, losses, CollectFigures { pause_ns, pause_at, freed });
    }

    pub(crate) fn sample_timer(
        &mut self,
        timer: usize,
        at: Instant,
        losses: u64,
        worst: LatenessFigures,
    ) {
        self.timers.entry(timer).or_default().take_worst(at, losses, worst);
    }

    pub(crate) fn sample_times(&mut self, at: Instant, losses: u64, sample: &InterruptTimes) {
        self.interrupt_times.take(at, losses, *sample);
    }
}
