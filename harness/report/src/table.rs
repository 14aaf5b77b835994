//! Many runs at a glance: a row for each, below it what is wrong with it, at the end the sum.

use ramscope_model::{Failure, Judged, Outcome, counted, grouped};
use std::collections::BTreeSet;

use crate::columns::{Cell, Columns};
use crate::entry::Entry;
use crate::figures::{nearest_to_its_end, per_cent, seconds, unit_name, used_of};
use crate::style::{Meaning, Style, clean, verdict_word};

/// What is wrong with a run is listed up to this many lines.
const NOTES_MAX: usize = 10;
const INDENT: &str = "     ";

/// The report on many runs.
#[must_use]
pub fn table(entries: &[Entry], style: Style) -> String {
    let shape = Shape::of(entries);
    let mut columns = Columns::default();
    columns.row(headings(&shape));
    for entry in entries {
        columns.row(row(entry, &shape));
        for note in notes(entry, style) {
            columns.text(format!("{INDENT}{note}"));
        }
    }
    format!("{}\n{}", columns.render(style), footer(entries, style))
}

/// What tells the runs of a table apart.
struct Shape<'a> {
    /// Where there are several targets, they have a column.
    targets: BTreeSet<&'a str>,
    /// Runs that only their seeds tell apart have them beside their names.
    seeds: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Shape<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut seen = BTreeSet::new();
        let runs = entries.iter().filter(|entry| ran(entry).is_some());
        let keys = runs.map(|entry| (entry.scenario(), entry.target().unwrap_or_default()));
        Self {
            targets: entries.iter().filter_map(Entry::target).collect(),
            seeds: keys.filter(|key| !seen.insert(*key)).collect(),
        }
    }

    fn has_target_column(&self) -> bool {
        self.targets.len() > 1
    }

    fn label(&self, entry: &Entry) -> String {
        let name = clean(entry.scenario());
        let target = entry.target().unwrap_or_default();
        match entry {
            Entry::Ran(judged) if self.seeds.contains(&(entry.scenario(), target)) => {
                format!("{name} [seed {}]", judged.facts.run.seed)
            }
            _ => name,
        }
    }
}

fn headings(shape: &Shape<'_>) -> Vec<Cell> {
    let mut cells = vec![Cell::left("scenario")];
    cells.extend(shape.has_target_column().then(|| Cell::left("target")));
    cells.extend([
        Cell::left("verdict"),
        Cell::right("device time"),
        Cell::right("instructions"),
        Cell::left("tightest stack"),
        Cell::right("peak"),
        Cell::right("heap peak"),
        Cell::left("device hash"),
    ]);
    cells.into_iter().map(|cell| cell.meaning(Meaning::Heading)).collect()
}

fn row(entry: &Entry, shape: &Shape<'_>) -> Vec<Cell> {
    let outcome = entry.outcome();
    let mut cells = vec![Cell::left(shape.label(entry))];
    if shape.has_target_column() {
        cells.push(Cell::left(clean(entry.target().unwrap_or("-"))));
    }
    cells.push(Cell::left(verdict_word(outcome)).meaning(Meaning::of(outcome)));
    if let Entry::Ran(judged) = entry {
        cells.extend(figures(judged));
    }
    cells
}

fn figures(judged: &Judged) -> [Cell; 6] {
    let device = judged.feed.device();
    let instructions = judged.facts.machine.instructions;
    let (unit, stack) = match nearest_to_its_end(judged) {
        Some(unit) => {
            let used = used_of(unit.stack.peak, unit.stack.bytes);
            let share = per_cent(unit.stack.peak, unit.stack.bytes);
            (clean(&unit_name(unit)), format!("{used} ({share:>2} %)"))
        }
        None => ("-".to_owned(), String::new()),
    };
    let heap = device.heap();
    let heap = match heap.sampled_at {
        Some(_) => used_of(heap.peak, heap.total_max),
        None => "-".to_owned(),
    };
    [
        Cell::right(seconds(judged.verdict.ended_at)),
        Cell::right(instructions.map_or_else(|| "-".to_owned(), grouped)),
        Cell::left(unit),
        Cell::right(stack),
        Cell::right(heap),
        Cell::left(short(&judged.device_hash)).meaning(Meaning::Quiet),
    ]
}

/// Enough of a hash to compare two runs by eye.
fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn notes(entry: &Entry, style: Style) -> Vec<String> {
    match entry {
        Entry::NotRun(not_run) => vec![style.paint(Meaning::Quiet, &clean(&not_run.reason))],
        Entry::Ran(judged) => {
            let mut notes = judged_notes(judged, style);
            if !matches!(judged.verdict.outcome, Outcome::Pass) {
                notes.extend(next_lines(judged));
            }
            notes
        }
    }
}

fn judged_notes(judged: &Judged, style: Style) -> Vec<String> {
    let verdict = &judged.verdict;
    match verdict.outcome {
        Outcome::Pass if says_more_than_pass(judged) => {
            vec![style.paint(Meaning::Quiet, &clean(&verdict.sentence))]
        }
        Outcome::Pass => Vec::new(),
        Outcome::Fail | Outcome::TimedOut => failure_lines(judged),
        Outcome::Inconclusive => doubt_lines(judged),
        _ => vec![clean(&verdict.sentence)],
    }
}

fn says_more_than_pass(judged: &Judged) -> bool {
    let verdict = &judged.verdict;
    let something_was_expected = verdict.budgets.iter().any(|budget| budget.expected_to_fail)
        || !judged.facts.run.scenario.settings.expect.findings.is_empty();
    something_was_expected || verdict.sentence.contains("skipped")
}

/// What to do about a run that did not pass.
pub(crate) fn next_lines(judged: &Judged) -> Vec<String> {
    let facts = &judged.facts;
    let bundle = facts.bundle.as_ref().map(|folder| format!("look into: {}", clean(folder)));
    std::iter::once(format!("replay: {}", clean(&facts.replay))).chain(bundle).collect()
}

/// Each failure of a run with its place in the scenario.
pub(crate) fn failure_lines(judged: &Judged) -> Vec<String> {
    let path = &judged.facts.run.scenario.path;
    let failures = &judged.verdict.failures;
    let mut lines: Vec<String> =
        failures.iter().take(NOTES_MAX).map(|failure| failure_line(path, failure)).collect();
    if let Some(more) = failures.len().checked_sub(NOTES_MAX + 1) {
        lines.push(format!("and {}", counted(more as u64 + 1, "other failure")));
    }
    lines
}

/// Each doubt about a run.
pub(crate) fn doubt_lines(judged: &Judged) -> Vec<String> {
    let path = &judged.facts.run.scenario.path;
    let doubts = &judged.verdict.doubts;
    let mut lines: Vec<String> =
        doubts.iter().take(NOTES_MAX).map(|doubt| clean(&format!("{path}  {doubt}"))).collect();
    if let Some(more) = doubts.len().checked_sub(NOTES_MAX + 1) {
        lines.push(format!("and {}", counted(more as u64 + 1, "other doubt")));
    }
    lines
}

fn failure_line(path: &str, failure: &Failure) -> String {
    let place = match failure.line {
        Some(line) => format!("{path}:{line}"),
        None => path.to_owned(),
    };
    clean(&format!("{place}  {}", failure.text()))
}

fn footer(entries: &[Entry], style: Style) -> String {
    let runs = counted(entries.len() as u64, "run");
    let sums: Vec<String> =
        counts(entries).map(|(outcome, text)| style.paint(Meaning::of(outcome), &text)).collect();
    let mut lines = vec![format!("{runs}: {}.", sums.join(", "))];
    lines.extend(machine_lines(entries));
    lines.extend(unmodelled(entries));
    lines.iter().map(|line| format!(" {line}\n")).collect()
}

/// How many runs came out how: `["3 passed", "1 failed"]`.
pub(crate) fn sums(entries: &[Entry]) -> Vec<String> {
    counts(entries).map(|(_, text)| text).collect()
}

fn counts(entries: &[Entry]) -> impl Iterator<Item = (Outcome, String)> {
    OUTCOMES_IN_SUM.iter().filter_map(|&(outcome, word)| {
        let count = entries.iter().filter(|entry| entry.outcome() == outcome).count();
        (count > 0).then(|| (outcome, format!("{count} {word}")))
    })
}

const OUTCOMES_IN_SUM: [(Outcome, &str); 7] = [
    (Outcome::Pass, "passed"),
    (Outcome::Fail, "failed"),
    (Outcome::TimedOut, "timed out"),
    (Outcome::Unavailable, "unavailable"),
    (Outcome::Inconclusive, "inconclusive"),
    (Outcome::Interrupted, "interrupted"),
    (Outcome::Skipped, "skipped"),
];

/// What the times mean, once for each machine.
pub(crate) fn machine_lines(entries: &[Entry]) -> Vec<String> {
    let ran = entries.iter().filter_map(ran);
    let lines: BTreeSet<String> = ran.map(machine_line).collect();
    lines.into_iter().collect()
}

/// `engine esp32c3 at 160 MHz, one instruction = one cycle, no cache, no wait states.`
pub(crate) fn machine_line(judged: &Judged) -> String {
    let machine = &judged.facts.machine;
    let clock = match machine.clock_hz {
        Some(hz) => format!(" at {} MHz", hz / 1_000_000),
        None => String::new(),
    };
    let model = match machine.time_model.is_empty() {
        true => String::new(),
        false => format!(": {}", machine.time_model),
    };
    clean(&format!("{}{clock}{model}.", machine.name))
}

fn unmodelled(entries: &[Entry]) -> Option<String> {
    const ADDRESSES_MAX: usize = 6;
    let addresses: BTreeSet<u32> = entries
        .iter()
        .filter_map(ran)
        .flat_map(|judged| judged.feed.device().unmodelled().iter())
        .map(|access| access.address)
        .collect();
    if addresses.is_empty() {
        return None;
    }
    let shown: Vec<String> =
        addresses.iter().take(ADDRESSES_MAX).map(|address| format!("0x{address:08x}")).collect();
    let more = match addresses.len() > ADDRESSES_MAX {
        true => ", ...",
        false => "",
    };
    let count = counted(addresses.len() as u64, "register");
    Some(format!(
        "{count} that the firmware used {} not modelled: {}{more}",
        if addresses.len() == 1 { "is" } else { "are" },
        shown.join(", ")
    ))
}

fn ran(entry: &Entry) -> Option<&Judged> {
    match entry {
        Entry::Ran(judged) => Some(judged),
        Entry::NotRun(_) => None,
    }
}
