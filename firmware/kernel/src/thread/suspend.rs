//! Suspending and resuming threads from outside.
//!
//! A suspended thread does not run until somebody resumes it. The rules:
//! - It is not counted: to suspend a suspended thread changes nothing, and one resumption ends it.
//! - What it has it keeps, locks too: who waits for them waits on. `waits` and the reports of deadlocks
//!   say that the holder is suspended, since when and by whom.
//! - Its wait goes on: it keeps its place in the queue, its time-out runs, and what it waits for may be
//!   given to it meanwhile. It learns how the wait ended when it runs again.
//! - A request to end, or an interruption of the program, resumes it: it must be able to leave.
//! - A thread that writes a line on the console ends the line first; one that collects ends the collection.
//! - Whoever has a [`ThreadRef`] may resume it, handlers too: no circle of waits leads through a suspended
//!   thread. Only where every other thread waits for ever, and no timer or interrupt is armed, is that a
//!   deadlock, which names who is suspended.
//!
//! The kernel's own threads cannot be suspended.

use super::{JoinHandle, Told, check_headroom, deliver, told};
use crate::era::Coarse;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::{Attention, Kin, Slot, State};
use crate::site::{self, Place};
use ramscope_wire as wire;
use wire::{Level, UnitId};

/// Who suspended a thread last, when and where.
#[derive(Clone, Copy)]
pub(crate) struct Suspension {
    pub(crate) by: u32,
    pub(crate) since: Coarse,
    pub(crate) place: Place,
}

impl Suspension {
    pub(crate) const NONE: Suspension =
        Suspension { by: 0, since: Coarse::ZERO, place: Place::NONE };
}

/// A thread as others name it, for as long as they like: it may be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadRef {
    slot: Slot,
    unit: u32,
}

/// The running thread, for others to name it.
///
/// # Context
/// Thread.
#[must_use]
pub fn current() -> ThreadRef {
    kernel::with(|kernel| {
        let slot = kernel.sched.running();
        ThreadRef { slot, unit: kernel.threads[slot.index()].unit }
    })
}

impl JoinHandle {
    /// The thread, to name it without the right to ask how it ended.
    #[must_use]
    pub const fn thread_ref(&self) -> ThreadRef {
        ThreadRef { slot: self.slot, unit: self.unit }
    }
}

impl ThreadRef {
    /// The id of the thread, never reused within a boot.
    #[must_use]
    pub const fn id(self) -> u32 {
        self.unit
    }

    /// Suspends the thread; says whether it was not suspended before. See the module's text for the rules.
    ///
    /// # Context
    /// Thread or handler. The calling thread is better suspended by [`suspend`], which can be told to end.
    ///
    /// # Errors
    /// [`Error::Closed`] if the thread is over; [`Error::Invalid`] if it is one of the kernel's own;
    /// [`Error::Masked`] if it is the caller, with interrupts masked.
    #[track_caller]
    pub fn suspend(self) -> Result<bool, Error> {
        let place = site::place();
        check_headroom();
        kernel::then_reschedule(|kernel| {
            let slot = self.living(kernel)?;
            if slot == kernel.sched.running() && kernel.program_masks {
                return Err(Error::Masked);
            }
            Ok(halt(kernel, slot, place))
        })
    }

    /// Resumes the thread; says whether it was suspended.
    ///
    /// # Context
    /// Thread or handler.
    ///
    /// # Errors
    /// [`Error::Closed`] if the thread is over.
    #[track_caller]
    pub fn resume(self) -> Result<bool, Error> {
        let place = site::place();
        kernel::then_reschedule(|kernel| {
            let thread = &kernel.threads[self.slot.index()];
            if thread.unit != self.unit || thread.end.is_some() {
                return Err(Error::Closed);
            }
            Ok(go_on(kernel, self.slot, place))
        })
    }

    /// Whether the thread is suspended now.
    #[must_use]
    pub fn is_suspended(self) -> bool {
        kernel::with(|kernel| self.living(kernel).is_ok_and(|slot| kernel.sched.is_suspended(slot)))
    }

    fn living(self, kernel: &Kernel) -> Result<Slot, Error> {
        let thread = &kernel.threads[self.slot.index()];
        if thread.unit != self.unit || thread.end.is_some() {
            return Err(Error::Closed);
        }
        match kernel.sched.kin(self.slot) {
            Kin::Program => Ok(self.slot),
            Kin::Kernel => Err(Error::Invalid),
        }
    }
}

/// Suspends the calling thread until somebody resumes it.
///
/// # Context
/// Thread; blocks.
///
/// # Errors
/// [`Error::Exit`] or [`Error::Interrupted`] if it was resumed for that, or before it is suspended;
/// [`Error::InHandler`], [`Error::Masked`]; [`Error::Invalid`] in a callback.
#[track_caller]
pub fn suspend() -> Result<(), Error> {
    let place = site::place();
    let mut before: Option<Told> = None;
    kernel::blocking(|kernel| {
        before = told(kernel);
        let slot = kernel.sched.running();
        if kernel.sched.kin(slot) == Kin::Kernel {
            return Err(Error::Invalid);
        }
        if before.is_none() {
            halt(kernel, slot, place);
        }
        Ok(())
    })??;
    match before {
        Some(before) => deliver(before),
        None => super::told_to_exit(),
    }
}

/// Suspends a slot, and notes who did it.
fn halt(kernel: &mut Kernel, slot: Slot, place: Place) -> bool {
    if !kernel.sched.suspend(slot) {
        return false;
    }
    let by = kernel.current_unit();
    let since = Coarse::of(kernel.long_stamp());
    kernel.suspensions[slot.index()] = Suspension { by: by.0, since, place };
    note(kernel, (slot, by), wire::State::Suspended, place);
    true
}

/// Resumes a slot; says whether it was suspended.
fn go_on(kernel: &mut Kernel, slot: Slot, place: Place) -> bool {
    if !kernel.sched.resume(slot) {
        return false;
    }
    if kernel.sched.attention.any(Attention::EVENTS) {
        let by = kernel.current_unit();
        let state = match kernel.sched.state(slot) {
            State::Blocked(_) => wire::State::Blocked,
            _ => wire::State::Ready,
        };
        note(kernel, (slot, by), state, place);
    }
    true
}

/// A slot is to be told something: it goes on, if it is suspended.
#[inline]
pub(crate) fn release(kernel: &mut Kernel, slot: Slot) {
    if kernel.sched.is_suspended(slot) {
        go_on(kernel, slot, Place::NONE);
    }
}

#[inline]
fn note(kernel: &mut Kernel, (slot, by): (Slot, UnitId), state: wire::State, place: Place) {
    if kernel.sched.attention.any(Attention::EVENTS) {
        let unit = UnitId(kernel.threads[slot.index()].unit);
        let site = place.id(kernel);
        kernel.record(Level::Events, &wire::Suspension { unit, by, state, site });
    }
}
