//! The crash bundle: everything about a failure in one folder, as texts that need no tool.
//!
//! Whoever finds it, perhaps as the artifact of a CI job a week later, gets an index that says what is
//! wrong and what each file holds; the capture beside them replays the run.

mod events;
mod memory;
mod stacks;
mod waits;

use ramscope_model::Judged;
use ramscope_scenario::Command;

use crate::detail::detail;
use crate::entry::Entry;
use crate::figures::seconds;
use crate::html::html;
use crate::json::json;
use crate::style::{Style, clean};
use crate::table::{doubt_lines, failure_lines, machine_line};

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Its name within the folder.
    pub name: &'static str,
    /// Its text.
    pub text: String,
}

/// The name under which the capture lies in the folder.
pub const BUNDLE_CAPTURE: &str = "run.ramscope";

/// What each file holds, in the order of the index.
const CONTENTS: [(&str, &str); 11] = [
    ("README.txt", "this index"),
    ("report.txt", "the report on the run: figures, budgets, findings, steps"),
    ("report.html", "the same for a browser, with heap, schedule and stacks over time"),
    ("events.txt", "the last things that happened, in the order of device time"),
    ("stacks.txt", "where each unit stood at the end, with its stack"),
    ("heap.txt", "who owned how much of the heap at the end, and the regions of memory"),
    ("waits.txt", "who waited for what, held by whom"),
    ("waits.dot", "the same as a graph for Graphviz"),
    ("serial.txt", "the end of what the device printed"),
    ("result.json", "everything, for programs"),
    (BUNDLE_CAPTURE, "the recording of the run"),
];

/// What lies there too if a step looked at a screen.
const SCREENS: (&str, &str) =
    ("screen-*.png", "what a screen showed when a step looked at it last");

fn took_screenshots(judged: &Judged) -> bool {
    let steps = &judged.facts.run.scenario.steps;
    steps.iter().any(|step| matches!(step.command, Command::TakeScreenshot(_)))
}

/// The files of the bundle of a run, all but the capture. `folder` is where they will lie, as a
/// person types it; `program` how the person calls ramscope; `tool` the program and its version.
#[must_use]
pub fn bundle(judged: &Judged, folder: &str, program: &str, tool: &str) -> Vec<BundleFile> {
    let entry = [Entry::from(judged.clone())];
    let texts = [
        ("README.txt", readme(judged, folder, program)),
        ("report.txt", detail(judged, Style::Plain)),
        ("report.html", html(&entry, tool)),
        ("events.txt", events::events(judged)),
        ("stacks.txt", stacks::stacks(judged)),
        ("heap.txt", memory::memory(judged.feed.device())),
        ("waits.txt", waits::text(judged.feed.device())),
        ("waits.dot", waits::dot(judged.feed.device())),
        ("serial.txt", events::serial(judged)),
        ("result.json", json(&entry, tool)),
    ];
    texts.map(|(name, text)| BundleFile { name, text }).into()
}

fn readme(judged: &Judged, folder: &str, program: &str) -> String {
    let run = &judged.facts.run;
    let verdict = &judged.verdict;
    let mut text = format!("{}: {}\n\n", clean(&run.scenario.name), clean(&verdict.sentence));
    for line in failure_lines(judged).into_iter().chain(doubt_lines(judged)) {
        text += &format!("  {line}\n");
    }
    let mut facts = vec![
        ("scenario", run.scenario.path.clone()),
        ("target", run.target.to_string()),
        ("seed", run.seed.to_string()),
        ("ended", format!("{} of device time, {}", seconds(verdict.ended_at), verdict.stop_reason)),
        ("machine", machine_line(judged)),
        ("image", format!("{} {}", judged.facts.image.name, judged.facts.image.hash)),
        ("recorded by", judged.facts.tool.clone()),
    ];
    facts.push(("replay", format!("{program} replay {folder}/{BUNDLE_CAPTURE}")));
    let again =
        format!("{program} run {} --target {} --seed {}", run.scenario.path, run.target, run.seed);
    facts.push(("run again", again));
    text.push('\n');
    for (word, fact) in facts {
        text += &format!("{word:<12} {}\n", clean(&fact));
    }
    text.push('\n');
    let contents = CONTENTS.into_iter().chain(took_screenshots(judged).then_some(SCREENS));
    for (name, holds) in contents {
        text += &format!("{name:<12} {holds}\n");
    }
    text
}
