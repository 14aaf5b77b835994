//! The fewest and earliest switches that still fail alike.
//!
//! What a seed drew has switches that did nothing and some that are not needed. First only those
//! count that came about, each with the unit that went on. Then each is left out, as long as it still
//! fails without it. At last each moves to an earlier instruction, by halves of the way to the one
//! before it: between two places of which the later fails and the earlier does not there is a pair
//! of neighbours, and the later of them is where the failure needs the switch to be.

use ramscope_scenario::{Schedule, SwitchPoint};

use super::draw::Points;
use super::laboratory::Trial;

/// A schedule that fails, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shrunk {
    pub(crate) schedule: Schedule,
    pub(crate) trial: Trial,
    /// How many trials it took.
    pub(crate) trials: u64,
}

impl Shrunk {
    /// A run that fails by the clock alone: there is nothing to leave out.
    pub(crate) fn of_clock(trial: Trial) -> Self {
        Self { schedule: Schedule::default(), trial, trials: 0 }
    }
}

/// Shrinks a schedule that failed as `failed` says.
pub(crate) fn shrink(
    (schedule, failed): (&Schedule, &Trial),
    points: &Points,
    try_out: &mut dyn FnMut(&Schedule) -> Trial,
) -> Shrunk {
    let mut shrinking = Shrinking::from((schedule, failed), try_out);
    shrinking.leave_out();
    for index in (0..shrinking.switches().len()).rev() {
        shrinking.move_earlier(index, points);
    }
    shrinking.best
}

/// The same schedule, but with the units that went on in place of their ranks.
pub(crate) fn name_units(
    (schedule, failed): (&Schedule, &Trial),
    try_out: &mut dyn FnMut(&Schedule) -> Trial,
) -> Shrunk {
    Shrinking::from((schedule, failed), try_out).best
}

struct Shrinking<'a> {
    best: Shrunk,
    try_out: &'a mut dyn FnMut(&Schedule) -> Trial,
}

impl<'a> Shrinking<'a> {
    /// Begins with the switches that came about. Naming a unit takes the firmware other instructions
    /// than counting ranks, so that has to fail too before it is taken.
    fn from(
        (schedule, failed): (&Schedule, &Trial),
        try_out: &'a mut dyn FnMut(&Schedule) -> Trial,
    ) -> Self {
        let best = Shrunk { schedule: schedule.clone(), trial: failed.clone(), trials: 0 };
        let mut shrinking = Self { best, try_out };
        shrinking.accepts(failed.schedule_made());
        shrinking
    }

    fn switches(&self) -> Vec<SwitchPoint> {
        self.best.schedule.switches().to_vec()
    }

    /// Takes a schedule in place of the best one if it fails alike.
    fn accepts(&mut self, schedule: Schedule) -> bool {
        if schedule == self.best.schedule {
            return false;
        }
        let trial = (self.try_out)(&schedule);
        self.best.trials += 1;
        let fails = trial.fails_like(&self.best.trial);
        if fails {
            self.best.schedule = schedule;
            self.best.trial = trial;
        }
        fails
    }

    fn leave_out(&mut self) {
        let mut index = 0;
        while index < self.switches().len() {
            let mut fewer = self.switches();
            fewer.remove(index);
            match self.accepts(Schedule::new(fewer)) {
                // What was needed beside it may not be needed any more.
                true => index = 0,
                false => index += 1,
            }
        }
    }

    fn move_earlier(&mut self, index: usize, points: &Points) {
        let switches = self.switches();
        let place = |switch: &SwitchPoint| points.before(switch.after);
        let mut fails_at = place(&switches[index]);
        // The one before it keeps its place; without one the first point of all is tried too.
        let before = index.checked_sub(1).map(|before| place(&switches[before]) + 1);
        let mut low = before.unwrap_or(0);
        while low < fails_at {
            let middle = low + (fails_at - low) / 2;
            let Some(after) = points.at(middle) else { return };
            let mut moved = self.switches();
            moved[index].after = after;
            match self.accepts(Schedule::new(moved)) {
                true => fails_at = middle,
                false => low = middle + 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_backend::SwitchMade;
    use ramscope_capture::Capture;
    use ramscope_model::Outcome;
    use ramscope_scenario::NextUnit;

    /// A trial of a device on which every switch comes about.
    fn trial(schedule: &Schedule, fails: bool) -> Trial {
        let unit = |next: &_| match next {
            NextUnit::Unit(unit) => *unit,
            NextUnit::Rank(rank) => 10 + rank,
            NextUnit::Named(name) => unreachable!("nobody drew {}", name.as_str()),
        };
        let made = |switch: &SwitchPoint| SwitchMade {
            after: switch.after,
            pc: 0,
            from: ramscope_wire::UnitId(1),
            to: Some(ramscope_wire::UnitId(unit(&switch.next))),
            choices: 1,
        };
        Trial {
            outcome: if fails { Outcome::Fail } else { Outcome::Pass },
            subject: fails.then(|| "sum".to_owned()),
            sentence: String::new(),
            line: None,
            switches: schedule.switches().iter().map(made).collect(),
            names: Default::default(),
            hash: Capture::default().device_hash(),
        }
    }

    fn check(from: &str, fails: fn(&[SwitchPoint]) -> bool, expected: &str) {
        let points = Points::of([(0, 1_000)]);
        let schedule: Schedule = from.parse().unwrap();
        let mut try_out = |schedule: &Schedule| trial(schedule, fails(schedule.switches()));
        let failed = try_out(&schedule);
        assert!(failed.has_failed());
        let shrunk = shrink((&schedule, &failed), &points, &mut try_out);
        assert_eq!(shrunk.schedule.to_string(), expected);
        assert!(shrunk.trials < 60, "{}", shrunk.trials);
    }

    #[test]
    fn only_the_switch_that_matters_is_left_and_as_early_as_it_can_be() {
        let fails = |switches: &[SwitchPoint]| switches.iter().any(|s| s.after >= 700);
        check("5:+0,120:+2,800:+1,999:+0", fails, "700:10");
    }

    #[test]
    fn two_switches_stay_where_both_are_needed() {
        let fails = |switches: &[SwitchPoint]| {
            let first = switches.iter().position(|s| (200..300).contains(&s.after));
            first.is_some_and(|first| switches[first..].iter().any(|s| s.after >= 600))
        };
        check("50:+0,250:+0,400:+0,650:+1", fails, "200:10,600:11");
    }
}
