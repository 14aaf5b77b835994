//! `Semaphore`: a number of permits, at most so many.

use super::head::{Ask, Attempt, Head, Headed, Masked, Patience, wait_for};
use super::races;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::Wake;
use crate::site;
use crate::thread;
use crate::time::Span;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp, SiteId};

#[repr(C)]
struct State {
    head: Head,
    permits: u32,
    permits_max: u32,
}

#[expect(unsafe_code, reason = "says what the layout is")]
// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// A counting semaphore with a bound. Waiters get permits first come, first served.
pub struct Semaphore {
    state: Masked<State>,
}

impl Semaphore {
    /// A semaphore that has `permits` now and never more than `permits_max`.
    ///
    /// # Panics
    /// If it has more than that already.
    #[must_use]
    pub const fn named(name: &'static str, permits: u32, permits_max: u32) -> Self {
        assert!(permits <= permits_max, "a semaphore begins within its bound");
        let head = Head::new(ObjectKind::Semaphore, name);
        Self { state: Masked::new(State { head, permits, permits_max }) }
    }

    /// Takes a permit; waits as long as it takes.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the caller is asked to end: it has no permit then.
    #[track_caller]
    pub fn acquire(&self) -> Result<(), Error> {
        self.acquire_at(Patience::Forever, site::here())
    }

    /// Takes a permit; waits for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_for(&self, span: Span) -> Result<(), Error> {
        self.acquire_at(Patience::For(span), site::here())
    }

    /// Takes a permit if there is one; says whether it did.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    #[track_caller]
    pub fn try_acquire(&self) -> bool {
        thread::check_headroom();
        let site = site::here();
        kernel::with(|kernel| self.take(kernel, site))
    }

    /// Gives a permit, to whom has waited longest if anybody waits.
    ///
    /// # Context
    /// Thread or handler.
    ///
    /// # Errors
    /// [`Error::Full`] if all permits are there: nothing is given then.
    pub fn release(&self) -> Result<(), Error> {
        thread::check_headroom();
        kernel::then_reschedule(|kernel| {
            let state = self.state.get(kernel);
            if state.permits == state.permits_max {
                return Err(Error::Full);
            }
            races::released(kernel, self.state.name());
            if state.head.wake_first(kernel, Wake::Granted).is_none() {
                state.permits += 1;
            }
            state.head.note(kernel, ObjectOp::Given, state.permits, SiteId::NONE);
            Ok(())
        })
    }

    /// How many permits there are now.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn permits(&self) -> u32 {
        kernel::with(|kernel| self.state.get(kernel).permits)
    }

    fn acquire_at(&self, patience: Patience, site: SiteId) -> Result<(), Error> {
        let ask = Ask::new(patience, site);
        let attempt = |kernel: &mut Kernel| {
            if self.take(kernel, site) {
                return Ok(Attempt::Got(()));
            }
            let head = &mut self.state.get(kernel).head;
            head.note(kernel, ObjectOp::Waiting, 0, site);
            head.enqueue(kernel, self.state.name(), &ask);
            Ok(Attempt::Waits)
        };
        let result = wait_for(attempt);
        note_end(&self.state, &result, site);
        result.map(drop)
    }

    fn take(&self, kernel: &mut Kernel, site: SiteId) -> bool {
        let state = self.state.get(kernel);
        if state.permits == 0 {
            return false;
        }
        state.permits -= 1;
        state.head.note(kernel, ObjectOp::Taken, state.permits, site);
        races::acquired(kernel, self.state.name());
        true
    }
}

/// Tells the telemetry how a wait ended that had to wait.
pub(super) fn note_end<S: Headed, R>(
    state: &Masked<S>,
    result: &Result<super::head::Granted<R>, Error>,
    site: SiteId,
) {
    let op = match result {
        Ok(super::head::Granted::HandedOver) => ObjectOp::Granted,
        Err(Error::TimedOut) => ObjectOp::TimedOut,
        Err(Error::Exit(_) | Error::Closed) => ObjectOp::Left,
        _ => return,
    };
    kernel::with(|kernel| state.get(kernel).head().note(kernel, op, 0, site));
}
