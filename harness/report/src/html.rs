//! The report that a person opens in a browser: one file, with everything in it.
//!
//! It loads nothing and works from a disk, without a network and, but for zooming and filtering,
//! without JavaScript. A single run is one page; many are an index whose rows unfold. Charts are SVG
//! in units of device time, so their text is a function of the run and of nothing else.
//!
//! Invariants:
//! 1. The same entries give the same bytes.
//! 2. Nothing that a device or a scenario says becomes markup.
//! 3. What a chart shows stands in a table or a sentence too.

mod deepest;
mod facts;
mod heap;
mod judgement;
mod layout;
mod modules;
mod peak;
mod scale;
mod schedule;
mod stacks;
mod text;
mod timeline;

use ramscope_model::{BudgetResult, BudgetState, Judged, Outcome, bytes, counted};
use std::collections::BTreeSet;

use crate::entry::{Entry, NotRun};
use crate::figures::{nearest_to_its_end, per_cent, seconds, unit_name};
use crate::label::Labels;
use crate::style::{Meaning, verdict_word};
use crate::table::sums;
use text::{bar, prose, text};

/// How finely a run is drawn: a page of hundreds of runs must still open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Full,
    Overview,
}

/// Pages of more runs draw those that passed coarsely.
const FULL_RUNS_MAX: usize = 12;

impl Detail {
    const fn columns_max(self) -> usize {
        match self {
            Self::Full => 512,
            Self::Overview => 96,
        }
    }

    const fn stretches_max(self) -> usize {
        match self {
            Self::Full => 8_192,
            Self::Overview => 400,
        }
    }

    const fn lines_max(self) -> usize {
        match self {
            Self::Full => 1_000,
            Self::Overview => 40,
        }
    }
}

/// The report on some runs as one HTML page. `tool` is the program and its version.
#[must_use]
pub fn html(entries: &[Entry], tool: &str) -> String {
    let (title, body) = match entries {
        [Entry::Ran(judged)] => {
            let label = Labels::of(entries).label(&entries[0]);
            (label.clone(), single(&label, judged, tool))
        }
        entries => (format!("ramscope: {}", sums(entries).join(", ")), index(entries, tool)),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{}</style>\n</head>\n<body>\n{body}\n\
         <script>\n{}</script>\n</body>\n</html>\n",
        text(&title),
        include_str!("html/page.css"),
        include_str!("html/page.js"),
    )
}

fn single(label: &str, judged: &Judged, tool: &str) -> String {
    format!(
        "<main><header><h1>{} {}</h1><p class=\"sentence\">{}</p></header>{}</main>",
        text(label),
        badge(judged.verdict.outcome),
        prose(&judged.verdict.sentence),
        run(judged, Detail::Full, tool)
    )
}

fn badge(outcome: Outcome) -> String {
    let class = class_of(Meaning::of(outcome));
    format!("<span class=\"badge {class}\">{}</span>", verdict_word(outcome))
}

/// The class of a meaning; every meaning is a word too.
const fn class_of(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Good => "good",
        Meaning::Bad => "bad",
        Meaning::Doubt => "doubt",
        Meaning::Quiet => "quiet",
        Meaning::Heading | Meaning::Normal => "normal",
    }
}

/// Many runs: what is wrong first, then a row for each.
fn index(entries: &[Entry], tool: &str) -> String {
    let labels = Labels::of(entries);
    let worst: String = sums(entries).join(", ");
    let wrong: String = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !matches!(entry.outcome(), Outcome::Pass | Outcome::Skipped))
        .map(|(number, entry)| wrong_item(number, &labels.label(entry), entry))
        .collect();
    let wrong = match wrong.is_empty() {
        true => String::new(),
        false => format!("<ul class=\"wrong\">{wrong}</ul>"),
    };
    let rows: String = entries
        .iter()
        .enumerate()
        .map(|(number, entry)| index_row(number, &labels.label(entry), entry, entries.len(), tool))
        .collect();
    format!(
        "<main><header><h1>{}</h1><p class=\"sentence\">{worst}</p></header>{wrong}\
         <div class=\"filter js\"><input type=\"search\" placeholder=\"filter by name or file\" \
         aria-label=\"filter runs\"><label><input type=\"checkbox\"> only what did not pass</label>\
         <output></output></div>\
         <div class=\"index\"><div class=\"head\" aria-hidden=\"true\"><span>verdict</span>\
         <span>scenario</span><span>device time</span><span>tightest stack</span>\
         <span>heap peak</span></div>{rows}</div></main>",
        counted(entries.len() as u64, "run"),
    )
}

fn wrong_item(number: usize, label: &str, entry: &Entry) -> String {
    let sentence = match entry {
        Entry::Ran(judged) => &judged.verdict.sentence,
        Entry::NotRun(not_run) => &not_run.reason,
    };
    format!("<li><a href=\"#run-{number}\">{}</a> {}</li>", text(label), prose(sentence))
}

fn index_row(number: usize, label: &str, entry: &Entry, count: usize, tool: &str) -> String {
    let outcome = entry.outcome();
    let head = format!(
        "{}<span class=\"name\">{}<small>{}</small></span>",
        badge(outcome),
        text(label),
        text(entry.path())
    );
    let kind = if outcome == Outcome::Pass { "passed" } else { "other" };
    match entry {
        Entry::NotRun(NotRun { reason, .. }) => format!(
            "<div class=\"run row {kind}\" id=\"run-{number}\">{head}\
             <span class=\"reason\">{}</span></div>",
            prose(reason)
        ),
        Entry::Ran(judged) => {
            let detail = match count > FULL_RUNS_MAX && outcome == Outcome::Pass {
                true => Detail::Overview,
                false => Detail::Full,
            };
            format!(
                "<details class=\"run {kind}\" id=\"run-{number}\"><summary class=\"row\">{head}\
                 {}</summary><div class=\"body\"><p class=\"sentence\">{}</p>{}</div></details>",
                index_figures(judged),
                prose(&judged.verdict.sentence),
                run(judged, detail, tool)
            )
        }
    }
}

fn index_figures(judged: &Judged) -> String {
    let (stack, heap) = (tightest(judged), judged.feed.device().heap());
    let heap = match heap.sampled_at {
        None => "–".to_owned(),
        Some(_) => bytes(heap.peak.into()),
    };
    format!(
        "<span class=\"n\">{}</span><span class=\"stack\">{stack}</span>\
         <span class=\"n\">{heap}</span>",
        seconds(judged.verdict.ended_at)
    )
}

fn tightest(judged: &Judged) -> String {
    let Some(unit) = nearest_to_its_end(judged) else { return "–".to_owned() };
    let (peak, size) = (unit.stack.peak, unit.stack.bytes);
    let share = per_cent(peak, size);
    let class = match share {
        100.. => "bad",
        80.. => "doubt",
        _ => "good",
    };
    format!("{} {share} % <small>{}</small>", bar(peak, size, class), text(&unit_name(unit)))
}

/// Everything on one run.
fn run(judged: &Judged, detail: Detail, tool: &str) -> String {
    let sections = [
        ("Stacks and units", stacks::stacks(judged)),
        ("Deepest calls", deepest::deepest_calls(judged)),
        ("How the heap is divided", layout::layout(judged.feed.device())),
        ("The heap at its peak", peak::peak(judged)),
        ("Modules", modules::modules(judged.feed.device())),
        ("Budgets", judgement::budgets(&judged.verdict.budgets)),
        ("Findings", judgement::findings(judged)),
        ("Faults asked for", judgement::faults(judged)),
        ("Steps", judgement::steps(judged)),
        ("Serial text", facts::serial(judged, detail)),
        ("Facts", facts::facts(judged, tool)),
    ];
    let sections: String = sections
        .iter()
        .filter(|(_, content)| !content.is_empty())
        .map(|(heading, content)| format!("<section><h2>{heading}</h2>{content}</section>\n"))
        .collect();
    format!(
        "{}{}\n<section><h2>In device time</h2>{}</section>\n{sections}",
        judgement::reasons(judged),
        tiles(judged),
        timeline::timeline(judged, detail)
    )
}

/// How many budgets there are, and how many of them hold for all of their subjects.
fn budgets_held(results: &[BudgetResult]) -> (usize, usize) {
    let all: BTreeSet<&str> = results.iter().map(|result| result.id.as_str()).collect();
    let others = results.iter().filter(|result| result.state != BudgetState::Met);
    let others: BTreeSet<&str> = others.map(|result| result.id.as_str()).collect();
    (all.len() - others.len(), all.len())
}

/// The figures that people look for first.
fn tiles(judged: &Judged) -> String {
    let verdict = &judged.verdict;
    let device = judged.feed.device();
    let heap = device.heap();
    let known = |figure: String| heap.sampled_at.map_or_else(|| "–".to_owned(), |_| figure);
    let (held, budgets) = budgets_held(&verdict.budgets);
    let tiles = [
        ("tightest stack", tightest(judged)),
        ("heap peak", known(bytes(heap.peak.into()))),
        ("largest free block, least", known(bytes(heap.largest_free_min.into()))),
        ("budgets", format!("{held} of {budgets} hold")),
        ("findings", verdict.findings.len().to_string()),
        ("device time", seconds(verdict.ended_at)),
    ];
    let tiles =
        tiles.iter().map(|(name, figure)| format!("<div><dt>{name}</dt><dd>{figure}</dd></div>"));
    format!("<dl class=\"tiles\">{}</dl>", tiles.collect::<String>())
}
