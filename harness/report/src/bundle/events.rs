//! The last things that happened, of all kinds, in one order.

use ramscope_model::{Device, Judged, What, counted};
use ramscope_time::Instant;

use crate::figures::seconds;
use crate::stimulus::what_was_done;
use crate::style::clean;

/// Lines of each kind that are told.
const LINES_MAX: usize = 200;

/// What happened to device and scenario.
pub(super) fn events(judged: &Judged) -> String {
    let mut lines = device_lines(judged);
    lines.extend(scenario_lines(judged));
    lines.extend(last_switches(judged.feed.device()));
    // Stable, so that what happened at one instant keeps the order within its kind.
    lines.sort_by_key(|(at, _)| *at);
    lines.iter().map(|(at, line)| format!("{:>15}  {}\n", micros(*at), clean(line))).collect()
}

/// Seconds with six decimals: much happens in a millisecond.
fn micros(at: Instant) -> String {
    let micros = at.as_picos() / 1_000_000;
    format!("{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}

fn device_lines(judged: &Judged) -> Vec<(Instant, String)> {
    let device = judged.feed.device();
    let entries = device.log().entries();
    let skipped = entries.len().saturating_sub(LINES_MAX);
    entries.skip(skipped).map(|entry| (entry.at, what_happened(judged, &entry.what))).collect()
}

fn what_happened(judged: &Judged, what: &What) -> String {
    match what {
        What::UnitStarted { name, .. } => format!("{name} was made"),
        What::UnitEnded { name, how, .. } => format!("{name} {how}"),
        What::ProgramStarted { name } => format!("program {name} started"),
        What::ModuleLoaded { name, bytes } => format!("module {name} imported, {bytes} B"),
        What::ModuleGone { name, bytes } => format!("module {name} unloaded, {bytes} B came back"),
        What::ProgramEnded { name, ok: true } => format!("program {name} ended well"),
        What::ProgramEnded { name, ok: false } => format!("program {name} ended badly"),
        What::Reset { reason } => format!("the device was reset: {reason}"),
        What::Lost(count) => format!("{} lost", counted(*count, "telemetry record")),
        What::Collected { sentence } => sentence.clone(),
        What::WindowOpened(window) => format!("window {} opened", window.0),
        What::Found(index) => found(judged, *index),
    }
}

/// The sentence of a finding of the device; the verdict has it with names.
fn found(judged: &Judged, index: usize) -> String {
    let device = judged.feed.device();
    let Some(finding) = device.findings().get(index) else { return "something was noticed".into() };
    let kind = finding.kind();
    let same =
        |other: &&ramscope_model::JudgedFinding| other.kind == kind && other.at == finding.at;
    match judged.verdict.findings.iter().find(same) {
        Some(judged) => format!("{}: {}", kind.id(), judged.sentence),
        None => kind.id().to_owned(),
    }
}

fn scenario_lines(judged: &Judged) -> Vec<(Instant, String)> {
    let mut lines = Vec::new();
    for step in &judged.verdict.steps {
        lines.extend(step.began.map(|at| (at, format!("{} began", step.label))));
        let outcome = step.outcome.name();
        let detail = &step.detail;
        lines.extend(step.ended.map(|at| (at, format!("{} {outcome}: {detail}", step.label))));
    }
    let stimuli = judged.feed.course().stimuli.iter().rev().take(LINES_MAX).rev();
    lines.extend(stimuli.map(|timed| (timed.instant, what_was_done(&timed.event))));
    lines.push((judged.verdict.ended_at, format!("the run ended: {}", judged.verdict.stop_reason)));
    lines
}

fn last_switches(device: &Device) -> Vec<(Instant, String)> {
    let stretches = device.history().stretches();
    let skipped = stretches.len().saturating_sub(LINES_MAX);
    let name = |key| device.unit_by_key(key).map_or("?", |unit| unit.name.as_str());
    let last =
        device.history().going_on().map(|(unit, from)| (from, format!("{} runs", name(unit))));
    stretches
        .skip(skipped)
        .map(|stretch| {
            let then = match stretch.then {
                Some((state, why)) => format!(", then {state} ({why})"),
                None => String::new(),
            };
            let ran = stretch.to.since(stretch.from);
            (stretch.from, format!("{} runs for {ran}{then}", name(stretch.unit)))
        })
        .chain(last)
        .collect()
}

/// The end of what the device printed, each line with its device time.
pub(super) fn serial(judged: &Judged) -> String {
    const SERIAL_LINES_MAX: usize = 1_000;
    let console = judged.feed.console();
    let partial = console.partial();
    let all = console.lines().len() + usize::from(partial.is_some());
    let skipped = all.saturating_sub(SERIAL_LINES_MAX);
    let lines = console.lines().chain(partial.as_ref()).skip(skipped);
    lines.map(|line| format!("{:>12}  {}\n", seconds(line.at), line.text)).collect()
}
