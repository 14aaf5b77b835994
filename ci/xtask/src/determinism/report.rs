//! A report of `ramscope run --format json`, and how two of them differ.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A report as text and as what it says.
pub(super) struct Report {
    text: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Form {
    runs: Vec<Run>,
}

/// All fields of one run.
#[derive(Deserialize, PartialEq)]
#[serde(transparent)]
pub(super) struct Run {
    fields: Map<String, Value>,
}

impl Report {
    /// Nothing, if this is no report.
    pub(super) fn read(text: Vec<u8>) -> Option<Self> {
        let text = without_host(&String::from_utf8(text).ok()?);
        let Form { runs } = serde_json::from_str(&text).ok()?;
        Some(Self { text, runs })
    }

    /// The runs that left a capture.
    pub(super) fn recorded(&self) -> impl Iterator<Item = &Run> {
        let has_hash = |run: &&Run| !run.field("device_hash").is_null();
        self.runs.iter().filter(has_hash)
    }

    /// What another way to run the same scenarios gave differently.
    pub(super) fn differences(&self, other: &Self, way: &str) -> Vec<String> {
        if self.text == other.text {
            return Vec::new();
        }
        let counts = (self.runs.len(), other.runs.len());
        if counts.0 != counts.1 {
            return vec![format!("{way}: {} runs, not {}", counts.1, counts.0)];
        }
        let pairs = self.runs.iter().zip(&other.runs);
        let differences: Vec<_> = pairs.filter_map(|(a, b)| a.difference(b, way)).collect();
        match differences.is_empty() {
            true => vec![format!("{way}: the reports differ beside their runs")],
            false => differences,
        }
    }

    /// What is different in the runs of a report that need not be whole, nor in the same order.
    pub(super) fn differences_of_runs(&self, other: &Self, way: &str) -> Vec<String> {
        let differences = self.recorded().filter_map(|run| {
            match other.runs.iter().find(|candidate| candidate.is_same(run)) {
                Some(found) => run.difference(found, way),
                None => Some(format!("{way}: {run} is missing")),
            }
        });
        differences.collect()
    }
}

/// The text without what the host's clock said, which is another thing each time: null in its place.
fn without_host(text: &str) -> String {
    const HOST: &str = "\"host\": ";
    let mut kept = String::new();
    let mut end = None;
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        match &end {
            Some(end) if line.trim_end_matches(',') == end => {
                kept += &line.replace('}', "null");
                kept.push('\n');
            }
            Some(_) => continue,
            None if line.trim_start() == format!("{HOST}{{") => {
                end = Some(format!("{indent}}}"));
                kept += &format!("{indent}{HOST}");
                continue;
            }
            None => kept += &format!("{line}\n"),
        }
        end = None;
    }
    kept
}

impl Run {
    /// Which scenario, where and with what seed.
    const IDENTITY: [&str; 4] = ["scenario", "path", "target", "seed"];

    fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    fn is_same(&self, other: &Self) -> bool {
        let same = |name| self.field(name) == other.field(name);
        Self::IDENTITY.into_iter().all(same)
    }

    fn difference(&self, other: &Self, way: &str) -> Option<String> {
        let names = self.fields.keys().chain(other.fields.keys());
        let mut names: Vec<&str> = names
            .filter(|name| self.field(name) != other.field(name))
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        let what = names.join(", ");
        (!names.is_empty()).then(|| format!("{way}: {self} differs in {what}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.field("scenario").as_str().unwrap_or("a scenario");
        write!(f, "{name} (seed {})", self.field("seed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(runs: &[(&str, u64, &str)]) -> Report {
        let runs = runs.iter().map(|(name, seed, hash)| {
            serde_json::json!({"scenario": name, "seed": seed, "device_hash": hash})
        });
        let form = serde_json::json!({ "runs": runs.collect::<Vec<_>>() });
        Report::read(form.to_string().into_bytes()).unwrap()
    }

    #[test]
    fn equal_reports_do_not_differ() {
        let one = report(&[("blink", 0, "aa")]);
        assert!(one.differences(&one, "again").is_empty());
        assert!(one.differences_of_runs(&one, "again").is_empty());
    }

    #[test]
    fn a_difference_is_named_with_scenario_and_field() {
        let one = report(&[("blink", 0, "aa"), ("lock", 7, "bb")]);
        let other = report(&[("blink", 0, "aa"), ("lock", 7, "cc")]);
        let expected = ["debug: lock (seed 7) differs in device_hash"];
        assert_eq!(one.differences(&other, "debug"), expected);
        assert_eq!(one.differences_of_runs(&other, "debug"), expected);
    }

    #[test]
    fn a_run_too_few_is_a_difference() {
        let one = report(&[("blink", 0, "aa"), ("lock", 7, "bb")]);
        let other = report(&[("lock", 7, "bb")]);
        assert_eq!(one.differences(&other, "debug"), ["debug: 1 runs, not 2"]);
        assert_eq!(
            one.differences_of_runs(&other, "replay"),
            ["replay: blink (seed 0) is missing"]
        );
    }

    #[test]
    fn what_the_host_clock_said_does_not_count() {
        let report =
            |took| format!("{{\n  \"a\": 1,\n  \"host\": {{\n    \"took\": {took}\n  }}\n}}\n");
        assert_eq!(without_host(&report(1)), without_host(&report(2)));
        assert_eq!(without_host(&report(1)).split_whitespace().last(), Some("}"));
        assert!(serde_json::from_str::<Value>(&without_host(&report(1))).is_ok());
    }

    #[test]
    fn reports_may_not_differ_in_their_text_alone() {
        let one = report(&[("blink", 0, "aa")]);
        let text = one.text.replace(':', ": ");
        let other = Report::read(text.into_bytes()).unwrap();
        assert_eq!(one.differences(&other, "debug").len(), 1);
    }

    #[test]
    fn an_error_is_no_report() {
        assert!(Report::read(b"".to_vec()).is_none());
        assert!(Report::read(b"{}".to_vec()).is_none());
    }
}
