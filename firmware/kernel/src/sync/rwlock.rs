//! `RwLock<T>`: a value that many read at a time, or one writes.
//!
//! Who waits goes in by urgency, and among equals in the order of arrival. A reader goes in beside other
//! readers only if nobody waits who is as urgent, so a stream of equal readers cannot keep a writer out,
//! nor writers a reader. When a writer's turn is over all readers up to the next writer go in, one a
//! section. Whoever has the lock, the writer or each of the readers, runs no less urgently than who waits
//! ([`sched`](crate::sched) has the protocol).
//!
//! A writer that is torn down, or ends and keeps its guard, poisons the value; a reader cannot have harmed
//! it, and is forgotten. To know whom to forget, the lock keeps its readers by name, at most
//! [`READERS_MAX`]: one more waits until another one leaves.
//!
//! Invariants, besides those of [`sync`](super) and [`owned`](super::owned):
//! 1. The scheduler's owner is the holder of the head, the writer; the slots that share it there are those
//!    of `readers`, in which a thread that reads twice stands twice.
//! 2. Who is gone and stands here still has nobody wait for it: who asks next takes it out before it waits.
#![expect(unsafe_code, reason = "hands out references to the value, and finds locks by name")]

use super::head::{Head, Headed, Holder, Masked};
use super::owned::{Names, Owned, give_up};
use super::races;
use super::wait::{Ask, Attempt, Patience, change, just_granted, wait_for};
use crate::callback;
use crate::deadlock;
use crate::era::Coarse;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::leak::{self, Harm};
use crate::sched::{Attention, Inheritance, QueueName, Slot, Wake};
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::num::NonZeroU32;
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
    owned: Owned,
    readers: [Option<Reader>; READERS_MAX],
}

/// One that reads: a [`Holder`] in two thirds of its bytes.
#[derive(Clone, Copy)]
struct Reader {
    /// Threads have other ids than 0, so that nobody takes no more room.
    unit: NonZeroU32,
    place: Place,
    since: Coarse,
    slot: Slot,
}

impl Reader {
    fn holder(self) -> Holder {
        let Reader { place, since, slot, .. } = self;
        Holder { unit: self.unit(), since: since.point(), place, slot }
    }

    fn unit(self) -> UnitId {
        UnitId(self.unit.get())
    }
}

// SAFETY: `repr(C)`, and an `Owned` begins with its head.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.owned.head
    }
}

impl State {
    fn read_count(&self) -> u32 {
        self.readers.iter().flatten().count() as u32
    }

    /// Whether somebody can have the lock in this mode beside those that have it.
    fn admits(&self, mode: u8) -> bool {
        match mode {
            MODE_WRITE => self.owned.head.holder().is_none() && self.read_count() == 0,
            _ => self.owned.head.holder().is_none() && self.readers.iter().any(Option::is_none),
        }
    }

    /// Whether nobody waits who goes in before one of this priority.
    fn lets_pass(&self, priority: u8) -> bool {
        self.owned.head.waiting() == 0 || self.owned.ownable.best_waiting() < priority
    }

    fn note_reader(&mut self, kernel: &Kernel, slot: Slot, place: Place) {
        let free = self.readers.iter_mut().find(|reader| reader.is_none());
        let unit = NonZeroU32::new(kernel.threads[slot.index()].unit);
        let unit = unit.expect("what waits or asks is a thread");
        let since = Coarse::of(kernel.long_stamp());
        let reader = Reader { unit, since, place, slot };
        *free.expect("it was looked for") = Some(reader);
    }
}

/// The state of the lock of this name, as [`Masked::get`] answers it.
fn at<'a>(_: &mut Kernel, name: QueueName) -> &'a mut State {
    let state: *mut State = ptr::with_exposed_provenance_mut(name);
    // SAFETY: the caller, or a slot that waits, borrows the lock; the kernel's reference shows that
    // it is held, and one section uses one reference at a time.
    unsafe { &mut *state }
}

/// Lets the first waiter in if it can go in; says whether it did.
fn admit_first(kernel: &mut Kernel, name: QueueName) -> bool {
    let state = at(kernel, name);
    let Some(slot) = state.owned.ownable.first_waiter() else { return false };
    if state.owned.head.is_lost(kernel) {
        give_up(kernel, slot, Wake::Poisoned);
        return true;
    }
    let wait = kernel.threads[slot.index()].wait;
    if !state.admits(wait.mode) {
        return false;
    }
    state.owned.head.one_fewer(kernel);
    races::woke(kernel, slot);
    if wait.mode == MODE_WRITE {
        kernel.sched.grant(name, &mut Names);
        at(kernel, name).owned.head.hand_to(kernel, slot);
    } else {
        kernel.sched.grant_shared(name, &mut Names);
        at(kernel, name).note_reader(kernel, slot, wait.place);
    }
    true
}

/// One more step after the lock was left, or a wait for it broken off; says whether another one follows.
fn go_on(kernel: &mut Kernel, name: QueueName) -> bool {
    let has_settled =
        kernel.sched.attention.any(Attention::UNSETTLED) && kernel.sched.settle_one(&mut Names);
    admit_first(kernel, name) || has_settled
}

/// Takes readers out that are not there any more.
fn prune(kernel: &mut Kernel, name: QueueName) {
    for index in 0..READERS_MAX {
        let Some(reader) = at(kernel, name).readers[index] else { continue };
        if kernel.torn_down.contains(reader.unit()) {
            take_out(kernel, name, index);
        } else if kernel.has_ended(reader.slot, reader.unit()) {
            let head = &mut at(kernel, name).owned.head;
            leak::note(kernel, head, &reader.holder(), Harm::None);
            take_out(kernel, name, index);
        }
    }
}

/// Takes the reader at this place out: it shares the lock no more, unless it stands here once more.
fn take_out(kernel: &mut Kernel, name: QueueName, index: usize) {
    let readers = &mut at(kernel, name).readers;
    let Some(reader) = readers[index].take() else { return };
    let reads_on = |other: &Reader| other.unit == reader.unit;
    if !readers.iter().flatten().any(reads_on) {
        kernel.sched.unshare(reader.slot, name, &mut Names);
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
        Self::with(name, value, Inheritance::On)
    }

    /// A lock with all its choices.
    #[must_use]
    pub const fn with(name: &'static str, value: T, inheritance: Inheritance) -> Self {
        let owned = Owned::new(ObjectKind::RwLock, name, inheritance);
        let state = State { owned, readers: [None; READERS_MAX] };
        Self { state: Masked::new(state), value: UnsafeCell::new(value) }
    }

    /// Takes the lock for reading; waits as long as it takes.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Poisoned`] if a writer is gone and did not give it back; [`Error::Exit`] if the caller is asked to end.
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
            self.state.get(kernel).owned.head.clear_poison(kernel);
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
            let name = self.state.name();
            kernel.begin_wait(&ask);
            let state = self.state.get(kernel);
            let count = state.read_count();
            state.owned.head.note(kernel, ObjectOp::Waiting, count, place);
            state.owned.head.one_more();
            kernel.sched.wait_to_own(name, ask.deadline, &mut Names);
            deadlock::suspect(kernel);
            callback::note_wait(kernel);
            Ok(Attempt::Waits)
        };
        let result = wait_for(&self.state, place, attempt, just_granted);
        if result.is_err() {
            // It stood before others that may go in now.
            self.go_on();
        }
        result
    }

    fn enter_if_free(&self, kernel: &mut Kernel, mode: u8, place: Place) -> Result<bool, Error> {
        let (slot, name) = (kernel.sched.running(), self.state.name());
        let state = self.state.get(kernel);
        if state.owned.head.is_lost(kernel) {
            state.owned.ownable.forget_owner();
            return Err(Error::Poisoned);
        }
        prune(kernel, name);
        let state = self.state.get(kernel);
        if !state.admits(mode) || !state.lets_pass(kernel.sched.priority(slot)) {
            return Ok(false);
        }
        let Owned { head, ownable } = &mut state.owned;
        if head.waiting() == 0 {
            // Its poison may have been cleared before anybody came here.
            ownable.forget_owner();
        }
        if mode == MODE_WRITE {
            kernel.sched.own(ownable);
            head.take(kernel, place);
        } else {
            kernel.sched.share(ownable);
            state.note_reader(kernel, slot, place);
        }
        let count = state.read_count();
        state.owned.head.note(kernel, ObjectOp::Taken, count, place);
        races::acquired(kernel, name);
        Ok(true)
    }

    /// Lets in who waits first, and all others that can go in beside it, one a section.
    fn go_on(&self) {
        while change(|kernel| go_on(kernel, self.state.name())) {}
    }

    fn leave(&self, mode: u8) {
        let name = self.state.name();
        let others = change(|kernel| {
            let unit = kernel.current_unit();
            races::released(kernel, name);
            let state = self.state.get(kernel);
            state.owned.head.is_poisoned(kernel);
            if mode != MODE_WRITE {
                let is_ours = |reader: &Option<Reader>| reader.is_some_and(|it| it.unit() == unit);
                if let Some(index) = state.readers.iter().position(is_ours) {
                    take_out(kernel, name, index);
                }
            } else if state.owned.head.is_held_by(unit) {
                // One that was torn down has it no more.
                state.owned.head.leave();
                kernel.sched.let_go(name, &mut Names);
            }
            let state = self.state.get(kernel);
            let count = state.read_count();
            state.owned.head.note(kernel, ObjectOp::Given, count, Place::NONE);
            go_on(kernel, name)
        });
        if others {
            self.go_on();
        }
    }
}

/// The reader in this slot of a lock for which somebody waits; the first one if it is none.
pub(crate) fn reader(kernel: &mut Kernel, name: QueueName, slot: Option<Slot>) -> Option<Holder> {
    let mut readers = at(kernel, name).readers.into_iter().flatten();
    let first = readers.clone().next();
    readers.find(|reader| Some(reader.slot) == slot).or(first).map(Reader::holder)
}

/// Whether `slot`, which waits for a reader-writer lock, wants to write.
pub(crate) fn wants_to_write(kernel: &Kernel, slot: Slot) -> bool {
    kernel.threads[slot.index()].wait.mode == MODE_WRITE
}

/// Forgets a reader that was torn down, in a lock that others wait for, and lets them in.
pub(crate) fn forget_reader(kernel: &mut Kernel, name: QueueName, unit: UnitId) {
    for index in 0..READERS_MAX {
        if at(kernel, name).readers[index].is_some_and(|reader| reader.unit() == unit) {
            take_out(kernel, name, index);
        }
    }
    while admit_first(kernel, name) {}
}

/// As [`forget_reader`] for all that have ended in order and kept their guards, which is told.
pub(crate) fn lose_readers(kernel: &mut Kernel, name: QueueName) {
    prune(kernel, name);
    while admit_first(kernel, name) {}
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
