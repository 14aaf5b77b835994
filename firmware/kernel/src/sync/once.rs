//! `Once<T>`: a value that is made once, by whoever needs it first.
//!
//! Others that need it meanwhile wait. If making it fails, the first of them tries; if its maker is
//! torn down, the cell is poisoned.
#![expect(unsafe_code, reason = "hands out references to the value once it is there")]

use super::head::{Head, Headed, Masked};
use super::races;
use super::wait::{Ask, Attempt, Patience, Woken, change, wait_for};
use crate::deadlock;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::Wake;
use crate::site::{self, Place};
use crate::time::Span;
use core::cell::UnsafeCell;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

#[repr(C)]
struct State {
    head: Head,
    is_made: bool,
}

// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// A cell that is written once. See the module's text.
pub struct Once<T> {
    state: Masked<State>,
    /// Written by the holder while `is_made` is false, read by all once it is true.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: one unit writes before anybody reads.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    /// A cell without a value.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        let head = Head::new(ObjectKind::Once, name);
        Self { state: Masked::new(State { head, is_made: false }), value: UnsafeCell::new(None) }
    }

    /// The value, if it has been made.
    ///
    /// # Context
    /// Thread or handler.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        let is_made = kernel::with(|kernel| {
            let is_made = self.state.get(kernel).is_made;
            if is_made {
                races::acquired(kernel, self.state.name());
            }
            is_made
        });
        if !is_made {
            return None;
        }
        // SAFETY: it has been made, so nobody writes any more.
        unsafe { (*self.value.get()).as_ref() }
    }

    /// The value; makes it if nobody has, and waits if somebody does.
    ///
    /// # Context
    /// Thread; blocks. `make` runs in the caller, with interrupts on.
    ///
    /// # Errors
    /// What `make` answers; [`Error::Deadlock`] if `make` asks for the value itself;
    /// [`Error::Poisoned`] if the one that made it was torn down; [`Error::Exit`] if the caller is
    /// asked to end while it waits.
    #[track_caller]
    pub fn get_or_init(&self, make: impl FnOnce() -> Result<T, Error>) -> Result<&T, Error> {
        self.get_or_init_at(Patience::Forever, site::place(), make)
    }

    /// As [`get_or_init`](Self::get_or_init), but waits for another one that makes it for at most `span`.
    ///
    /// # Context
    /// Thread; blocks. `make` runs in the caller, and as long as it takes.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`get_or_init`](Self::get_or_init).
    #[track_caller]
    pub fn get_or_init_for(
        &self,
        span: Span,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<&T, Error> {
        self.get_or_init_at(Patience::For(span), site::place(), make)
    }

    fn get_or_init_at(
        &self,
        patience: Patience,
        place: Place,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<&T, Error> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let is_ours = self.begin(patience, place)?;
        if is_ours {
            let made = make().inspect_err(|_| self.give_up())?;
            // SAFETY: the caller is the holder, and nothing reads before `is_made`.
            unsafe { *self.value.get() = Some(made) };
            self.finish();
        }
        Ok(self.get().expect("it has just been made"))
    }

    /// Becomes the one that makes the value, or waits until it is made; says whether it became.
    fn begin(&self, patience: Patience, place: Place) -> Result<bool, Error> {
        let ask = Ask::new(patience, place);
        let attempt = |kernel: &mut Kernel| {
            let unit = kernel.current_unit();
            let state = self.state.get(kernel);
            if state.head.is_poisoned(kernel) {
                return Err(Error::Poisoned);
            }
            match state.head.holder() {
                _ if state.is_made => Ok(Attempt::Got(false)),
                None => {
                    state.head.take(kernel, place);
                    Ok(Attempt::Got(true))
                }
                Some(holder) if holder.unit == unit => Err(Error::Deadlock),
                Some(_) => {
                    state.head.note(kernel, ObjectOp::Waiting, 0, place);
                    state.head.enqueue(kernel, self.state.name(), &ask);
                    deadlock::suspect(kernel);
                    Ok(Attempt::Waits)
                }
            }
        };
        // Woken because it is made, or because it is this unit's turn to try.
        wait_for(&self.state, place, attempt, |kernel| {
            (!self.state.get(kernel).is_made, Woken::Nobody)
        })
    }

    fn finish(&self) {
        kernel::with(|kernel| {
            let state = self.state.get(kernel);
            state.is_made = true;
            state.head.leave();
            races::released(kernel, self.state.name());
            state.head.note(kernel, ObjectOp::Given, 1, Place::NONE);
        });
        super::wait::release_all(&self.state);
    }

    /// Making it failed: the next one tries.
    fn give_up(&self) {
        change(|kernel| {
            let head = &mut self.state.get(kernel).head;
            head.leave();
            if let Some(next) = head.wake_first(kernel, Wake::Granted) {
                head.hand_to(kernel, next);
            }
        });
    }
}
