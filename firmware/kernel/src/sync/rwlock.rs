//! `RwLock<T>`: a value that many read at a time, or one writes.
//!
//! Fairness is the order of arrival: a reader goes in beside other readers only if nobody waits, so
//! a stream of readers cannot keep a writer out, nor writers a reader. When a writer's turn is over
//! all readers up to the next writer go in, one a section.
//!
//! A writer that is torn down poisons the value; a reader cannot have harmed it, and is
//! forgotten. To know whom to forget, the lock keeps its readers by name, at most [`READERS_MAX`]:
//! one more waits until another one leaves.
#![expect(unsafe_code, reason = "hands out references to the value")]

use super::head::{Head, Headed, Masked};
use super::races;
use super::wait::{Ask, Attempt, Patience, change, just_granted, wait_for};
use crate::deadlock;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::{QueueName, Slot, Wake};
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp, UnitId};

/// How many can read at a time.
pub const READERS_MAX: usize = 8;

const MODE_WRITE: u8 = 1;

#[repr(C)]
pub(crate) struct State {
    /// Its holder is the writer.
    head: Head,
    readers: [Option<UnitId>; READERS_MAX],
}

// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

impl State {
    fn read_count(&self) -> u32 {
        self.readers.iter().flatten().count() as u32
    }

    fn free_place(&mut self) -> Option<&mut Option<UnitId>> {
        self.readers.iter_mut().find(|reader| reader.is_none())
    }

    /// Forgets readers that were torn down.
    fn prune(&mut self, kernel: &Kernel) {
        for reader in &mut self.readers {
            if reader.is_some_and(|unit| kernel.torn_down.contains(unit)) {
                *reader = None;
            }
        }
    }

    /// Takes the lock in this mode for a unit if it can have it beside those that have it.
    fn admits(&mut self, mode: u8) -> bool {
        match mode {
            MODE_WRITE => self.head.holder().is_none() && self.read_count() == 0,
            _ => self.head.holder().is_none() && self.free_place().is_some(),
        }
    }

    /// Lets the first waiter in if it can go in; says whether it did.
    fn admit_first(&mut self, kernel: &mut Kernel) -> bool {
        let Some(slot) = self.head.first() else { return false };
        let mode = kernel.threads[slot.index()].wait.mode;
        if self.head.is_poisoned(kernel) {
            self.head.wake(kernel, slot, Wake::Poisoned);
            return true;
        }
        if !self.admits(mode) {
            return false;
        }
        self.head.wake(kernel, slot, Wake::Granted);
        self.let_in(kernel, slot, mode);
        true
    }

    fn let_in(&mut self, kernel: &Kernel, slot: Slot, mode: u8) {
        match mode {
            MODE_WRITE => self.head.hand_to(kernel, slot),
            _ => {
                let unit = UnitId(kernel.threads[slot.index()].unit);
                *self.free_place().expect("it was looked for") = Some(unit);
            }
        }
    }
}

/// A value with many readers or one writer. See the module's text.
pub struct RwLock<T> {
    state: Masked<State>,
    value: UnsafeCell<T>,
}

// SAFETY: readers share the value, a writer has it alone.
unsafe impl<T: Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// A lock with a name for reports.
    #[must_use]
    pub const fn named(name: &'static str, value: T) -> Self {
        let head = Head::new(ObjectKind::RwLock, name);
        Self {
            state: Masked::new(State { head, readers: [None; READERS_MAX] }),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock for reading; waits as long as it takes.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`] if a writer was torn down; [`Error::Exit`] if the caller is asked to end.
    #[track_caller]
    pub fn read(&self) -> Result<ReadGuard<'_, T>, Error> {
        self.enter(0, Patience::Forever, site::place()).map(|()| self.read_guard())
    }

    /// Takes the lock for reading; waits for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`read`](Self::read).
    #[track_caller]
    pub fn read_for(&self, span: Span) -> Result<ReadGuard<'_, T>, Error> {
        self.enter(0, Patience::For(span), site::place()).map(|()| self.read_guard())
    }

    /// Takes the lock for reading if that can be had at once.
    ///
    /// # Context
    /// Thread; never blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::InHandler`].
    #[track_caller]
    pub fn try_read(&self) -> Result<Option<ReadGuard<'_, T>>, Error> {
        Ok(self.try_enter(0, site::place())?.then(|| self.read_guard()))
    }

    /// Takes the lock for writing; waits as long as it takes.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn write(&self) -> Result<WriteGuard<'_, T>, Error> {
        self.enter(MODE_WRITE, Patience::Forever, site::place()).map(|()| self.write_guard())
    }

    /// Takes the lock for writing; waits for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`read`](Self::read).
    #[track_caller]
    pub fn write_for(&self, span: Span) -> Result<WriteGuard<'_, T>, Error> {
        self.enter(MODE_WRITE, Patience::For(span), site::place()).map(|()| self.write_guard())
    }

    /// Takes the lock for writing if that can be had at once.
    ///
    /// # Context
    /// Thread; never blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::InHandler`].
    #[track_caller]
    pub fn try_write(&self) -> Result<Option<WriteGuard<'_, T>>, Error> {
        Ok(self.try_enter(MODE_WRITE, site::place())?.then(|| self.write_guard()))
    }

    /// Declares that the value is whole again after a writer was torn down.
    pub fn clear_poison(&self) {
        kernel::with(|kernel| {
            let head = &mut self.state.get(kernel).head;
            head.clear_poison(kernel);
        });
    }

    fn read_guard(&self) -> ReadGuard<'_, T> {
        ReadGuard { lock: self, stays: PhantomData }
    }

    fn write_guard(&self) -> WriteGuard<'_, T> {
        WriteGuard { lock: self, stays: PhantomData }
    }

    fn try_enter(&self, mode: u8, place: Place) -> Result<bool, Error> {
        thread::check_headroom();
        kernel::with(|kernel| match kernel.in_handler() {
            true => Err(Error::InHandler),
            false => self.enter_if_free(kernel, mode, place),
        })
    }

    fn enter(&self, mode: u8, patience: Patience, place: Place) -> Result<(), Error> {
        let ask = Ask { mode, ..Ask::new(patience, place) };
        let attempt = |kernel: &mut Kernel| {
            if self.enter_if_free(kernel, mode, place)? {
                return Ok(Attempt::Got(()));
            }
            let state = self.state.get(kernel);
            state.head.note(kernel, ObjectOp::Waiting, state.read_count(), place);
            state.head.enqueue(kernel, self.state.name(), &ask);
            deadlock::suspect(kernel);
            Ok(Attempt::Waits)
        };
        let result = wait_for(&self.state, place, attempt, just_granted);
        if result.is_err() {
            // It stood before others that may go in now.
            self.admit();
        }
        result
    }

    fn enter_if_free(&self, kernel: &mut Kernel, mode: u8, place: Place) -> Result<bool, Error> {
        let slot = kernel.sched.running();
        let state = self.state.get(kernel);
        if state.head.is_poisoned(kernel) {
            return Err(Error::Poisoned);
        }
        state.prune(kernel);
        if state.head.waiting() > 0 || !state.admits(mode) {
            return Ok(false);
        }
        match mode {
            MODE_WRITE => state.head.take(kernel, place),
            _ => state.let_in(kernel, slot, mode),
        }
        state.head.note(kernel, ObjectOp::Taken, state.read_count(), place);
        races::acquired(kernel, self.state.name());
        Ok(true)
    }

    /// Lets in who waits first, and all others that can go in beside it, one a section.
    fn admit(&self) {
        while change(|kernel| self.state.get(kernel).admit_first(kernel)) {}
    }

    fn leave(&self, mode: u8) {
        thread::check_headroom();
        kernel::with(|kernel| {
            let unit = kernel.current_unit();
            races::released(kernel, self.state.name());
            let state = self.state.get(kernel);
            state.head.is_poisoned(kernel);
            if mode == MODE_WRITE {
                // One that was torn down has it no more.
                if state.head.holder().is_some_and(|holder| holder.unit == unit) {
                    state.head.leave();
                }
            } else if let Some(place) = state.readers.iter_mut().find(|it| **it == Some(unit)) {
                *place = None;
            }
            state.head.note(kernel, ObjectOp::Given, state.read_count(), Place::NONE);
        });
        self.admit();
    }
}

/// Forgets a reader that was torn down, in a lock that others wait for, and lets them in.
pub(crate) fn forget_reader(kernel: &mut Kernel, name: QueueName, unit: UnitId) {
    let state: *mut State = ptr::with_exposed_provenance_mut(name);
    // SAFETY: a slot is blocked on the lock, so it is alive, and no section is at work on it.
    let state = unsafe { &mut *state };
    for reader in &mut state.readers {
        if *reader == Some(unit) {
            *reader = None;
        }
    }
    while state.admit_first(kernel) {}
}

/// Reads the value of a [`RwLock`] until it is dropped.
pub struct ReadGuard<'a, T> {
    lock: &'a RwLock<T>,
    stays: PhantomData<*const ()>,
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the running thread is a reader, so nobody writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.leave(0);
    }
}

/// Has the value of a [`RwLock`] alone until it is dropped.
pub struct WriteGuard<'a, T> {
    lock: &'a RwLock<T>,
    stays: PhantomData<*const ()>,
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the running thread is the writer.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the running thread is the writer, and this is its only guard.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.leave(MODE_WRITE);
    }
}
