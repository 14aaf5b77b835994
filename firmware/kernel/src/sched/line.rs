//! Waits in line, and their ends, each in one step with the decision that follows it.
//!
//! The problem: a wait, or the end of one, leaves word that something is due, and the decision then asks
//! everything anew: who runs, in what state, who is ready, whether a slice is counted. Of nearly
//! all waits that is known before it is asked.
//!
//! The idea: two operations that know it. They are for what is common (a wait without a deadline for
//! what a program's thread gives, while nothing else is due) and do to the scheduler exactly
//! what the two steps would have done; else they do nothing, and say so.
//!
//! Invariant: nothing that is looked at where a section ends is due when they are called
//! ([`Attention::AT_END`]).

use super::{
    Attention, NO_QUEUE, NONE, Next, QueueName, Scheduler, Slice, Slot, State, WaitQueue, Wake, Why,
};

impl Scheduler {
    /// Blocks the running slot in `queue`, which is called `name`, and gives the processor to the best
    /// ready slot, whom it answers, and whether a slice of it begins: [`block_running`](Self::block_running) and then
    /// [`decide`](Self::decide). `None`: nothing was done, because nobody is ready, or this wait needs a look
    /// whether anything can end it.
    ///
    /// `why` is something that only programs give.
    #[inline(always)]
    pub fn wait_in_line(
        &mut self,
        queue: &mut WaitQueue,
        name: QueueName,
        why: Why,
        now: u32,
    ) -> Option<(Slot, Slice)> {
        debug_assert!(!self.attention.any(Attention::AT_END), "the module's invariant");
        debug_assert!(why.depends_on_programs(), "its chance is known");
        let slot = self.running;
        let kin = self.entries[slot.index()].kin;
        if self.ready.is_empty() || !self.outlook.waits_in_hope(kin) {
            return None;
        }
        self.tickets = self.tickets.wrapping_add(1);
        let entry = &mut self.entries[slot.index()];
        entry.state = State::Blocked(why);
        entry.wake = Wake::Granted;
        entry.queue = name;
        entry.ticket = self.tickets;
        queue.push_back(&mut self.entries, slot);
        // Nobody who is ready is more urgent than who runs.
        let best = if self.ready.has(self.level) { self.level } else { self.ready.best() };
        let next = self.ready.take_first_of(&mut self.entries, best);
        let slice = self.run_at(next, best, now);
        Some((next, slice))
    }

    /// The slot that has waited longest in `queue`, where somebody waits, if its wait can be granted in line:
    /// it has no deadline.
    #[inline(always)]
    #[must_use]
    pub fn first_in_line(&self, queue: &WaitQueue) -> Option<Slot> {
        let slot = queue.first_of_some();
        (self.entries[slot.index()].deadline_position == NONE).then_some(slot)
    }

    /// Grants that slot what it waits for, and decides: as [`wake_first`](Self::wake_first) and then
    /// [`decide`](Self::decide). What is due after that is in the attention.
    ///
    /// Whoever waits in `queue` waits for something that only programs give.
    #[inline(always)]
    pub fn grant_in_line(&mut self, queue: &mut WaitQueue, slot: Slot, now: u32) -> Next {
        debug_assert!(!self.attention.any(Attention::AT_END), "the module's invariant");
        debug_assert_eq!(queue.first(), Some(slot), "it is the first");
        let entry = &mut self.entries[slot.index()];
        debug_assert_eq!(entry.wake, Wake::Granted, "a wait begins so");
        entry.queue = NO_QUEUE;
        let (kin, priority) = (entry.kin, entry.priority);
        queue.leave_first(&self.entries, slot);
        self.outlook.hopes_again(kin);
        if priority > self.level {
            return self.run_at_once(slot, priority);
        }
        self.put_back(slot);
        if priority == self.level && !self.slice.counts {
            self.begin_slice(now.wrapping_add(self.slice_stamps));
        }
        Next::Stay
    }

    /// Runs a slot that is more urgent than who runs, if of that one no slice is counted.
    #[inline(always)]
    fn run_at_once(&mut self, slot: Slot, priority: u8) -> Next {
        if self.slice.counts {
            self.put_back(slot);
            self.attention.raise(Attention::SWITCH);
            return Next::Stay;
        }
        self.run_instead(slot, priority)
    }
}
