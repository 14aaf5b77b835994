//! `Emitter<E, N>`: tells events to at most `N` subscribers, and to who waits for the next one.
//!
//! Subscribers are called in the order in which they subscribed, in the context of whoever
//! emits, with nothing masked and nothing held: a callback may subscribe, unsubscribe (itself too) and
//! emit. It is called for an event if it was subscribed when the event was emitted and still is when
//! its turn comes.

use super::head::{Head, Headed, Masked};
use super::races;
use super::wait::{Ask, Attempt, Patience, Woken, release_all, wait_for};
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::site::{self, Place};
use crate::thread;
use crate::time::Span;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

/// Something that is called with each event.
type Callback<'a, E> = &'a (dyn Fn(&E) + Sync);

/// Names one subscription; never reused by its emitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription(u32);

#[repr(C)]
struct State<'a, E, const N: usize> {
    head: Head,
    /// The serial of the last subscription.
    last: u32,
    emitted: u32,
    /// In the order of their serials, without gaps.
    subscribed: [Option<(u32, Callback<'a, E>)>; N],
}

#[expect(unsafe_code, reason = "says what the layout is")]
// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl<E, const N: usize> Headed for State<'_, E, N> {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// An event emitter. See the module's text.
pub struct Emitter<'a, E, const N: usize> {
    state: Masked<State<'a, E, N>>,
}

impl<'a, E, const N: usize> Emitter<'a, E, N> {
    /// An emitter without subscribers.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        let head = Head::new(ObjectKind::Emitter, name);
        Self { state: Masked::new(State { head, last: 0, emitted: 0, subscribed: [None; N] }) }
    }

    /// Has `callback` called with each event from now on.
    ///
    /// # Context
    /// Thread or handler. Constant but for the `N` places.
    ///
    /// # Errors
    /// [`Error::Full`] if there are `N` subscriptions.
    pub fn subscribe(&self, callback: Callback<'a, E>) -> Result<Subscription, Error> {
        thread::check_headroom();
        kernel::with(|kernel| {
            let state = self.state.get(kernel);
            let place = state.subscribed.iter_mut().find(|place| place.is_none());
            let place = place.ok_or(Error::Full)?;
            state.last += 1;
            *place = Some((state.last, callback));
            Ok(Subscription(state.last))
        })
    }

    /// Ends a subscription; says whether there was one. A call that is under way in another thread
    /// goes on to its end.
    ///
    /// # Context
    /// Thread or handler; also inside of a callback.
    pub fn unsubscribe(&self, subscription: Subscription) -> bool {
        thread::check_headroom();
        kernel::with(|kernel| {
            let places = &mut self.state.get(kernel).subscribed;
            let is_it = |place: &Option<(u32, Callback<'a, E>)>| {
                place.as_ref().is_some_and(|(serial, _)| *serial == subscription.0)
            };
            let Some(index) = places.iter().position(is_it) else { return false };
            places[index] = None;
            places[index..].rotate_left(1);
            true
        })
    }

    /// Calls the subscribers with `event`, and lets go on who waits. Answers how many were called.
    ///
    /// # Context
    /// Thread or handler: the callbacks must suit it.
    pub fn emit(&self, event: &E) -> usize {
        thread::check_headroom();
        let last = kernel::with(|kernel| {
            let state = self.state.get(kernel);
            state.emitted = state.emitted.wrapping_add(1);
            state.head.note(kernel, ObjectOp::Given, state.emitted, Place::NONE);
            state.last
        });
        let mut called = 0;
        let mut before = 0;
        while let Some((serial, callback)) = self.next_after(before, last) {
            callback(event);
            before = serial;
            called += 1;
        }
        kernel::with(|kernel| races::released(kernel, self.state.name()));
        release_all(&self.state);
        called
    }

    /// Waits for the next event; answers how many there have been.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::Exit`] if the caller is asked to end.
    #[track_caller]
    pub fn wait(&self) -> Result<u32, Error> {
        self.wait_at(Patience::Forever, site::place())
    }

    /// Waits for the next event for at most `span`; answers how many there have been.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_for(&self, span: Span) -> Result<u32, Error> {
        self.wait_at(Patience::For(span), site::place())
    }

    fn wait_at(&self, patience: Patience, place: Place) -> Result<u32, Error> {
        let ask = Ask::new(patience, place);
        let attempt = |kernel: &mut Kernel| -> Result<Attempt<u32>, Error> {
            let state = self.state.get(kernel);
            state.head.note(kernel, ObjectOp::Waiting, state.emitted, place);
            state.head.enqueue(kernel, self.state.name(), &ask);
            Ok(Attempt::Waits)
        };
        wait_for(&self.state, place, attempt, |kernel| {
            (self.state.get(kernel).emitted, Woken::Nobody)
        })
    }

    /// The first subscription behind `before`, up to `last`.
    fn next_after(&self, before: u32, last: u32) -> Option<(u32, Callback<'a, E>)> {
        kernel::with(|kernel| {
            let mut places = self.state.get(kernel).subscribed.iter().flatten();
            places.find(|(serial, _)| (before + 1..=last).contains(serial)).copied()
        })
    }
}
