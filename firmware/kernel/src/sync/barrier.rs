//! `Barrier`: nobody goes on before all have come.
//!
//! Who gives up, by time-out or because it is asked to end, has not come: the others wait for another
//! one. Once the last has come all have, whatever happens before each of them runs.

use super::head::{Head, Headed, Masked};
use super::races;
use super::wait::{Ask, Attempt, Patience, Woken, wait_for};
use crate::error::Error;
use crate::kernel::Kernel;
use crate::sched::Wake;
use crate::site::{self, Place};
use crate::time::Span;
use ramscope_wire as wire;
use wire::{ObjectKind, ObjectOp};

/// Who a caller was among those that met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It waited.
    Waited,
    /// It came last, and all others went on because of it: exactly one of each round.
    Last,
}

#[repr(C)]
struct State {
    head: Head,
    parties: u8,
}

#[expect(unsafe_code, reason = "says what the layout is")]
// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl Headed for State {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// A meeting point. It can be used again and again.
pub struct Barrier {
    state: Masked<State>,
}

impl Barrier {
    /// A barrier at which `parties` threads meet.
    ///
    /// # Panics
    /// If nobody is to come.
    #[must_use]
    pub const fn named(name: &'static str, parties: u8) -> Self {
        assert!(parties > 0, "somebody has to come");
        let head = Head::new(ObjectKind::Barrier, name);
        Self { state: Masked::new(State { head, parties }) }
    }

    /// Waits until all have come.
    ///
    /// # Context
    /// Thread; blocks. The last one wakes one waiter a section.
    ///
    /// # Errors
    /// [`Error::Exit`] if the caller is asked to end: it has not come then.
    #[track_caller]
    pub fn wait(&self) -> Result<Arrival, Error> {
        self.wait_at(Patience::Forever, site::place())
    }

    /// Waits until all have come, for at most `span`.
    ///
    /// # Context
    /// Thread; blocks.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and those of [`wait`](Self::wait): the caller has not come then.
    #[track_caller]
    pub fn wait_for(&self, span: Span) -> Result<Arrival, Error> {
        self.wait_at(Patience::For(span), site::place())
    }

    fn wait_at(&self, patience: Patience, place: Place) -> Result<Arrival, Error> {
        let ask = Ask::new(patience, place);
        let attempt = |kernel: &mut Kernel| {
            races::released(kernel, self.state.name());
            let state = self.state.get(kernel);
            // Those of the round before that are leaving do not count.
            let come = state.head.untold() + 1;
            if come >= state.parties {
                state.head.note(kernel, ObjectOp::Given, u32::from(come), place);
                races::acquired(kernel, self.state.name());
                state.head.tell_all(kernel, Wake::Granted);
                return Ok(Attempt::Got(Arrival::Last));
            }
            state.head.note(kernel, ObjectOp::Waiting, u32::from(come), place);
            state.head.enqueue(kernel, self.state.name(), &ask);
            Ok(Attempt::Waits)
        };
        let arrival = wait_for(&self.state, place, attempt, |_| (Arrival::Waited, Woken::Nobody))?;
        if arrival == Arrival::Last {
            super::wait::wake_all_told(&self.state);
        }
        Ok(arrival)
    }
}
