//! Exploring schedules natively: the same program, with slices that end elsewhere.
//!
//! The host port has no clock that ends slices, so a plain [`run`](crate::run) shows one schedule: everybody
//! goes on until they wait. An [`Exploration`] ends slices at points of its choice, and runs the program
//! again and again. A point is a kernel call, or a use of a `Shared` cell, at which another unit of the
//! same priority is ready.
//!
//! ```text
//! seeds    a seed draws some points, and at each who goes on
//! every    all schedules with so many switches, fewest first: complete, if the program is small
//! shrink   the failing schedule of the fewest switches -> fewer and earlier ones that still fail
//! ```
//!
//! What lies in `static`s outlives a run, as it outlives no reset of a device: a program that is explored
//! makes its locks and cells itself, or sets them back when it starts. A run that fails may leave
//! them locked.
//!
//! Invariants:
//! 1. A run is a function of programs, commands and schedule.
//! 2. [`Explored::is_complete`] says so only if no schedule with so many switches was left out.
//!
//! # Examples
//! ```ignore
//! ramscope_board_host::explore(PROGRAMS, &["run race times=3"], 200).expect_no_failure();
//! ```

mod schedule;
mod shrink;
mod text;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use ramscope_kernel::Program;

use crate::points::{Places, Points};
use crate::{Instance, Run};
pub use schedule::{Schedule, ScheduleError, Switch};

/// Device time of an explored run, unless told otherwise. It is over before if its programs have ended.
const SECONDS: u64 = 5;
/// Switches that a seed draws, unless told otherwise.
const SWITCHES: u32 = 2;

/// What is explored, and what counts as a failure.
pub struct Exploration {
    programs: &'static [Program],
    commands: Vec<String>,
    /// What the programs that they run say at their end.
    ends: Vec<String>,
    seconds: u64,
    switches: u32,
    has_failed: Box<dyn Fn(&Run) -> bool>,
}

/// A slice that was ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Made {
    /// At which point.
    pub point: u64,
    /// Whose slice it was.
    pub from: &'static str,
    /// Who went on.
    pub to: &'static str,
    /// The function of the program that was interrupted, and its line, if the host tells.
    pub place: Option<String>,
}

/// What an exploration came to.
#[derive(Debug)]
#[must_use = "it says whether a schedule failed"]
pub struct Explored {
    /// How many schedules were tried.
    pub runs: u64,
    /// Those that differ in where a slice ended or who went on.
    pub distinct: u64,
    /// How many failed.
    pub failed: u64,
    /// Points of the run without any switch.
    pub points: u64,
    /// If every schedule of up to so many switches was tried: how many.
    pub complete: Option<u32>,
    /// The smallest that failed.
    pub smallest: Option<Failing>,
}

/// A schedule that fails, shrunk.
#[derive(Debug)]
pub struct Failing {
    /// The seed that drew it, or its number among all that were tried.
    pub number: u64,
    /// How many switches it had before it was shrunk.
    pub drawn: usize,
    /// What is left of it; [`Exploration::along`] runs it again.
    pub schedule: Schedule,
    /// Where slices ended.
    pub made: Vec<Made>,
    /// What the device said.
    pub run: Run,
}

/// A run along a schedule.
struct Trial {
    run: Run,
    choices: Vec<u32>,
    made: Vec<Made>,
}

/// Explores what `commands` start with this many seeds: every program that they run has to end.
pub fn explore(programs: &'static [Program], commands: &[&str], seeds: u64) -> Explored {
    Exploration::new(programs, commands).seeds(1..=seeds)
}

impl Exploration {
    /// An exploration of what `commands` start, typed as by [`run`](crate::run). A run fails if a program
    /// that they start does not say that it ended.
    #[must_use]
    pub fn new(programs: &'static [Program], commands: &[&str]) -> Self {
        let commands: Vec<String> = commands.iter().map(|&line| line.to_owned()).collect();
        let ends: Vec<String> = commands.iter().filter_map(|line| end_of(line)).collect();
        let wanted = ends.clone();
        let has_ended = |run: &Run, end: &String| run.text.lines().any(|line| line == end);
        let has_failed = Box::new(move |run: &Run| !wanted.iter().all(|end| has_ended(run, end)));
        Self { programs, commands, ends, seconds: SECONDS, switches: SWITCHES, has_failed }
    }

    /// Lets each run take this much device time at most.
    #[must_use]
    pub fn seconds(self, seconds: u64) -> Self {
        Self { seconds, ..self }
    }

    /// Lets each seed draw so many switches.
    #[must_use]
    pub fn switches(self, switches: u32) -> Self {
        Self { switches, ..self }
    }

    /// Says what a failure is.
    #[must_use]
    pub fn failing_if(self, has_failed: impl Fn(&Run) -> bool + 'static) -> Self {
        Self { has_failed: Box::new(has_failed), ..self }
    }

    /// A run along a schedule.
    #[must_use]
    pub fn along(&self, schedule: &Schedule) -> Run {
        self.trial(schedule, Places::Unknown).run
    }

    /// Tries the schedules that these seeds draw.
    pub fn seeds(&self, seeds: RangeInclusive<u64>) -> Explored {
        let points = self.trial(&Schedule::default(), Places::Unknown).choices.len() as u64;
        let drawn = seeds.map(|seed| (seed, Schedule::drawn(seed, self.switches, points)));
        let mut search = Search::new(self, points);
        drawn.for_each(|(seed, schedule)| drop(search.try_out(seed, schedule)));
        search.end(None)
    }

    /// Tries every schedule with at most so many switches, those with fewer first, until one fails; at
    /// most `runs_max` of them.
    pub fn every(&self, switches: u32, runs_max: u64) -> Explored {
        let first = self.trial(&Schedule::default(), Places::Unknown);
        let mut search = Search::new(self, first.choices.len() as u64);
        let mut level = vec![Schedule::default()];
        for depth in 0..=switches {
            let mut next = Vec::new();
            for schedule in level {
                if search.explored.runs == runs_max || search.smallest.is_some() {
                    return search.end(None);
                }
                let trial = search.try_out(search.explored.runs + 1, schedule.clone());
                if depth < switches {
                    next.extend(one_more(&schedule, &trial.choices));
                }
            }
            level = next;
        }
        let complete = search.smallest.is_none().then_some(switches);
        search.end(complete)
    }

    fn trial(&self, schedule: &Schedule, places: Places) -> Trial {
        let commands: Vec<&str> = self.commands.iter().map(String::as_str).collect();
        let mut instance = Instance::new(&commands, self.seconds);
        instance.points = Some(Points::along(schedule, places, self.ends.clone()));
        let (run, points) = instance.steered(self.programs);
        let points = points.expect("they were given");
        Trial { run, choices: points.choices(), made: points.made() }
    }

    fn has_failed(&self, trial: &Trial) -> bool {
        (self.has_failed)(&trial.run)
    }
}

/// What the program that a command runs says at its end.
fn end_of(command: &str) -> Option<String> {
    let name = command.strip_prefix("run ")?.split_whitespace().next()?;
    Some(format!("{name}: ended"))
}

/// The schedule with one more switch behind its last one, at each point and to each unit.
fn one_more(schedule: &Schedule, choices: &[u32]) -> Vec<Schedule> {
    let first = schedule.switches().last().map_or(0, |last| last.point + 1);
    let points = (0..).zip(choices).skip(first as usize);
    let switches =
        points.flat_map(|(point, &choices)| (0..choices).map(move |rank| Switch { point, rank }));
    let with = |switch| Schedule::new([schedule.switches(), &[switch]].concat());
    switches.map(with).collect()
}

/// A search that goes on.
struct Search<'a> {
    exploration: &'a Exploration,
    explored: Explored,
    courses: BTreeSet<Vec<Made>>,
    /// The failure of the fewest switches so far.
    smallest: Option<(u64, Schedule, usize)>,
}

impl<'a> Search<'a> {
    fn new(exploration: &'a Exploration, points: u64) -> Self {
        let explored =
            Explored { runs: 0, distinct: 0, failed: 0, points, complete: None, smallest: None };
        Self { exploration, explored, courses: BTreeSet::new(), smallest: None }
    }

    fn try_out(&mut self, number: u64, schedule: Schedule) -> Trial {
        let trial = self.exploration.trial(&schedule, Places::Unknown);
        self.explored.runs += 1;
        if self.exploration.has_failed(&trial) {
            self.explored.failed += 1;
            let switches = trial.made.len();
            if self.smallest.as_ref().is_none_or(|(_, _, fewest)| switches < *fewest) {
                self.smallest = Some((number, schedule, switches));
            }
        }
        self.courses.insert(trial.made.clone());
        trial
    }

    fn end(self, complete: Option<u32>) -> Explored {
        let Self { exploration, explored, courses, smallest } = self;
        let smallest = smallest.map(|(number, schedule, _)| {
            let drawn = schedule.switches().len();
            let schedule = shrink::shrink(schedule, &mut |schedule| {
                exploration.has_failed(&exploration.trial(schedule, Places::Unknown))
            });
            let Trial { run, made, .. } = exploration.trial(&schedule, Places::Wanted);
            Failing { number, drawn, schedule, made, run }
        });
        Explored { distinct: courses.len() as u64, complete, smallest, ..explored }
    }
}
