//! `Semaphore`: a number of permits, at most so many.

use super::head::{Head, Headed, Marks, Masked};
use super::quick::{Found, in_line, quick};
use super::races;
use super::wait::{Ask, Attempt, Patience, change, end_in_line, just_granted, wait_for};
use crate::error::Error;
use crate::kernel::{self, Kernel, Waited};
use crate::sched::Wake;
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

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
    #[inline]
    pub fn acquire(&self) -> Result<(), Error> {
        let place = site::place();
        let taken = in_line(place, |kernel| {
            let state = self.state.get(kernel);
            match state.permits.checked_sub(1) {
                Some(left) => {
                    state.permits = left;
                    Found::Done(())
                }
                None => Found::Waits(&mut state.head),
            }
        });
        match taken {
            Ok(()) | Err(Waited::Granted) => Ok(()),
            Err(waited) => self.acquire_slowly(waited, place),
        }
    }

    /// Takes a permit; waits for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`acquire`](Self::acquire).
    #[track_caller]
    #[inline]
    pub fn acquire_for(&self, span: Span) -> Result<(), Error> {
        match self.take_quickly() {
            Some(()) => Ok(()),
            None => self.acquire_at(Patience::For(span), site::place()),
        }
    }

    /// Takes a permit if there is one; says whether it did.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    #[track_caller]
    #[inline]
    pub fn try_acquire(&self) -> bool {
        self.take_quickly().is_some() || self.try_acquire_at(site::place())
    }

    /// Gives a permit, to whom has waited longest if anybody waits.
    ///
    /// # Context
    /// Thread or handler.
    ///
    /// # Errors
    /// [`Error::Full`] if all permits are there: nothing is given then.
    #[inline]
    pub fn release(&self) -> Result<(), Error> {
        let given = in_line(Place::NONE, |kernel| {
            let state = self.state.get(kernel);
            if state.permits >= state.permits_max {
                Found::Other
            } else if state.head.is_just(Marks::NONE) {
                state.permits = state.permits.wrapping_add(1);
                Found::Done(())
            } else if state.head.is_just(Marks::AWAITED) {
                Found::Grants((), &mut state.head)
            } else {
                Found::Other
            }
        });
        match given {
            Ok(()) => Ok(()),
            Err(_) => self.release_slowly(),
        }
    }

    #[inline(never)]
    fn release_slowly(&self) -> Result<(), Error> {
        change(|kernel| {
            let state = self.state.get(kernel);
            if state.permits == state.permits_max {
                return Err(Error::Full);
            }
            races::released(kernel, self.state.name());
            if state.head.wake_next(kernel, Wake::Granted).is_none() {
                state.permits += 1;
            }
            state.head.note(kernel, ObjectOp::Given, state.permits, Place::NONE);
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

    /// The short way: permits that are there are nobody's, by the order of hand-over.
    #[inline(always)]
    fn take_quickly(&self) -> Option<()> {
        quick(|kernel| {
            let state = self.state.get(kernel);
            state.permits = state.permits.checked_sub(1)?;
            Some(())
        })
    }

    #[inline(never)]
    fn try_acquire_at(&self, place: Place) -> bool {
        thread::check_headroom();
        kernel::with(|kernel| self.take(kernel, place))
    }

    /// The long way, or the end of a wait that has something to tell.
    #[cold]
    #[inline(never)]
    fn acquire_slowly(&self, waited: Waited, place: Place) -> Result<(), Error> {
        match waited {
            Waited::Not => self.acquire_at(Patience::Forever, place),
            waited => end_in_line(&self.state, waited, place),
        }
    }

    #[inline(never)]
    fn acquire_at(&self, patience: Patience, place: Place) -> Result<(), Error> {
        let ask = Ask::new(patience, place);
        let attempt = |kernel: &mut Kernel| {
            if self.take(kernel, place) {
                return Ok(Attempt::Got(()));
            }
            let head = &mut self.state.get(kernel).head;
            head.note(kernel, ObjectOp::Waiting, 0, place);
            head.enqueue(kernel, self.state.name(), &ask);
            Ok(Attempt::Waits)
        };
        wait_for(&self.state, place, attempt, just_granted)
    }

    fn take(&self, kernel: &mut Kernel, place: Place) -> bool {
        let state = self.state.get(kernel);
        if state.permits == 0 {
            return false;
        }
        state.permits -= 1;
        state.head.note(kernel, ObjectOp::Taken, state.permits, place);
        races::acquired(kernel, self.state.name());
        true
    }
}
