//! A row for each unit: its stack as a bar with the peak, the size, and the budget, and its shares.

use ramscope_model::{Judged, Series, Unit, bytes, grouped};
use ramscope_scenario::Metric;
use ramscope_time::Instant;
use std::fmt::Write;

use super::text::{bar, text};
use crate::detail::units::{Row, rows};
use crate::figures::{nearer, per_cent, share, unit_name};

/// Rows that are shown; the JSON report has all units.
const ROWS_MAX: usize = 64;

/// The table of units.
pub(super) fn stacks(judged: &Judged) -> String {
    let device = judged.feed.device();
    if device.units().is_empty() {
        return "<p class=\"none\">The device told nothing of its threads: this firmware has no \
                telemetry, or none of it arrived. Steps and time-outs are judged all the same.</p>"
            .to_owned();
    }
    let all = rows(device);
    let body: String = all.iter().take(ROWS_MAX).map(|units| row(judged, units)).collect();
    let more = all.len().saturating_sub(ROWS_MAX);
    let more = match more {
        0 => String::new(),
        more => format!("<p class=\"none\">and {more} other rows, all in the JSON report</p>"),
    };
    format!(
        "<div class=\"scroll\"><table class=\"stacks\"><thead><tr><th>unit</th><th>state</th>\
         <th>stack</th><th class=\"n\">peak</th><th class=\"n\">size</th><th class=\"n\">left</th>\
         <th>use over time</th><th class=\"n\">heap peak</th><th class=\"n\">cpu</th>\
         <th class=\"n\">switches</th></tr></thead><tbody>{body}{}</tbody></table></div>{more}",
        handlers(judged)
    )
}

fn row(judged: &Judged, units: &Row<'_>) -> String {
    let first = units[0];
    let sampled = units.iter().copied().filter(|unit| unit.stack.sampled_at.is_some());
    let (name, state) = (text(&crate::detail::units::name_of(units)), state(first));
    let stack = match sampled.reduce(nearer) {
        None => "<td colspan=\"5\" class=\"quiet\">not sampled</td>".to_owned(),
        Some(unit) => stack_cells(judged, unit),
    };
    let [heap, cpu, switches] = shares(units);
    format!(
        "<tr><th scope=\"row\">{name}</th><td>{state}</td>{stack}<td class=\"n\">{heap}</td>\
         <td class=\"n\">{cpu}</td><td class=\"n\">{switches}</td></tr>"
    )
}

fn state(unit: &Unit) -> String {
    let (text, meaning) = crate::detail::units::state_of(unit);
    let class = super::class_of(meaning);
    format!("<span class=\"{class}\">{}</span>", super::text::text(&text))
}

fn stack_cells(judged: &Judged, unit: &Unit) -> String {
    let stack = &unit.stack;
    let share = per_cent(stack.peak, stack.bytes);
    let class = match share {
        100.. => "bad",
        80.. => "doubt",
        _ => "good",
    };
    let limit = limit(judged, unit).map_or_else(String::new, |limit| {
        let left = (limit.min(stack.bytes.into()) * 100)
            .checked_div(u64::from(stack.bytes))
            .unwrap_or(100);
        format!("<b class=\"limit\" style=\"left:{left}%\" title=\"budget {}\"></b>", bytes(limit))
    });
    let filled = share.min(100);
    let left = match stack.peak.checked_sub(stack.bytes).filter(|over| *over > 0) {
        Some(over) => format!("<span class=\"bad\">{} over</span>", bytes(over.into())),
        None => bytes(stack.margin().into()),
    };
    format!(
        "<td><span class=\"bar {class}\" role=\"img\" aria-label=\"{share} % of its stack\">\
         <i style=\"width:{filled}%\"></i>{limit}</span></td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{left}</td><td>{}</td>",
        bytes(stack.peak.into()),
        bytes(stack.bytes.into()),
        sparkline(&stack.used_series, judged.verdict.ended_at, stack.bytes)
    )
}

/// The least budget on the unit's stack in the whole run.
fn limit(judged: &Judged, unit: &Unit) -> Option<u64> {
    let name = unit_name(unit);
    let budgets = judged.verdict.budgets.iter();
    budgets
        .filter(|budget| budget.metric == Metric::StackPeak && budget.name == name)
        .filter(|budget| budget.id.as_str().starts_with("run/"))
        .map(|budget| budget.limit)
        .min()
}

/// The use of a stack over the run as a small line.
fn sparkline(series: &Series, end: Instant, bytes: u32) -> String {
    const WIDTH: u64 = 120;
    const HEIGHT: u64 = 20;
    const POINTS_MAX: usize = 120;
    let points = series.points();
    if points.len() < 2 || bytes == 0 {
        return String::new();
    }
    let x = |at: Instant| {
        u128::from(at.as_picos()) * u128::from(WIDTH) / u128::from(end.as_picos().max(1))
    };
    let y = |used: u32| HEIGHT - u64::from(used.min(bytes)) * HEIGHT / u64::from(bytes);
    let mut path = String::new();
    for chunk in points.chunks(points.len().div_ceil(POINTS_MAX)) {
        let used = chunk.iter().map(|point| point.max).max().unwrap_or(0);
        let command = if path.is_empty() { 'M' } else { 'L' };
        let _ = write!(path, "{command}{} {}", x(chunk[0].from), y(used));
    }
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">\
         <path d=\"{path}\"/></svg>"
    )
}

/// The heap, the processor and the switches of some units together.
fn shares(units: &Row<'_>) -> [String; 3] {
    let heap = units.iter().filter(|unit| unit.heap.sampled_at.is_some());
    let heap = heap.map(|unit| unit.heap.peak).max();
    let cpu = || units.iter().filter(|unit| unit.cpu.sampled_at.is_some()).map(|unit| &unit.cpu);
    let boot_ticks = cpu().map(|cpu| cpu.boot_ticks).max();
    let ticks = cpu().map(|cpu| cpu.ticks).fold(0, u64::saturating_add);
    let switches: u64 = cpu().map(|cpu| u64::from(cpu.switches)).sum();
    let of = |boot_ticks| share(ramscope_model::basis_points(ticks, boot_ticks));
    [
        heap.map_or_else(String::new, |peak| bytes(peak.into())),
        boot_ticks.map_or_else(String::new, of),
        boot_ticks.map_or_else(String::new, |_| grouped(switches)),
    ]
}

/// The stack that all interrupt handlers share.
fn handlers(judged: &Judged) -> String {
    let interrupts = judged.feed.device().interrupts();
    let stack = &interrupts.stack;
    if stack.sampled_at.is_none() {
        return String::new();
    }
    format!(
        "<tr><th scope=\"row\">interrupt handlers</th><td class=\"quiet\">{} taken</td><td>{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td colspan=\"4\"></td></tr>",
        grouped(interrupts.entries.into()),
        bar(stack.peak, stack.bytes, "good"),
        bytes(stack.peak.into()),
        bytes(stack.bytes.into()),
        bytes(stack.margin().into()),
    )
}
