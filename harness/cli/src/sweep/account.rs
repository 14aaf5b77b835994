//! What a sweep has to say.

use super::judge::{Fate, Refused};
use super::plan::Plan;

/// The account of a sweep: each program once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) swept: Vec<Swept>,
    /// Runs that were left out, and why.
    pub(crate) left_out: Vec<(String, String)>,
    pub(crate) interrupted: bool,
}

/// The allocations of one run.
#[derive(Clone, Debug)]
pub(crate) struct Swept {
    /// The scenario's name.
    pub(crate) run: String,
    /// What it types to start its program.
    pub(crate) program: String,
    /// How many allocations failed, one a trial.
    pub(crate) tried: usize,
    /// How many there are: the next one was asked to fail, and the program needed no more.
    pub(crate) total: Option<u32>,
    /// Units, sizes and lines that differ.
    pub(crate) places: usize,
    pub(crate) broken: Vec<Broken>,
}

/// A failure that something came of.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) nth: u32,
    pub(crate) refused: Refused,
    pub(crate) sentence: String,
    /// The command that carries it out again.
    pub(crate) again: String,
}

impl Account {
    pub(crate) fn tried(&self) -> u64 {
        self.swept.iter().map(|swept| swept.tried as u64).sum()
    }

    /// How many allocations there are; `None` if an end was not found.
    pub(crate) fn total(&self) -> Option<u64> {
        self.swept.iter().map(|swept| swept.total.map(u64::from)).sum()
    }

    pub(crate) fn places(&self) -> usize {
        self.swept.iter().map(|swept| swept.places).sum()
    }

    pub(crate) fn broken(&self) -> usize {
        self.swept.iter().map(|swept| swept.broken.len()).sum()
    }
}

impl Swept {
    /// What a plan came to that was carried out.
    pub(crate) fn of(
        run: String,
        program: String,
        plan: &Plan,
        again: impl Fn(u32) -> String,
    ) -> Self {
        let broken = plan.reached().filter_map(|(nth, fate)| match fate {
            Fate::Broke(refused, sentence) => Some(Broken {
                nth,
                refused: refused.clone(),
                sentence: sentence.clone(),
                again: again(nth),
            }),
            Fate::NotReached | Fate::Survived(_) => None,
        });
        Self {
            run,
            program,
            tried: plan.reached().count(),
            total: plan.total(),
            places: plan.places(),
            broken: broken.collect(),
        }
    }
}
