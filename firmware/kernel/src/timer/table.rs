//! What the kernel keeps of timers: where their blocks are, and which instant is the next.
#![expect(unsafe_code, reason = "follows pointers to the blocks of timers, which it owns")]

use super::account;
use super::cadence::Cadence;
use super::closure::Closure;
use super::{HARDWARE_TIMERS, TIMERS_MAX};
use crate::callback::{self, Job};
use crate::deadlock;
use crate::heap::OwnerIndex;
use crate::kernel::Kernel;
use crate::port::TICKS_PER_SECOND;
use crate::sched::{Deadlines, NOWHERE, Timed};
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{Level, ObjectId, SiteId, TimerMode, UnitId, WindowId};

/// The place of a timer in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerIndex(pub(crate) u8);

impl TimerIndex {
    const fn get(self) -> usize {
        self.0 as usize
    }
}

/// What became of a timer's ticks since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ticks that came due.
    pub fired: u32,
    /// Ticks whose callback was begun.
    pub delivered: u32,
    /// Ticks that became one with an earlier one: that one still waited for the callback, or both
    /// came due before the clock's interrupt could be served.
    pub coalesced: u32,
    /// Ticks that found the queue of callbacks full.
    pub dropped: u32,
    /// Ticks that still waited for the callback when the timer was stopped: they are never delivered.
    pub late: u32,
    /// How long after its instant the last callback began, in nanoseconds.
    pub last_ns: u32,
    /// The longest of these, in nanoseconds.
    pub worst_ns: u32,
}

/// One timer, in a block of the heap that belongs to timers.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) object: ObjectId,
    pub(super) mode: TimerMode,
    pub(super) cadence: Cadence,
    /// The unit that set it up, and where.
    pub(super) unit: UnitId,
    pub(super) site: SiteId,
    /// When it was started last.
    pub(super) started: u64,
    pub(super) callback: Option<Closure>,
    /// The closure that is being called: it must live until the call is over, whoever takes it away.
    pub(super) called: Option<Closure>,
    /// Its callback waits in the queue.
    pub(super) is_queued: bool,
    /// Handles that programs have.
    pub(super) handles: u16,
    /// Who pays for its closure and for what its callback allocates, if it has an account of its own.
    pub(super) owner: Option<OwnerIndex>,
    pub(super) counts: Counts,
    pub(super) worst_window_ns: u32,
    deadline: u64,
    pub(super) order: u32,
    position: u8,
}

impl Block {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            object: ObjectId::NONE,
            mode: TimerMode::Periodic,
            cadence: Cadence::NONE,
            unit: UnitId::KERNEL,
            site: SiteId::NONE,
            started: 0,
            callback: None,
            called: None,
            is_queued: false,
            handles: 1,
            owner: None,
            counts: Counts {
                fired: 0,
                delivered: 0,
                coalesced: 0,
                dropped: 0,
                late: 0,
                last_ns: 0,
                worst_ns: 0,
            },
            worst_window_ns: 0,
            deadline: 0,
            order: 0,
            position: NOWHERE,
        }
    }

    /// Whether an instant of it is still to come.
    pub(super) const fn is_armed(&self) -> bool {
        self.position != NOWHERE
    }

    /// Whether nothing but handles keeps it.
    pub(super) const fn is_at_rest(&self) -> bool {
        !self.is_armed() && !self.is_queued && self.called.is_none()
    }
}

/// A place in the table.
pub(super) struct Place(Option<NonNull<Block>>);

impl Place {
    fn block(&self) -> &Block {
        let block = self.0.expect("only timers that exist are armed");
        // SAFETY: invariant 2 of `timer`.
        unsafe { block.as_ref() }
    }

    fn block_mut(&mut self) -> &mut Block {
        let mut block = self.0.expect("only timers that exist are armed");
        // SAFETY: invariant 2 of `timer`.
        unsafe { block.as_mut() }
    }
}

impl Timed for Place {
    fn deadline(&self) -> u64 {
        self.block().deadline
    }
    fn order(&self) -> u32 {
        self.block().order
    }
    fn position(&self) -> u8 {
        self.block().position
    }
    fn set_position(&mut self, position: u8) {
        self.block_mut().position = position;
    }
}

/// See the module's text.
pub(crate) struct Timers {
    places: [Place; TIMERS_MAX],
    armed: Deadlines<TIMERS_MAX>,
    /// Who pays for the blocks; nobody until there is one.
    pub(super) owner: Option<OwnerIndex>,
    /// How many timers have an account of their own.
    pub(super) accounts: u8,
    /// Timers that were ever made.
    pub(super) serial: u32,
    /// How late the clock's interrupt was at worst, in ticks.
    pub(crate) clock_worst: u64,
    pub(crate) clock_worst_window: u64,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self {
            places: [const { Place(None) }; TIMERS_MAX],
            armed: Deadlines::new(),
            owner: None,
            accounts: 0,
            serial: 0,
            clock_worst: 0,
            clock_worst_window: 0,
        }
    }

    /// Whether there is a timer of this index.
    pub(super) const fn has(&self, index: TimerIndex) -> bool {
        self.places[index.get()].0.is_some()
    }

    /// The timer of this index, if there is one.
    pub(super) fn find(&mut self, index: TimerIndex) -> Option<&mut Block> {
        let place = &mut self.places[index.get()];
        place.0.is_some().then(|| place.block_mut())
    }

    /// The timer of a handle, or one that is queued or called.
    #[inline]
    pub(super) fn block(&mut self, index: TimerIndex) -> &mut Block {
        self.places[index.get()].block_mut()
    }

    /// A place for a virtual timer; a look at each at most, when one is made.
    pub(super) fn free_place(&self) -> Option<TimerIndex> {
        let virtual_ones = HARDWARE_TIMERS..TIMERS_MAX;
        let free = virtual_ones.into_iter().find(|index| self.places[*index].0.is_none())?;
        Some(TimerIndex(free as u8))
    }

    pub(super) fn put(&mut self, index: TimerIndex, block: NonNull<Block>) {
        self.places[index.get()].0 = Some(block);
    }

    /// The next instant of any timer.
    #[inline]
    pub(crate) fn first(&self) -> Option<u64> {
        let first = self.armed.first()?;
        Some(self.places[first as usize].block().deadline)
    }

    #[inline]
    fn arm(&mut self, index: TimerIndex, deadline: u64) {
        self.block(index).deadline = deadline;
        self.armed.push(&mut self.places, index.0);
    }

    /// Takes an armed timer from the deadlines.
    #[inline]
    fn disarm(&mut self, index: TimerIndex) {
        self.armed.remove(&mut self.places, index.0);
    }

    /// The first timer whose instant has passed, moved on to its next instant.
    fn take_due(&mut self, now: u64) -> Option<Due> {
        let index = TimerIndex(self.armed.first()?);
        let block = self.places[index.get()].block_mut();
        let at = block.deadline;
        if at > now {
            return None;
        }
        let mut ticks = 1;
        if block.mode == TimerMode::OneShot {
            self.disarm(index);
        } else {
            let mut next = block.cadence.next(at);
            if next <= now {
                let skipped;
                (next, skipped) = block.cadence.catch_up(next, now);
                ticks = skipped.saturating_add(1);
            }
            block.deadline = next;
            self.armed.first_moved(&mut self.places);
        }
        Some(Due { index, at, ticks })
    }
}

/// A timer that has fired.
struct Due {
    index: TimerIndex,
    /// Its instant.
    at: u64,
    /// How many instants of it have passed since it was looked at last.
    ticks: u32,
}

/// Serves the first timer that is due, if one is; no more than one in an interrupt, so that the
/// time for which the kernel is held is bounded whatever fires together. The next one has an interrupt of its own, which
/// follows at once.
///
/// # Context
/// Handler.
pub(crate) fn expire(kernel: &mut Kernel, now: u64) {
    let Some(Due { index, at, ticks }) = kernel.timers.take_due(now) else {
        return;
    };
    let block = kernel.timers.block(index);
    block.counts.fired = block.counts.fired.wrapping_add(ticks);
    if block.callback.is_none() {
        return;
    }
    let (was_queued, is_over) = (block.is_queued, !block.is_armed());
    let taken = !was_queued && callback::enqueue(kernel, Job::Timer(index), at);
    let block = kernel.timers.block(index);
    block.is_queued = was_queued || taken;
    let counts = &mut block.counts;
    let together = if block.is_queued { ticks - u32::from(taken) } else { ticks - 1 };
    counts.coalesced = counts.coalesced.wrapping_add(together);
    if !block.is_queued {
        counts.dropped = counts.dropped.wrapping_add(1);
        callback::note_dropped(kernel);
    }
    if is_over {
        deadlock::arm(kernel, -1);
    }
}

/// Arms a timer, whose periods count from `from` on.
#[inline]
pub(super) fn start(kernel: &mut Kernel, index: TimerIndex, from: u64) {
    let block = kernel.timers.block(index);
    block.started = from;
    let deadline = block.cadence.next(from);
    let may_release = block.callback.is_some();
    kernel.timers.arm(index, deadline);
    kernel.alarm_no_later_than(deadline);
    if may_release {
        deadlock::arm(kernel, 1);
    }
}

/// Stops a timer: no instant of it is to come, and a tick that waits is not delivered any more.
#[inline]
pub(super) fn stop(kernel: &mut Kernel, index: TimerIndex) {
    let block = kernel.timers.block(index);
    if block.is_armed() || block.is_queued {
        stop_running(kernel, index);
    }
}

#[inline(never)]
fn stop_running(kernel: &mut Kernel, index: TimerIndex) {
    let block = kernel.timers.block(index);
    let (was_armed, may_release) = (block.is_armed(), block.callback.is_some());
    if core::mem::take(&mut block.is_queued) {
        block.counts.late = block.counts.late.wrapping_add(1);
        callback::cancel(kernel, index);
    }
    if was_armed {
        kernel.timers.disarm(index);
        // The alarm stays: one that finds nothing to do sets the next one.
        if may_release {
            deadlock::arm(kernel, -1);
        }
    }
}

/// The callback of a timer begins: what is to be called.
pub(crate) fn begin_call(
    kernel: &mut Kernel,
    index: TimerIndex,
    late_ticks: u64,
) -> Option<Closure> {
    let block = kernel.timers.block(index);
    block.is_queued = false;
    block.called = block.callback;
    let late = nanos(late_ticks);
    let counts = &mut block.counts;
    counts.delivered = counts.delivered.wrapping_add(1);
    counts.last_ns = late;
    counts.worst_ns = counts.worst_ns.max(late);
    block.worst_window_ns = block.worst_window_ns.max(late);
    block.called
}

/// What is left over when a callback has ended, to be dropped with interrupts on.
#[derive(Default)]
pub(crate) struct Leftovers {
    pub(super) closure: Option<Closure>,
    pub(super) block: Option<NonNull<Block>>,
}

/// The callback of a timer has ended.
pub(crate) fn end_call(kernel: &mut Kernel, index: TimerIndex) -> Leftovers {
    let block = kernel.timers.block(index);
    let called = block.called.take();
    // Somebody took it away while it ran.
    let closure = called.filter(|_| block.callback != called);
    Leftovers { closure, block: release(kernel, index) }
}

/// The callback of a timer was torn down: it is not called again, and its closure stays where it is,
/// because what is quarantined may point there.
pub(crate) fn abandon_call(kernel: &mut Kernel, index: TimerIndex) {
    stop(kernel, index);
    let block = kernel.timers.block(index);
    block.called = None;
    block.callback = None;
}

/// Takes a timer from the table that nobody has and that has nothing to do any more. Its block is
/// to be given back with interrupts on.
pub(super) fn release(kernel: &mut Kernel, index: TimerIndex) -> Option<NonNull<Block>> {
    let block = kernel.timers.find(index)?;
    if block.handles > 0 || !block.is_at_rest() {
        return None;
    }
    sample(kernel, index);
    account::close(kernel, index);
    kernel.timers.places[index.get()].0.take()
}

/// Writes the figures of one timer, if there is one.
pub(super) fn sample(kernel: &mut Kernel, index: TimerIndex) {
    let window = WindowId(kernel.window);
    let Some(block) = kernel.timers.find(index) else { return };
    let Counts { fired, delivered, coalesced, dropped, late, last_ns, worst_ns } = block.counts;
    let record = wire::TimerSample {
        timer: block.object,
        fired,
        delivered,
        coalesced,
        dropped,
        late,
        last_ns,
        worst_ns,
        worst_window_ns: block.worst_window_ns,
        window,
    };
    kernel.record(Level::Samples, &record);
}

/// Notes how late the clock's interrupt is.
pub(crate) fn note_clock(kernel: &mut Kernel, late: u64) {
    let timers = &mut kernel.timers;
    timers.clock_worst = timers.clock_worst.max(late);
    timers.clock_worst_window = timers.clock_worst_window.max(late);
}

/// Ticks in nanoseconds, 62.5 each; `u32::MAX` if there are too many.
pub(crate) fn nanos(ticks: u64) -> u32 {
    const HALVES: u64 = 2_000_000_000 / TICKS_PER_SECOND as u64;
    u32::try_from(ticks.saturating_mul(HALVES) / 2).unwrap_or(u32::MAX)
}
