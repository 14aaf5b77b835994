//! MicroPython's limits on allocations: a heap that a thread locks for itself, and the threshold at which
//! a collection comes first.
//!
//! `heap_lock` is how a program proves that a stretch of it allocates nothing. It nests, and it is the
//! thread's own affair: others go on allocating (`micropython` module and `tests/thread/thread_heap_lock.py`
//! of MicroPython). `threshold` makes collections come early, so that what they free is not first
//! scattered over the whole heap (`gc.threshold` of MicroPython).

use super::account::Attention;
use crate::collect;
use crate::heap::{UNIT_BYTES, units};
use crate::kernel::{self, Kernel};
use crate::sched::Slot;

/// How many blocks may be allocated between two collections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threshold {
    /// In MicroPython's blocks.
    limit: Option<u32>,
    since: u32,
    /// Collections that it has asked for.
    struck: u32,
}

impl Threshold {
    pub(crate) const OFF: Self = Self { limit: None, since: 0, struck: 0 };

    /// Counts a block; says whether the limit is reached.
    pub(crate) fn count(&mut self, bytes: u32) -> bool {
        self.since = self.since.saturating_add(units(bytes));
        self.limit.is_some_and(|limit| self.since >= limit)
    }

    /// A collection is over. Says whether the next allocation needs one all the same.
    pub(crate) const fn begin_anew(&mut self) -> bool {
        self.since = 0;
        matches!(self.limit, Some(0))
    }
}

/// Keeps the running thread from allocating, until [`heap_unlock`] was called as often.
///
/// What it asks for then is refused with [`Error::HeapLocked`](crate::Error::HeapLocked). Giving blocks
/// back is allowed.
///
/// # Context
/// Thread.
pub fn heap_lock() {
    kernel::with(|kernel| {
        let thread = kernel.current();
        thread.heap_locks += 1;
        if thread.heap_locks == 1 {
            kernel.account.lockers += 1;
            kernel.account.attention.set(Attention::LOCKED, true);
        }
    });
}

/// Takes a [`heap_lock`] back; answers how many are left. Without one it does nothing.
///
/// # Context
/// Thread.
pub fn heap_unlock() -> u32 {
    kernel::with(|kernel| {
        let thread = kernel.current();
        let Some(left) = thread.heap_locks.checked_sub(1) else { return 0 };
        thread.heap_locks = left;
        if left == 0 {
            kernel.forget_locker();
        }
        left
    })
}

/// How often the running thread has locked the heap.
#[must_use]
pub fn heap_locked() -> u32 {
    kernel::with(|kernel| kernel.current().heap_locks)
}

/// A thread is over, or the program that main ran: its locks go.
pub(crate) fn forget_locks(kernel: &mut Kernel, slot: Slot) {
    let thread = &mut kernel.threads[slot.index()];
    if core::mem::take(&mut thread.heap_locks) > 0 {
        kernel.forget_locker();
    }
}

impl Kernel {
    /// A thread that had locked the heap has not any more.
    pub(crate) fn forget_locker(&mut self) {
        self.account.lockers -= 1;
        let locked = self.account.lockers > 0;
        self.account.attention.set(Attention::LOCKED, locked);
    }
}

/// The threshold in bytes, -1 if there is none: MicroPython's `gc.threshold()`.
#[must_use]
pub fn threshold() -> i32 {
    let limit = kernel::with(|kernel| kernel.account.threshold.limit);
    // The limit came from an i32 and was rounded down.
    limit.map_or(-1, |blocks| (blocks * UNIT_BYTES).cast_signed())
}

/// Has a collection made before an allocation, once so many bytes were allocated since the last one:
/// MicroPython's `gc.threshold(n)`. Rounded down to blocks of 16; 0: before each allocation; below 0:
/// never.
///
/// # Context
/// Any.
pub fn set_threshold(bytes: i32) {
    let limit = u32::try_from(bytes).ok().map(|bytes| bytes / UNIT_BYTES);
    kernel::with(|kernel| {
        let account = &mut kernel.account;
        account.threshold = Threshold { limit, ..Threshold::OFF };
        account.attention.set(Attention::COUNTED, limit.is_some());
        account.attention.set(Attention::DUE, limit == Some(0));
    });
}

/// How many collections the threshold has asked for since it was set.
#[must_use]
pub fn threshold_struck() -> u32 {
    kernel::with(|kernel| kernel.account.threshold.struck)
}

/// The collection that an allocation waits for.
#[cold]
#[inline(never)]
pub(super) fn collect_first() {
    kernel::with(|kernel| {
        let account = &mut kernel.account;
        account.threshold.struck = account.threshold.struck.wrapping_add(1);
        note_collection(kernel);
    });
    collect::before_allocation();
}

/// A collection was made, whoever asked for it: what the threshold counts begins anew.
pub(crate) fn note_collection(kernel: &mut Kernel) {
    let account = &mut kernel.account;
    let due = account.threshold.begin_anew();
    account.attention.set(Attention::DUE, due);
}
