//! Which allocations are tried, in which order. Pure.
//!
//! The problem: a program that samples for a minute allocates the same block at the same place hundreds
//! of times, and each trial runs the whole minute. The idea: while trials come to new places (a unit, a
//! size, a line) each next allocation is tried; where all of a batch were at places that have failed often
//! enough, the stride doubles. The end is found by halves, and what stands right before it is tried in
//! full, because there a program gives back.
//!
//! A batch is planned from the batches before it alone, so the plan does not depend on how many trials go
//! on at once.

use std::collections::BTreeMap;

use super::judge::{Fate, Refused};

/// Trials of a batch.
const BATCH: u32 = 4;
/// How often a place has failed before it is passed over.
const OFTEN: u32 = 4;

/// What is known so far.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Whether the stride never grows.
    every: bool,
    at_most: u32,
    next: u32,
    stride: u32,
    /// The last that was reached, and the first that was not.
    reached: u32,
    missed: Option<u32>,
    tried: BTreeMap<u32, Fate>,
    places: BTreeMap<Refused, u32>,
}

impl Plan {
    pub(crate) fn new(every: bool, at_most: u32) -> Self {
        Self {
            every,
            at_most,
            next: 1,
            stride: 1,
            reached: 0,
            missed: None,
            tried: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    /// The next batch; empty if there is nothing left to try.
    pub(crate) fn next(&self) -> Vec<u32> {
        let wanted: Vec<u32> = match self.missed {
            None => (0..BATCH).map(|place| self.next + place * self.stride).collect(),
            // The end is known: what stands before it.
            Some(missed) if missed == self.reached + 1 => {
                (missed.saturating_sub(BATCH).max(1)..missed).collect()
            }
            Some(missed) => {
                let room = missed - self.reached;
                (1..=BATCH).map(|part| self.reached + room * part / (BATCH + 1)).collect()
            }
        };
        let is_new = |nth: &u32| *nth <= self.at_most && !self.tried.contains_key(nth);
        let mut wanted: Vec<u32> = wanted.into_iter().filter(is_new).collect();
        wanted.dedup();
        wanted
    }

    /// Takes what a batch came to.
    pub(crate) fn take(&mut self, batch: Vec<(u32, Fate)>) {
        let mut is_known = true;
        let last = batch.iter().map(|(nth, _)| *nth).max().unwrap_or(0);
        for (nth, fate) in batch {
            match &fate {
                Fate::NotReached => {
                    self.missed = Some(self.missed.map_or(nth, |missed| missed.min(nth)));
                }
                Fate::Survived(refused) | Fate::Broke(refused, _) => {
                    let often = self.places.entry(refused.clone()).or_default();
                    is_known &= *often >= OFTEN;
                    *often += 1;
                    self.reached = self.reached.max(nth);
                }
            }
            self.tried.insert(nth, fate);
        }
        if self.missed.is_none() {
            self.stride = if is_known && !self.every { self.stride * 2 } else { 1 };
            self.next = last + self.stride;
        }
    }

    /// What was tried, in order; without those that were not reached.
    pub(crate) fn reached(&self) -> impl Iterator<Item = (u32, &Fate)> + Clone {
        let reached = self.tried.iter().filter(|(_, fate)| **fate != Fate::NotReached);
        reached.map(|(nth, fate)| (*nth, fate))
    }

    /// How many allocations there are, if the end was found.
    pub(crate) fn total(&self) -> Option<u32> {
        self.missed.filter(|missed| *missed == self.reached + 1).map(|missed| missed - 1)
    }

    /// How many places were tried.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(place: u32) -> Refused {
        Refused { unit: "main".to_owned(), bytes: 8, place: place.to_string() }
    }

    /// Carries a plan out on a program with so many allocations, each at the place that is said.
    fn check(every: bool, count: u32, place: impl Fn(u32) -> u32) -> Plan {
        let mut plan = Plan::new(every, 10_000);
        loop {
            let batch = plan.next();
            if batch.is_empty() {
                return plan;
            }
            let fate = |nth| match nth <= count {
                true => Fate::Survived(refused(place(nth))),
                false => Fate::NotReached,
            };
            plan.take(batch.into_iter().map(|nth| (nth, fate(nth))).collect());
        }
    }

    #[test]
    fn every_allocation_of_a_small_program_is_tried() {
        for count in [0, 1, 7, 8, 9, 20] {
            let plan = check(false, count, |nth| nth);
            let tried: Vec<u32> = plan.reached().map(|(nth, _)| nth).collect();
            assert_eq!(tried, (1..=count).collect::<Vec<_>>());
            assert_eq!(plan.total(), Some(count));
        }
    }

    #[test]
    fn a_place_that_comes_again_and_again_is_passed_over() {
        let plan = check(false, 1_003, |nth| if nth < 1_000 { 0 } else { nth });
        assert_eq!(plan.total(), Some(1_003));
        assert!(plan.reached().count() < 100);
        // What the program does last is tried in full.
        assert_eq!(plan.places(), 1 + 4);
    }

    #[test]
    fn whoever_wants_every_one_gets_every_one() {
        assert_eq!(check(true, 300, |_| 0).reached().count(), 300);
    }

    #[test]
    fn a_bound_is_no_end() {
        let mut plan = Plan::new(false, 5);
        while let batch = plan.next()
            && !batch.is_empty()
        {
            plan.take(batch.into_iter().map(|nth| (nth, Fate::Survived(refused(nth)))).collect());
        }
        assert_eq!(plan.reached().count(), 5);
        assert_eq!(plan.total(), None);
    }
}
