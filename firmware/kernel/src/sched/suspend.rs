//! Slots that somebody has suspended: they do not run until somebody resumes them.
//!
//! A suspended slot that is ready is in no queue. One that waits goes on waiting: it keeps its place, its
//! time-out runs, and what it waits for may be given to it; but when its wait is over it does not become
//! ready. So that the end of a wait costs nothing more, a suspended slot that waits without a deadline
//! stands in the heap of deadlines with one that never comes ([`NEVER`]): ends of timed waits look whether
//! the slot is suspended, and others need not.
//!
//! Suspensions are not counted: to suspend what is suspended changes nothing, and one resumption ends it.
//!
//! Invariants:
//! 1. A slot in `suspended` is suspended, or is about to be because it writes a line: it has a floor then
//!    ([`Scheduler::set_running_floor`]), and is suspended when that is taken back.
//! 2. A suspended slot is in state [`State::Suspended`], or it waits and has a deadline, perhaps `NEVER`.
//! 3. A suspended slot of a program counts as one that only programs can help ([`super::outlook`]).

use super::{Attention, Kin, NONE, Scheduler, Slot, State};

/// A deadline that never comes.
pub(super) const NEVER: u64 = u64::MAX;

impl Scheduler {
    /// Suspends a slot; says whether it was not suspended, and can be.
    pub fn suspend(&mut self, slot: Slot) -> bool {
        let state = self.state(slot);
        let is_over = matches!(state, State::Free | State::Ended);
        if is_over || slot == Slot::IDLE || self.suspended.contains(slot) {
            return false;
        }
        self.suspended.insert(slot);
        if self.entries[slot.index()].floor == 0 {
            self.halt(slot);
        }
        true
    }

    /// Stops a slot that is in `suspended`.
    pub(super) fn halt(&mut self, slot: Slot) {
        let counted = self.is_counted(slot);
        match self.state(slot) {
            State::Ready => {
                self.ready.remove(&mut self.entries, slot);
                self.entries[slot.index()].state = State::Suspended;
            }
            State::Running => {
                self.entries[slot.index()].state = State::Suspended;
                self.attention.raise(Attention::SWITCH);
            }
            State::Blocked(_) if self.entries[slot.index()].deadline_position == NONE => {
                self.entries[slot.index()].deadline = NEVER;
                self.deadlines.push(&mut self.entries, slot.0);
            }
            _ => {}
        }
        if !counted && self.kin(slot) == Kin::Program && self.outlook.suspends() {
            self.attention.raise(Attention::LOOK);
        }
    }

    /// Lets a suspended slot go on; says whether it was suspended.
    pub fn resume(&mut self, slot: Slot) -> bool {
        if !self.suspended.contains(slot) {
            return false;
        }
        self.suspended.remove(slot);
        if self.entries[slot.index()].floor != 0 {
            return true;
        }
        match self.state(slot) {
            State::Suspended => self.make_ready(slot),
            State::Blocked(_) if self.entries[slot.index()].deadline == NEVER => {
                self.deadlines.remove(&mut self.entries, slot.0);
            }
            _ => {}
        }
        if self.kin(slot) == Kin::Program && !self.is_counted(slot) {
            self.outlook.goes_on();
        }
        true
    }

    /// Whether the slot is suspended, or will be when it has written its line.
    #[must_use]
    pub fn is_suspended(&self, slot: Slot) -> bool {
        self.suspended.contains(slot)
    }

    /// Whether the slot counts, for its wait alone, as one that only programs can help.
    fn is_counted(&self, slot: Slot) -> bool {
        let is_programs = self.kin(slot) == Kin::Program;
        matches!(self.state(slot), State::Blocked(why) if why.depends_on_programs())
            && is_programs
            && !self.has_deadline(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Next, WaitQueue, Wake, Why};
    use super::*;

    /// A scheduler in which the first of two equal slots runs.
    fn two() -> (Scheduler, Slot, Slot) {
        let mut sched = Scheduler::new(1_000);
        let [one, two] = [(); 2].map(|()| sched.add(5, Kin::Program).unwrap());
        let _ = sched.decide(0);
        (sched, one, two)
    }

    #[test]
    fn what_is_suspended_does_not_run_and_one_resumption_ends_it() {
        let (mut sched, one, two) = two();
        assert!(sched.suspend(two) && !sched.suspend(two));
        assert_eq!(sched.give_way(0), Next::Stay);
        assert!(sched.resume(two) && !sched.resume(two));
        assert_eq!(sched.give_way(0), Next::Switch(two));
        assert!(sched.suspend(two));
        assert_eq!(sched.decide(0), Next::Switch(one));
        assert_eq!(sched.state(two), State::Suspended);
    }

    #[test]
    fn a_wait_goes_on_and_its_end_makes_nobody_ready_that_is_suspended() {
        for deadline in [None, Some(5)] {
            let (mut sched, one, two) = two();
            let mut queue = WaitQueue::new();
            sched.block_running(Why::Lock, Some((&mut queue, 7)), deadline);
            assert_eq!(sched.decide(0), Next::Switch(two));
            assert!(sched.suspend(one));
            assert_eq!(sched.has_deadline(one), deadline.is_some());
            assert_eq!(sched.expired(4), None);
            assert_eq!(sched.expired(5), deadline.map(|_| one));
            assert_eq!(sched.wake_first(&mut queue, Wake::Granted), Some(one));
            assert_eq!((sched.state(one), sched.wake_of(one)), (State::Suspended, Wake::Granted));
            assert_eq!(sched.deadline(), None);
            sched.resume(one);
            assert_eq!(sched.give_way(0), Next::Switch(one));
        }
    }

    #[test]
    fn who_is_resumed_before_its_wait_is_over_waits_on() {
        let (mut sched, one, two) = two();
        let mut queue = WaitQueue::new();
        sched.block_running(Why::Lock, Some((&mut queue, 7)), None);
        let _ = sched.decide(0);
        assert!(sched.suspend(one) && sched.resume(one));
        assert_eq!((sched.state(one), sched.deadline()), (State::Blocked(Why::Lock), None));
        sched.wake_first(&mut queue, Wake::Granted);
        assert_eq!(sched.state(one), State::Ready);
        assert_eq!(sched.running(), two);
    }

    #[test]
    fn nothing_is_left_when_all_others_wait_and_one_is_suspended() {
        let (mut sched, one, two) = two();
        assert!(sched.suspend(two) && !sched.is_stuck(0));
        let mut queue = WaitQueue::new();
        sched.block_running(Why::Lock, Some((&mut queue, 7)), None);
        let _ = sched.decide(0);
        assert!(sched.is_stuck(0) && !sched.is_stuck(1));
        assert!(sched.suspend(one) && sched.is_stuck(0));
        assert!(sched.resume(one) && sched.is_stuck(0));
        assert!(sched.resume(two) && !sched.is_stuck(0));
        sched.wake_first(&mut queue, Wake::Granted);
        assert!(!sched.is_stuck(0));
    }

    #[test]
    fn who_writes_a_line_ends_it_first() {
        let (mut sched, one, two) = two();
        sched.set_running_floor(9);
        assert!(sched.suspend(one));
        assert_eq!((sched.decide(0), sched.state(one)), (Next::Stay, State::Running));
        sched.set_running_floor(0);
        assert_eq!(sched.decide(0), Next::Switch(two));
        assert_eq!(sched.state(one), State::Suspended);
    }
}
