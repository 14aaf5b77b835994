//! `Lock`: MicroPython's binary semaphore.
//!
//! It is free or held, not recursive and not owned: any thread may release it, and it stays held
//! when the thread that acquired it ends in order. Who has waited longest gets it next, handed over
//! without ever becoming free, so nobody can barge in. The kernel still notes who acquired it last,
//! where and when: when that thread is torn down, the lock is poisoned and everybody who waits learns
//! it at once, and waits that form a circle are reported.
//!
//! A circle of waits for locks is a *suspicion*: somebody outside of it may release one of them. It
//! is a *deadlock* as soon as nobody is left who could; see [`deadlock`](crate::deadlock).
//!
//! Invariants: those of [`sync`](crate::sync).

use crate::callback;
use crate::compat::{self, Strictness};
use crate::deadlock;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::Wake;
use crate::site::{self, Place};
use crate::sync::head::{Head, Marks, Masked};
use crate::sync::quick::quick;
use crate::sync::races;
use crate::sync::wait::{Ask, Attempt, Patience, change, just_granted, wait_for, wait_through_for};
use crate::thread;
use crate::time::Span;
use ramscope_wire as wire;
use wire::{LockOp, ObjectKind};

/// A binary semaphore. See the module's text.
pub struct Lock {
    head: Masked<Head>,
}

/// The first argument of MicroPython's `acquire`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// Wait if the lock is held.
    Yes,
    /// Answer at once.
    No,
}

/// The second argument of MicroPython's `acquire`, in seconds, as CPython takes it.
pub type TimeoutSeconds = f32;

/// The time-out that means none.
pub const NO_TIMEOUT: TimeoutSeconds = -1.0;
/// The longest time-out, as CPython's `TIMEOUT_MAX` on machines of 32 bits: 2^31 - 1 ms, rounded.
pub const TIMEOUT_MAX: TimeoutSeconds = 2_147_483.0;

impl Lock {
    /// A free lock without a name.
    #[must_use]
    pub const fn new() -> Self {
        Self::named("lock")
    }

    /// A free lock with a name for reports.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { head: Masked::new(Head::new(ObjectKind::Lock, name)) }
    }

    /// A lock of the kernel's own, of which the telemetry says nothing.
    pub(crate) const fn quiet(name: &'static str) -> Self {
        Self { head: Masked::new(Head::quiet(ObjectKind::Lock, name)) }
    }

    /// Takes the lock; waits as long as it takes.
    ///
    /// A thread that acquires a lock which it holds waits for itself, and that is reported as a
    /// suspicion: another thread may release it.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the thread is asked to end, [`Error::Poisoned`] if a holder was torn down.
    ///
    /// # Cancellation
    /// A request to end takes the thread out of the queue; it does not get the lock then.
    #[track_caller]
    #[inline]
    pub fn acquire(&self) -> Result<(), Error> {
        let place = site::place();
        match self.take_quickly(place) {
            Some(()) => Ok(()),
            None => self.acquire_at(Patience::Forever, place),
        }
    }

    /// Takes the lock; waits for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`acquire`](Self::acquire).
    #[track_caller]
    #[inline]
    pub fn acquire_for(&self, span: Span) -> Result<(), Error> {
        let place = site::place();
        match self.take_quickly(place) {
            Some(()) => Ok(()),
            None => self.acquire_at(Patience::For(span), place),
        }
    }

    /// Takes the lock if it is free; says whether it did.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    #[track_caller]
    #[inline]
    pub fn try_acquire(&self) -> Result<bool, Error> {
        let place = site::place();
        match self.take_quickly(place) {
            Some(()) => Ok(true),
            None => self.try_acquire_at(place),
        }
    }

    /// CPython's `acquire(blocking=True, timeout=-1)`: says whether the lock was taken.
    ///
    /// With [`Strictness::MicroPython`] the time-out is accepted and ignored, as MicroPython does:
    /// whoever blocks waits for ever.
    ///
    /// # Context
    /// Thread; blocks if asked to. Allocates nothing.
    ///
    /// # Errors
    /// In this order: [`Error::Invalid`] for a time-out without blocking, or a negative one other
    /// than -1, or none that is a number; [`Error::TooLarge`] above [`TIMEOUT_MAX`]; and those of
    /// [`acquire`](Self::acquire). A time-out is no error here: it answers false.
    #[track_caller]
    pub fn acquire_with(&self, blocking: Blocking, timeout: TimeoutSeconds) -> Result<bool, Error> {
        let place = site::place();
        let patience = match compat::strictness() {
            Strictness::MicroPython => (blocking == Blocking::Yes).then_some(Patience::Forever),
            Strictness::Seed => patience_of(blocking, timeout)?,
        };
        let Some(patience) = patience else {
            return self.try_acquire_at(place);
        };
        match self.acquire_at(patience, place) {
            Ok(()) => Ok(true),
            Err(Error::TimedOut) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the lock back, to whom has waited longest if anybody waits.
    ///
    /// # Context
    /// Thread, which may be any, not only the one that acquired it; or handler.
    ///
    /// # Errors
    /// [`Error::NotHeld`].
    #[inline]
    pub fn release(&self) -> Result<(), Error> {
        let left = quick(|kernel| {
            // Who has it may have been torn down, and anybody may release it.
            let is_simple = self.head.get(kernel).is_just(Marks::HELD);
            (is_simple && kernel.torn_down.is_empty()).then(|| self.head.get(kernel).leave())
        });
        match left {
            Some(()) => Ok(()),
            None => self.release_slowly(),
        }
    }

    #[inline(never)]
    fn release_slowly(&self) -> Result<(), Error> {
        change(|kernel| self.hand_over(kernel))
    }

    /// The short way: free, whole and awaited by nobody.
    #[inline(always)]
    fn take_quickly(&self, place: Place) -> Option<()> {
        quick(|kernel| {
            let head = self.head.get(kernel);
            head.is_just(Marks::NONE).then(|| head.take(kernel, place))
        })
    }

    #[inline(never)]
    fn try_acquire_at(&self, place: Place) -> Result<bool, Error> {
        thread::check_headroom();
        kernel::with(|kernel| self.take_if_free(kernel, place))
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
        kernel::with(|kernel| {
            let head = self.head.get(kernel);
            head.is_poisoned(kernel);
            head.holder().is_some()
        })
    }

    /// Whether the caller acquired it last and has not released it.
    pub(crate) fn is_held_by_caller(&self) -> bool {
        kernel::with(|kernel| {
            let head = self.head.get(kernel);
            head.is_poisoned(kernel);
            head.holder().is_some_and(|holder| holder.unit == kernel.current_unit())
        })
    }

    /// Declares that what the lock protects is whole again after a holder was torn down.
    pub fn clear_poison(&self) {
        kernel::with(|kernel| self.head.get(kernel).clear_poison(kernel));
    }

    /// Takes the lock without being a point where a request to end is delivered.
    pub(crate) fn acquire_through(&self) -> Result<(), Error> {
        let ask = Ask::new(Patience::Forever, Place::NONE);
        wait_through_for(|kernel| self.attempt(kernel, &ask))
    }

    #[inline(never)]
    fn acquire_at(&self, patience: Patience, place: Place) -> Result<(), Error> {
        let ask = Ask::new(patience, place);
        wait_for(&self.head, place, |kernel| self.attempt(kernel, &ask), just_granted)
    }

    fn attempt(&self, kernel: &mut Kernel, ask: &Ask) -> Result<Attempt<()>, Error> {
        if self.take_if_free(kernel, ask.place)? {
            return Ok(Attempt::Got(()));
        }
        let head = self.head.get(kernel);
        head.note_lock(kernel, LockOp::Waiting, ask.place);
        head.enqueue(kernel, self.head.name(), ask);
        deadlock::suspect(kernel);
        callback::note_wait(kernel);
        Ok(Attempt::Waits)
    }

    fn take_if_free(&self, kernel: &mut Kernel, place: Place) -> Result<bool, Error> {
        let head = self.head.get(kernel);
        if head.is_poisoned(kernel) {
            return Err(Error::Poisoned);
        }
        if head.holder().is_some() {
            return Ok(false);
        }
        head.take(kernel, place);
        head.note_lock(kernel, LockOp::Acquired, place);
        races::acquired(kernel, self.head.name());
        Ok(true)
    }

    fn hand_over(&self, kernel: &mut Kernel) -> Result<(), Error> {
        let head = self.head.get(kernel);
        head.is_poisoned(kernel);
        head.holder().ok_or(Error::NotHeld)?;
        head.leave();
        races::released(kernel, self.head.name());
        match head.wake_next(kernel, Wake::Granted) {
            Some(next) => {
                head.hand_to(kernel, next);
                head.note_lock(kernel, LockOp::HandedOver, Place::NONE);
            }
            None => head.note_lock(kernel, LockOp::Released, Place::NONE),
        }
        Ok(())
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

/// The checks of `acquire`'s arguments, in their order; `None` is not to wait at all.
fn patience_of(blocking: Blocking, timeout: TimeoutSeconds) -> Result<Option<Patience>, Error> {
    let has_timeout = timeout != NO_TIMEOUT;
    match blocking {
        Blocking::No if has_timeout => Err(Error::Invalid),
        Blocking::No => Ok(None),
        Blocking::Yes if !has_timeout => Ok(Some(Patience::Forever)),
        Blocking::Yes if timeout < 0.0 || timeout.is_nan() => Err(Error::Invalid),
        Blocking::Yes if timeout > TIMEOUT_MAX => Err(Error::TooLarge),
        Blocking::Yes => {
            // In two steps, because a product of microseconds has more digits than an f32.
            let whole = timeout as u64;
            let micros = ((timeout - whole as f32) * 1_000_000.0) as u64;
            Ok(Some(Patience::For(Span::from_micros(whole * 1_000_000 + micros))))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(blocking: Blocking, timeout: TimeoutSeconds, expected: Result<Option<u64>, Error>) {
        let found = patience_of(blocking, timeout).map(|patience| match patience {
            None => None,
            Some(Patience::Forever) => Some(u64::MAX),
            Some(Patience::For(span)) => Some(span.as_millis()),
        });
        assert_eq!(found, expected, "{blocking:?} {timeout}");
    }

    /// X02: the order of the checks and what each answers.
    #[test]
    fn x02_value_error_rules() {
        check(Blocking::No, NO_TIMEOUT, Ok(None));
        check(Blocking::Yes, NO_TIMEOUT, Ok(Some(u64::MAX)));
        check(Blocking::No, 1.0, Err(Error::Invalid));
        check(Blocking::No, 0.0, Err(Error::Invalid));
        check(Blocking::No, -2.0, Err(Error::Invalid));
        check(Blocking::Yes, -2.0, Err(Error::Invalid));
        check(Blocking::Yes, f32::NAN, Err(Error::Invalid));
        check(Blocking::Yes, f32::INFINITY, Err(Error::TooLarge));
        check(Blocking::Yes, TIMEOUT_MAX * 2.0, Err(Error::TooLarge));
        check(Blocking::Yes, 0.0, Ok(Some(0)));
        check(Blocking::Yes, 0.25, Ok(Some(250)));
        check(Blocking::Yes, TIMEOUT_MAX, Ok(Some(2_147_483_000)));
    }
}
