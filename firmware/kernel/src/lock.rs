//! `Lock`: MicroPython's binary semaphore.
//!
//! It is free or held, not recursive and not owned: any thread may release it, and it stays held
//! when the thread that acquired it ends in order. Who has waited longest gets it next, handed over
//! without ever becoming free, so nobody can barge in. The kernel still notes who acquired it last:
//! when that thread is torn down, the lock is poisoned and everybody who waits learns it at once.
//!
//! Invariants:
//! 1. A lock has waiters only while it is held, and each of them borrows it: it cannot move then.
//! 2. A lock that nobody waits for is known to nobody: it may be moved and dropped, also when held.
//!    That is why the holder is noted by name here, and not the lock in a list there.
#![expect(unsafe_code, reason = "state that units share, touched with interrupts masked only")]

use crate::error::Error;
use crate::heap::OWNERS_MAX;
use crate::kernel::{self, Kernel};
use crate::sched::{QueueName, Slot, State, THREADS_MAX, WaitQueue, Wake, Why};
use crate::site;
use crate::thread;
use crate::time::{Instant, Span};
use core::cell::UnsafeCell;
use core::ptr;
use ramscope_wire as wire;
use wire::{Level, LockOp, ObjectId, SiteId, UnitId};

/// A binary semaphore. See the module's text.
pub struct Lock {
    state: UnsafeCell<LockState>,
    name: &'static str,
    notes: Notes,
}

/// Whether the telemetry is told what happens to a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notes {
    Written,
    Left,
}

pub(crate) struct LockState {
    pub(crate) waiters: WaitQueue,
    /// The unit that acquired it last and has not released it.
    holder: Option<UnitId>,
    poisoned: bool,
    object: ObjectId,
}

// SAFETY: the state is touched with interrupts masked only.
unsafe impl Sync for Lock {}

impl Lock {
    /// A free lock without a name.
    #[must_use]
    pub const fn new() -> Self {
        Self::named("lock")
    }

    /// A free lock with a name for reports.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self::with_notes(name, Notes::Written)
    }

    /// A lock of the kernel's own, of which the telemetry says nothing: the drain's own use of the
    /// console would feed it for ever.
    pub(crate) const fn quiet(name: &'static str) -> Self {
        Self::with_notes(name, Notes::Left)
    }

    const fn with_notes(name: &'static str, notes: Notes) -> Self {
        Self {
            notes,
            state: UnsafeCell::new(LockState {
                waiters: WaitQueue::new(),
                holder: None,
                poisoned: false,
                object: ObjectId::NONE,
            }),
            name,
        }
    }

    /// Takes the lock; waits as long as it takes.
    ///
    /// A thread that acquires a lock which it holds waits for itself.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the thread is asked to end, [`Error::Poisoned`] if a holder was torn down.
    #[track_caller]
    pub fn acquire(&self) -> Result<(), Error> {
        self.acquire_until(None, site::here(), true)
    }

    /// Takes the lock; waits for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_for(&self, span: Span) -> Result<(), Error> {
        self.acquire_until(Some((Instant::now() + span).ticks()), site::here(), true)
    }

    /// Takes the lock if it is free; says whether it did.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    #[track_caller]
    pub fn try_acquire(&self) -> Result<bool, Error> {
        thread::check_headroom();
        let site = site::here();
        kernel::with(|kernel| self.take_if_free(kernel, site))
    }

    /// Gives the lock back, to whom has waited longest if anybody waits.
    ///
    /// # Context
    /// Thread, which may be any, not only the one that acquired it; or handler.
    ///
    /// # Errors
    /// [`Error::NotHeld`].
    pub fn release(&self) -> Result<(), Error> {
        thread::check_headroom();
        kernel::then_reschedule(|kernel| self.hand_over(kernel))
    }

    /// Takes the lock and gives it back when the guard is dropped.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    #[track_caller]
    pub fn hold(&self) -> Result<Held<'_>, Error> {
        self.acquire()?;
        Ok(Held { lock: self })
    }

    /// Whether somebody holds the lock now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        kernel::with(|kernel| self.checked(kernel).holder.is_some())
    }

    /// Whether the caller acquired it last and has not released it.
    pub(crate) fn is_held_by_caller(&self) -> bool {
        kernel::with(|kernel| {
            let caller = kernel.current_unit();
            self.checked(kernel).holder == Some(caller)
        })
    }

    /// Declares that what the lock protects is whole again after a holder was torn down.
    pub fn clear_poison(&self) {
        kernel::with(|kernel| self.checked(kernel).poisoned = false);
    }

    pub(crate) fn acquire_until(
        &self,
        deadline: Option<u64>,
        site: SiteId,
        may_exit: bool,
    ) -> Result<(), Error> {
        thread::check_headroom();
        if may_exit {
            thread::told_to_exit()?;
        }
        let mut taken = Ok(false);
        let enqueue = |kernel: &mut Kernel| {
            taken = self.take_if_free(kernel, site);
            if taken == Ok(false) {
                self.enqueue(kernel, deadline, site);
            }
        };
        let waited = if may_exit { thread::wait(enqueue) } else { thread::wait_through(enqueue) };
        match (taken?, waited) {
            (true, _) => Ok(()),
            (false, Err(Error::TimedOut)) => {
                kernel::with(|kernel| self.note(kernel, LockOp::TimedOut, site));
                Err(Error::TimedOut)
            }
            (false, ended) => ended,
        }
    }

    fn take_if_free(&self, kernel: &mut Kernel, site: SiteId) -> Result<bool, Error> {
        let state = self.checked(kernel);
        if state.poisoned {
            return Err(Error::Poisoned);
        }
        if state.holder.is_some() {
            return Ok(false);
        }
        state.holder = Some(kernel.current_unit());
        self.note(kernel, LockOp::Acquired, site);
        Ok(true)
    }

    /// The state, after a look whether the holder was torn down.
    #[expect(clippy::mut_from_ref, reason = "interrupts are masked while the result lives")]
    fn checked(&self, kernel: &mut Kernel) -> &mut LockState {
        // SAFETY: interrupts are masked, as the kernel's reference shows.
        let state = unsafe { &mut *self.state.get() };
        if let Some(holder) = state.holder
            && kernel.torn_down.contains(holder)
        {
            state.poison(kernel, holder);
        }
        state
    }

    fn enqueue(&self, kernel: &mut Kernel, deadline: Option<u64>, site: SiteId) {
        self.note(kernel, LockOp::Waiting, site);
        // SAFETY: interrupts are masked, as the kernel's reference shows.
        let state = unsafe { &mut *self.state.get() };
        let name = ptr::from_mut(state).expose_provenance();
        kernel.sched.block_running(Why::Lock, Some((&mut state.waiters, name)), deadline);
    }

    fn hand_over(&self, kernel: &mut Kernel) -> Result<(), Error> {
        let state = self.checked(kernel);
        state.holder.take().ok_or(Error::NotHeld)?;
        match kernel.sched.wake_first(&mut state.waiters, Wake::Granted) {
            Some(next) => {
                state.holder = Some(UnitId(kernel.threads[next.index()].unit));
                self.note(kernel, LockOp::HandedOver, SiteId::NONE);
            }
            None => self.note(kernel, LockOp::Released, SiteId::NONE),
        }
        Ok(())
    }

    /// Writes what happened, and once in its life the lock's name.
    fn note(&self, kernel: &mut Kernel, op: LockOp, site: SiteId) {
        if self.notes == Notes::Left || kernel.level.code() < Level::Events.code() {
            return;
        }
        let unit = kernel.current_unit();
        // SAFETY: interrupts are masked, as the kernel's reference shows.
        let state = unsafe { &mut *self.state.get() };
        if state.object == ObjectId::NONE {
            state.object = ObjectId(kernel.next_object());
            let object = state.object;
            let kind = wire::ObjectKind::Lock;
            let name = self.name;
            kernel.record(Level::Events, &wire::Object { object, kind, owner: unit, name });
        }
        let lock = state.object;
        kernel.record(Level::Events, &wire::LockEvent { lock, unit, op, site });
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

impl LockState {
    /// Takes the lock from a holder that was torn down.
    fn poison(&mut self, kernel: &mut Kernel, holder: UnitId) {
        self.holder = None;
        self.poisoned = true;
        let (lock, op, site) = (self.object, LockOp::Poisoned, SiteId::NONE);
        kernel.record(Level::Events, &wire::LockEvent { lock, unit: holder, op, site });
    }
}

/// The state of the lock that a blocked slot waits for.
///
/// # Safety
/// `name` is what a slot that waits for a lock, and is blocked now, has as its queue's name.
/// Interrupts are masked, and no other reference to the state is alive.
pub(crate) unsafe fn state_of<'a>(name: QueueName) -> &'a mut LockState {
    // SAFETY: by invariant 1 the waiting frame borrows the lock, so it is alive and stays.
    unsafe { &mut *ptr::with_exposed_provenance_mut(name) }
}

/// Poisons every lock that a unit holds and others wait for, and wakes these. For a unit that is
/// torn down; what it holds and nobody waits for is found poisoned by the next who asks.
pub(crate) fn poison_all(kernel: &mut Kernel, unit: UnitId) {
    for index in 0..THREADS_MAX as u8 {
        let slot = Slot(index);
        if kernel.sched.state(slot) != State::Blocked(Why::Lock) {
            continue;
        }
        let Some(name) = kernel.sched.queue_of(slot) else { continue };
        // SAFETY: the slot is blocked on that lock, and interrupts are masked.
        let state = unsafe { state_of(name) };
        if state.holder != Some(unit) {
            continue;
        }
        state.poison(kernel, unit);
        while kernel.sched.wake_first(&mut state.waiters, Wake::Poisoned).is_some() {}
    }
}

/// Units that were torn down lately, so that what they held is known to be poisoned.
pub(crate) struct TornDown {
    units: [UnitId; TORN_DOWN_MAX],
    next: usize,
    /// How many of the places are used: none, in a run without trouble.
    used: usize,
}

/// How many torn-down units are remembered: all that the heap's ledger has room for, since each
/// keeps its entry there while its memory is quarantined.
const TORN_DOWN_MAX: usize = OWNERS_MAX;

impl TornDown {
    pub(crate) const fn new() -> Self {
        Self { units: [UnitId::KERNEL; TORN_DOWN_MAX], next: 0, used: 0 }
    }

    pub(crate) fn note(&mut self, unit: UnitId) {
        self.units[self.next] = unit;
        self.next = (self.next + 1) % TORN_DOWN_MAX;
        self.used = TORN_DOWN_MAX.min(self.used + 1);
    }

    fn contains(&self, unit: UnitId) -> bool {
        self.units[..self.used].contains(&unit)
    }
}

/// Holds a [`Lock`] until it is dropped.
pub struct Held<'a> {
    lock: &'a Lock,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Somebody else may have released it: MicroPython's lock allows that.
        let _ = self.lock.release();
    }
}
