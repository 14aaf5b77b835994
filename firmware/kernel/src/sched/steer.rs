//! A slice that ends when the host says so, and who has the next turn.

use super::{Scheduler, Slot};

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
        self.slice_end = Some(0);
    }
}
