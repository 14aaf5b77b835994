//! `Lock`: MicroPython's binary semaphore.
//!
//! It is free or held, not recursive and not owned: any thread may release it. Who has waited
//! longest gets it next, handed over without ever becoming free, so nobody can barge in. The
//! kernel still notes who acquired it last: when that thread is torn down, the lock is poisoned
//! and everybody who waits learns it at once.
//!
//! Invariants:
//! 1. A lock has waiters only while it is held.
//! 2. A held lock is in the list of exactly one thread, the one that acquired it.
#![expect(unsafe_code, reason = "state that units share, touched with interrupts masked only")]

use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::{Slot, WaitQueue, Wake, Why};
use crate::site;
use crate::thread;
use crate::time::{Instant, Span};
use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
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
    holder: Option<Slot>,
    poisoned: bool,
    object: u32,
    next_held: *mut LockState,
    previous_held: *mut LockState,
    _pinned: PhantomPinned,
}

// SAFETY: the state is touched with interrupts masked only.
unsafe impl Sync for Lock {}
// SAFETY: a lock that is borrowed by nobody is linked nowhere but in its holder's list, which
// `Drop` leaves; a held lock must not be moved, see `Lock::new`.
unsafe impl Send for Lock {}

impl Lock {
    /// A free lock without a name. Place it where it stays before it is used.
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
                object: 0,
                next_held: ptr::null_mut(),
                previous_held: ptr::null_mut(),
                _pinned: PhantomPinned,
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
    /// Thread; never blocks.
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
    /// Thread; may be any, not only the one that acquired it.
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
        // SAFETY: masked by `with`.
        kernel::with(|_| unsafe { (*self.state.get()).holder.is_some() })
    }

    /// Declares that what the lock protects is whole again after a holder was torn down.
    pub fn clear_poison(&self) {
        // SAFETY: masked by `with`.
        kernel::with(|_| unsafe { (*self.state.get()).poisoned = false });
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
        // SAFETY: interrupts are masked, as the kernel's reference shows.
        let state = unsafe { &mut *self.state.get() };
        if state.poisoned {
            return Err(Error::Poisoned);
        }
        if state.holder.is_some() {
            return Ok(false);
        }
        let slot = kernel.sched.running();
        state.give_to(kernel, slot);
        self.note(kernel, LockOp::Acquired, site);
        Ok(true)
    }

    fn enqueue(&self, kernel: &mut Kernel, deadline: Option<u64>, site: SiteId) {
        self.note(kernel, LockOp::Waiting, site);
        // SAFETY: interrupts are masked, as the kernel's reference shows.
        let state = unsafe { &mut *self.state.get() };
        let name = ptr::from_mut(state) as usize;
        kernel.sched.block_running(Why::Lock, Some((&mut state.waiters, name)), deadline);
    }

    fn hand_over(&self, kernel: &mut Kernel) -> Result<(), Error> {
        // SAFETY: interrupts are masked, as the kernel's reference shows.
        let state = unsafe { &mut *self.state.get() };
        let holder = state.holder.ok_or(Error::NotHeld)?;
        state.take_from(kernel, holder);
        match kernel.sched.wake_first(&mut state.waiters, Wake::Granted) {
            Some(next) => {
                state.give_to(kernel, next);
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
        let unit = UnitId(kernel.current().unit);
        // SAFETY: interrupts are masked, as the kernel's reference shows.
        let state = unsafe { &mut *self.state.get() };
        if state.object == 0 {
            state.object = kernel.next_object();
            let object = ObjectId(state.object);
            let kind = wire::ObjectKind::Lock;
            let name = self.name;
            kernel.record(Level::Events, &wire::Object { object, kind, owner: unit, name });
        }
        let lock = ObjectId(state.object);
        kernel.record(Level::Events, &wire::LockEvent { lock, unit, op, site });
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if let Some(holder) = state.holder {
            kernel::with(|kernel| state.take_from(kernel, holder));
        }
    }
}

impl LockState {
    /// Enters the lock into the list of `slot`.
    fn give_to(&mut self, kernel: &mut Kernel, slot: Slot) {
        self.holder = Some(slot);
        self.previous_held = ptr::null_mut();
        self.next_held = kernel.threads[slot.index()].held;
        if !self.next_held.is_null() {
            // SAFETY: invariant 2: what is in a list is held, and a held lock stays where it is.
            unsafe { (*self.next_held).previous_held = self };
        }
        kernel.threads[slot.index()].held = self;
    }

    /// Takes the lock out of the list of `holder`.
    fn take_from(&mut self, kernel: &mut Kernel, holder: Slot) {
        self.holder = None;
        if self.previous_held.is_null() {
            kernel.threads[holder.index()].held = self.next_held;
        } else {
            // SAFETY: invariant 2, as in `give_to`.
            unsafe { (*self.previous_held).next_held = self.next_held };
        }
        if !self.next_held.is_null() {
            // SAFETY: invariant 2, as in `give_to`.
            unsafe { (*self.next_held).previous_held = self.previous_held };
        }
        self.next_held = ptr::null_mut();
        self.previous_held = ptr::null_mut();
    }
}

/// Poisons every lock that `slot` holds and wakes who waits for them. For a unit that is torn down.
pub(crate) fn poison_all(kernel: &mut Kernel, slot: Slot) {
    loop {
        let held = kernel.threads[slot.index()].held;
        if held.is_null() {
            return;
        }
        // SAFETY: invariant 2: it is held, so it is alive and stays where it is.
        let state = unsafe { &mut *held };
        state.take_from(kernel, slot);
        state.poisoned = true;
        let lock = ObjectId(state.object);
        let unit = UnitId(kernel.threads[slot.index()].unit);
        let (op, site) = (LockOp::Poisoned, SiteId::NONE);
        kernel.record(Level::Events, &wire::LockEvent { lock, unit, op, site });
        while kernel.sched.wake_first(&mut state.waiters, Wake::Poisoned).is_some() {}
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
