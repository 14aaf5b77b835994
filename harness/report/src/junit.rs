//! The report for CI systems: JUnit XML in the dialect that Jenkins, GitLab and nextest share.
//!
//! A suite is a folder of scenario files, a test case a run. Every run that was planned is a test
//! case, whatever became of it: what is false is a `failure`, a target that was away or telemetry
//! that was lost an `error`, what a target cannot do `skipped`. Figures of memory are properties
//! whose names are the ids of budgets, so that a dashboard can follow them.
//!
//! `time` is host time, as everywhere in this format; device time is the property `device-time`.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};
use ramscope_model::{Console, Judged, Outcome, figures};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::entry::{Entry, NotRun};
use crate::label::Labels;
use crate::table::{doubt_lines, failure_lines};

/// Bytes of the serial text's end that a test case carries.
const SERIAL_BYTES_MAX: usize = 64 << 10;

/// The report on some runs as JUnit XML.
#[must_use]
pub fn junit(entries: &[Entry]) -> String {
    let mut report = Report::new("ramscope");
    report.set_time(entries.iter().map(host_time).sum());
    for (folder, entries) in by_folder(entries) {
        report.add_test_suite(suite(folder, &entries));
    }
    report.to_string().expect("the text is UTF-8 and memory takes everything")
}

/// The entries with their names, by the folder of the scenario's file; folders in the order of
/// their first entry.
fn by_folder(entries: &[Entry]) -> Vec<(&str, Vec<(String, &Entry)>)> {
    let labels = Labels::of(entries);
    let mut order: BTreeMap<&str, usize> = BTreeMap::new();
    let mut folders: Vec<(&str, Vec<(String, &Entry)>)> = Vec::new();
    for entry in entries {
        let folder = entry.path().rsplit_once('/').map_or("scenarios", |(folder, _)| folder);
        let index = *order.entry(folder).or_insert_with(|| {
            folders.push((folder, Vec::new()));
            folders.len() - 1
        });
        folders[index].1.push((labels.label(entry), entry));
    }
    folders
}

fn suite(folder: &str, entries: &[(String, &Entry)]) -> TestSuite {
    let mut suite = TestSuite::new(folder);
    suite.set_time(entries.iter().map(|(_, entry)| host_time(entry)).sum());
    for (label, entry) in entries {
        let mut case = test_case(label, entry);
        case.set_classname(folder.replace('/', "."));
        case.extra.insert("file".into(), entry.path().into());
        suite.add_test_case(case);
    }
    suite
}

fn host_time(entry: &Entry) -> Duration {
    let took_us = match entry {
        Entry::Ran(judged) => judged.facts.times.as_ref().map_or(0, |times| times.took_us),
        Entry::NotRun(_) => 0,
    };
    Duration::from_micros(took_us)
}

fn test_case(label: &str, entry: &Entry) -> TestCase {
    match entry {
        Entry::NotRun(not_run) => TestCase::new(label, status_not_run(not_run)),
        Entry::Ran(judged) => {
            let mut case = TestCase::new(label, status(judged));
            case.set_time(host_time(entry));
            if let Some(line) = judged.verdict.failures.first().and_then(|failure| failure.line) {
                case.extra.insert("line".into(), line.to_string().into());
            }
            case.add_properties(properties(judged));
            let text = serial_tail(judged.feed.console());
            if !text.is_empty() {
                case.set_system_out(text);
            }
            case
        }
    }
}

fn status_not_run(not_run: &NotRun) -> TestCaseStatus {
    let mut status = match not_run.outcome {
        Outcome::Skipped => TestCaseStatus::skipped(),
        outcome => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(outcome.name());
            status
        }
    };
    status.set_message(not_run.reason.as_str());
    status
}

fn status(judged: &Judged) -> TestCaseStatus {
    let verdict = &judged.verdict;
    let kind = match verdict.outcome {
        Outcome::Pass => None,
        Outcome::Fail | Outcome::TimedOut => Some(NonSuccessKind::Failure),
        Outcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(verdict.sentence.as_str());
            return status;
        }
        Outcome::Inconclusive | Outcome::Unavailable | Outcome::Interrupted => {
            Some(NonSuccessKind::Error)
        }
    };
    let mut status = match kind {
        None => TestCaseStatus::success(),
        Some(kind) => {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(verdict.sentence.as_str()).set_type(verdict.outcome.name());
            status.set_description(description(judged));
            status
        }
    };
    status.add_reruns(judged.facts.earlier_attempts.iter().map(|reason| {
        let mut attempt = TestRerun::new(NonSuccessKind::Error);
        attempt.set_type(Outcome::Unavailable.name()).set_message(reason.as_str());
        attempt
    }));
    status
}

/// Every reason with its place, and what to do next.
fn description(judged: &Judged) -> String {
    let mut lines = failure_lines(judged);
    lines.extend(doubt_lines(judged));
    lines.push(format!("replay: {}", judged.facts.replay));
    lines.join("\n")
}

fn properties(judged: &Judged) -> Vec<(String, String)> {
    let run = &judged.facts.run;
    let mut properties = vec![
        ("target".to_owned(), run.target.to_string()),
        ("seed".to_owned(), run.seed.to_string()),
        ("device-time".to_owned(), crate::figures::seconds(judged.verdict.ended_at)),
        ("device-hash".to_owned(), judged.device_hash.clone()),
        ("replay".to_owned(), judged.facts.replay.clone()),
    ];
    let figures = figures(judged.feed.device()).into_iter();
    properties.extend(figures.map(|figure| (figure.id, figure.bytes.to_string())));
    properties
}

/// The end of what the device printed.
fn serial_tail(console: &Console) -> String {
    let partial = console.partial();
    let lines = console.lines().chain(partial.as_ref()).rev();
    let mut bytes = 0;
    let mut tail: Vec<&str> = lines
        .map(|line| line.text.as_str())
        .take_while(|text| {
            bytes += text.len() + 1;
            bytes <= SERIAL_BYTES_MAX
        })
        .collect();
    let left_out = console.lines().len().saturating_sub(tail.len());
    if left_out > 0 {
        tail.push("(earlier lines are in the capture)");
    }
    tail.reverse();
    tail.join("\n")
}
