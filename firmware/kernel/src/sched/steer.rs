//! A slice that ends when the host says so, and who has the next turn.

use core::mem::offset_of;

use super::{Attention, Entry, PriorityQueue, Scheduler, Slot};

/// Where a host that reads memory finds who could have a turn, as offsets in bytes: the running slot has
/// an equal if and only if its priority's bit is set.
impl Scheduler {
    /// The bitmap of priorities at which somebody is ready, 16 bits.
    pub(crate) const READY_BITS: usize = offset_of!(Self, ready) + PriorityQueue::BITS;
    /// The slot that runs, a byte.
    pub(crate) const RUNNING: usize = offset_of!(Self, running);
    /// The priority of the first slot, a byte.
    pub(crate) const PRIORITIES: usize = offset_of!(Self, entries) + offset_of!(Entry, priority);
    /// From a slot's priority to that of the next.
    pub(crate) const PRIORITY_STRIDE: usize = size_of::<Entry>();
}

impl Scheduler {
    /// The ready slots that may have the turn of the running one: its equals, in the order of their
    /// turns. None, if the idle context runs or a more urgent slot is about to.
    pub fn equals(&self) -> impl Iterator<Item = Slot> + '_ {
        let priority = self.priority(self.running);
        let is_contested = self.running != Slot::IDLE && self.ready.best() <= priority;
        let first = is_contested.then(|| self.ready.queue(priority).first()).flatten();
        core::iter::successors(first, |slot| self.behind(*slot))
    }

    /// Ends the slice of the running slot, and gives `next`, which is one of its
    /// [`equals`](Self::equals), the first turn among them. [`decide`](Self::decide) carries it out.
    pub fn steer(&mut self, next: Slot) {
        debug_assert!(self.equals().any(|slot| slot == next), "only an equal may have its turn");
        self.ready.remove(&mut self.entries, next);
        self.ready.push_front(&mut self.entries, next);
        self.attention.raise(Attention::TURN);
    }
}
