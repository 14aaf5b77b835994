//! Callbacks: MicroPython's `micropython.schedule`, and where the callbacks of timers run.
//!
//! The problem: a callback that runs on the stack of whoever was interrupted overflows stacks that
//! were large enough yesterday, and one that wants a lock which the interrupted code holds stops the
//! board for good.
//!
//! The idea: a queue of eight, and one unit of the kernel's, `callbacks`, with a stack and a budget of
//! its own, which is made when it is first needed. A *pass* is a kernel call of any thread, or the
//! return from an interrupt that may switch; a pass begins at most one callback, and none while one
//! runs. Where nobody is ready to run, and where nobody calls the kernel for a millisecond, a pass
//! is made by itself: callbacks starve behind no loop.
//!
//! What `schedule` cannot take is an error to the caller; what a timer cannot deliver is counted by
//! the timer. A callback that panics, overflows or faults ends alone: its unit is torn down and made
//! anew, and its timer is stopped. A callback that waits for a lock which the thread has that it
//! displaced is reported, with both places: on MicroPython that is where the board would stand still.
//!
//! Invariants:
//! 1. At most one callback has begun and not ended: `current`.
//! 2. [`Attention::CALLBACK`] is raised exactly if the unit is parked and the queue is not empty.
//! 3. The queue's entries and the callback that runs count as sources that may end waits, unless the
//!    callback itself waits for ever.

mod queue;
mod show;
mod unit;

use crate::deadlock;
use crate::error::Error;
use crate::heap::OwnerIndex;
use crate::kernel::{self, Kernel};
use crate::port::{self, TICKS_PER_SECOND};
use crate::sched::{Attention, Slot};
use crate::sync::races;
use crate::thread::check_headroom;
use crate::timer::{self, TimerIndex};
pub(crate) use queue::Job;
pub use queue::QUEUE_MAX;
use queue::{Entry, JobQueue};
use ramscope_wire::UnitId;
pub(crate) use show::{note_wait, sample, write_line, write_reports};
pub use unit::STACK_BYTES;
pub(crate) use unit::{ensure_unit, unit_ended};

/// A callback waits at most this long for a pass of somebody else.
const PASS_TICKS: u64 = TICKS_PER_SECOND as u64 / 1_000;

/// The unit that callbacks run in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// Nobody has needed it.
    Absent,
    /// Somebody who cannot make it needs it: the console thread will.
    Wanted,
    /// It is being made.
    Making,
    /// It is there.
    Made(Slot),
}

/// The callback that runs.
#[derive(Clone, Copy)]
struct Current {
    job: Job,
    began: u64,
    /// Who had the processor when the pass came.
    displaced: Option<UnitId>,
    /// The account of the unit itself: a timer pays for what its callback allocates.
    own: OwnerIndex,
}

/// What went through the queue since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Callbacks that the queue took.
    pub queued: u32,
    /// Callbacks that were begun.
    pub delivered: u32,
    /// Calls of [`schedule`] that found the queue full, as they were told.
    pub refused: u32,
    /// Ticks of timers that found the queue full.
    pub dropped: u32,
    /// Callbacks that answered an error, or were torn down.
    pub failed: u32,
    /// The most that waited at once.
    pub waiting_peak: u32,
    /// The longest that one waited, in nanoseconds.
    pub longest_wait_ns: u32,
    /// The longest that one ran, in nanoseconds.
    pub longest_run_ns: u32,
}

/// What the kernel keeps of callbacks.
pub(crate) struct Callbacks {
    parked: bool,
    home: Home,
    displaced: Option<UnitId>,
    current: Option<Current>,
    queue: JobQueue,
    counts: Counts,
    reports: show::Reports,
}

impl Callbacks {
    pub(crate) const fn new() -> Self {
        Self {
            parked: false,
            home: Home::Absent,
            displaced: None,
            current: None,
            queue: JobQueue::new(),
            counts: Counts {
                queued: 0,
                delivered: 0,
                refused: 0,
                dropped: 0,
                failed: 0,
                waiting_peak: 0,
                longest_wait_ns: 0,
                longest_run_ns: 0,
            },
            reports: show::Reports::new(),
        }
    }

    /// Where the callbacks that wait are, with their arguments.
    pub(crate) fn waiting_range(&self) -> core::ops::Range<usize> {
        let start = core::ptr::from_ref(&self.queue).addr();
        start..start + size_of::<JobQueue>()
    }

    /// Whether the console thread has something to do here.
    pub(crate) fn needs_attention(&self) -> bool {
        self.home == Home::Wanted || self.reports.any()
    }
}

/// Has `work(argument)` called in the unit of the callbacks, once, behind those that wait already.
///
/// # Context
/// Any; callbacks too, whose own ones run after them. Allocates the first time.
///
/// # Errors
/// [`Error::Full`] if eight wait already; [`Error::Missing`] if there is no memory for the unit.
pub fn schedule(work: fn(usize), argument: usize) -> Result<(), Error> {
    check_headroom();
    if kernel::may_block().is_ok() {
        ensure_unit()?;
    }
    let taken = kernel::then_reschedule(|kernel| {
        let taken = enqueue(kernel, Job::Call { work, argument }, port::now());
        match taken {
            true => follows(kernel, races::woke),
            false => kernel.callbacks.counts.refused += 1,
        }
        taken
    });
    if taken { Ok(()) } else { Err(Error::Full) }
}

/// What went through the queue.
///
/// # Context
/// Any.
#[must_use]
pub fn counts() -> Counts {
    kernel::with(|kernel| kernel.callbacks.counts)
}

/// How many callbacks wait.
///
/// # Context
/// Any.
#[must_use]
pub fn waiting() -> usize {
    kernel::with(|kernel| kernel.callbacks.queue.length())
}

/// Queues a callback; says whether there was a place.
pub(crate) fn enqueue(kernel: &mut Kernel, job: Job, since: u64) -> bool {
    let callbacks = &mut kernel.callbacks;
    if !callbacks.queue.push(Entry { job, since }) {
        return false;
    }
    let waiting = callbacks.queue.length() as u32;
    callbacks.counts.queued = callbacks.counts.queued.wrapping_add(1);
    callbacks.counts.waiting_peak = callbacks.counts.waiting_peak.max(waiting);
    kernel.sched.attention.set(Attention::CALLBACK, callbacks.parked);
    deadlock::arm(kernel, 1);
    if kernel.callbacks.home == Home::Absent {
        kernel.callbacks.home = Home::Wanted;
        crate::console::attend(kernel);
    }
    true
}

/// Takes the tick of a timer out of the queue, where it is.
pub(crate) fn cancel(kernel: &mut Kernel, timer: TimerIndex) {
    let Kernel { callbacks, sched, .. } = &mut *kernel;
    callbacks.queue.remove(timer);
    if callbacks.queue.length() == 0 {
        sched.attention.lower(Attention::CALLBACK);
    }
    deadlock::arm(kernel, -1);
}

/// A tick of a timer found no place.
pub(crate) fn note_dropped(kernel: &mut Kernel) {
    let dropped = &mut kernel.callbacks.counts.dropped;
    *dropped = dropped.wrapping_add(1);
}

/// Tells `note` in which slot that will be done which the running unit has just asked for.
pub(crate) fn follows(kernel: &mut Kernel, note: fn(&mut Kernel, Slot)) {
    if let Home::Made(slot) = kernel.callbacks.home {
        note(kernel, slot);
    }
}

/// A pass: begins a callback, because one waits and none runs. In a section, before the scheduler
/// decides.
pub(crate) fn pass(kernel: &mut Kernel) {
    let Home::Made(slot) = kernel.callbacks.home else { return };
    let running = kernel.sched.running();
    if running == slot {
        // It is parking itself: that is the end of a pass, and not one.
        return;
    }
    let unit = UnitId(kernel.threads[running.index()].unit);
    kernel.sched.attention.lower(Attention::CALLBACK);
    let callbacks = &mut kernel.callbacks;
    callbacks.parked = false;
    callbacks.displaced = (running != Slot::IDLE).then_some(unit);
    kernel.sched.wake(slot, None, crate::sched::Wake::Granted);
}

/// The running unit is torn down. If it is that of the callbacks, it has its own account back, and what a
/// timer's callback had allocated is quarantined like the unit's.
pub(crate) fn settle_account(kernel: &mut Kernel) {
    let slot = kernel.sched.running();
    let Some(current) =
        kernel.callbacks.current.filter(|_| kernel.callbacks.home == Home::Made(slot))
    else {
        return;
    };
    kernel.threads[slot.index()].owner = current.own;
    if let Job::Timer(index) = current.job {
        timer::account::quarantine(kernel, index);
    }
}

/// Whether the callback that runs waits for ever, unless a thread of a program ends its wait: then
/// no timer and no callback is going to end anybody's.
pub(crate) fn is_stuck(kernel: &Kernel) -> bool {
    match (kernel.callbacks.current, kernel.callbacks.home) {
        (Some(_), Home::Made(slot)) => kernel.sched.depends(slot),
        _ => false,
    }
}

/// The name of what is called, for texts.
fn name_of(kernel: &mut Kernel, job: Job) -> &'static str {
    match job {
        Job::Call { .. } => "scheduled",
        Job::Timer(index) => timer::name_of(kernel, index),
    }
}
