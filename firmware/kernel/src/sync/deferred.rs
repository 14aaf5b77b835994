//! What is told to many in a handler, and must not take as long as there are waiters.
//!
//! The problem: a thread that sets flags for which many wait lets them go one a section, with handlers
//! let in between. A handler is one section as a whole: there the kernel was held longer with the number
//! of waiters, 200 instructions for each.
//!
//! The idea: the handler lets the first one go and leaves the rest. As long as something is left the
//! clock's alarm stands at once, so that the next thing that happens, before any thread runs on, is an
//! interrupt that lets one more go; and whatever is more urgent comes in between.
//!
//! Invariants:
//! 1. An object is listed only while somebody waits for it: it is borrowed then, by invariant 2 of
//!    [`sync`](super). Whoever takes the last waiter out of a queue takes it off the list.
//! 2. What comes between two steps finds the object as between two sections of a thread that does the
//!    same: each step is one of those sections. No thread comes in between but where one has
//!    masked interrupts itself and calls on.
//! 3. A step wakes at most one unit.
#![expect(unsafe_code, reason = "finds objects by their names")]

use super::flags;
use super::head::{Head, head_of};
use crate::kernel::Kernel;
use crate::sched::{Attention, QueueName, Wake};
use ramscope_wire::ObjectKind;

/// Objects of which something can be left at a time. One more is told all at once, as long as it takes.
const DEFERRED_MAX: usize = 4;
/// No object.
const NOTHING: QueueName = 0;

/// The list. See the module's text.
pub(crate) struct Deferred {
    names: [QueueName; DEFERRED_MAX],
    /// How many there are.
    count: u8,
    /// Which of them has the next step, so that each has its turn.
    next: usize,
}

impl Deferred {
    pub(crate) const fn new() -> Self {
        Self { names: [NOTHING; DEFERRED_MAX], count: 0, next: 0 }
    }

    /// Whether something is left.
    #[inline(always)]
    pub(crate) const fn any(&self) -> bool {
        self.count > 0
    }

    fn add(&mut self, name: QueueName) -> bool {
        if self.names.contains(&name) {
            return true;
        }
        let Some(place) = self.names.iter_mut().find(|place| **place == NOTHING) else {
            return false;
        };
        *place = name;
        self.count += 1;
        true
    }

    fn remove(&mut self, name: QueueName) {
        for place in self.names.iter_mut().filter(|place| **place == name) {
            *place = NOTHING;
            self.count -= 1;
        }
    }

    fn turn(&mut self) -> Option<QueueName> {
        let order = (0..DEFERRED_MAX).map(|step| (self.next + step) % DEFERRED_MAX);
        let index = order.into_iter().find(|index| self.names[*index] != NOTHING)?;
        self.next = (index + 1) % DEFERRED_MAX;
        Some(self.names[index])
    }
}

/// Whether the running section may not be followed by another one at once: it is part of a handler, or
/// of a stretch that a program has masked.
pub(super) fn is_one_stretch(kernel: &Kernel) -> bool {
    kernel.in_handler() || kernel.program_masks
}

/// Leaves what is left of an object, for which somebody waits. Says whether there was room: else the
/// caller does it all.
pub(super) fn defer(kernel: &mut Kernel, head: &mut Head) -> bool {
    debug_assert!(head.waiting() > 0, "invariant 1");
    let has_room = kernel.deferred.add(head.name());
    if has_room {
        head.note_deferred();
        kernel.sched.attention.raise(Attention::ALARM);
    }
    has_room
}

/// Nobody waits for the object of this name any more.
#[cold]
#[inline(never)]
pub(super) fn forget(kernel: &mut Kernel, name: QueueName) {
    kernel.deferred.remove(name);
}

/// Does one step, and asks for another interrupt if something is left. In the clock's handler.
#[inline]
pub(crate) fn serve(kernel: &mut Kernel) {
    if kernel.deferred.any() {
        step(kernel);
    }
}

#[cold]
#[inline(never)]
fn step(kernel: &mut Kernel) {
    let Some(name) = kernel.deferred.turn() else { return };
    // SAFETY: invariant 1; no other reference to the object is alive in this handler.
    let head = unsafe { head_of(name) };
    let is_over = match head.kind {
        ObjectKind::Event => flags::step(kernel, name),
        // Whatever waits for a queue of which something is left learns that it is closed.
        ObjectKind::Queue => head.wake_next(kernel, Wake::Closed).is_none(),
        _ => !head.wake_told(kernel),
    };
    if is_over {
        kernel.deferred.remove(name);
    }
    kernel.sched.attention.raise(Attention::ALARM);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_listed_has_its_turn_until_it_is_removed() {
        let mut deferred = Deferred::new();
        assert!((1..=DEFERRED_MAX).all(|name| deferred.add(name)));
        assert!(deferred.add(2) && !deferred.add(9));
        let turns: Vec<_> = (0..5).map(|_| deferred.turn()).collect();
        assert_eq!(turns, [Some(1), Some(2), Some(3), Some(4), Some(1)]);
        deferred.remove(2);
        assert_eq!(deferred.turn(), Some(3));
        (1..=DEFERRED_MAX).for_each(|name| deferred.remove(name));
        assert!(!deferred.any() && deferred.turn().is_none());
    }
}
