//! A schedule of the host port: at which points slices end.

use std::fmt;
use std::str::FromStr;

/// A slice that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Switch {
    /// At which point, counted from 0: see [`Exploration`](super::Exploration).
    pub point: u64,
    /// Who goes on: the place among the ready units of the same priority, from 0 and round.
    pub rank: u32,
}

/// Slices that end, in the order of points. Written out, `17:+0,42:+1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Schedule {
    switches: Vec<Switch>,
}

impl Schedule {
    /// The schedule of these; of several at a point the first.
    #[must_use]
    pub fn new(mut switches: Vec<Switch>) -> Self {
        switches.sort_by_key(|switch| switch.point);
        switches.dedup_by_key(|switch| switch.point);
        Self { switches }
    }

    /// What was chosen, in order.
    #[must_use]
    pub fn switches(&self) -> &[Switch] {
        &self.switches
    }

    /// The schedule of a seed: so many switches, or fewer where two fall on one of the `points`.
    #[must_use]
    pub fn drawn(seed: u64, switches: u32, points: u64) -> Self {
        let mut chance = Chance(seed);
        let switches = (0..switches).filter_map(|_| {
            let point = chance.below(points)?;
            Some(Switch { point, rank: chance.below(RANKS)? as u32 })
        });
        Self::new(switches.collect())
    }
}

/// A multiple of 1 to 6: the place of the next unit, drawn below it, favours nobody of up to six.
const RANKS: u64 = 60;

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

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Switch { point, rank }) in self.switches.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{point}:+{rank}")?;
        }
        Ok(())
    }
}

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError(String);

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no switch of a schedule: a point and a place, as `17:+0`", self.0)
    }
}

impl std::error::Error for ScheduleError {}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let switch = |text: &str| {
            let (point, rank) = text.trim().split_once(":+")?;
            Some(Switch { point: point.parse().ok()?, rank: rank.parse().ok()? })
        };
        let switches =
            text.split(',').map(|word| switch(word).ok_or_else(|| ScheduleError(word.into())));
        Ok(Self::new(switches.collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_one_word_and_comes_back() {
        let schedule: Schedule = "42:+1, 17:+0,42:+3".parse().unwrap();
        assert_eq!(schedule.to_string(), "17:+0,42:+1");
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
        assert!("17".parse::<Schedule>().unwrap_err().to_string().starts_with("`17` is no switch"));
    }

    #[test]
    fn nothing_is_drawn_where_nobody_could_go_on() {
        assert!(Schedule::drawn(1, 3, 0).switches().is_empty());
        assert_eq!(Schedule::drawn(7, 3, 90), Schedule::drawn(7, 3, 90));
    }
}
