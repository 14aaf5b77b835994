//! One run in full.

mod chains;
mod collections;
mod held;
pub(crate) mod judgement;
mod marks;
mod memory;
mod modules;
mod timers;
pub(crate) mod units;
mod waits;

use ramscope_model::{Judged, grouped};

use crate::figures::seconds;
use crate::style::{Meaning, Style, clean, verdict_word};
use crate::table::machine_line;

/// The report on one run.
#[must_use]
pub fn detail(judged: &Judged, style: Style) -> String {
    sections(judged, [chains::chains(judged, style), String::new()], style)
}

/// The same with every function of the deepest stacks.
#[must_use]
pub fn detail_in_full(judged: &Judged, style: Style) -> String {
    sections(judged, [chains::tables(judged, style), held::peak(judged, style)], style)
}

fn sections(judged: &Judged, [chains, peak]: [String; 2], style: Style) -> String {
    let sections = [
        head(judged, style),
        units::units(judged.feed.device(), style),
        chains,
        timers::timers(judged.feed.device(), style),
        modules::modules(judged.feed.device(), style),
        memory::heap(judged.feed.device(), style),
        peak,
        marks::marks(judged.feed.device(), style),
        collections::collections(judged.feed.device(), style),
        memory::rest(judged.feed.device(), style),
        waits::waits(judged.feed.device(), style),
        judgement::budgets(judged, style),
        held::held(judged, style),
        judgement::findings(judged, style),
        judgement::faults(judged, style),
        judgement::steps(judged, style),
        judgement::reasons(judged, style),
    ];
    let present: Vec<String> = sections.into_iter().filter(|s| !s.is_empty()).collect();
    present.join("\n")
}

fn head(judged: &Judged, style: Style) -> String {
    let run = &judged.facts.run;
    let verdict = &judged.verdict;
    let image = &judged.facts.image;
    let word = style.paint(Meaning::of(verdict.outcome), verdict_word(verdict.outcome));
    let name = style.paint(Meaning::Heading, &clean(&run.scenario.name));
    let instructions = match judged.facts.machine.instructions {
        Some(count) => format!(", {} instructions", grouped(count)),
        None => String::new(),
    };
    let hash = match image.hash.is_empty() {
        true => String::new(),
        false => format!(" ({})", image.hash),
    };
    let lines = [
        format!("{name}  {word}  {}", clean(reason(&verdict.sentence))),
        clean(&format!("{}, seed {}", run.scenario.path, run.seed)),
        clean(&format!("image {}{hash}", image.name)),
        machine_line(judged),
        format!("{} of device time{instructions}", seconds(verdict.ended_at)),
        format!("device hash {}", judged.device_hash),
    ];
    lines.iter().map(|line| format!(" {line}\n")).collect()
}

/// A verdict's sentence without the word that says how it came out.
fn reason(sentence: &str) -> &str {
    const WORDS: [&str; 3] = ["failed: ", "timed out: ", "inconclusive: "];
    let stripped = WORDS.iter().find_map(|word| sentence.strip_prefix(word));
    stripped.unwrap_or(sentence)
}

/// A section's heading.
fn heading(text: &str, style: Style) -> String {
    format!(" {}\n", style.paint(Meaning::Heading, text))
}
