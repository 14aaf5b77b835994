//! `Queue<T, N>`: at most `N` values on their way from any threads to any threads.
//!
//! Values go in by value and come out in the order in which they went in. Who waits for a value, or
//! for room, waits in order too, and is served where it waits: a value that is sent while somebody waits for
//! one goes straight to its place, and who makes room puts the value in whose sender waits for it. So nobody
//! barges in between, and who wakes has nothing left to do.
//!
//! Invariants:
//! 1. A receiver waits only while there is no value, a sender only while there is no room.
//! 2. The word of a waiting sender's wait is the address of its value, which is initialised; that of a
//!    receiver's is the address of room for one. Both lie in the frame that waits, which is there until its
//!    wait ends. Whoever grants the wait has moved the value, and nobody else does.
//! 3. The head of the receivers is marked as closed if the queue is.
//! 4. `start < N`; the `length` values from `start` on, round the end, are initialised.
#![expect(unsafe_code, reason = "values in memory that is not always initialised")]

use super::head::{Head, Headed, Marks, Masked};
use super::quick::{begin, quick};
use super::races;
use super::wait::{Ask, Attempt, Patience, Woken, change, end_in_line, wait_for, wake_one};
use crate::error::Error;
use crate::kernel::{self, Kernel, Waited};
use crate::port;
use crate::sched::{QueueName, Wake};
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

#[repr(C)]
struct State<T, const N: usize> {
    receivers: Head,
    senders: Head,
    start: usize,
    length: usize,
    values: [MaybeUninit<T>; N],
}

// SAFETY: `repr(C)`, and this head is the first field.
unsafe impl<T, const N: usize> Headed for State<T, N> {
    fn head(&mut self) -> &mut Head {
        &mut self.receivers
    }
}

/// A bounded queue. See the module's text.
pub struct Queue<T, const N: usize> {
    state: Masked<State<T, N>>,
}

/// A value that was not sent, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused<T> {
    /// Why.
    pub error: Error,
    /// What was to be sent.
    pub value: T,
}

impl<T> From<Refused<T>> for Error {
    fn from(refused: Refused<T>) -> Self {
        refused.error
    }
}

impl<T, const N: usize> State<T, N> {
    /// Where the next value goes, while there is room.
    #[inline(always)]
    fn next_place(&mut self) -> &mut MaybeUninit<T> {
        let at = self.start.wrapping_add(self.length);
        let at = if at >= N { at.wrapping_sub(N) } else { at };
        debug_assert!(at < N && self.length < N, "there is room");
        // SAFETY: invariant 4, and there is room: `start + length` is less than `2 * N`.
        unsafe { self.values.get_unchecked_mut(at) }
    }

    #[inline(always)]
    fn pop(&mut self) -> T {
        debug_assert!(self.length > 0, "who takes knows that there is one");
        // SAFETY: invariant 4.
        let first = unsafe { self.values.get_unchecked(self.start) };
        // SAFETY: `length` values from `start` on are initialised, and this one is left.
        let value = unsafe { first.assume_init_read() };
        let next = self.start.wrapping_add(1);
        self.start = if next == N { 0 } else { next };
        self.length = self.length.wrapping_sub(1);
        value
    }

    #[inline(always)]
    fn has_value(&self) -> bool {
        self.length > 0
    }

    #[inline(always)]
    fn has_room(&self) -> bool {
        self.length < N
    }

    /// Puts a value in, for which there is room.
    ///
    /// # Safety
    /// `value` is initialised, and not used any more.
    #[inline(always)]
    unsafe fn put(&mut self, value: *const T) {
        let place = self.next_place().as_mut_ptr();
        // SAFETY: a place of the queue's own; the rest is the caller's promise.
        unsafe { place.copy_from_nonoverlapping(value, 1) };
        self.length = self.length.wrapping_add(1);
    }

    /// Gives a value to who waits longest for one, where somebody does, whose wait then is to be granted in
    /// this section.
    ///
    /// # Safety
    /// `value` is initialised, and not used any more; a receiver waits.
    #[inline(always)]
    unsafe fn give(&mut self, kernel: &Kernel, value: *const T) {
        let slot = self.receivers.first_of_some();
        let place = ptr::with_exposed_provenance_mut::<T>(kernel.threads[slot.index()].wait.word);
        // SAFETY: invariant 2; the rest is the caller's promise.
        unsafe { place.copy_from_nonoverlapping(value, 1) };
    }

    /// Puts the value in whose sender waits longest for the room that there is now; says whether any does,
    /// whose wait then is to be granted in this section.
    #[inline(always)]
    fn fetch(&mut self, kernel: &Kernel) -> bool {
        let Some(slot) = self.senders.first() else { return false };
        let value = ptr::with_exposed_provenance::<T>(kernel.threads[slot.index()].wait.word);
        // SAFETY: invariant 2: it is there, and moved once.
        unsafe { self.put(value) };
        true
    }
}

impl<T: Send, const N: usize> Queue<T, N> {
    /// An empty queue.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        const { assert!(N > 0, "a queue holds at least one value") };
        Self {
            state: Masked::new(State {
                receivers: Head::new(ObjectKind::Queue, name),
                senders: Head::new(ObjectKind::Queue, name),
                start: 0,
                length: 0,
                values: [const { MaybeUninit::uninit() }; N],
            }),
        }
    }

    /// Sends a value; waits for room as long as it takes.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Closed`], or [`Error::Exit`] if the caller is asked to end; the value comes back.
    #[track_caller]
    #[inline]
    pub fn send(&self, value: T) -> Result<(), Refused<T>> {
        let place = site::place();
        let Some(kernel) = begin() else { return self.send_at(value, Patience::Forever, place) };
        match self.put_if_simple(kernel, value) {
            Ok(()) => {
                port::unmask(true);
                Ok(())
            }
            Err(value) => self.send_in_line(kernel, value, place),
        }
    }

    /// Sends a value; waits for room for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`send`](Self::send).
    #[track_caller]
    #[inline]
    pub fn send_for(&self, value: T, span: Span) -> Result<(), Refused<T>> {
        match self.put_quickly(value) {
            Ok(()) => Ok(()),
            Err(value) => self.send_at(value, Patience::For(span), site::place()),
        }
    }

    /// Sends a value if there is room.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::Closed`]; the value comes back.
    #[track_caller]
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), Refused<T>> {
        match self.put_quickly(value) {
            Ok(()) => Ok(()),
            Err(value) => self.try_send_at(value, site::place()),
        }
    }

    #[inline(never)]
    fn try_send_at(&self, value: T, place: Place) -> Result<(), Refused<T>> {
        let value = ManuallyDrop::new(value);
        let sent = change(|kernel| {
            let state = self.state.get(kernel);
            match (state.receivers.is_closed(), state.has_room()) {
                (true, _) => Err(Error::Closed),
                (false, false) => Err(Error::Full),
                (false, true) => {
                    // SAFETY: it is sent then, and not used any more.
                    unsafe { self.put(kernel, &raw const *value, place) };
                    Ok(())
                }
            }
        });
        sent.map_err(|error| Refused { error, value: ManuallyDrop::into_inner(value) })
    }

    /// Takes the oldest value; waits for one as long as it takes.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Closed`] if the queue is closed and empty; [`Error::Exit`] if the caller is asked to
    /// end.
    #[track_caller]
    #[inline]
    pub fn receive(&self) -> Result<T, Error> {
        let place = site::place();
        let Some(kernel) = begin() else { return self.receive_at(Patience::Forever, place) };
        match self.take_if_simple(kernel) {
            Some(value) => {
                port::unmask(true);
                Ok(value)
            }
            None => self.receive_in_line(kernel, place),
        }
    }

    /// Takes the oldest value; waits for one for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`receive`](Self::receive).
    #[track_caller]
    #[inline]
    pub fn receive_for(&self, span: Span) -> Result<T, Error> {
        match self.take_quickly() {
            Some(value) => Ok(value),
            None => self.receive_at(Patience::For(span), site::place()),
        }
    }

    /// Takes the oldest value if there is one.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    ///
    /// # Errors
    /// [`Error::Empty`], or [`Error::Closed`] if there will be none any more.
    #[track_caller]
    #[inline]
    pub fn try_receive(&self) -> Result<T, Error> {
        match self.take_quickly() {
            Some(value) => Ok(value),
            None => self.try_receive_at(site::place()),
        }
    }

    #[inline(never)]
    fn try_receive_at(&self, place: Place) -> Result<T, Error> {
        change(|kernel| {
            let state = self.state.get(kernel);
            match (state.has_value(), state.receivers.is_closed()) {
                (true, _) => Ok(self.take(kernel, place)),
                (false, true) => Err(Error::Closed),
                (false, false) => Err(Error::Empty),
            }
        })
    }

    /// Closes the queue: nothing goes in any more, what is in it can be taken out, and all that wait
    /// learn it.
    ///
    /// # Context
    /// Thread or handler. One waiter a section; in a handler the first one, and the rest at once after it.
    pub fn close(&self) {
        thread::check_headroom();
        kernel::with(|kernel| self.state.get(kernel).receivers.close());
        let receivers = |kernel: &mut Kernel| {
            let head = &mut self.state.get(kernel).receivers;
            wake_one(kernel, head, Wake::Closed)
        };
        while change(receivers) {}
        let senders = |kernel: &mut Kernel| {
            let head = &mut self.state.get(kernel).senders;
            wake_one(kernel, head, Wake::Closed)
        };
        while change(senders) {}
    }

    /// How many values are in the queue.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn len(&self) -> usize {
        kernel::with(|kernel| self.state.get(kernel).length)
    }

    /// Whether there is no value in the queue.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The short way: there is room, and nobody waits for a value. Else the value comes back.
    #[inline(always)]
    fn put_quickly(&self, value: T) -> Result<(), T> {
        let Some(kernel) = begin() else { return Err(value) };
        let put = self.put_if_simple(kernel, value);
        port::unmask(true);
        put
    }

    #[inline(always)]
    fn put_if_simple(&self, kernel: &mut Kernel, value: T) -> Result<(), T> {
        let state = self.state.get(kernel);
        if !state.receivers.is_just(Marks::NONE) || !state.has_room() {
            return Err(value);
        }
        state.next_place().write(value);
        state.length = state.length.wrapping_add(1);
        Ok(())
    }

    /// The short way: there is a value, and nobody waits for room.
    #[inline(always)]
    fn take_quickly(&self) -> Option<T> {
        quick(|kernel| self.take_if_simple(kernel))
    }

    #[inline(always)]
    fn take_if_simple(&self, kernel: &mut Kernel) -> Option<T> {
        let state = self.state.get(kernel);
        let is_simple = state.senders.is_just(Marks::NONE) && state.has_value();
        is_simple.then(|| state.pop())
    }

    /// The way between: somebody waits for a value; or there is no room, and the caller waits in line. In a
    /// section, which it ends.
    #[inline(never)]
    fn send_in_line(&self, kernel: &mut Kernel, value: T, place: Place) -> Result<(), Refused<T>> {
        let state = self.state.get(kernel);
        if state.receivers.is_just(Marks::AWAITED) {
            let value = ManuallyDrop::new(value);
            // SAFETY: somebody waits, so it is given.
            unsafe { state.give(kernel, &raw const *value) };
            kernel::grant_in_line(&mut state.receivers);
            return Ok(());
        }
        if state.receivers.is_just(Marks::NONE) && !state.has_room() {
            return self.send_when_room(kernel, value, place);
        }
        port::unmask(true);
        self.send_at(value, Patience::Forever, place)
    }

    /// Waits in line for room. In a section, which it ends.
    #[inline(always)]
    fn send_when_room(
        &self,
        kernel: &mut Kernel,
        value: T,
        place: Place,
    ) -> Result<(), Refused<T>> {
        let value = ManuallyDrop::new(value);
        kernel.current().wait.word = (&raw const *value).expose_provenance();
        let state = self.state.get(kernel);
        state.senders.object = state.receivers.object;
        let waited = kernel::wait_in_line(&mut state.senders, place);
        if waited == Waited::Granted {
            // Whoever made room has moved it.
            return Ok(());
        }
        self.send_slowly(value, waited, place)
    }

    /// The long way, or the end of a wait that has something to tell.
    #[cold]
    #[inline(never)]
    fn send_slowly(
        &self,
        value: ManuallyDrop<T>,
        waited: Waited,
        place: Place,
    ) -> Result<(), Refused<T>> {
        if waited == Waited::Not {
            return self.send_at(ManuallyDrop::into_inner(value), Patience::Forever, place);
        }
        // What was not granted nobody has moved.
        end_in_line(&self.state, waited, place)
            .map_err(|error| Refused { error, value: ManuallyDrop::into_inner(value) })
    }

    #[inline(never)]
    fn send_at(&self, value: T, patience: Patience, place: Place) -> Result<(), Refused<T>> {
        let value = ManuallyDrop::new(value);
        let word = (&raw const *value).expose_provenance();
        let ask = Ask { word, ..Ask::new(patience, place) };
        let attempt = |kernel: &mut Kernel| {
            let state = self.state.get(kernel);
            match (state.receivers.is_closed(), state.has_room()) {
                (true, _) => Err(Error::Closed),
                (false, true) => {
                    // SAFETY: it is sent then, and not used any more.
                    unsafe { self.put(kernel, ptr::with_exposed_provenance(word), place) };
                    Ok(Attempt::Got(()))
                }
                (false, false) => {
                    state.receivers.note(kernel, ObjectOp::Waiting, state.length as u32, place);
                    state.senders.object = state.receivers.object;
                    // What it did before is known to who receives the value, whoever puts it in.
                    races::released(kernel, self.state.name());
                    let name = self.state.name() + core::mem::offset_of!(State<T, N>, senders);
                    self.state.get(kernel).senders.enqueue(kernel, name, &ask);
                    Ok(Attempt::Waits)
                }
            }
        };
        let granted = |kernel: &mut Kernel| {
            let state = self.state.get(kernel);
            state.receivers.note(kernel, ObjectOp::Given, state.length as u32, place);
            ((), Woken::Nobody)
        };
        wait_for(&self.state, place, attempt, granted)
            .map_err(|error| Refused { error, value: ManuallyDrop::into_inner(value) })
    }

    /// The way between: there is a value, and somebody waits for room; or there is none, and the caller
    /// waits in line. In a section, which it ends.
    #[inline(never)]
    fn receive_in_line(&self, kernel: &mut Kernel, place: Place) -> Result<T, Error> {
        let state = self.state.get(kernel);
        if state.has_value() && state.senders.is_just(Marks::AWAITED) {
            let value = state.pop();
            state.fetch(kernel);
            kernel::grant_in_line(&mut state.senders);
            return Ok(value);
        }
        if state.has_value() || !state.receivers.is_line() {
            port::unmask(true);
            return self.receive_at(Patience::Forever, place);
        }
        let mut room = MaybeUninit::<T>::uninit();
        kernel.current().wait.word = room.as_mut_ptr().expose_provenance();
        let waited = kernel::wait_in_line(&mut state.receivers, place);
        if waited != Waited::Granted {
            self.receive_slowly(waited, &mut room, place)?;
        }
        // SAFETY: whoever granted the wait has moved a value there.
        Ok(unsafe { room.assume_init() })
    }

    /// The long way, or the end of a wait that has something to tell: the value is in its place then.
    #[cold]
    #[inline(never)]
    fn receive_slowly(
        &self,
        waited: Waited,
        room: &mut MaybeUninit<T>,
        place: Place,
    ) -> Result<(), Error> {
        if waited == Waited::Not {
            room.write(self.receive_at(Patience::Forever, place)?);
            return Ok(());
        }
        end_in_line(&self.state, waited, place)
    }

    #[inline(never)]
    fn receive_at(&self, patience: Patience, place: Place) -> Result<T, Error> {
        let mut room = MaybeUninit::<T>::uninit();
        let word = room.as_mut_ptr().expose_provenance();
        let ask = Ask { word, ..Ask::new(patience, place) };
        let attempt = |kernel: &mut Kernel| {
            let state = self.state.get(kernel);
            match (state.has_value(), state.receivers.is_closed()) {
                (true, _) => Ok(Attempt::Got(Some(self.take(kernel, place)))),
                (false, true) => Err(Error::Closed),
                (false, false) => {
                    state.receivers.note(kernel, ObjectOp::Waiting, 0, place);
                    state.receivers.enqueue(kernel, self.receivers_name(), &ask);
                    Ok(Attempt::Waits)
                }
            }
        };
        let granted = |kernel: &mut Kernel| {
            races::acquired(kernel, self.state.name());
            let state = self.state.get(kernel);
            state.receivers.note(kernel, ObjectOp::Taken, state.length as u32, place);
            (None, Woken::Nobody)
        };
        let taken = wait_for(&self.state, place, attempt, granted)?;
        // SAFETY: whoever granted the wait has moved a value there.
        Ok(taken.unwrap_or_else(|| unsafe { room.assume_init() }))
    }

    fn receivers_name(&self) -> QueueName {
        self.state.name()
    }

    /// Puts a value in for which there is room, or gives it to who waits for one.
    ///
    /// # Safety
    /// `value` is initialised, and not used any more.
    unsafe fn put(&self, kernel: &mut Kernel, value: *const T, place: Place) {
        races::released(kernel, self.state.name());
        let state = self.state.get(kernel);
        if state.receivers.waiting() > 0 {
            // SAFETY: the caller's promise, and one waits.
            unsafe { state.give(kernel, value) };
            state.receivers.wake_next(kernel, Wake::Granted);
        } else {
            // SAFETY: the same; it was not given.
            unsafe { state.put(value) };
        }
        state.receivers.note(kernel, ObjectOp::Given, state.length as u32, place);
    }

    /// Takes a value out that is there.
    fn take(&self, kernel: &mut Kernel, place: Place) -> T {
        races::acquired(kernel, self.state.name());
        let state = self.state.get(kernel);
        let value = state.pop();
        if state.fetch(kernel) {
            state.senders.wake_next(kernel, Wake::Granted);
        }
        state.receivers.note(kernel, ObjectOp::Taken, state.length as u32, place);
        value
    }
}

impl<T, const N: usize> Drop for Queue<T, N> {
    fn drop(&mut self) {
        // Nobody waits: a waiter borrows the queue.
        let state = self.state.get_mut();
        while state.length > 0 {
            drop(state.pop());
        }
    }
}
