//! Schedules from seeds.

use ramscope_scenario::{NextUnit, Schedule, SwitchPoint};

/// A multiple of 1 to 6: the place of the next unit, drawn below it, favours nobody of up to six.
const RANKS: u64 = 60;

/// The instructions after which a slice could end, as stretches in order, and which do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Points {
    stretches: Vec<(u64, u64)>,
}

impl Points {
    /// The points of some stretches, each from its first instruction to the one after its last.
    pub(crate) fn of(stretches: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut stretches: Vec<_> = stretches.into_iter().collect();
        stretches.sort_unstable();
        Self { stretches }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.stretches.iter().map(|(from, to)| to - from).sum()
    }

    /// The first and the last.
    pub(crate) fn range(&self) -> Option<(u64, u64)> {
        let ((first, _), (_, end)) = (self.stretches.first()?, self.stretches.last()?);
        Some((*first, end - 1))
    }

    /// The instruction count at a place, from 0.
    pub(crate) fn at(&self, place: u64) -> Option<u64> {
        let mut left = place;
        for (from, to) in &self.stretches {
            match left.checked_sub(to - from) {
                None => return Some(from + left),
                Some(rest) => left = rest,
            }
        }
        None
    }

    /// How many points come before an instruction count.
    pub(crate) fn before(&self, after: u64) -> u64 {
        let part = |&(from, to): &(u64, u64)| after.clamp(from, to) - from;
        self.stretches.iter().map(part).sum()
    }

    /// The schedule of a seed, with so many switches, or fewer where two fall on one instruction.
    pub(crate) fn drawn(&self, seed: u64, switches: u32) -> Schedule {
        let mut chance = Chance(seed);
        let count = self.count();
        let switches = (0..switches).filter_map(|_| {
            let after = self.at(chance.below(count)?)?;
            Some(SwitchPoint { after, next: NextUnit::Rank(chance.below(RANKS)? as u32) })
        });
        Schedule::new(switches.collect())
    }
}

/// SplitMix64: neighbouring seeds have nothing in common.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> Option<u64> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted_through_their_gaps() {
        let points = Points::of([(20, 22), (5, 8)]);
        let all: Vec<u64> = (0..).map_while(|place| points.at(place)).collect();
        assert_eq!(all, [5, 6, 7, 20, 21]);
        assert_eq!((points.count(), points.range()), (5, Some((5, 21))));
        for (place, after) in (0..).zip(all) {
            assert_eq!(points.before(after), place);
        }
        assert_eq!(points.before(9), 3, "between the stretches");
    }

    #[test]
    fn a_seed_draws_one_schedule_and_seeds_draw_others() {
        let points = Points::of([(1_000, 90_000)]);
        assert_eq!(points.drawn(7, 3), points.drawn(7, 3));
        let distinct: std::collections::BTreeSet<_> =
            (1..=100).map(|seed| points.drawn(seed, 3)).collect();
        assert_eq!(distinct.len(), 100);
        assert!(distinct.iter().all(|schedule| schedule.switches().len() == 3));
    }

    #[test]
    fn nothing_is_drawn_where_no_slice_can_end() {
        assert!(Points::default().drawn(1, 3).is_empty());
    }
}
