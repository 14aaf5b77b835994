//! What an exploration has to say, before it is text or JSON.

use std::collections::{BTreeMap, BTreeSet};

use ramscope_model::{Outcome, Symbol};
use ramscope_scenario::{NextUnit, Run, Schedule, SwitchPoint, UnitName};

use super::laboratory::{Laboratory, Trial};
use super::search::{Searched, Tried};
use super::shrink::Shrunk;

/// How schedules are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// By seeds, so many switches each.
    Drawn { seeds: u64, switches: u32 },
    /// All that have one switch.
    Enumerated,
}

/// How an exploration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With everything that was to be tried.
    Done,
    /// A person stopped it before.
    Interrupted,
}

/// The account of an exploration.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The run whose schedules they are.
    pub(crate) run: String,
    /// The scenario's file.
    pub(crate) path: String,
    pub(crate) method: Method,
    pub(crate) ended: Ended,
    pub(crate) wanted: u64,
    pub(crate) trials: u64,
    /// Schedules that differ in where a switch was taken or who went on.
    pub(crate) distinct: u64,
    /// Trials in which no switch came about.
    pub(crate) unswitched: u64,
    /// Instructions before which another unit could have the turn.
    pub(crate) points: u64,
    /// Instructions before which a unit of the program could be interrupted at all.
    pub(crate) interruptible: u64,
    pub(crate) range: Option<(u64, u64)>,
    pub(crate) units: Vec<String>,
    pub(crate) outcomes: BTreeMap<Outcome, u64>,
    /// What was false first, and how often.
    pub(crate) failures: BTreeMap<String, u64>,
    pub(crate) found: Option<Found>,
}

/// The smallest schedule that failed.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The seed that drew it, or its number in an enumeration; `None`: it fails by the clock alone.
    pub(crate) number: Option<u64>,
    /// How many switches it had then.
    pub(crate) drawn: usize,
    /// Trials that shrinking took.
    pub(crate) trials: u64,
    pub(crate) schedule: Schedule,
    pub(crate) sentence: String,
    /// The line of the scenario that asks for what is false.
    pub(crate) line: Option<u32>,
    pub(crate) switches: Vec<Shown>,
    pub(crate) proof: Proof,
}

/// A switch as a person wants to see it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) after: u64,
    pub(crate) pc: u32,
    pub(crate) from: String,
    pub(crate) to: String,
    /// Where the instruction at `pc` stands in the source, innermost first.
    pub(crate) source: Vec<Symbol>,
}

/// The run of its own that failed again.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    /// Its device hash.
    pub(crate) hash: String,
    /// Its capture, as a command line names it.
    pub(crate) capture: String,
    /// The command that carries it out again.
    pub(crate) again: String,
}

impl Account {
    /// The account of a search in which nothing is known yet of what was found.
    pub(crate) fn of(laboratory: &Laboratory<'_>, run: &Run, method: Method) -> Self {
        Self {
            run: run.to_string(),
            path: run.scenario.path.clone(),
            method,
            ended: Ended::Done,
            wanted: 0,
            trials: 0,
            distinct: 0,
            unswitched: 0,
            points: laboratory.points().count(),
            interruptible: laboratory.interruptible(),
            range: laboratory.points().range(),
            units: laboratory.units().to_vec(),
            outcomes: BTreeMap::new(),
            failures: BTreeMap::new(),
            found: None,
        }
    }

    /// Counts what a search came to.
    pub(crate) fn count(&mut self, searched: &Searched, ended: Ended) {
        self.wanted = searched.wanted;
        self.ended = ended;
        self.trials = searched.tried.len() as u64;
        let trials = || searched.tried.iter().map(|tried| &tried.trial);
        self.distinct = trials().map(course).collect::<BTreeSet<_>>().len() as u64;
        self.unswitched = trials().filter(|trial| trial.schedule_made().is_empty()).count() as u64;
        for trial in trials() {
            *self.outcomes.entry(trial.outcome).or_default() += 1;
            if let Some(subject) = trial.subject.as_ref().filter(|_| trial.has_failed()) {
                *self.failures.entry(subject.clone()).or_default() += 1;
            }
        }
    }

    /// Whether every schedule with one switch came to a verdict.
    pub(crate) fn is_complete(&self) -> bool {
        let is_verdict = |outcome: &Outcome| {
            matches!(outcome, Outcome::Pass | Outcome::Fail | Outcome::TimedOut)
        };
        self.method == Method::Enumerated
            && self.ended == Ended::Done
            && self.outcomes.keys().all(is_verdict)
    }

    /// How many trials came out so.
    pub(crate) fn count_of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }
}

/// What tells one course from another: where switches were taken, and who went on.
fn course(trial: &Trial) -> Vec<(u64, u32)> {
    let made = trial.switches.iter();
    made.filter_map(|switch| Some((switch.after, switch.to?.0))).collect()
}

/// The failure to go on with: that of the fewest switches, and of those the first that was tried.
pub(crate) fn smallest(searched: &Searched) -> Option<&Tried> {
    let failed = searched.tried.iter().filter(|tried| tried.trial.has_failed());
    failed.min_by_key(|tried| (tried.trial.schedule_made().switches().len(), tried.number))
}

impl Found {
    /// What was found, once it has been shrunk and has failed again.
    pub(crate) fn of(
        (number, drawn): (Option<u64>, usize),
        shrunk: Shrunk,
        proof: Proof,
        source_of: impl Fn(u32) -> Vec<Symbol>,
    ) -> Self {
        let Shrunk { schedule, trial, trials } = shrunk;
        let name = |unit: u32| match trial.names.get(&unit) {
            Some(name) => name.clone(),
            None => format!("unit {unit}"),
        };
        let switches = trial.switches.iter().filter_map(|switch| {
            Some(Shown {
                after: switch.after,
                pc: switch.pc,
                from: name(switch.from.0),
                to: name(switch.to?.0),
                source: source_of(switch.pc),
            })
        });
        let switches = switches.collect();
        let Trial { sentence, line, .. } = trial;
        Self { number, drawn, trials, schedule, sentence, line, switches, proof }
    }
}

/// The same schedule, with units by name where a name says which one is meant: one that no other unit of
/// the run had.
pub(crate) fn by_name(schedule: &Schedule, names: &BTreeMap<u32, String>) -> Schedule {
    let is_unique = |name: &str| !names.values().any(|other| *other == format!("{name}#2"));
    let named =
        |id: &u32| names.get(id).filter(|name| is_unique(name)).and_then(|n| UnitName::new(n));
    let switches = schedule.switches().iter().map(|SwitchPoint { after, next }| {
        let name = match next {
            NextUnit::Unit(id) => named(id),
            NextUnit::Named(_) | NextUnit::Rank(_) => None,
        };
        SwitchPoint { after: *after, next: name.map_or_else(|| next.clone(), NextUnit::Named) }
    });
    Schedule::new(switches.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_named_only_where_its_name_says_which_one_is_meant() {
        let names = [(1, "main"), (4, "left"), (5, "worker"), (6, "worker#2"), (7, "a b")];
        let names = names.map(|(id, name)| (id, name.to_owned())).into();
        let schedule: Schedule = "10:4,20:5,30:6,40:7,50:8,60:1".parse().unwrap();
        assert_eq!(by_name(&schedule, &names).to_string(), "10:left,20:5,30:6,40:7,50:8,60:main");
    }
}
