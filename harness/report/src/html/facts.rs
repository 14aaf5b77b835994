//! What was run on what, what was lost, and what the device printed.

use ramscope_model::{Judged, Outcome, counted, grouped};
use std::fmt::Write;

use super::Detail;
use super::text::{text, time};
use crate::figures::seconds;
use crate::table::machine_line;

/// So many of the last collections are told.
const COLLECTIONS_MAX: usize = 8;

/// Facts as pairs of a word and a text.
pub(super) fn facts(judged: &Judged, tool: &str) -> String {
    let (facts, device) = (&judged.facts, judged.feed.device());
    let mut pairs: Vec<(&str, String)> = vec![
        ("scenario", facts.run.scenario.path.clone()),
        ("target and seed", format!("{}, seed {}", facts.run.target, facts.run.seed)),
        ("machine", machine_line(judged)),
        ("image", format!("{} {}", facts.image.name, facts.image.hash)),
        ("device time", seconds(judged.verdict.ended_at)),
    ];
    if let Some(count) = facts.machine.instructions {
        pairs.push(("instructions", grouped(count)));
    }
    pairs.push(("stopped because", judged.verdict.stop_reason.clone()));
    if let Some(hello) = device.hello() {
        let version = hello.version;
        let records = grouped(judged.feed.records());
        pairs.push(("telemetry", format!("version {version}, {records} records arrived whole")));
    }
    pairs.push(("lost", losses(judged)));
    let resets = device.resets().iter();
    pairs.extend(
        resets.map(|reset| ("reset", format!("{} at {}", reset.reason, seconds(reset.at)))),
    );
    let registers: Vec<String> =
        device.unmodelled().iter().map(|access| format!("0x{:08x}", access.address)).collect();
    if !registers.is_empty() {
        pairs.push(("registers that are not modelled", registers.join(", ")));
    }
    pairs.extend(device.notes().iter().map(|note| ("note", note.clone())));
    let collections = device.collections().list.iter().rev().take(COLLECTIONS_MAX).rev();
    pairs.extend(collections.map(|collection| {
        ("collected", format!("{}: {}", seconds(collection.at), collection.sentence()))
    }));
    if let Some(times) = &facts.times {
        let millis = times.took_us / 1_000;
        pairs.push(("host time", format!("{}.{:03} s", millis / 1_000, millis % 1_000)));
    }
    let attempts = facts.earlier_attempts.iter();
    pairs.extend(attempts.map(|reason| ("earlier attempt", reason.clone())));
    pairs.push(("recorded by, shown by", format!("{}, {tool}", facts.tool)));
    pairs.push(("device hash", judged.device_hash.clone()));
    let pairs = pairs.iter().map(|(word, fact)| format!("<dt>{word}</dt><dd>{}</dd>", text(fact)));
    format!("<dl class=\"facts\">{}</dl>", pairs.collect::<String>())
}

/// What is missing, in words.
fn losses(judged: &Judged) -> String {
    let device = judged.feed.device();
    let losses = device.losses();
    let mut parts = Vec::new();
    if losses.any() {
        parts.push(counted(losses.records_lost(), "telemetry record"));
        parts.push(format!("{} damaged", counted(losses.damaged_bytes, "byte")));
    }
    if device.forgotten() > 0 {
        parts.push(counted(device.forgotten(), "fact that did not fit the model"));
    }
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join(", "),
    }
}

/// The end of what the device printed, each line with its device time.
pub(super) fn serial(judged: &Judged, detail: Detail) -> String {
    let console = judged.feed.console();
    let partial = console.partial();
    let all = console.lines().len() + usize::from(partial.is_some());
    let lines_max = match judged.verdict.outcome {
        Outcome::Pass => detail.lines_max(),
        _ => detail.lines_max().max(200),
    };
    let skipped = all.saturating_sub(lines_max);
    if all == 0 {
        return "<p class=\"none\">It printed nothing.</p>".to_owned();
    }
    let mut text_of_lines = String::new();
    for line in console.lines().chain(partial.as_ref()).skip(skipped) {
        let _ = writeln!(text_of_lines, "{} {}", time(line.at), text(&line.text));
    }
    let dropped = console.dropped() + skipped as u64;
    let note = match dropped {
        0 => String::new(),
        n => format!("<p class=\"none\">{} before are in the capture</p>", counted(n, "line")),
    };
    format!(
        "{note}<pre class=\"serial\" tabindex=\"0\" aria-label=\"serial text\">{text_of_lines}</pre>"
    )
}
