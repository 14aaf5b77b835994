//! What a report is about: runs, and what was planned and did not run.

use ramscope_model::{Judged, Outcome};

/// One line of a report.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A run that was judged.
    Ran(Box<Judged>),
    /// Something that was planned and did not run.
    NotRun(NotRun),
}

/// Something that was planned and did not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRun {
    /// The scenario's name.
    pub scenario: String,
    /// Its file.
    pub path: String,
    /// The target, if only that was left out.
    pub target: Option<String>,
    /// [`Outcome::Skipped`], [`Outcome::Unavailable`] or [`Outcome::Interrupted`].
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
}

impl Entry {
    /// How it came out.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Ran(judged) => judged.verdict.outcome,
            Self::NotRun(not_run) => not_run.outcome,
        }
    }

    /// The scenario's name; its file if it has none.
    #[must_use]
    pub fn scenario(&self) -> &str {
        let (name, path) = match self {
            Self::Ran(judged) => {
                let scenario = &judged.facts.run.scenario;
                (&scenario.name, &scenario.path)
            }
            Self::NotRun(not_run) => (&not_run.scenario, &not_run.path),
        };
        if name.is_empty() { path } else { name }
    }

    /// The target, unless what did not run was left out on all of them.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Ran(judged) => Some(judged.facts.run.target.name()),
            Self::NotRun(not_run) => not_run.target.as_deref(),
        }
    }

    /// The scenario's file.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Ran(judged) => &judged.facts.run.scenario.path,
            Self::NotRun(not_run) => &not_run.path,
        }
    }
}

impl From<Judged> for Entry {
    fn from(judged: Judged) -> Self {
        Self::Ran(Box::new(judged))
    }
}
