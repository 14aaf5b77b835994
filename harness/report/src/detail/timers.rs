//! The table of timers: what became of their ticks, and how late the worst callback began.

use ramscope_model::{Device, Holding, Timer, bytes, counted, grouped};
use ramscope_wire::{CallbackSample, TimerMode};

use crate::columns::{Cell, Columns};
use crate::style::{Meaning, Style, clean};

/// A program may have many timers; these many rows are shown, and the rest is counted.
const ROWS_MAX: usize = 16;

/// The timers and the queue of their callbacks, if there are any.
pub(super) fn timers(device: &Device, style: Style) -> String {
    let mut lines = String::new();
    if !device.timers().is_empty() {
        lines += &table(device).render(style);
    }
    if let Some((_, sample)) = device.callbacks().last {
        lines += &format!(" {}\n", callbacks(&sample));
    }
    lines
}

fn table(device: &Device) -> Columns {
    let timers = device.timers();
    let mut columns = Columns::default();
    let headings = [
        Cell::left("timer"),
        Cell::left("mode"),
        Cell::right("period"),
        Cell::right("fired"),
        Cell::right("delivered"),
        Cell::right("coalesced"),
        Cell::right("dropped"),
        Cell::right("late"),
        Cell::right("worst"),
        Cell::right("heap"),
        Cell::right("heap peak"),
    ];
    columns.row(headings.map(|cell| cell.meaning(Meaning::Heading)));
    for timer in timers.iter().take(ROWS_MAX) {
        columns.row(cells(timer, device.timer_heap(timer)));
    }
    if let Some(more) = timers.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        columns.text(format!("and {}", counted(more as u64, "other timer")));
    }
    columns
}

fn cells(timer: &Timer, heap: Option<&Holding>) -> Vec<Cell> {
    let name = match timer.boot {
        0 => timer.name.clone(),
        boot => format!("{} (boot {boot})", timer.name),
    };
    let period = match timer.mode {
        TimerMode::OneShot => "once".to_owned(),
        _ => timer.mode.to_string(),
    };
    let mut cells =
        vec![Cell::left(clean(&name)), Cell::left(period), Cell::right(timer.period.to_string())];
    match timer.last {
        None => cells.extend((0..6).map(|_| Cell::right("-"))),
        Some(last) => {
            let counts = [last.fired, last.delivered, last.coalesced, last.dropped, last.late];
            cells.extend(counts.map(|count| Cell::right(grouped(count.into()))));
            cells.push(Cell::right(micros(last.worst_ns)));
        }
    }
    match heap {
        None => cells.extend((0..2).map(|_| Cell::right("-"))),
        Some(heap) => {
            let figures = [heap.current, heap.peak];
            cells.extend(figures.map(|held| Cell::right(bytes(held.into()))));
        }
    }
    cells
}

fn callbacks(sample: &CallbackSample) -> String {
    let mut line = format!(
        "callbacks: {} queued, {} begun, at most {} waited",
        grouped(sample.queued.into()),
        grouped(sample.delivered.into()),
        sample.waiting_peak
    );
    let troubles =
        [(sample.refused, "refused"), (sample.dropped, "dropped"), (sample.failed, "failed")];
    for (count, what) in troubles.into_iter().filter(|(count, _)| *count > 0) {
        line += &format!(", {} {what}", grouped(count.into()));
    }
    line + &format!("; the longest ran {}", micros(sample.longest_run_ns))
}

/// Nanoseconds as microseconds, with as many digits as the clock of 62.5 ns can tell.
fn micros(nanos: u32) -> String {
    format!("{}.{} us", grouped(u64::from(nanos / 1_000)), nanos % 1_000 / 100)
}
