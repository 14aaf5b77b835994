//! Trials on all cores, in an order that does not depend on how many there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use ramscope_scenario::{NextUnit, Schedule, SwitchPoint};

use super::laboratory::{Laboratory, Trial};

/// A search that goes on.
pub(crate) struct Search<'a> {
    pub(crate) laboratory: &'a Laboratory<'a>,
    pub(crate) jobs: usize,
    /// Is told after each trial how many are done and known to be wanted, and what this one came to.
    pub(crate) hear: &'a mut dyn FnMut(u64, u64, &Trial),
}

/// A schedule and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tried {
    /// The seed that drew it; of an enumeration, which one it is, from 1.
    pub(crate) number: u64,
    pub(crate) schedule: Schedule,
    pub(crate) trial: Trial,
}

/// What a search came to: fewer than wanted if it was interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Searched {
    pub(crate) tried: Vec<Tried>,
    pub(crate) wanted: u64,
}

impl Search<'_> {
    /// The schedules of these seeds, 1 to `seeds`, with so many switches each; none, if nobody could have
    /// another one's turn.
    pub(crate) fn drawn(&mut self, seeds: u64, switches: u32) -> Searched {
        let points = self.laboratory.points();
        let seeds = if points.count() == 0 { 0 } else { seeds };
        let drawn = (1..=seeds).map(|seed| (seed, points.drawn(seed, switches)));
        let wanted = drawn.collect();
        self.all(wanted, 0)
    }

    /// Every schedule with one switch: first the next unit in turn at each point, which also tells how
    /// many others were ready there, then those.
    pub(crate) fn enumerated(&mut self) -> Searched {
        let points = self.laboratory.points();
        let one =
            |after, rank| Schedule::new(vec![SwitchPoint { after, next: NextUnit::Rank(rank) }]);
        let firsts = (0..).map_while(|place| points.at(place)).map(|after| one(after, 0));
        let mut searched = self.all((1..).zip(firsts).collect(), 0);
        let others = searched.tried.iter().flat_map(|tried| {
            let switch = tried.trial.switches.first();
            let ranks = 1..switch.map_or(0, |switch| switch.choices);
            ranks.filter_map(move |rank| Some(one(switch?.after, rank)))
        });
        let numbers = searched.wanted + 1..;
        let rest = self.all(numbers.zip(others).collect(), searched.wanted);
        searched.wanted += rest.wanted;
        searched.tried.extend(rest.tried);
        searched
    }

    /// Tries these; `before` were tried before.
    fn all(&mut self, wanted: Vec<(u64, Schedule)>, before: u64) -> Searched {
        let next = AtomicUsize::new(0);
        let (tell, news) = mpsc::channel();
        let count = wanted.len() as u64;
        let mut tried = Vec::new();
        thread::scope(|scope| {
            for _ in 0..self.jobs.min(wanted.len()) {
                let (tell, next, wanted) = (tell.clone(), &next, &wanted);
                let laboratory = self.laboratory;
                scope.spawn(move || {
                    while !laboratory.is_interrupted()
                        && let Some((number, schedule)) =
                            wanted.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let trial = laboratory.trial(schedule);
                        if laboratory.is_interrupted() {
                            return; // and so was the trial, perhaps
                        }
                        let schedule = schedule.clone();
                        // The listener lives as long as the workers do.
                        let _ = tell.send(Tried { number: *number, schedule, trial });
                    }
                });
            }
            drop(tell);
            for news in news {
                (self.hear)(before + tried.len() as u64 + 1, before + count, &news.trial);
                tried.push(news);
            }
        });
        tried.sort_by_key(|tried| tried.number);
        Searched { tried, wanted: count }
    }
}
