//! The decision who runs: turns among equals, preemption, slices.
//!
//! There are two ways to it. [`decide`](Scheduler::decide) knows every case.
//! [`decide_quickly`](Scheduler::decide_quickly) and [`take_turn`](Scheduler::take_turn) know those that
//! make nearly all switches, call nothing, and so cost their callers no frame.

use super::{Attention, Next, Scheduler, Slot, State};

/// What a decision does, whatever it is.
const DECIDED: Attention = Attention::SWITCH.and(Attention::SLICE).and(Attention::TURN);

/// Whether a slice of the slot that runs now is counted, and an alarm may be due for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// It has no equal.
    None,
    /// It is.
    Begun,
}

/// Who is ready and no less urgent than the running slot: a bit for each priority from its own on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rivals(u32);

impl Rivals {
    /// Whether there is one.
    #[inline(always)]
    #[must_use]
    pub const fn any(self) -> bool {
        self.0 != 0
    }

    /// Whether there are some, none of which is more urgent.
    #[inline(always)]
    #[must_use]
    pub const fn are_equals(self) -> bool {
        self.0 == 1
    }
}

impl Scheduler {
    /// Lets the running slot give way to an equal or more urgent one. `now` and the ends of slices are
    /// time stamps.
    #[inline]
    pub fn give_way(&mut self, now: u32) -> Next {
        match self.rivals() {
            Rivals(0) => Next::Stay,
            rivals if rivals.are_equals() => self.take_turn(now),
            _ => self.give_way_to_best(now),
        }
    }

    /// Lets the first of its equals go on instead of the running slot, where nobody more urgent is ready.
    /// The idle context has no equals.
    #[inline(always)]
    pub fn take_turn(&mut self, now: u32) -> Next {
        let (before, level) = (self.running, self.level);
        let slot = self.ready.exchange(&mut self.entries, level, before);
        self.entries[before.index()].state = State::Ready;
        self.running = slot;
        let entry = &mut self.entries[slot.index()];
        entry.state = State::Running;
        let slice = match entry.slice_left {
            0 => self.slice_stamps,
            left => self.resume_slice(left),
        };
        self.begin_slice(now.wrapping_add(slice));
        Next::Switch(slot)
    }

    /// A slice goes on that a preemption broke off: the alarm of another one may stand too late for it.
    fn resume_slice(&mut self, left: u32) -> u32 {
        self.slice.has_alarm = false;
        self.entries[self.running.index()].slice_left = 0;
        left
    }

    #[inline(never)]
    fn give_way_to_best(&mut self, now: u32) -> Next {
        if self.running != Slot::IDLE {
            self.put_back(self.running);
        }
        self.take_best(now)
    }

    /// Who is ready and no less urgent than the running slot.
    #[inline(always)]
    #[must_use]
    pub fn rivals(&self) -> Rivals {
        Rivals(self.ready.from(self.level))
    }

    /// Decides after any change: a running slot that goes on, or the best ready one.
    ///
    /// A slot that is preempted goes back to the *front* of its queue with what is left of its
    /// slice. When its slice is over, it goes to the back.
    #[inline(never)]
    pub fn decide(&mut self, now: u32) -> Next {
        let running = self.running;
        let has_turn = !self.attention.any(Attention::TURN);
        self.attention.lower(DECIDED);
        if !matches!(self.state(running), State::Running) {
            return self.take_best(now);
        }
        match self.ready.from(self.level) {
            0 => {
                self.slice.counts = false;
                Next::Stay
            }
            1 if has_turn => self.count_slice(now),
            1 => self.give_way(now),
            _ => {
                self.preempt(running, now);
                self.take_best(now)
            }
        }
    }

    /// Decides where that is quick: the running slot waits or has ended, and another one is ready; a more
    /// urgent one is, and no slice is counted; or the slice begins. `None`: nothing was done, and
    /// [`decide`](Self::decide) must.
    #[inline(always)]
    pub fn decide_quickly(&mut self, now: u32) -> Option<Next> {
        let running = self.running;
        if matches!(self.state(running), State::Running) {
            if self.slice.counts || self.attention.any(Attention::TURN) {
                return None;
            }
            match self.rivals() {
                Rivals(0) => return None,
                rivals if rivals.are_equals() => {
                    self.attention.lower(DECIDED);
                    self.begin_slice(now.wrapping_add(self.slice_stamps));
                    return Some(Next::Stay);
                }
                _ if running != Slot::IDLE => self.make_ready_first(running),
                _ => {}
            }
        }
        let slot = self.ready.take_first(&mut self.entries)?;
        self.attention.lower(DECIDED);
        if running == Slot::IDLE {
            self.entries[Slot::IDLE.index()].state = State::Ready;
        }
        self.run(slot, now);
        // A wait of its own may have ended while its chain of owners was settled.
        Some(if slot == running { Next::Stay } else { Next::Switch(slot) })
    }

    /// Begins the slice of the running slot, or looks whether it is over.
    fn count_slice(&mut self, now: u32) -> Next {
        if !self.slice.counts {
            self.begin_slice(now.wrapping_add(self.slice_stamps));
        } else if self.slice_left(now) == 0 {
            return self.give_way(now);
        }
        Next::Stay
    }

    #[inline(always)]
    pub(super) fn begin_slice(&mut self, end: u32) {
        self.slice.counts = true;
        self.slice_end = end;
        if !self.slice.has_alarm {
            self.attention.raise(Attention::ALARM);
        }
    }

    /// Stamps up to the end of the slice that is counted; stamps wrap, slices are short.
    pub(super) fn slice_left(&self, now: u32) -> u32 {
        let left = self.slice_end.wrapping_sub(now);
        if left as i32 > 0 { left } else { 0 }
    }

    #[inline(always)]
    fn take_best(&mut self, now: u32) -> Next {
        self.attention.lower(DECIDED);
        let before = self.running;
        if before == Slot::IDLE {
            self.entries[Slot::IDLE.index()].state = State::Ready;
        }
        let Some(slot) = self.ready.take_first(&mut self.entries) else {
            return self.rest(before);
        };
        self.run(slot, now);
        if slot == before { Next::Stay } else { Next::Switch(slot) }
    }

    /// Runs a slot that was not ready yet and is more urgent than the running one, of which no slice is
    /// counted; and so more urgent than whoever is ready.
    #[inline(always)]
    pub(super) fn run_instead(&mut self, slot: Slot, priority: u8) -> Next {
        if self.running == Slot::IDLE {
            self.entries[Slot::IDLE.index()].state = State::Ready;
        } else {
            self.make_ready_first(self.running);
        }
        (self.running, self.level) = (slot, priority);
        self.entries[slot.index()].state = State::Running;
        Next::Switch(slot)
    }

    /// The processor is given to a slot that was ready.
    #[inline(always)]
    fn run(&mut self, slot: Slot, now: u32) {
        let _ = self.run_at(slot, self.entries[slot.index()].priority, now);
    }

    /// As [`run`](Self::run), where the priority of the slot is known.
    #[inline(always)]
    pub(super) fn run_at(&mut self, slot: Slot, priority: u8, now: u32) -> Slice {
        (self.running, self.level) = (slot, priority);
        let entry = &mut self.entries[slot.index()];
        entry.state = State::Running;
        let left = core::mem::take(&mut entry.slice_left);
        self.slice.counts = false;
        if !self.ready.has(priority) {
            return Slice::None;
        }
        let slice = match left {
            0 => self.slice_stamps,
            left => self.resume_slice(left),
        };
        self.begin_slice(now.wrapping_add(slice));
        Slice::Begun
    }

    /// Nobody is ready: the idle context runs, and the alarm stands where it must.
    #[inline(never)]
    fn rest(&mut self, before: Slot) -> Next {
        self.attention.raise(Attention::ALARM);
        self.entries[Slot::IDLE.index()].state = State::Running;
        (self.running, self.level) = (Slot::IDLE, 0);
        self.slice.counts = false;
        if before == Slot::IDLE { Next::Stay } else { Next::Switch(Slot::IDLE) }
    }

    #[inline]
    pub(super) fn make_ready(&mut self, slot: Slot) {
        self.put_back(slot);
        self.note_rival(self.entries[slot.index()].priority);
    }

    /// A slot of this priority is ready: says what follows.
    #[inline]
    pub(super) fn note_rival(&mut self, priority: u8) {
        if priority > self.level {
            self.attention.raise(Attention::SWITCH);
        } else if priority == self.level && !self.slice.counts {
            self.attention.raise(Attention::SLICE);
        }
    }

    #[inline]
    pub(super) fn put_back(&mut self, slot: Slot) {
        self.entries[slot.index()].state = State::Ready;
        self.ready.push_back(&mut self.entries, slot);
    }

    /// Puts the running slot back because a more urgent one runs.
    #[inline]
    fn preempt(&mut self, running: Slot, now: u32) {
        if running == Slot::IDLE {
            return;
        }
        let left = if self.slice.counts { self.slice_left(now) } else { 0 };
        self.entries[running.index()].slice_left = left;
        match left {
            // Its slice ended at this very moment: the next one has its turn.
            0 if self.slice.counts => self.put_back(running),
            _ => self.make_ready_first(running),
        }
    }

    #[inline(always)]
    fn make_ready_first(&mut self, slot: Slot) {
        self.entries[slot.index()].state = State::Ready;
        self.ready.push_front(&mut self.entries, slot);
    }
}
