//! Who ran when, as far as somebody chose it.
//!
//! The clock ends slices, and that gives one schedule of the many that are possible. A [`Schedule`] is
//! the difference to that one: a list of instructions after which the slice of whatever runs is over,
//! and who of its equals goes on. Written out, it is one word of a command line.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Slices that end early, in the order of instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Schedule {
    switches: Vec<SwitchPoint>,
}

/// One slice that ends early.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SwitchPoint {
    /// How many instructions have run since power-on by then.
    pub after: u64,
    /// Who goes on.
    pub next: NextUnit,
}

/// Who goes on, of the ready units of the same priority.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NextUnit {
    /// The unit of this serial number.
    Unit(u32),
    /// The unit of this name, of those that live then; of several the first, by serial number.
    Named(UnitName),
    /// Whoever is at this place among them, counted from 0 and round.
    Rank(u32),
}

/// A unit's name that is part of a word: it begins with no digit and no `+`, and has no space and
/// none of the signs that divide a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitName(Box<str>);

impl UnitName {
    /// The name, if it can be part of a word.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let begins = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        let goes_on = name.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c));
        (begins && goes_on).then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Schedule {
    /// The schedule of these, in the order of their instructions; of several after one instruction
    /// the first.
    #[must_use]
    pub fn new(mut switches: Vec<SwitchPoint>) -> Self {
        switches.sort_by_key(|switch| switch.after);
        switches.dedup_by_key(|switch| switch.after);
        Self { switches }
    }

    /// Whether nobody chose anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.switches.is_empty()
    }

    /// What was chosen, in the order of instructions.
    #[must_use]
    pub fn switches(&self) -> &[SwitchPoint] {
        &self.switches
    }
}

/// `81234:worker,90211:3`: after so many instructions that unit. `81234:+1`: whoever is at place 1.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, SwitchPoint { after, next }) in self.switches.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match next {
                NextUnit::Unit(unit) => write!(f, "{comma}{after}:{unit}")?,
                NextUnit::Named(UnitName(name)) => write!(f, "{comma}{after}:{name}")?,
                NextUnit::Rank(rank) => write!(f, "{comma}{after}:+{rank}")?,
            }
        }
        Ok(())
    }
}

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError(String);

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switch = &self.0;
        write!(
            f,
            "`{switch}` is no switch of a schedule: an instruction and a unit, as `81234:worker` or `81234:4`"
        )
    }
}

impl core::error::Error for ScheduleError {}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let switches = text.split(',').map(|switch| {
            read_switch(switch.trim()).ok_or_else(|| ScheduleError(switch.trim().to_owned()))
        });
        Ok(Self::new(switches.collect::<Result<_, _>>()?))
    }
}

fn read_switch(text: &str) -> Option<SwitchPoint> {
    let (after, next) = text.split_once(':')?;
    let next = match next.strip_prefix('+') {
        Some(rank) => NextUnit::Rank(rank.parse().ok()?),
        None if next.starts_with(|c: char| c.is_ascii_digit()) => {
            NextUnit::Unit(next.parse().ok().filter(|&unit| unit > 0)?)
        }
        None => NextUnit::Named(UnitName::new(next)?),
    };
    Some(SwitchPoint { after: after.parse().ok()?, next })
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_one_word_and_comes_back() {
        let word = "17:+2,81234:4,90211:worker-a";
        let schedule: Schedule = word.parse().unwrap();
        assert_eq!(schedule.to_string(), word);
        let json = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }

    #[test]
    fn switches_are_in_order_and_one_after_an_instruction() {
        let schedule: Schedule = "9:3, 5:4,9:2".parse().unwrap();
        assert_eq!(schedule.to_string(), "5:4,9:3");
    }

    #[test]
    fn what_is_no_schedule_is_named() {
        for wrong in ["", "5", "5:", ":4", "5:0", "5:4left", "5:a b", "-1:left"] {
            let error = wrong.parse::<Schedule>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{wrong}`")), "{error}");
        }
    }

    #[test]
    fn a_name_that_would_read_as_something_else_is_no_part_of_a_schedule() {
        assert!(UnitName::new("worker").is_some());
        for name in ["", "4", "+1", "a,b", "a b", "a:b", "worker#2"] {
            assert_eq!(UnitName::new(name), None, "{name}");
        }
    }
}
