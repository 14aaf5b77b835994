//! What to call a run, so that no two of a report have the same name where that can be avoided.

use std::collections::BTreeMap;

use crate::entry::{Entry, NotRun};
use crate::style::clean;

/// The names of a report's entries.
pub(crate) struct Labels<'a> {
    namesakes: BTreeMap<&'a str, usize>,
}

impl<'a> Labels<'a> {
    pub(crate) fn of(entries: &'a [Entry]) -> Self {
        let mut namesakes = BTreeMap::new();
        for entry in entries {
            *namesakes.entry(entry.scenario()).or_insert(0) += 1;
        }
        Self { namesakes }
    }

    /// The scenario's name, with target and seed where it alone would not tell runs apart.
    pub(crate) fn label(&self, entry: &Entry) -> String {
        let name = clean(entry.scenario());
        let has_namesakes = self.namesakes.get(entry.scenario()).is_some_and(|count| *count > 1);
        match entry {
            Entry::Ran(judged) if has_namesakes => {
                let run = &judged.facts.run;
                format!("{name} [{}, seed {}]", run.target, run.seed)
            }
            Entry::NotRun(NotRun { target: Some(target), .. }) => {
                format!("{name} [{}]", clean(target))
            }
            _ => name,
        }
    }
}
