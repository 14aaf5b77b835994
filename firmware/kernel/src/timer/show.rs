//! What timers show: records, and the console's table.

use super::{Counts, Leftovers};
use super::{HARDWARE_TIMERS, TIMERS_MAX, TimerIndex, give_back, id_of, mode_name, nanos, table};
use crate::kernel::{self, Kernel};
use crate::println;
use crate::sample::each_used;
use core::fmt;
use ramscope_wire as wire;
use wire::{Level, TimerMode, WindowId};

/// The id of a timer that has none.
const NO_ID: u16 = u16::MAX;

/// Says what a timer is.
pub(super) fn announce(kernel: &mut Kernel, index: TimerIndex) {
    let Some(block) = kernel.timers.find(index) else { return };
    let record = wire::TimerNew {
        timer: block.object,
        id: id_of(index).map_or(NO_ID, u16::from),
        mode: block.mode,
        unit: block.unit,
        site: block.site,
        // Longer than 292 years are told as that.
        period_ns: block.cadence.ticks().saturating_mul(125) / 2,
        name: block.name,
    };
    kernel.record(Level::Samples, &record);
}

fn indices() -> impl Iterator<Item = TimerIndex> {
    (0..TIMERS_MAX as u8).map(TimerIndex)
}

/// Says what timers there are.
pub(crate) fn introduce() {
    if any() {
        each_used(TIMERS_MAX, is_there, |index| {
            kernel::with(|kernel| announce(kernel, TimerIndex(index as u8)));
        });
    }
}

/// Whether there ever was a timer.
fn any() -> bool {
    kernel::with(|kernel| kernel.timers.serial > 0)
}

/// Sends the figures of all timers, and of the clock. Timers that fired for the last time after
/// their last handle had gone are given back here.
pub(crate) fn samples() {
    kernel::with(|kernel| {
        let timers = &kernel.timers;
        let record = wire::ClockLateness {
            worst_ns: nanos(timers.clock_worst),
            worst_window_ns: nanos(timers.clock_worst_window),
            window: WindowId(kernel.window),
        };
        kernel.record(Level::Samples, &record);
    });
    if !any() {
        return;
    }
    each_used(TIMERS_MAX, is_there, |index| {
        let index = TimerIndex(index as u8);
        let block = kernel::with(|kernel| {
            table::sample(kernel, index);
            // A closure's end is no work for a handler, which sends samples too.
            if kernel.in_handler() { None } else { table::release(kernel, index) }
        });
        give_back(Leftovers { block, closure: None });
    });
}

fn is_there(kernel: &Kernel, index: usize) -> bool {
    kernel.timers.has(TimerIndex(index as u8))
}

/// A measuring window opens.
///
/// # Context
/// Handler, when everything of the window before has been sent.
pub(crate) fn open_window(kernel: &mut Kernel) {
    kernel.timers.clock_worst_window = 0;
    for index in indices() {
        if let Some(block) = kernel.timers.find(index) {
            block.worst_window_ns = 0;
        }
    }
}

/// One row of the table, copied out of the kernel.
struct Row {
    name: &'static str,
    id: Option<u8>,
    mode: TimerMode,
    period_us: u64,
    is_armed: bool,
    counts: Counts,
}

/// The console's `timers`.
pub(crate) fn write_table() {
    println!(
        "timer        id mode         period    fired delivered coalesced  dropped late  worst"
    );
    let mut rows = 0;
    for index in indices() {
        if let Some(row) = kernel::with(|kernel| row(kernel, index)) {
            println!("{row}");
            rows += 1;
        }
    }
    if rows == 0 {
        println!(
            "none: {HARDWARE_TIMERS} with an id and {} more can be had",
            TIMERS_MAX - HARDWARE_TIMERS
        );
    }
}

fn row(kernel: &mut Kernel, index: TimerIndex) -> Option<Row> {
    let block = kernel.timers.find(index)?;
    Some(Row {
        name: block.name,
        id: id_of(index),
        mode: block.mode,
        period_us: block.cadence.ticks() / 16,
        is_armed: block.is_armed(),
        counts: block.counts,
    })
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12} ", self.name)?;
        match self.id {
            Some(id) => write!(f, "{id:>2} ")?,
            None => f.write_str(" - ")?,
        }
        match self.is_armed {
            true => write!(
                f,
                "{:<9} {:>6}.{} ms ",
                mode_name(self.mode),
                self.period_us / 1_000,
                self.period_us % 1_000 / 100
            )?,
            false => write!(f, "{:<9} {:>11} ", mode_name(self.mode), "stopped")?,
        }
        let Counts { fired, delivered, coalesced, dropped, late, worst_ns, .. } = self.counts;
        write!(
            f,
            "{fired:>8} {delivered:>9} {coalesced:>9} {dropped:>8} {late:>4}  {} us",
            worst_ns / 1_000
        )
    }
}
