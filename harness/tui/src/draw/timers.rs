//! The timers: what became of the ticks of each and how late the worst callback began, and the queue that
//! callbacks go through.
//!
//! Rows stand in the order in which timers came to be. The queue has the last row.

use ramscope_model::{Device, Timer, bytes, counted, grouped};
use ramscope_wire::{CallbackSample, TimerMode};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::draw::pieces::{fitted, titled};
use crate::draw::table::{Column, draw_headings, line};
use crate::palette::Palette;
use crate::scene::Scene;

/// From this width on names get more room.
const WIDE: u16 = 100;
/// From this width on there is room for what they hold of the heap.
const WITH_HEAP: u16 = 128;

/// With the rule; none if there is no timer and no callback.
pub(super) fn rows_wanted(scene: &Scene<'_>) -> u16 {
    let timers = scene.device.timers().len();
    let queue = usize::from(scene.device.callbacks().last.is_some());
    match timers + queue {
        0 => 0,
        rows => u16::try_from(rows + 1).unwrap_or(u16::MAX),
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    let body = titled(frame, area, "timers", palette);
    let device = scene.device;
    if device.timers().is_empty() && device.callbacks().last.is_none() {
        let text = " no timer has been set up, and no callback has been scheduled";
        return frame.render_widget(Line::styled(text, palette.quiet()), body);
    }
    let columns = columns(area.width);
    draw_headings(frame, Rect { height: 1, ..area }, &columns, palette);
    let lines = lines(device, usize::from(body.height), &columns, palette);
    for (row, mut line) in body.rows().zip(lines) {
        // The row of the queue is no row of the table.
        if line.width() > usize::from(area.width) {
            line = Line::styled(fitted(&line.to_string(), area.width.into()), line.style);
        }
        frame.render_widget(line, row);
    }
}

fn columns(width: u16) -> Vec<Column> {
    let (name, figure) = if width < WIDE { (12, 9) } else { (24, 11) };
    let mut columns = vec![
        Column::left("", name),
        Column::left("mode", 9),
        Column::right("period", 11),
        Column::right("fired", figure - 1),
        Column::right("begun", figure - 1),
        Column::right("merged", figure - 2),
        Column::right("dropped", figure - 1),
        Column::right("late", figure - 3),
        Column::right("worst", figure),
    ];
    if width >= WITH_HEAP {
        columns.extend([Column::right("heap", figure), Column::right("heap peak", figure)]);
    }
    columns
}

fn lines(device: &Device, room: usize, columns: &[Column], palette: Palette) -> Vec<Line<'static>> {
    let queue = device.callbacks().last.map(|(_, sample)| callbacks(&sample, palette));
    let room = room.saturating_sub(usize::from(queue.is_some()));
    let timers = device.timers();
    let shown = if timers.len() > room { room.saturating_sub(1) } else { timers.len() };
    let rows = timers.iter().take(shown).map(|timer| line(columns, &cells(timer, device, palette)));
    let mut lines: Vec<_> = rows.collect();
    if let Some(more) = timers.len().checked_sub(shown).filter(|more| *more > 0) {
        let text = format!(" and {}", counted(more as u64, "other timer"));
        lines.push(Line::styled(text, palette.quiet()));
    }
    lines.extend(queue);
    lines
}

fn cells(timer: &Timer, device: &Device, palette: Palette) -> Vec<(String, Style)> {
    let (plain, quiet) = (Style::new(), palette.quiet());
    let mode = match timer.mode {
        TimerMode::OneShot => "once".to_owned(),
        mode => mode.to_string(),
    };
    let mut cells = vec![
        (timer.name.clone(), palette.heading()),
        (mode, quiet),
        (timer.period.to_string(), plain),
    ];
    let Some(last) = timer.last else {
        cells.extend((0..8).map(|_| ("-".to_owned(), quiet)));
        return cells;
    };
    let trouble = |count: u32| if count > 0 { palette.doubt() } else { quiet };
    let counts = [
        (last.fired, plain),
        (last.delivered, plain),
        (last.coalesced, if last.coalesced > 0 { plain } else { quiet }),
        (last.dropped, trouble(last.dropped)),
        (last.late, trouble(last.late)),
    ];
    cells.extend(counts.map(|(count, style)| (grouped(count.into()), style)));
    cells.push((length(last.worst_ns), plain));
    match device.timer_heap(timer) {
        None => cells.extend((0..2).map(|_| ("-".to_owned(), quiet))),
        Some(heap) => {
            let figures = [heap.current, heap.peak];
            cells.extend(figures.map(|held| (bytes(held.into()), plain)));
        }
    }
    cells
}

fn callbacks(sample: &CallbackSample, palette: Palette) -> Line<'static> {
    let mut text = format!(
        " callbacks: {} queued, {} begun, peak {}",
        grouped(sample.queued.into()),
        grouped(sample.delivered.into()),
        sample.waiting_peak
    );
    let troubles =
        [(sample.refused, "refused"), (sample.dropped, "dropped"), (sample.failed, "failed")];
    for (count, what) in troubles.into_iter().filter(|(count, _)| *count > 0) {
        text += &format!(", {} {}", grouped(count.into()), what.to_uppercase());
    }
    text += &format!("; longest {}", length(sample.longest_run_ns));
    match troubles.iter().any(|(count, _)| *count > 0) {
        true => Line::styled(text, palette.doubt()),
        false => Line::from(text),
    }
}

/// Nanoseconds as microseconds or milliseconds, with a tenth: the clock tells 62.5 ns.
fn length(nanos: u32) -> String {
    let (unit, name) = if nanos < 1_000_000 { (1_000, "us") } else { (1_000_000, "ms") };
    format!("{}.{} {name}", grouped(u64::from(nanos / unit)), nanos % unit / (unit / 10))
}
