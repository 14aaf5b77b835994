//! Annotations for GitHub: workflow commands that put each failure on its line of the scenario.
//!
//! GitHub shows ten errors of a step and drops the rest without a word. So past nine the last one
//! says how many more there are, and where they stand. The format is that of "Workflow commands for
//! GitHub Actions" in GitHub's documentation.

use ramscope_model::{Judged, Outcome, counted};

use crate::entry::Entry;
use crate::label::Labels;

/// Errors of a step that GitHub shows.
const ERRORS_MAX: usize = 10;

/// One error on a line of a scenario.
struct Annotation<'a> {
    path: &'a str,
    line: Option<u32>,
    title: String,
    message: String,
}

/// What is wrong with some runs, as workflow commands, one a line; nothing if nothing is.
#[must_use]
pub fn annotations(entries: &[Entry]) -> String {
    let labels = Labels::of(entries);
    let mut all: Vec<_> =
        entries.iter().flat_map(|entry| of_entry(&labels.label(entry), entry)).collect();
    // The first of each run first, so that no run hides the others.
    all.sort_by_key(|(rank, _)| *rank);
    let shown = if all.len() > ERRORS_MAX { ERRORS_MAX - 1 } else { all.len() };
    let mut text: String = all.iter().take(shown).map(|(_, one)| one.command()).collect();
    if let Some(more) = all.len().checked_sub(shown).filter(|more| *more > 0) {
        let more = counted(more as u64, "more failure");
        text += &format!(
            "::error title=ramscope::{}\n",
            message(&format!("{more}: the summary of this job has all of them"))
        );
    }
    text
}

/// One error on a line of a file, as a workflow command.
#[must_use]
pub fn annotation(path: &str, line: Option<u32>, title: &str, message: &str) -> String {
    Annotation { path, line, title: title.to_owned(), message: message.to_owned() }.command()
}

/// The annotations of an entry, each with its rank among those of the entry.
fn of_entry<'a>(label: &str, entry: &'a Entry) -> Vec<(usize, Annotation<'a>)> {
    let path = entry.path();
    let one = |line, message: String| Annotation { path, line, title: label.to_owned(), message };
    let annotations = match entry {
        Entry::NotRun(not_run) if not_run.outcome == Outcome::Skipped => Vec::new(),
        Entry::NotRun(not_run) => vec![one(Some(1), not_run.reason.clone())],
        Entry::Ran(judged) => reasons(judged)
            .into_iter()
            .map(|(line, text)| one(line, format!("{text}\nreplay: {}", judged.facts.replay)))
            .collect(),
    };
    annotations.into_iter().enumerate().collect()
}

fn reasons(judged: &Judged) -> Vec<(Option<u32>, String)> {
    let verdict = &judged.verdict;
    match verdict.outcome {
        Outcome::Pass | Outcome::Skipped => Vec::new(),
        Outcome::Fail | Outcome::TimedOut => {
            verdict.failures.iter().map(|failure| (failure.line, failure.text())).collect()
        }
        Outcome::Inconclusive => {
            verdict.doubts.iter().map(|doubt| (Some(1), doubt.clone())).collect()
        }
        Outcome::Unavailable | Outcome::Interrupted => vec![(Some(1), verdict.sentence.clone())],
    }
}

impl Annotation<'_> {
    fn command(&self) -> String {
        let line = self.line.map_or_else(String::new, |line| format!(",line={line}"));
        format!(
            "::error file={}{line},title={}::{}\n",
            property(self.path),
            property(&self.title),
            message(&self.message)
        )
    }
}

/// A message as a workflow command carries it.
fn message(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The value of a property, in which the separators need an escape too.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_line_ends_are_escaped() {
        assert_eq!(message("50 %\r\na: b, c"), "50 %25%0D%0Aa: b, c");
        assert_eq!(property("a: b, c\n"), "a%3A b%2C c%0A");
        assert_eq!(message("\u{1b}[31mred"), "[31mred");
    }
}
