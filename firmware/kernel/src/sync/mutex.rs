//! `Mutex<T>`: a value that one thread uses at a time, and the thread is its owner.
//!
//! Only the owner gives it back, by dropping its guard, so much more can be known and promised
//! than of a [`Lock`](crate::Lock): the owner runs at the priority of its most urgent waiter
//! ([`sched`](crate::sched) has the protocol), and a circle of owners that wait for each other is a
//! deadlock the moment it closes, not a suspicion. It is reported as the chain of threads, mutexes,
//! call sites and ages, and whoever closed it gets [`Error::Deadlock`] instead of waiting for ever.
//!
//! Invariants, besides those of [`sync`](crate::sync):
//! 1. `head.holder` and the owner in `ownable` are the same thread; both are none, or both are
//!    there, but for an owner that is gone and that nobody has asked about yet.
//! 2. The state begins as an [`Owned`] does.
#![expect(unsafe_code, reason = "hands out references to the value")]

use super::head::{Head, Headed, Marks, Masked};
use super::owned::{Names, Owned};
pub(crate) use super::owned::{give_up, release_poisoned, settle, settle_in_handler};
use super::quick::quick;
use super::races;
use super::wait::{Ask, Attempt, Patience, change, just_granted, wait_for, wait_through_for};
use crate::callback;
use crate::deadlock;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::{Inheritance, Ownable};
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ops::{Deref, DerefMut};
use ramscope_wire as wire;
use wire::{LockOp, ObjectKind};

/// What happens to the caller that would close a circle of waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDeadlock {
    /// It gets [`Error::Deadlock`] and goes on without the mutex. The circle is reported too.
    Fail,
    /// It waits, like all others in the circle, until somebody is asked to end.
    Wait,
}

#[repr(C)]
pub(crate) struct State {
    pub(super) head: Head,
    pub(super) ownable: Ownable,
    on_deadlock: OnDeadlock,
    /// Guards of the owner besides the first one, where it may have several.
    pub(super) depth: u16,
}

impl State {
    /// Nobody owns it any more, and nobody waits.
    #[inline(always)]
    pub(super) fn give_back(&mut self) {
        self.ownable.forget_owner();
        self.head.leave();
    }

    pub(super) const fn new(
        name: &'static str,
        inheritance: Inheritance,
        on_deadlock: OnDeadlock,
    ) -> Self {
        let head = Head::new(ObjectKind::Mutex, name);
        Self { head, ownable: Ownable::new(inheritance), on_deadlock, depth: 0 }
    }
}

// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

const _: () = assert!(offset_of!(State, ownable) == offset_of!(Owned, ownable), "begins as one");

/// A value with an owner. See the module's text.
///
/// # Examples
/// ```no_run
/// # use ramscope_kernel::{Mutex, Error};
/// static TOTAL: Mutex<u32> = Mutex::named("total", 0);
/// fn add(n: u32) -> Result<(), Error> {
///     *TOTAL.lock()? += n;
///     Ok(())
/// }
/// ```
pub struct Mutex<T> {
    state: Masked<State>,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time has a guard, and a guard is the only way to the value.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// A mutex without a name.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self::named("mutex", value)
    }

    /// A mutex with a name for reports.
    #[must_use]
    pub const fn named(name: &'static str, value: T) -> Self {
        Self::with(name, value, Inheritance::On, OnDeadlock::Fail)
    }

    /// A mutex with all its choices.
    #[must_use]
    pub const fn with(
        name: &'static str,
        value: T,
        inheritance: Inheritance,
        on_deadlock: OnDeadlock,
    ) -> Self {
        let state = State::new(name, inheritance, on_deadlock);
        Self { state: Masked::new(state), value: UnsafeCell::new(value) }
    }

    /// Takes the mutex; waits as long as it takes.
    ///
    /// # Context
    /// Thread; blocks. Allocates nothing.
    ///
    /// # Errors
    /// [`Error::Deadlock`] if the wait would close a circle (see [`OnDeadlock`]), also when the caller
    /// owns the mutex already; [`Error::Poisoned`] if an owner is gone and did not give it back; [`Error::Exit`] if the
    /// caller is asked to end.
    ///
    /// # Cancellation
    /// A request to end takes the thread out of the queue, and what it lent to the owner with it.
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> Result<MutexGuard<'_, T>, Error> {
        let place = site::place();
        match self.state.own_quickly(place) {
            Some(()) => Ok(self.guard()),
            None => self.state.own(Patience::Forever, place).map(|()| self.guard()),
        }
    }

    /// Takes the mutex; waits for at most `span`. A circle that ends by itself is not reported.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`lock`](Self::lock) but for the deadlock.
    #[track_caller]
    #[inline]
    pub fn lock_for(&self, span: Span) -> Result<MutexGuard<'_, T>, Error> {
        let place = site::place();
        match self.state.own_quickly(place) {
            Some(()) => Ok(self.guard()),
            None => self.state.own(Patience::For(span), place).map(|()| self.guard()),
        }
    }

    /// Takes the mutex if nobody owns it.
    ///
    /// # Context
    /// Thread; never blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`]; [`Error::InHandler`], because a handler cannot own anything.
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> Result<Option<MutexGuard<'_, T>>, Error> {
        let place = site::place();
        let taken = match self.state.own_quickly(place) {
            Some(()) => true,
            None => self.state.try_own(place)?,
        };
        Ok(taken.then(|| self.guard()))
    }

    /// Whether somebody owns the mutex now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.state.is_owned()
    }

    /// Declares that the value is whole again after an owner was torn down, or ended and kept its guard.
    pub fn clear_poison(&self) {
        self.state.clear_poison();
    }

    /// The value, which nobody else can use.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    fn guard(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, stays: PhantomData }
    }

    /// Takes the mutex again after a wait for a condition: a request to end does not break it off.
    pub(super) fn lock_again(&self, place: Place) -> Result<MutexGuard<'_, T>, Error> {
        self.state.own_through(place).map(|()| self.guard())
    }

    /// What the telemetry and the scheduler know of it.
    pub(super) fn state(&self) -> &Masked<State> {
        &self.state
    }
}

/// All that does not depend on the value.
impl Masked<State> {
    /// The short way: free, whole and awaited by nobody.
    #[inline(always)]
    pub(super) fn own_quickly(&self, place: Place) -> Option<()> {
        quick(|kernel| {
            let state = self.get(kernel);
            if !state.head.is_just(Marks::NONE) {
                return None;
            }
            state.ownable.begin_owner(kernel.sched.running());
            state.head.take(kernel, place);
            Some(())
        })
    }

    /// The short way back: owned, which then is by the running thread, and awaited by nobody.
    #[inline(always)]
    fn disown_quickly(&self) -> Option<()> {
        quick(|kernel| {
            let state = self.get(kernel);
            if !state.head.is_just(Marks::HELD) {
                return None;
            }
            state.give_back();
            Some(())
        })
    }

    #[inline(never)]
    pub(super) fn own(&self, patience: Patience, place: Place) -> Result<(), Error> {
        let ask = Ask::new(patience, place);
        wait_for(self, place, |kernel| self.attempt(kernel, &ask), just_granted)
    }

    #[inline(never)]
    fn own_through(&self, place: Place) -> Result<(), Error> {
        let ask = Ask::new(Patience::Forever, place);
        wait_through_for(|kernel| self.attempt(kernel, &ask))
    }

    #[inline(never)]
    pub(super) fn try_own(&self, place: Place) -> Result<bool, Error> {
        thread::check_headroom();
        kernel::with(|kernel| match kernel.in_handler() {
            true => Err(Error::InHandler),
            false => self.take_if_free(kernel, place),
        })
    }

    /// Gives the mutex back.
    #[inline(always)]
    pub(super) fn disown(&self) {
        if self.disown_quickly().is_none() {
            self.disown_slowly();
        }
    }

    #[inline(never)]
    fn disown_slowly(&self) {
        change(|kernel| self.unlock(kernel));
    }

    #[inline(never)]
    pub(super) fn is_owned(&self) -> bool {
        kernel::with(|kernel| {
            let head = &mut self.get(kernel).head;
            head.is_lost(kernel);
            head.holder().is_some()
        })
    }

    #[inline(never)]
    pub(super) fn clear_poison(&self) {
        kernel::with(|kernel| self.get(kernel).head.clear_poison(kernel));
    }

    pub(super) fn attempt(&self, kernel: &mut Kernel, ask: &Ask) -> Result<Attempt<()>, Error> {
        if self.take_if_free(kernel, ask.place)? {
            return Ok(Attempt::Got(()));
        }
        let name = self.name();
        kernel.begin_wait(ask);
        if ask.deadline.is_none() && deadlock::closes(kernel, name) {
            match self.get(kernel).on_deadlock {
                OnDeadlock::Fail => return Err(Error::Deadlock),
                OnDeadlock::Wait => {}
            }
        }
        let head = &mut self.get(kernel).head;
        head.note_lock(kernel, LockOp::Waiting, ask.place);
        head.one_more();
        kernel.sched.wait_to_own(name, ask.deadline, &mut Names);
        callback::note_wait(kernel);
        Ok(Attempt::Waits)
    }

    pub(super) fn take_if_free(&self, kernel: &mut Kernel, place: Place) -> Result<bool, Error> {
        let state = self.get(kernel);
        if state.head.is_lost(kernel) {
            state.ownable.forget_owner();
            return Err(Error::Poisoned);
        }
        if state.head.holder().is_none() {
            // Its poison may have been cleared before anybody came here.
            state.ownable.forget_owner();
        }
        if !kernel.sched.own(&mut state.ownable) {
            return Ok(false);
        }
        state.depth = 0;
        state.head.take(kernel, place);
        state.head.note_lock(kernel, LockOp::Acquired, place);
        races::acquired(kernel, self.name());
        Ok(true)
    }

    /// Gives the mutex back if the running thread still owns it: one that was torn down does not.
    pub(super) fn unlock(&self, kernel: &mut Kernel) {
        let unit = kernel.current_unit();
        let head = &mut self.get(kernel).head;
        // Where panics unwind, guards are dropped after the tear-down has begun.
        head.is_poisoned(kernel);
        let holder = head.holder();
        if holder.is_none_or(|holder| holder.unit != unit) {
            return;
        }
        let name = self.name();
        races::released(kernel, name);
        let next = kernel.sched.hand_on(name, &mut Names);
        let head = &mut self.get(kernel).head;
        match next {
            Some(slot) => {
                head.one_fewer(kernel);
                head.hand_to(kernel, slot);
                races::woke(kernel, slot);
                head.note_lock(kernel, LockOp::HandedOver, Place::NONE);
            }
            None => {
                head.leave();
                head.note_lock(kernel, LockOp::Released, Place::NONE);
            }
        }
    }
}

/// Owns a [`Mutex`] until it is dropped. It cannot leave its thread.
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    stays: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the value only.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T> MutexGuard<'a, T> {
    /// The mutex, and no guard any more: the caller gives it back.
    pub(super) fn into_mutex(self) -> &'a Mutex<T> {
        let mutex = self.mutex;
        core::mem::forget(self);
        mutex
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the running thread owns the mutex.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the running thread owns the mutex, and this is its only guard.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.state.disown();
    }
}
