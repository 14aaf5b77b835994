//! `Once<T>`: a value that is made once, by whoever needs it first.
//!
//! Others that need it meanwhile wait, and its maker runs no less urgently than they do. If making it
//! fails, the most urgent of them tries; if its maker is torn down, the cell is poisoned.
#![expect(unsafe_code, reason = "hands out references to the value once it is there")]

use super::head::{Head, Headed, Masked};
use super::owned::{Names, Owned, give_up};
use super::races;
use super::wait::{Ask, Attempt, Patience, Woken, change, wait_for};
use crate::callback;
use crate::deadlock;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::{Inheritance, Wake};
use crate::site::{self, Place};
use crate::time::Span;
use core::cell::UnsafeCell;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

#[repr(C)]
struct State {
    /// Its holder is who makes the value.
    owned: Owned,
    is_made: bool,
}

// SAFETY: `repr(C)`, and an `Owned` begins with its head.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.owned.head
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
        Self::with(name, Inheritance::On)
    }

    /// A cell without a value, with all its choices.
    #[must_use]
    pub const fn with(name: &'static str, inheritance: Inheritance) -> Self {
        let owned = Owned::new(ObjectKind::Once, name, inheritance);
        Self { state: Masked::new(State { owned, is_made: false }), value: UnsafeCell::new(None) }
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
        let attempt = |kernel: &mut Kernel| self.attempt(kernel, &ask);
        // Woken because it is made, or because it is this unit's turn to try.
        let result = wait_for(&self.state, place, attempt, |kernel| {
            (!self.state.get(kernel).is_made, Woken::Nobody)
        });
        match result {
            // The time passed between the end of the making and this unit's turn to be told of it.
            Err(Error::TimedOut) if self.get().is_some() => Ok(false),
            result => result,
        }
    }

    fn attempt(&self, kernel: &mut Kernel, ask: &Ask) -> Result<Attempt<bool>, Error> {
        let unit = kernel.current_unit();
        let State { owned: Owned { head, ownable }, is_made } = self.state.get(kernel);
        if *is_made {
            return Ok(Attempt::Got(false));
        }
        if head.is_lost(kernel) {
            ownable.forget_owner();
            return Err(Error::Poisoned);
        }
        if kernel.sched.own(ownable) {
            head.take(kernel, ask.place);
            return Ok(Attempt::Got(true));
        }
        if head.is_held_by(unit) {
            return Err(Error::Deadlock);
        }
        kernel.begin_wait(ask);
        head.note(kernel, ObjectOp::Waiting, 0, ask.place);
        head.one_more();
        kernel.sched.wait_to_own(self.state.name(), ask.deadline, &mut Names);
        deadlock::suspect(kernel);
        callback::note_wait(kernel);
        Ok(Attempt::Waits)
    }

    fn finish(&self) {
        let name = self.state.name();
        kernel::with(|kernel| {
            let state = self.state.get(kernel);
            state.is_made = true;
            state.owned.head.leave();
            kernel.sched.let_go(name, &mut Names);
            races::released(kernel, name);
            self.state.get(kernel).owned.head.note(kernel, ObjectOp::Given, 1, Place::NONE);
        });
        // Nobody begins to wait any more.
        while change(|kernel| {
            let first = self.state.get(kernel).owned.ownable.first_waiter();
            first.inspect(|slot| give_up(kernel, *slot, Wake::Granted)).is_some()
        }) {}
    }

    /// Making it failed: the next one tries.
    fn give_up(&self) {
        let name = self.state.name();
        change(|kernel| {
            self.state.get(kernel).owned.head.leave();
            races::released(kernel, name);
            if let Some(next) = kernel.sched.hand_on(name, &mut Names) {
                let head = &mut self.state.get(kernel).owned.head;
                head.one_fewer(kernel);
                head.hand_to(kernel, next);
                races::woke(kernel, next);
            }
        });
    }
}
