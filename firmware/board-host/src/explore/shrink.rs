//! The fewest and earliest switches that still fail.

use super::schedule::{Schedule, Switch};

/// Leaves out what is not needed, then lets the first of its equals go on at each switch, the last one
/// first, and moves it to an earlier point, by halves of the way to the one before it.
pub(super) fn shrink(schedule: Schedule, fails: &mut dyn FnMut(&Schedule) -> bool) -> Schedule {
    let mut switches = schedule.switches().to_vec();
    let mut fails = |switches: &[Switch]| fails(&Schedule::new(switches.to_vec()));
    let mut index = 0;
    while index < switches.len() {
        let mut fewer = switches.clone();
        fewer.remove(index);
        match fails(&fewer) {
            // What was needed beside it may not be needed any more.
            true => (switches, index) = (fewer, 0),
            false => index += 1,
        }
    }
    for index in (0..switches.len()).rev() {
        let mut plain = switches.clone();
        plain[index].rank = 0;
        if plain != switches && fails(&plain) {
            switches = plain;
        }
        let mut low = index.checked_sub(1).map_or(0, |before| switches[before].point + 1);
        while low < switches[index].point {
            let mut moved = switches.clone();
            moved[index].point = low + (switches[index].point - low) / 2;
            match fails(&moved) {
                true => switches = moved,
                false => low = moved[index].point + 1,
            }
        }
    }
    Schedule::new(switches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, fails: fn(&[Switch]) -> bool, expected: &str) {
        let schedule = from.parse().unwrap();
        let shrunk = shrink(schedule, &mut |schedule| fails(schedule.switches()));
        assert_eq!(shrunk.to_string(), expected);
    }

    #[test]
    fn only_what_matters_is_left_and_as_early_as_it_can_be() {
        let late = |switches: &[Switch]| switches.iter().any(|switch| switch.point >= 70);
        check("5:+0,80:+2,90:+1", late, "70:+0");
        let second = |switches: &[Switch]| switches.iter().any(|switch| switch.rank == 1);
        check("5:+0,80:+1", second, "0:+1");
        let both = |switches: &[Switch]| {
            let first = switches.iter().position(|switch| (20..30).contains(&switch.point));
            first.is_some_and(|first| switches[first..].iter().any(|switch| switch.point >= 60))
        };
        check("1:+0,25:+0,40:+0,65:+1", both, "20:+0,60:+0");
    }
}
