//! `Condition`: waiting until what a [`Mutex`] protects has become as it should be.
//!
//! The mutex is given back and the wait begins in one moment, so no notification between
//! the two is lost. What is waited for must be looked at again afterwards, in a loop: another thread
//! may have been faster.

use super::head::{Head, Masked};
use super::mutex::MutexGuard;
use super::races;
use super::wait::{Ask, Attempt, Patience, change, just_granted, release_all, wait_for};
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::Wake;
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

/// Why a wait with a time-out is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakeup {
    /// Somebody notified.
    Notified,
    /// The time has passed.
    TimedOut,
}

/// A condition variable. Waiters are notified first come, first served.
pub struct Condition {
    head: Masked<Head>,
}

impl Condition {
    /// A condition that nobody waits for.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { head: Masked::new(Head::new(ObjectKind::Condition, name)) }
    }

    /// Gives the mutex back, waits for a notification, and takes the mutex again.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the caller is asked to end, [`Error::Poisoned`] if an owner of the mutex was
    /// torn down. The caller does not own the mutex then.
    ///
    /// # Cancellation
    /// A request to end that comes while the mutex is taken again is delivered by a later call.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> Result<MutexGuard<'a, T>, Error> {
        self.wait_at(guard, Patience::Forever, site::place()).map(|(guard, _)| guard)
    }

    /// As [`wait`](Self::wait), for at most `span`: the mutex is the caller's again either way.
    ///
    /// # Context
    /// Thread; blocks, for the mutex also longer than `span`.
    ///
    /// # Errors
    /// As [`wait`](Self::wait). A time-out is none.
    #[track_caller]
    pub fn wait_for<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        span: Span,
    ) -> Result<(MutexGuard<'a, T>, Wakeup), Error> {
        self.wait_at(guard, Patience::For(span), site::place())
    }

    /// Lets one go on, who has waited longest; says whether anybody waited.
    ///
    /// # Context
    /// Thread or handler.
    pub fn notify_one(&self) -> bool {
        change(|kernel| {
            races::released(kernel, self.head.name());
            let head = self.head.get(kernel);
            let woken = head.wake_first(kernel, Wake::Granted).is_some();
            head.note(kernel, ObjectOp::Given, u32::from(woken), Place::NONE);
            woken
        })
    }

    /// Lets all go on that wait now.
    ///
    /// # Context
    /// Thread or handler. One waiter a section.
    pub fn notify_all(&self) {
        thread::check_headroom();
        kernel::with(|kernel| {
            let head = self.head.get(kernel);
            head.note(kernel, ObjectOp::Given, u32::from(head.waiting()), Place::NONE);
        });
        release_all(&self.head);
    }

    fn wait_at<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        patience: Patience,
        place: Place,
    ) -> Result<(MutexGuard<'a, T>, Wakeup), Error> {
        let ask = Ask::new(patience, place);
        let mut guard = Some(guard);
        let mut mutex = None;
        let attempt = |kernel: &mut Kernel| -> Result<Attempt<()>, Error> {
            let given = guard.take().expect("one attempt is made").into_mutex();
            let head = self.head.get(kernel);
            head.note(kernel, ObjectOp::Waiting, u32::from(head.waiting()), place);
            head.enqueue(kernel, self.head.name(), &ask);
            given.state().unlock(kernel);
            mutex = Some(given);
            Ok(Attempt::Waits)
        };
        let result = wait_for(&self.head, place, attempt, just_granted);
        let wakeup = match result {
            Ok(()) => Wakeup::Notified,
            Err(Error::TimedOut) => Wakeup::TimedOut,
            Err(error) => return Err(error),
        };
        let mutex = mutex.expect("the wait began");
        Ok((mutex.lock_again(place)?, wakeup))
    }
}
