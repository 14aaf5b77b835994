//! `RecursiveMutex<T>`: a mutex that its owner may take again.
//!
//! Code that is called with the mutex and without it need not know which: the owner's further locks
//! count, and the mutex is free when as many guards have gone. All the rest is that of
//! [`Mutex`](super::Mutex): inheritance, hand-over to the most urgent waiter, poisoning, and circles
//! that are found when they close; but a thread that waits for itself cannot be. Because the owner can
//! have several guards, each gives shared access only: what is to change goes into a cell.
//!
//! Invariants, besides those of [`mutex`](super::mutex):
//! 1. `depth` counts the owner's guards besides the first. Who owns the mutex alone reads and writes
//!    it, as invariant 1 of [`sync`](super) has it.
#![expect(unsafe_code, reason = "keeps a count that the owner alone touches")]

use super::head::{Marks, Masked};
use super::mutex::{OnDeadlock, State};
use super::quick::quick;
use super::wait::{Ask, Attempt, Patience, change, just_granted, wait_for};
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::Inheritance;
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use core::marker::PhantomData;
use core::ops::Deref;
use ramscope_wire::UnitId;

/// A value with an owner that may lock it again. See the module's text.
///
/// # Examples
/// ```no_run
/// # use core::cell::Cell;
/// # use ramscope_kernel::{Error, sync::RecursiveMutex};
/// static LOG: RecursiveMutex<Cell<u32>> = RecursiveMutex::named("log", Cell::new(0));
/// fn line() -> Result<(), Error> {
///     let lines = LOG.lock()?;
///     lines.set(lines.get() + 1);
///     Ok(())
/// }
/// fn two_lines() -> Result<(), Error> {
///     let _together = LOG.lock()?;
///     line()?;
///     line()
/// }
/// ```
pub struct RecursiveMutex<T> {
    state: Masked<State>,
    value: T,
}

// SAFETY: one thread at a time has guards, and a guard is the only way to the value.
unsafe impl<T: Send> Sync for RecursiveMutex<T> {}

impl<T> RecursiveMutex<T> {
    /// A mutex with a name for reports.
    #[must_use]
    pub const fn named(name: &'static str, value: T) -> Self {
        let state = State::new(name, Inheritance::On, OnDeadlock::Fail);
        Self { state: Masked::new(state), value }
    }

    /// Takes the mutex, once more if the caller owns it; else waits as long as it takes.
    ///
    /// # Context
    /// Thread; blocks. Allocates nothing.
    ///
    /// # Errors
    /// [`Error::Deadlock`] if the wait would close a circle; [`Error::Poisoned`] if an owner was torn
    /// down; [`Error::Full`] after 65,535 locks; [`Error::Exit`] if the caller is asked to end.
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> Result<RecursiveGuard<'_, T>, Error> {
        self.lock_at(Patience::Forever, site::place())
    }

    /// As [`lock`](Self::lock); waits for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`lock`](Self::lock) but for the deadlock.
    #[track_caller]
    #[inline]
    pub fn lock_for(&self, span: Span) -> Result<RecursiveGuard<'_, T>, Error> {
        self.lock_at(Patience::For(span), site::place())
    }

    /// Takes the mutex if nobody else owns it.
    ///
    /// # Context
    /// Thread; never blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`]; [`Error::Full`] after 65,535 locks; [`Error::InHandler`].
    #[track_caller]
    pub fn try_lock(&self) -> Result<Option<RecursiveGuard<'_, T>>, Error> {
        let place = site::place();
        let taken = match self.state.count_quickly(place) {
            Some(()) => true,
            None => self.state.try_count(place)?,
        };
        Ok(taken.then(|| self.guard()))
    }

    /// Whether somebody owns the mutex now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.state.is_owned()
    }

    /// Declares that the value is whole again after an owner was torn down.
    pub fn clear_poison(&self) {
        self.state.clear_poison();
    }

    /// The value, which nobody else can use.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    #[inline]
    fn lock_at(&self, patience: Patience, place: Place) -> Result<RecursiveGuard<'_, T>, Error> {
        match self.state.count_quickly(place) {
            Some(()) => Ok(self.guard()),
            None => self.state.count(patience, place).map(|()| self.guard()),
        }
    }

    fn guard(&self) -> RecursiveGuard<'_, T> {
        RecursiveGuard { mutex: self, stays: PhantomData }
    }
}

/// A mutex that counts. What the value does not matter for.
impl Masked<State> {
    /// The short way: free, or the caller's already.
    #[inline(always)]
    fn count_quickly(&self, place: Place) -> Option<()> {
        quick(|kernel| {
            let unit = kernel.threads[kernel.sched.running().index()].unit;
            let state = self.get(kernel);
            if state.head.is_just(Marks::NONE) {
                state.ownable.begin_owner(kernel.sched.running());
                state.depth = 0;
                state.head.take(kernel, place);
                return Some(());
            }
            if !state.head.is_held_by(UnitId(unit)) {
                return None;
            }
            state.depth = state.depth.checked_add(1)?;
            Some(())
        })
    }

    #[inline(never)]
    fn count(&self, patience: Patience, place: Place) -> Result<(), Error> {
        let ask = Ask::new(patience, place);
        let attempt = |kernel: &mut Kernel| match self.count_one_more(kernel)? {
            true => Ok(Attempt::Got(())),
            false => self.attempt(kernel, &ask),
        };
        wait_for(self, place, attempt, just_granted)
    }

    #[inline(never)]
    fn try_count(&self, place: Place) -> Result<bool, Error> {
        thread::check_headroom();
        kernel::with(|kernel| {
            if kernel.in_handler() {
                return Err(Error::InHandler);
            }
            Ok(self.count_one_more(kernel)? || self.take_if_free(kernel, place)?)
        })
    }

    /// Counts one more lock of the caller's, if it owns the mutex; says whether it does.
    fn count_one_more(&self, kernel: &mut Kernel) -> Result<bool, Error> {
        let unit = kernel.current_unit();
        let state = self.get(kernel);
        if !state.head.is_held_by(unit) {
            return Ok(false);
        }
        state.depth = state.depth.checked_add(1).ok_or(Error::Full)?;
        Ok(true)
    }

    /// Counts one lock less, and gives the mutex back with the last one.
    #[inline(always)]
    fn count_one_less(&self) {
        let done = quick(|kernel| {
            let state = self.get(kernel);
            match state.depth.checked_sub(1) {
                Some(depth) => state.depth = depth,
                None if state.head.is_just(Marks::HELD) => state.give_back(),
                None => return None,
            }
            Some(())
        });
        if done.is_none() {
            self.count_one_less_slowly();
        }
    }

    #[inline(never)]
    fn count_one_less_slowly(&self) {
        change(|kernel| {
            let unit = kernel.current_unit();
            let state = self.get(kernel);
            match state.depth.checked_sub(1) {
                Some(depth) if state.head.is_held_by(unit) => state.depth = depth,
                _ => self.unlock(kernel),
            }
        });
    }
}

/// One of the owner's locks of a [`RecursiveMutex`], until it is dropped. It cannot leave its thread.
pub struct RecursiveGuard<'a, T> {
    mutex: &'a RecursiveMutex<T>,
    stays: PhantomData<*const ()>,
}

impl<T> Deref for RecursiveGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.mutex.value
    }
}

impl<T> Drop for RecursiveGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.state.count_one_less();
    }
}
