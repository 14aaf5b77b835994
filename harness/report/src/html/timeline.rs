//! Everything that has a place in device time, below each other on one axis: phases and steps of the
//! scenario, what was done to the device, the heap, the schedule, interrupts, and what was noticed.

use ramscope_model::{Judged, Point, Standing, StepOutcome, counted};
use ramscope_time::Instant;
use std::fmt::Write;

use super::scale::Scale;
use super::text::text;
use super::{Detail, heap, schedule};
use crate::figures::seconds;
use crate::measure::phases;
use crate::stimulus::what_was_done;

/// The chart of a run.
pub(super) fn timeline(judged: &Judged, detail: Detail) -> String {
    let scale = Scale::of(judged.verdict.ended_at);
    let mut rows = String::new();
    rows += &phase_row(judged, scale);
    rows += &row(
        "strip",
        "<b>steps</b>",
        &format!("{}{}", steps(judged, scale), stimuli(judged, scale)),
    );
    let heap = heap::chart(judged, scale, detail.columns_max());
    if let Some(heap) = &heap {
        rows += &row("heap", &heap.used_label, &heap.used);
        rows += &row("small", &heap.free_label, &heap.free);
    }
    let schedule = schedule::chart(judged.feed.device(), scale, detail.stretches_max());
    if let Some(schedule) = &schedule {
        let style = format!("schedule\" style=\"--rows:{}", schedule.rows);
        rows += &row(&style, &schedule.labels, &schedule.chart);
    }
    rows += &interrupts(judged, scale);
    rows += &row("axis", "", &axis(scale));
    let notes = schedule.as_ref().map_or("No switch was traced.", |chart| chart.sentence.as_str());
    format!(
        "<figure class=\"timeline\" data-unit=\"{}\" data-width=\"{}\">\
         <div class=\"tools\"><output></output><button type=\"button\" data-do=\"out\" \
         aria-label=\"zoom out\">−</button><button type=\"button\" data-do=\"in\" \
         aria-label=\"zoom in\">+</button><button type=\"button\" data-do=\"all\">whole run\
         </button></div>\
         <div class=\"chart\" role=\"group\" aria-label=\"{}\">{rows}{}</div>\
         <figcaption>{}{}<p>{notes} {HOW_TO}</p></figcaption></figure>",
        scale.unit_ps,
        scale.width,
        text(&in_words(judged)),
        marks(judged, scale),
        heap.map_or_else(String::new, |heap| heap.legend),
        schedule.as_ref().map_or("", |chart| chart.legend.as_str()),
    )
}

const HOW_TO: &str = "<span class=\"js\">Drag over a stretch to look into it; arrow keys move, \
    + and − zoom, 0 shows the whole run.</span>";

/// The chart for those who do not see it.
fn in_words(judged: &Judged) -> String {
    let device = judged.feed.device();
    let units = counted(device.units().len() as u64, "unit");
    let steps = counted(judged.verdict.steps.len() as u64, "step");
    format!(
        "{} of device time with {steps}, {units}, {} and {}; the tables below have the figures",
        seconds(judged.verdict.ended_at),
        counted(device.resets().len() as u64, "reset"),
        counted(judged.verdict.findings.len() as u64, "finding"),
    )
}

/// A label and what stands beside it.
fn row(class: &str, label: &str, content: &str) -> String {
    format!(
        "<div class=\"label {class}\">{label}</div><div class=\"track {class}\">{content}</div>"
    )
}

/// A stretch of the axis as an element with text.
fn stretch(
    scale: Scale,
    (from, to): (Instant, Instant),
    class: &str,
    label: &str,
    about: &str,
) -> String {
    let (from, to) = (scale.x(from), scale.x(to));
    let (left, width) = (scale.percent(from), scale.percent(to.saturating_sub(from)));
    format!(
        "<span class=\"at {class}\" data-f=\"{from}\" data-t=\"{to}\" \
         style=\"left:{left};width:{width}\" title=\"{}\">{}</span>",
        text(about),
        text(label)
    )
}

fn phase_row(judged: &Judged, scale: Scale) -> String {
    let end = judged.verdict.ended_at;
    let spans: String = phases(judged)
        .iter()
        .filter_map(|phase| {
            let (from, to) = (phase.began?, phase.ended.unwrap_or(end));
            let about = format!("phase {}, {} to {}", phase.name, seconds(from), seconds(to));
            Some(stretch(scale, (from, to), "phase", phase.name, &about))
        })
        .collect();
    match spans.is_empty() {
        true => String::new(),
        false => row("strip", "<b>phases</b>", &spans),
    }
}

fn steps(judged: &Judged, scale: Scale) -> String {
    let verdict = &judged.verdict;
    let spans = verdict.steps.iter().filter_map(|step| {
        let (from, to) = (step.began?, step.ended.unwrap_or(verdict.ended_at));
        let class = match step.outcome {
            StepOutcome::Done => "step",
            StepOutcome::Failed | StepOutcome::TimedOut => "step bad",
            _ => "step doubt",
        };
        let name = step.label.rsplit_once('(').map_or(step.label.as_str(), |(_, name)| name);
        let outcome = step.outcome.name();
        let about = format!("{}: {outcome}, {} to {}", step.label, seconds(from), seconds(to));
        Some(stretch(scale, (from, to), class, name.trim_end_matches(')'), &about))
    });
    spans.collect()
}

/// Small marks for what was done to the device.
fn stimuli(judged: &Judged, scale: Scale) -> String {
    let stimuli = judged.feed.course().stimuli.iter();
    let marks = stimuli.map(|timed| {
        let about = format!("{}: {}", seconds(timed.instant), what_was_done(&timed.event));
        stretch(scale, (timed.instant, timed.instant), "stimulus", "", &about)
    });
    marks.collect()
}

/// Interrupts between samples, as a share of the busiest stretch.
fn interrupts(judged: &Judged, scale: Scale) -> String {
    const HEIGHT: u64 = 100;
    let interrupts = judged.feed.device().interrupts();
    let points = interrupts.entries_series.points();
    let taken = |pair: &[Point]| u64::from(pair[1].last.saturating_sub(pair[0].last));
    // In a billion units of time, so that long and short stretches compare.
    let rate = |pair: &[Point]| {
        let units = scale.x(pair[1].to).saturating_sub(scale.x(pair[0].to)).max(1);
        taken(pair).saturating_mul(1_000_000_000) / units
    };
    let highest = points.windows(2).map(rate).max().unwrap_or(0);
    if highest == 0 {
        return String::new();
    }
    let mut path = String::new();
    for pair in points.windows(2).filter(|pair| taken(pair) > 0) {
        let (from, to) = (scale.x(pair[0].to), scale.x(pair[1].to));
        let height = (u128::from(rate(pair)) * u128::from(HEIGHT)).div_ceil(highest.into());
        let _ = write!(path, "M{from} {HEIGHT}V{}H{to}V{HEIGHT}z", HEIGHT as u128 - height);
    }
    let label = format!(
        "<b>interrupts</b><small>{} in the last boot</small>",
        ramscope_model::grouped(interrupts.entries.into())
    );
    let svg = format!(
        "<svg class=\"x\" viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\"><path class=\"interrupts\" d=\"{path}\"/></svg>",
        scale.width
    );
    row("small", &label, &svg)
}

fn axis(scale: Scale) -> String {
    let ticks = scale.ticks().into_iter().map(|(x, label)| {
        let left = scale.percent(x);
        format!("<span class=\"tick\" style=\"left:{left}\">{label}</span>")
    });
    ticks.collect()
}

/// Lines across all rows: phases begin, the device is reset, something is noticed.
fn marks(judged: &Judged, scale: Scale) -> String {
    let line = |at: Instant, class: &str| {
        format!("<path class=\"{class}\" d=\"M{} 0V100\"/>", scale.x(at))
    };
    let mut lines = String::new();
    for phase in phases(judged) {
        let ends = [phase.began, phase.ended];
        lines.extend(ends.into_iter().flatten().map(|at| line(at, "phase")));
    }
    let steps = judged.verdict.steps.iter().filter_map(|step| step.ended);
    lines.extend(steps.map(|at| line(at, "step")));
    let resets = judged.feed.device().resets().iter();
    lines.extend(resets.map(|reset| line(reset.at, "reset")));
    lines.extend(judged.verdict.findings.iter().map(|finding| {
        let class = match finding.standing {
            Standing::Fails => "fails",
            Standing::Expected | Standing::Allowed | Standing::Noted => "noted",
        };
        line(finding.at, class)
    }));
    format!(
        "<div class=\"marks\"><svg class=\"x\" viewBox=\"0 0 {} 100\" \
         preserveAspectRatio=\"none\" aria-hidden=\"true\">{lines}</svg></div>",
        scale.width
    )
}
