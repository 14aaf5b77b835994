//! `Queue<T, N>`: at most `N` values on their way from any threads to any threads.
//!
//! Values go in by value and come out in the order in which they went in. Who waits for a value, or
//! for room, waits in order too: a value that is sent while somebody waits is *promised* to who has
//! waited longest, and nobody else can take it in between; room likewise.
//!
//! Invariants:
//! 1. `promised_values <= length` and `length + promised_room <= N`.
//! 2. A receiver waits only while every value is promised, a sender only while all room is.
#![expect(unsafe_code, reason = "values in memory that is not always initialised")]

use super::head::{Ask, Attempt, Granted, Head, Headed, Masked, Patience, wait_for};
use super::races;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::sched::{QueueName, Wake};
use crate::site;
use crate::thread;
use crate::time::Span;
use core::mem::MaybeUninit;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp, SiteId};

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
        let at = (self.start + self.length) % N;
        self.values[at].write(value);
        self.length += 1;
    }

    fn pop(&mut self) -> T {
        debug_assert!(self.length > 0, "who takes knows that there is one");
        // SAFETY: `length` values from `start` on are initialised, and this one is left.
        let value = unsafe { self.values[self.start].assume_init_read() };
        self.start = (self.start + 1) % N;
        self.length -= 1;
        value
    }

    fn has_value(&self) -> bool {
        self.length > self.promised_values
    }

    fn has_room(&self) -> bool {
        self.length + self.promised_room < N
    }

    /// Promises the value that has just come to who waits longest.
    fn promise_value(&mut self, kernel: &mut Kernel) {
        if self.receivers.wake_first(kernel, Wake::Granted).is_some() {
            self.promised_values += 1;
        }
    }

    /// Promises the room that has just come to who waits longest.
    fn promise_room(&mut self, kernel: &mut Kernel) {
        if self.senders.wake_first(kernel, Wake::Granted).is_some() {
            self.promised_room += 1;
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
    pub fn send(&self, value: T) -> Result<(), Refused<T>> {
        self.send_at(value, Patience::Forever, site::here())
    }

    /// Sends a value; waits for room for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`send`](Self::send).
    #[track_caller]
    pub fn send_for(&self, value: T, span: Span) -> Result<(), Refused<T>> {
        self.send_at(value, Patience::For(span), site::here())
    }

    /// Sends a value if there is room.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::Closed`]; the value comes back.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), Refused<T>> {
        thread::check_headroom();
        let site = site::here();
        kernel::then_reschedule(|kernel| {
            let state = self.state.get(kernel);
            let error = match (state.closed, state.has_room()) {
                (true, _) => Error::Closed,
                (false, false) => Error::Full,
                (false, true) => {
                    self.put(kernel, value, site);
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
    pub fn receive(&self) -> Result<T, Error> {
        self.receive_at(Patience::Forever, site::here())
    }

    /// Takes the oldest value; waits for one for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`receive`](Self::receive).
    #[track_caller]
    pub fn receive_for(&self, span: Span) -> Result<T, Error> {
        self.receive_at(Patience::For(span), site::here())
    }

    /// Takes the oldest value if there is one.
    ///
    /// # Context
    /// Thread or handler; never blocks.
    ///
    /// # Errors
    /// [`Error::Empty`], or [`Error::Closed`] if there will be none any more.
    #[track_caller]
    pub fn try_receive(&self) -> Result<T, Error> {
        thread::check_headroom();
        let site = site::here();
        kernel::then_reschedule(|kernel| {
            let state = self.state.get(kernel);
            match (state.has_value(), state.closed) {
                (true, _) => Ok(self.take(kernel, site)),
                (false, true) => Err(Error::Closed),
                (false, false) => Err(Error::Empty),
            }
        })
    }

    /// Closes the queue: nothing goes in any more, what is in it can be taken out, and all that wait
    /// learn it.
    ///
    /// # Context
    /// Thread or handler. One waiter a section.
    pub fn close(&self) {
        thread::check_headroom();
        kernel::with(|kernel| self.state.get(kernel).closed = true);
        while kernel::then_reschedule(|kernel| {
            let State { receivers, senders, .. } = self.state.get(kernel);
            receivers
                .wake_first(kernel, Wake::Closed)
                .or_else(|| senders.wake_first(kernel, Wake::Closed))
                .is_some()
        }) {}
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

    fn send_at(&self, value: T, patience: Patience, site: SiteId) -> Result<(), Refused<T>> {
        let ask = Ask::new(patience, site);
        let mut value = Some(value);
        let attempt = |kernel: &mut Kernel| {
            let state = self.state.get(kernel);
            match (state.closed, state.has_room()) {
                (true, _) => Err(Error::Closed),
                (false, true) => {
                    let value = value.take().expect("one attempt is made");
                    self.put(kernel, value, site);
                    Ok(Attempt::Got(()))
                }
                (false, false) => {
                    state.receivers.note(kernel, ObjectOp::Waiting, state.length as u32, site);
                    state.senders.object = state.receivers.object;
                    let name = self.state.name() + core::mem::offset_of!(State<T, N>, senders);
                    state.senders.enqueue(kernel, name, &ask);
                    Ok(Attempt::Waits)
                }
            }
        };
        let result = wait_for(attempt);
        super::semaphore::note_end(&self.state, &result, site);
        match result {
            Ok(Granted::AtOnce(())) => Ok(()),
            Ok(Granted::HandedOver) => {
                let value = value.take().expect("it waited, so it still has the value");
                kernel::then_reschedule(|kernel| {
                    self.state.get(kernel).promised_room -= 1;
                    self.put(kernel, value, site);
                });
                Ok(())
            }
            Err(error) => {
                let value = value.take().expect("nothing was sent");
                Err(Refused { error, value })
            }
        }
    }

    fn receive_at(&self, patience: Patience, site: SiteId) -> Result<T, Error> {
        let ask = Ask::new(patience, site);
        let attempt = |kernel: &mut Kernel| {
            let state = self.state.get(kernel);
            match (state.has_value(), state.closed) {
                (true, _) => Ok(Attempt::Got(self.take(kernel, site))),
                (false, true) => Err(Error::Closed),
                (false, false) => {
                    state.receivers.note(kernel, ObjectOp::Waiting, 0, site);
                    state.receivers.enqueue(kernel, self.receivers_name(), &ask);
                    Ok(Attempt::Waits)
                }
            }
        };
        let result = wait_for(attempt);
        super::semaphore::note_end(&self.state, &result, site);
        match result? {
            // The section that took it has let a more urgent sender go first, for whom room has come.
            Granted::AtOnce(value) => Ok(value),
            Granted::HandedOver => Ok(kernel::then_reschedule(|kernel| {
                self.state.get(kernel).promised_values -= 1;
                self.take(kernel, site)
            })),
        }
    }

    fn receivers_name(&self) -> QueueName {
        self.state.name()
    }

    /// Puts a value in for which there is room.
    fn put(&self, kernel: &mut Kernel, value: T, site: SiteId) {
        let state = self.state.get(kernel);
        state.push(value);
        races::released(kernel, self.state.name());
        state.promise_value(kernel);
        state.receivers.note(kernel, ObjectOp::Given, state.length as u32, site);
    }

    /// Takes a value out that is there.
    fn take(&self, kernel: &mut Kernel, site: SiteId) -> T {
        let state = self.state.get(kernel);
        let value = state.pop();
        races::acquired(kernel, self.state.name());
        state.promise_room(kernel);
        state.receivers.note(kernel, ObjectOp::Taken, state.length as u32, site);
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
