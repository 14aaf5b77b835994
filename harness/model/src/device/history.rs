//! Who had the processor when: the stretches between two switches.
//!
//! A chart of the schedule needs more than the present state, and a program can switch for ever. So
//! the last stretches are kept exactly, and older ones are counted.
//!
//! Invariants:
//! 1. Stretches stand in the order of time and do not overlap.
//! 2. There are at most [`History::STRETCHES_MAX`] of them.

use ramscope_time::Instant;
use ramscope_wire::{State, Why};
use std::collections::VecDeque;

use crate::device::unit::UnitKey;

/// The last stretches of processor time, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    stretches: VecDeque<Stretch>,
    forgotten: u64,
    going_on: Option<(UnitKey, Instant)>,
    /// Whether the device tells of its switches, so that no observer is needed.
    told: bool,
}

/// A unit had the processor from one switch to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which unit.
    pub unit: UnitKey,
    /// When it got the processor.
    pub from: Instant,
    /// When it lost it.
    pub to: Instant,
    /// What it did from then on, and why, if the device told.
    pub then: Option<(State, Why)>,
}

impl History {
    /// The most stretches that are kept.
    pub const STRETCHES_MAX: usize = 8_192;

    /// The unit `to` has the processor from `at` on.
    pub(crate) fn switch(&mut self, at: Instant, to: UnitKey, then: State, why: Why) {
        self.told = true;
        self.end(at, Some((then, why)));
        self.going_on = Some((to, at));
    }

    /// The same, seen by an observer of the machine; nothing, if the device tells it itself.
    pub(crate) fn observe(&mut self, at: Instant, to: UnitKey) {
        let is_new = self.going_on.is_none_or(|(unit, since)| unit != to && since <= at);
        if !self.told && is_new {
            self.end(at, None);
            self.going_on = Some((to, at));
        }
    }

    /// Nobody has the processor from `at` on, as far as is known: the device was reset.
    pub(crate) fn stop(&mut self, at: Instant) {
        self.end(at, Some((State::Ended, Why::Ended)));
    }

    /// The stretches that are kept, oldest first; the one that goes on is not among them.
    pub fn stretches(&self) -> impl DoubleEndedIterator<Item = &Stretch> + ExactSizeIterator {
        self.stretches.iter()
    }

    /// The unit that has the processor, and since when.
    #[must_use]
    pub const fn going_on(&self) -> Option<(UnitKey, Instant)> {
        self.going_on
    }

    /// How many older stretches were dropped.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn end(&mut self, to: Instant, then: Option<(State, Why)>) {
        let Some((unit, from)) = self.going_on.take() else { return };
        if self.stretches.len() == Self::STRETCHES_MAX {
            self.stretches.pop_front();
            self.forgotten += 1;
        }
        self.stretches.push_back(Stretch { unit, from, to, then });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_wire::UnitId;

    fn unit(id: u32) -> UnitKey {
        UnitKey { boot: 0, id: UnitId(id) }
    }

    #[test]
    fn a_switch_ends_one_stretch_and_begins_the_next() {
        let mut history = History::default();
        let at = Instant::from_picos;
        history.switch(at(1), unit(1), State::Ready, Why::None);
        history.switch(at(5), unit(2), State::Blocked, Why::Sleep);
        let first = Stretch {
            unit: unit(1),
            from: at(1),
            to: at(5),
            then: Some((State::Blocked, Why::Sleep)),
        };
        assert_eq!(history.stretches().copied().collect::<Vec<_>>(), [first]);
        assert_eq!(history.going_on(), Some((unit(2), at(5))));
    }

    #[test]
    fn what_the_device_tells_counts_more_than_what_an_observer_sees() {
        let mut history = History::default();
        let at = Instant::from_picos;
        history.observe(at(1), unit(1));
        history.observe(at(3), unit(2));
        history.switch(at(5), unit(1), State::Blocked, Why::Lock);
        history.observe(at(7), unit(3));
        let stretches: Vec<_> = history.stretches().map(|s| (s.unit.id.0, s.then)).collect();
        assert_eq!(stretches, [(1, None), (2, Some((State::Blocked, Why::Lock)))]);
        assert_eq!(history.going_on(), Some((unit(1), at(5))));
    }

    #[test]
    fn a_program_that_switches_for_ever_takes_bounded_memory() {
        let mut history = History::default();
        for picos in 0..=(History::STRETCHES_MAX as u64 + 7) {
            let at = Instant::from_picos(picos);
            history.switch(at, unit(picos as u32 % 3), State::Ready, Why::None);
        }
        assert_eq!(history.stretches().len(), History::STRETCHES_MAX);
        assert_eq!(history.forgotten(), 7);
    }
}
