//! `Queue<T, N>`: at most `N` values on their way from any threads to any threads.
//!
//! Values go in by value and come out in the order in which they went in. Who waits for a value, or
//! for room, waits in order too: a value that is sent while somebody waits is *promised* to who has
//! waited longest, and nobody else can take it in between; room likewise.
//!
//! Invariants:
//! 1. `promised_values <= length` and `length + promised_room <= N`.
//! 2. A receiver waits only while every value is promised, a sender only while all room is.
//! 3. `start < N`; the `length` values from `start` on, round the end, are initialised.
#![expect(unsafe_code, reason = "values in memory that is not always initialised")]

use super::head::{Head, Headed, Marks, Masked};
use super::quick::{Found, in_line, quick};
use super::races;
use super::wait::{Ask, Attempt, Patience, Woken, change, end_in_line, wait_for, wake_one};
use crate::error::Error;
use crate::kernel::{self, Kernel, Waited};
use crate::sched::{QueueName, Wake};
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use core::cell::Cell;
use core::mem::{ManuallyDrop, MaybeUninit};
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

#[repr(C)]
struct State<T, const N: usize> {
    receivers: Head,
    senders: Head,
    start: usize,
    length: usize,
    promised_values: usize,
    promised_room: usize,
    closed: bool,
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
    fn push(&mut self, value: T) {
        self.next_place().write(value);
        self.length += 1;
    }

    /// Where the next value goes, while there is room.
    #[inline(always)]
    fn next_place(&mut self) -> &mut MaybeUninit<T> {
        let at = self.start.wrapping_add(self.length);
        let at = if at >= N { at.wrapping_sub(N) } else { at };
        debug_assert!(at < N && self.length < N, "there is room");
        // SAFETY: invariant 3, and there is room: `start + length` is less than `2 * N`.
        unsafe { self.values.get_unchecked_mut(at) }
    }

    #[inline(always)]
    fn pop(&mut self) -> T {
        debug_assert!(self.length > 0, "who takes knows that there is one");
        // SAFETY: invariant 3.
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
        self.length > self.promised_values
    }

    #[inline(always)]
    fn has_room(&self) -> bool {
        self.length.wrapping_add(self.promised_room) < N
    }

    /// Puts a value in for which there is room, and promises it to who waits longest, if anybody waits.
    ///
    /// # Safety
    /// The value that was lent is not used any more.
    #[inline(always)]
    unsafe fn put_in_line(&mut self, value: &ManuallyDrop<T>) -> Found<'_, ()> {
        let place = self.next_place().as_mut_ptr();
        // SAFETY: a place of the queue's own; the caller does not use the value any more.
        unsafe { place.copy_from_nonoverlapping(&raw const **value, 1) };
        self.length = self.length.wrapping_add(1);
        if self.receivers.is_just(Marks::NONE) {
            return Found::Done(());
        }
        self.promised_values = self.promised_values.wrapping_add(1);
        Found::Grants((), &mut self.receivers)
    }

    /// Takes a value out that is there, and promises its room to who waits longest, if anybody waits.
    #[inline(always)]
    fn take_in_line(&mut self) -> Found<'_, T> {
        let value = self.pop();
        if self.senders.is_just(Marks::NONE) {
            return Found::Done(value);
        }
        self.promised_room = self.promised_room.wrapping_add(1);
        Found::Grants(value, &mut self.senders)
    }

    /// Promises the value that has just come to who waits longest.
    fn promise_value(&mut self, kernel: &mut Kernel) -> Woken {
        match self.receivers.wake_next(kernel, Wake::Granted) {
            None => Woken::Nobody,
            Some(_) => {
                self.promised_values += 1;
                Woken::Somebody
            }
        }
    }

    /// Promises the room that has just come to who waits longest.
    fn promise_room(&mut self, kernel: &mut Kernel) -> Woken {
        match self.senders.wake_next(kernel, Wake::Granted) {
            None => Woken::Nobody,
            Some(_) => {
                self.promised_room += 1;
                Woken::Somebody
            }
        }
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
                promised_values: 0,
                promised_room: 0,
                closed: false,
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
        match self.put_quickly(value) {
            Ok(()) => Ok(()),
            Err(value) => self.send_in_line(value, site::place()),
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
        change(|kernel| {
            let state = self.state.get(kernel);
            let error = match (state.closed, state.has_room()) {
                (true, _) => Error::Closed,
                (false, false) => Error::Full,
                (false, true) => {
                    self.put(kernel, value, place);
                    return Ok(());
                }
            };
            Err(Refused { error, value })
        })
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
        match self.take_quickly() {
            Some(value) => Ok(value),
            None => self.receive_in_line(site::place()),
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
            match (state.has_value(), state.closed) {
                (true, _) => Ok(self.take(kernel, place).0),
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
        kernel::with(|kernel| self.state.get(kernel).closed = true);
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
        let value = ManuallyDrop::new(value);
        let sent = quick(|kernel| {
            let state = self.state.get(kernel);
            if !state.receivers.is_just(Marks::NONE) || state.closed || !state.has_room() {
                return None;
            }
            let place = state.next_place().as_mut_ptr();
            // SAFETY: a place of the queue's own; the value here is not used any more.
            unsafe { place.copy_from_nonoverlapping(&raw const *value, 1) };
            state.length = state.length.wrapping_add(1);
            Some(())
        });
        sent.ok_or_else(|| ManuallyDrop::into_inner(value))
    }

    /// The short way: there is a value, and nobody waits for room.
    #[inline(always)]
    fn take_quickly(&self) -> Option<T> {
        quick(|kernel| {
            let state = self.state.get(kernel);
            let is_simple = state.senders.is_just(Marks::NONE) && state.has_value();
            is_simple.then(|| state.pop())
        })
    }

    /// The way between: there is room, and somebody waits for a value; or there is none, and the caller
    /// waits in line.
    #[inline(never)]
    fn send_in_line(&self, value: T, place: Place) -> Result<(), Refused<T>> {
        let value = ManuallyDrop::new(value);
        let sent = in_line(place, |kernel| {
            let state = self.state.get(kernel);
            if state.closed || !state.receivers.is_line() {
                Found::Other
            } else if state.has_room() {
                // SAFETY: it is sent then, and not used any more.
                unsafe { state.put_in_line(&value) }
            } else {
                state.senders.object = state.receivers.object;
                Found::Waits(&mut state.senders)
            }
        });
        match sent {
            Ok(()) => Ok(()),
            Err(Waited::Granted) => {
                self.put_granted(value, place);
                Ok(())
            }
            Err(waited) => self.send_slowly(ManuallyDrop::into_inner(value), waited, place),
        }
    }

    #[cold]
    #[inline(never)]
    fn send_slowly(&self, value: T, waited: Waited, place: Place) -> Result<(), Refused<T>> {
        if waited == Waited::Not {
            return self.send_at(value, Patience::Forever, place);
        }
        match end_in_line(&self.state, waited, place) {
            Ok(()) => {
                self.put_granted_slowly(value, place);
                Ok(())
            }
            Err(error) => Err(Refused { error, value }),
        }
    }

    /// Puts a value in for which room was promised.
    #[inline(always)]
    fn put_granted(&self, value: ManuallyDrop<T>, place: Place) {
        let put = in_line(Place::NONE, |kernel| {
            let state = self.state.get(kernel);
            if !state.receivers.is_line() {
                return Found::Other;
            }
            state.promised_room = state.promised_room.wrapping_sub(1);
            // SAFETY: it is sent then, and not used any more.
            unsafe { state.put_in_line(&value) }
        });
        if put.is_err() {
            self.put_granted_slowly(ManuallyDrop::into_inner(value), place);
        }
    }

    #[cold]
    #[inline(never)]
    fn put_granted_slowly(&self, value: T, place: Place) {
        change(|kernel| {
            self.state.get(kernel).promised_room -= 1;
            self.put(kernel, value, place);
        });
    }

    #[inline(never)]
    fn send_at(&self, value: T, patience: Patience, place: Place) -> Result<(), Refused<T>> {
        let ask = Ask::new(patience, place);
        let value = Cell::new(Some(value));
        let attempt = |kernel: &mut Kernel| {
            let state = self.state.get(kernel);
            match (state.closed, state.has_room()) {
                (true, _) => Err(Error::Closed),
                (false, true) => {
                    let value = value.take().expect("one attempt is made");
                    self.put(kernel, value, place);
                    Ok(Attempt::Got(()))
                }
                (false, false) => {
                    state.receivers.note(kernel, ObjectOp::Waiting, state.length as u32, place);
                    state.senders.object = state.receivers.object;
                    let name = self.state.name() + core::mem::offset_of!(State<T, N>, senders);
                    state.senders.enqueue(kernel, name, &ask);
                    Ok(Attempt::Waits)
                }
            }
        };
        let granted = |kernel: &mut Kernel| {
            self.state.get(kernel).promised_room -= 1;
            let value = value.take().expect("it waited, so it still has the value");
            ((), self.put(kernel, value, place))
        };
        wait_for(&self.state, place, attempt, granted).map_err(|error| {
            let value = value.take().expect("nothing was sent");
            Refused { error, value }
        })
    }

    /// The way between: there is a value, and somebody waits for room; or there is none, and the caller
    /// waits in line.
    #[inline(never)]
    fn receive_in_line(&self, place: Place) -> Result<T, Error> {
        let received = in_line(place, |kernel| {
            let state = self.state.get(kernel);
            if !state.senders.is_line() {
                Found::Other
            } else if state.has_value() {
                state.take_in_line()
            } else if state.closed {
                Found::Other
            } else {
                Found::Waits(&mut state.receivers)
            }
        });
        match received {
            Ok(value) => Ok(value),
            Err(Waited::Granted) => Ok(self.take_granted(place)),
            Err(waited) => self.receive_slowly(waited, place),
        }
    }

    #[cold]
    #[inline(never)]
    fn receive_slowly(&self, waited: Waited, place: Place) -> Result<T, Error> {
        if waited == Waited::Not {
            return self.receive_at(Patience::Forever, place);
        }
        end_in_line(&self.state, waited, place)?;
        Ok(self.take_granted_slowly(place))
    }

    /// Takes the value out that was promised.
    #[inline(always)]
    fn take_granted(&self, place: Place) -> T {
        let taken = in_line(Place::NONE, |kernel| {
            let state = self.state.get(kernel);
            if !state.senders.is_line() {
                return Found::Other;
            }
            state.promised_values = state.promised_values.wrapping_sub(1);
            state.take_in_line()
        });
        taken.unwrap_or_else(|_| self.take_granted_slowly(place))
    }

    #[cold]
    #[inline(never)]
    fn take_granted_slowly(&self, place: Place) -> T {
        change(|kernel| {
            self.state.get(kernel).promised_values -= 1;
            self.take(kernel, place).0
        })
    }

    #[inline(never)]
    fn receive_at(&self, patience: Patience, place: Place) -> Result<T, Error> {
        let ask = Ask::new(patience, place);
        let attempt = |kernel: &mut Kernel| {
            let state = self.state.get(kernel);
            match (state.has_value(), state.closed) {
                (true, _) => Ok(Attempt::Got(self.take(kernel, place).0)),
                (false, true) => Err(Error::Closed),
                (false, false) => {
                    state.receivers.note(kernel, ObjectOp::Waiting, 0, place);
                    state.receivers.enqueue(kernel, self.receivers_name(), &ask);
                    Ok(Attempt::Waits)
                }
            }
        };
        wait_for(&self.state, place, attempt, |kernel| {
            self.state.get(kernel).promised_values -= 1;
            self.take(kernel, place)
        })
    }

    fn receivers_name(&self) -> QueueName {
        self.state.name()
    }

    /// Puts a value in for which there is room.
    fn put(&self, kernel: &mut Kernel, value: T, place: Place) -> Woken {
        let state = self.state.get(kernel);
        state.push(value);
        races::released(kernel, self.state.name());
        let woken = state.promise_value(kernel);
        state.receivers.note(kernel, ObjectOp::Given, state.length as u32, place);
        woken
    }

    /// Takes a value out that is there.
    fn take(&self, kernel: &mut Kernel, place: Place) -> (T, Woken) {
        let state = self.state.get(kernel);
        let value = state.pop();
        races::acquired(kernel, self.state.name());
        let woken = state.promise_room(kernel);
        state.receivers.note(kernel, ObjectOp::Taken, state.length as u32, place);
        (value, woken)
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
