//! `Flags`: 32 event flags that threads wait for, any or all of a set.
//!
//! Waiters are looked at in the order in which they came. One whose wish is fulfilled goes on, with
//! the flags that fulfilled it; if it asked for that, it clears them, and whoever waits behind it
//! does not see them any more. So two threads that wait for one flag and clear it get
//! one setting each.
//!
//! `set` looks at one waiter a section. It finds its place again by that waiter's ticket; if the waiter
//! has gone meanwhile, it begins at the front: looking at a waiter twice does no harm. In a handler
//! it looks at one, and the rest follow after it, see [`deferred`](super::deferred).
#![expect(unsafe_code, reason = "says what the layout is, and finds flags by their name")]

use super::deferred;
use super::head::{Head, Headed, Marks, Masked};
use super::quick::{Found, in_line, quick};
use super::races;
use super::wait::{Ask, Attempt, Patience, Wait, Woken, change, end_in_line, wait_for};
use crate::error::Error;
use crate::kernel::{self, Kernel, Waited};
use crate::sched::{QueueName, Slot, Wake};
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use core::ptr;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

/// Which flags a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// At least one of these.
    Any(u32),
    /// All of these.
    All(u32),
}

/// What happens to the flags that fulfil a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    /// They stay set.
    Keep,
    /// They are cleared in the same moment.
    Clear,
}

const MODE_ALL: u8 = 1;
const MODE_CLEAR: u8 = 2;

impl Wanted {
    /// The flags among `set` that fulfil the wish; `None` if they do not.
    const fn fulfilled_by(self, set: u32) -> Option<u32> {
        let (mask, enough) = match self {
            Wanted::Any(mask) => (mask, set & mask != 0),
            Wanted::All(mask) => (mask, set & mask == mask),
        };
        if enough { Some(set & mask) } else { None }
    }

    fn coded(self, clearing: Clearing) -> (usize, u8) {
        let clear = if clearing == Clearing::Clear { MODE_CLEAR } else { 0 };
        match self {
            Wanted::Any(mask) => (mask as usize, clear),
            Wanted::All(mask) => (mask as usize, clear | MODE_ALL),
        }
    }

    const fn decoded(mask: u32, mode: u8) -> Self {
        if mode & MODE_ALL != 0 { Wanted::All(mask) } else { Wanted::Any(mask) }
    }
}

#[repr(C)]
struct State {
    head: Head,
    flags: u32,
    /// How far a look has come that a handler began.
    spot: Option<Spot>,
}

// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// Event flags. See the module's text.
pub struct Flags {
    state: Masked<State>,
}

impl Flags {
    /// Flags that are all clear.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self {
            state: Masked::new(State {
                head: Head::new(ObjectKind::Event, name),
                flags: 0,
                spot: None,
            }),
        }
    }

    /// Waits for flags as long as it takes; answers those that fulfilled the wish.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the caller is asked to end: nothing is cleared then.
    #[track_caller]
    #[inline]
    pub fn wait(&self, wanted: Wanted, clearing: Clearing) -> Result<u32, Error> {
        match self.take_quickly(wanted, clearing) {
            Some(flags) => Ok(flags),
            None => self.wait_in_line(wanted, clearing, site::place()),
        }
    }

    /// Waits for flags for at most `span`; answers those that fulfilled the wish.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_for(&self, wanted: Wanted, clearing: Clearing, span: Span) -> Result<u32, Error> {
        self.wait_at(wanted, clearing, Patience::For(span), site::place())
    }

    /// The flags that fulfil the wish now; `None` if they do not.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    #[must_use]
    #[inline]
    pub fn try_wait(&self, wanted: Wanted, clearing: Clearing) -> Option<u32> {
        let taken = self.take_quickly(wanted, clearing);
        taken.or_else(|| self.try_wait_slowly(wanted, clearing))
    }

    #[inline(never)]
    fn try_wait_slowly(&self, wanted: Wanted, clearing: Clearing) -> Option<u32> {
        thread::check_headroom();
        kernel::with(|kernel| self.take(kernel, wanted, clearing))
    }

    /// Sets flags and lets go on whose wish that fulfils.
    ///
    /// # Context
    /// Thread or handler. One waiter a section.
    #[inline]
    pub fn set(&self, flags: u32) {
        let set = quick(|kernel| {
            let state = self.state.get(kernel);
            state.head.is_just(Marks::NONE).then(|| state.flags |= flags)
        });
        if set.is_none() {
            self.set_in_line(flags);
        }
    }

    /// The way between: one thread waits.
    #[inline(never)]
    fn set_in_line(&self, flags: u32) {
        let set = in_line(Place::NONE, |kernel| {
            let state = self.state.get(kernel);
            if !state.head.is_just(Marks::AWAITED) || state.head.waiting() != 1 {
                return Found::Other;
            }
            let Some(slot) = state.head.first() else { return Found::Other };
            state.flags |= flags;
            match state.fulfil(&mut kernel.threads[slot.index()].wait) {
                true => Found::Grants((), &mut state.head),
                false => Found::Done(()),
            }
        });
        if set.is_err() {
            self.set_slowly(flags);
        }
    }

    /// The short way: flags that fulfil the wish.
    #[inline(always)]
    fn take_quickly(&self, wanted: Wanted, clearing: Clearing) -> Option<u32> {
        quick(|kernel| {
            let state = self.state.get(kernel);
            let flags = wanted.fulfilled_by(state.flags)?;
            if clearing == Clearing::Clear {
                state.flags &= !flags;
            }
            Some(flags)
        })
    }

    #[inline(never)]
    fn set_slowly(&self, flags: u32) {
        let mut look = change(|kernel| {
            let state = self.state.get(kernel);
            state.flags |= flags;
            races::released(kernel, self.state.name());
            state.head.note(kernel, ObjectOp::Given, state.flags, Place::NONE);
            state.look_at_next(kernel, None)
        });
        while let Look::Behind(spot) = look {
            look = change(|kernel| {
                let state = self.state.get(kernel);
                state.spot = spot;
                let is_left =
                    deferred::is_one_stretch(kernel) && deferred::defer(kernel, &mut state.head);
                if is_left { Look::Over } else { state.look_at_next(kernel, spot) }
            });
        }
    }

    /// Clears flags.
    ///
    /// # Context
    /// Thread or handler.
    pub fn clear(&self, flags: u32) {
        kernel::with(|kernel| self.state.get(kernel).flags &= !flags);
    }

    /// The flags that are set.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn get(&self) -> u32 {
        kernel::with(|kernel| self.state.get(kernel).flags)
    }

    /// The way between: the caller waits in line.
    #[inline(never)]
    fn wait_in_line(&self, wanted: Wanted, clearing: Clearing, place: Place) -> Result<u32, Error> {
        let waited = in_line(place, |kernel| {
            let state = self.state.get(kernel);
            if wanted.fulfilled_by(state.flags).is_some() {
                return Found::<()>::Other;
            }
            let wait = &mut kernel.current().wait;
            (wait.word, wait.mode) = wanted.coded(clearing);
            Found::Waits(&mut state.head)
        });
        match waited {
            Err(Waited::Granted) => Ok(kernel::word_of_running() as u32),
            Err(waited @ Waited::Ended(_)) => {
                end_in_line(&self.state, waited, place)?;
                Ok(kernel::word_of_running() as u32)
            }
            _ => self.wait_at(wanted, clearing, Patience::Forever, place),
        }
    }

    #[inline(never)]
    fn wait_at(
        &self,
        wanted: Wanted,
        clearing: Clearing,
        patience: Patience,
        place: Place,
    ) -> Result<u32, Error> {
        let (word, mode) = wanted.coded(clearing);
        let ask = Ask { word, mode, ..Ask::new(patience, place) };
        let attempt = |kernel: &mut Kernel| {
            if let Some(flags) = self.take(kernel, wanted, clearing) {
                return Ok(Attempt::Got(flags));
            }
            let state = self.state.get(kernel);
            state.head.note(kernel, ObjectOp::Waiting, state.flags, place);
            state.head.enqueue(kernel, self.state.name(), &ask);
            Ok(Attempt::Waits)
        };
        wait_for(&self.state, place, attempt, |kernel| {
            (kernel.current().wait.word as u32, Woken::Nobody)
        })
    }

    fn take(&self, kernel: &mut Kernel, wanted: Wanted, clearing: Clearing) -> Option<u32> {
        let state = self.state.get(kernel);
        let flags = wanted.fulfilled_by(state.flags)?;
        if clearing == Clearing::Clear {
            state.flags &= !flags;
        }
        state.head.note(kernel, ObjectOp::Taken, state.flags, Place::NONE);
        races::acquired(kernel, self.state.name());
        Some(flags)
    }
}

impl State {
    /// Looks at the waiter behind `spot`, or at the first one if there is no such place any more.
    fn look_at_next(&mut self, kernel: &mut Kernel, spot: Option<Spot>) -> Look {
        let name = self.head.name();
        let spot = spot.filter(|spot| {
            kernel.sched.queue_of(spot.slot) == Some(name)
                && kernel.sched.ticket(spot.slot) == spot.ticket
        });
        let next = match spot {
            Some(spot) => kernel.sched.behind(spot.slot),
            None => self.head.first(),
        };
        let Some(slot) = next else { return Look::Over };
        let is_last = kernel.sched.behind(slot).is_none();
        let ticket = kernel.sched.ticket(slot);
        let looked = if self.fulfil(&mut kernel.threads[slot.index()].wait) {
            self.head.wake(kernel, slot, Wake::Granted);
            spot
        } else {
            Some(Spot { slot, ticket })
        };
        if is_last { Look::Over } else { Look::Behind(looked) }
    }

    /// Whether the flags that are set fulfil what this wait is for; which of them did is left in it.
    #[inline(always)]
    fn fulfil(&mut self, wait: &mut Wait) -> bool {
        let wanted = Wanted::decoded(wait.word as u32, wait.mode);
        let Some(flags) = wanted.fulfilled_by(self.flags) else { return false };
        if wait.mode & MODE_CLEAR != 0 {
            self.flags &= !flags;
        }
        wait.word = flags as usize;
        true
    }
}

/// One more step of what a handler has left; says whether that was the last one.
pub(super) fn step(kernel: &mut Kernel, name: QueueName) -> bool {
    let state: *mut State = ptr::with_exposed_provenance_mut(name);
    // SAFETY: flags of this name are awaited, by invariant 1 of `deferred`, and the section that asks
    // keeps no other reference.
    let state = unsafe { &mut *state };
    match state.look_at_next(kernel, state.spot) {
        Look::Over => true,
        Look::Behind(spot) => {
            state.spot = spot;
            false
        }
    }
}

/// How far a look at the waiters has come.
#[derive(Clone, Copy)]
enum Look {
    /// To the end.
    Over,
    /// To this one, which still waits, or not beyond the beginning.
    Behind(Option<Spot>),
}

/// A waiter, by what tells one wait of a slot from its next.
#[derive(Clone, Copy)]
struct Spot {
    slot: Slot,
    ticket: u32,
}
