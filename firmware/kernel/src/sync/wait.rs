//! The one way to wait for an object.

use super::head::{Headed, Masked};
use crate::era::LongStamp;
use crate::error::Error;
use crate::kernel::{self, Kernel};
use crate::site::Place;
use crate::thread;
use crate::time::{Instant, Span};

/// How long a caller is willing to wait.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    Forever,
    For(Span),
}

/// What a unit that waits asked for, when and where.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) deadline: Option<u64>,
    pub(crate) place: Place,
    /// What it wants, in the object's own terms; the answer comes back in the same place.
    pub(crate) word: u32,
    pub(crate) mode: u8,
}

impl Ask {
    pub(crate) fn new(patience: Patience, place: Place) -> Self {
        let deadline = match patience {
            Patience::Forever => None,
            Patience::For(span) => Some((Instant::now() + span).ticks()),
        };
        Self { deadline, place, word: 0, mode: 0 }
    }
}

/// What the kernel keeps of a unit's last wait.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) since: LongStamp,
    pub(crate) place: Place,
    pub(crate) word: u32,
    pub(crate) mode: u8,
}

impl Wait {
    pub(crate) const NONE: Wait =
        Wait { since: LongStamp::ZERO, place: Place::NONE, word: 0, mode: 0 };
}

impl Kernel {
    /// Notes since when, where and for what the running unit waits.
    pub(crate) fn begin_wait(&mut self, ask: &Ask) {
        let since = self.begin_era();
        let &Ask { place, word, mode, .. } = ask;
        self.current().wait = Wait { since, place, word, mode };
    }
}

/// What an attempt found.
pub(crate) enum Attempt<R> {
    /// What was wanted.
    Got(R),
    /// Nothing: the unit was put into a queue and waits.
    Waits,
}

/// How a wait that was not broken off ended.
pub(crate) enum Granted<R> {
    /// What was wanted was there.
    AtOnce(R),
    /// It was handed over.
    HandedOver,
}

/// Makes an attempt, and waits where that put the unit into a queue.
///
/// # Errors
/// Those of the attempt and of the wait.
pub(crate) fn wait_for<R>(
    attempt: impl FnOnce(&mut Kernel) -> Result<Attempt<R>, Error>,
) -> Result<Granted<R>, Error> {
    thread::check_headroom();
    let mut outcome = Ok(Attempt::Waits);
    let mut told = None;
    // One section for all of it: most calls find what they want, and nothing to be told.
    let slot = thread::step_back(|kernel| match thread::told(kernel) {
        None => outcome = attempt(kernel),
        some => told = some,
    })?;
    if let Some(told) = told {
        thread::deliver(told)?;
    }
    match outcome? {
        Attempt::Got(result) => Ok(Granted::AtOnce(result)),
        Attempt::Waits => thread::woken(slot).map(|()| Granted::HandedOver),
    }
}

/// As [`wait_for`], but not a point where a request to end is delivered.
pub(crate) fn wait_through_for<R>(
    attempt: impl FnOnce(&mut Kernel) -> Result<Attempt<R>, Error>,
) -> Result<Granted<R>, Error> {
    thread::check_headroom();
    let mut outcome = Ok(Attempt::Waits);
    let waited = thread::wait_through(|kernel| outcome = attempt(kernel));
    ended(outcome, waited)
}

fn ended<R>(
    outcome: Result<Attempt<R>, Error>,
    waited: Result<(), Error>,
) -> Result<Granted<R>, Error> {
    match outcome? {
        Attempt::Got(result) => Ok(Granted::AtOnce(result)),
        Attempt::Waits => waited.map(|()| Granted::HandedOver),
    }
}

/// Tells all that wait for an object, one a section.
pub(crate) fn release_all<S: Headed>(object: &Masked<S>) {
    kernel::with(|kernel| object.get(kernel).head().tell_all(kernel));
    wake_all_told(object);
}

/// Wakes all that have been told, one a section.
pub(crate) fn wake_all_told<S: Headed>(object: &Masked<S>) {
    while kernel::then_reschedule(|kernel| object.get(kernel).head().wake_told(kernel)) {}
}
