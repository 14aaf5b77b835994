//! Whether anything is left that could end a wait.
//!
//! A thread that waits for a lock without a deadline goes on only if another one that still can
//! run releases it, or a timer or handler does. So the core counts the program's threads, and those
//! of them that wait so. When the counts are equal and no source of interrupts is armed that
//! could release something, those waits never end: that is a deadlock, whoever holds what.
//!
//! The kernel's own threads (the console, the telemetry's drain) release no lock of a program and
//! are not counted; a program that waits for the console waits for them, and has hope.
//!
//! The finer question, whether waits form a circle, is answered by [`Trail::circle`].

use super::{Scheduler, Slot, SlotSet, THREADS_MAX, Why};

/// Whose thread a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kin {
    /// A program's: it may release what other ones wait for.
    Program,
    /// The kernel's own: it does not.
    Kernel,
}

/// The two counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    /// Slots of programs that have not ended.
    alive: u8,
    /// Those that wait, without a deadline, for something that only programs give.
    depend: u8,
}

/// What a wait leaves.
#[derive(PartialEq, Eq)]
pub(super) enum Chance {
    /// A thread of a program, or time, can end it.
    Some,
    /// Perhaps nothing can: whoever knows of other sources looks.
    None,
}

impl Outlook {
    pub(super) const NOBODY: Outlook = Outlook { alive: 0, depend: 0 };

    pub(super) fn came(&mut self, kin: Kin) {
        self.alive += u8::from(kin == Kin::Program);
    }

    pub(super) fn went(&mut self, kin: Kin) {
        self.alive -= u8::from(kin == Kin::Program);
    }

    /// A wait without a deadline begins.
    #[inline]
    pub(super) fn waits(&mut self, kin: Kin, why: Why) -> Chance {
        match (why.depends_on_programs(), kin) {
            (false, _) => Chance::Some,
            // Such as a callback that waits for ever.
            (true, Kin::Kernel) => Chance::None,
            (true, Kin::Program) => {
                self.depend = self.depend.wrapping_add(1);
                if self.depend == self.alive { Chance::None } else { Chance::Some }
            }
        }
    }

    /// Such a wait begins, for what only programs give, if that is a program's and not the last one of them;
    /// says whether.
    #[inline(always)]
    pub(super) fn waits_in_hope(&mut self, kin: Kin) -> bool {
        let depend = self.depend.wrapping_add(1);
        let has_hope = kin == Kin::Program && depend != self.alive;
        if has_hope {
            self.depend = depend;
        }
        has_hope
    }

    /// Such a wait ends.
    #[inline(always)]
    pub(super) fn hopes_again(&mut self, kin: Kin) {
        self.depend = self.depend.wrapping_sub(u8::from(kin == Kin::Program));
    }

    /// A slot of a program is suspended; says whether perhaps nothing is left that could resume it.
    pub(super) fn suspends(&mut self) -> bool {
        self.depend = self.depend.wrapping_add(1);
        self.depend == self.alive
    }

    /// One of them goes on, or waits for what does not depend on programs.
    pub(super) fn goes_on(&mut self) {
        self.depend = self.depend.wrapping_sub(1);
    }

    /// A wait without a deadline ends.
    pub(super) fn waits_no_more(&mut self, kin: Kin, why: Why) {
        let counted = kin == Kin::Program && why.depends_on_programs();
        self.depend = self.depend.wrapping_sub(u8::from(counted));
    }
}

impl Why {
    /// Whether only a program's thread, a timer or a handler can end such a wait.
    #[must_use]
    pub const fn depends_on_programs(self) -> bool {
        matches!(self, Why::Lock | Why::Join | Why::Mutex | Why::Object)
    }
}

impl Scheduler {
    /// Whether every thread of a program waits, without a deadline, for what none of them can give
    /// any more. `sources` counts the timers and interrupts that are armed and might.
    #[must_use]
    pub const fn is_stuck(&self, sources: u32) -> bool {
        let Outlook { alive, depend } = self.outlook;
        depend > 0 && depend == alive && sources == 0
    }

    /// Whether a thread of a program can go on, or will: it is not stuck then, whatever is armed.
    #[must_use]
    #[inline]
    pub const fn has_hope(&self) -> bool {
        self.outlook.depend < self.outlook.alive
    }

    /// Whether `slot` waits, without a deadline, for what only programs give: to be resumed too.
    #[must_use]
    pub fn depends(&self, slot: Slot) -> bool {
        let entry = &self.entries[slot.index()];
        match entry.state {
            super::State::Blocked(why) => why.depends_on_programs() && !self.has_deadline(slot),
            super::State::Suspended => true,
            _ => false,
        }
    }

    /// Whose thread `slot` is.
    #[must_use]
    pub fn kin(&self, slot: Slot) -> Kin {
        self.entries[slot.index()].kin
    }

    /// Whether the wait of `slot` ends by itself.
    #[must_use]
    pub fn has_deadline(&self, slot: Slot) -> bool {
        let entry = &self.entries[slot.index()];
        entry.deadline_position != super::NONE && entry.deadline != super::suspend::NEVER
    }
}

/// Whom each wait of a circle leads to, in order: the first one's holder is the second, and the last one's
/// the first.
#[derive(Clone, Debug)]
pub struct Trail {
    slots: [Slot; THREADS_MAX],
}

impl Trail {
    /// One to walk along.
    pub const NEW: Trail = Trail { slots: [Slot::IDLE; THREADS_MAX] };

    /// The slot at a place of the circle that was found last.
    #[must_use]
    pub const fn at(&self, index: usize) -> Slot {
        self.slots[index & (THREADS_MAX - 1)]
    }

    /// How many slots a circle has that `start` is in; `None` if there is none. `holders_of` says for whom
    /// a slot waits: what several have it waits for each of.
    ///
    /// Each slot is walked to once, and its holders are asked for again for each of them: as many steps
    /// as there are slots and ways between them.
    pub fn circle(&mut self, start: Slot, holders_of: impl Fn(Slot) -> SlotSet) -> Option<usize> {
        let mut seen = SlotSet::of(start);
        let mut length = 1;
        self.slots[0] = start;
        loop {
            let holders = holders_of(self.at(length - 1));
            if holders.contains(start) {
                return Some(length);
            }
            match holders.without(&seen).first() {
                Some(next) => {
                    seen.insert(next);
                    self.slots[length & (THREADS_MAX - 1)] = next;
                    length += 1;
                }
                None if length == 1 => return None,
                None => length -= 1,
            }
        }
    }
}
