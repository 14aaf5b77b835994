//! The way out of telemetry: a ring in RAM, frames on the UART, or text.
//!
//! By default records stay in the ring, for a reader that looks into the device's memory. Where
//! nothing but the UART leads out, `telemetry frames` starts a thread at the lowest priority that
//! takes records out of the ring and writes them as frames between two lines of text.
//! The frame is written under the console's lock, so it never stands inside of a line. `telemetry
//! text` writes the most important samples as lines that a person can read.

use crate::console;
use crate::error::Error;
use crate::kernel;
use crate::println;
use crate::sample;
use crate::thread;
use crate::time::Span;
use ramscope_wire::FRAME_WORDS_MAX;

/// The drain's stack: a record, and the frame's bytes a few at a time.
const STACK_BYTES: usize = 1536;
/// How long the drain sleeps when the ring is empty.
const IDLE: Span = Span::from_millis(10);

/// Which way out is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WayOut {
    /// The ring only.
    Ring,
    /// Samples as lines of text.
    Text,
    /// Frames on the UART.
    Frames,
}

/// Opens one way out, and closes the others.
pub(crate) fn set(way: WayOut) -> Result<(), Error> {
    let before = kernel::with(|kernel| core::mem::replace(&mut kernel.way_out, way));
    match (before, way) {
        (WayOut::Frames, WayOut::Frames) => Ok(()),
        (_, WayOut::Frames) => start_drain().inspect_err(|_| {
            kernel::with(|kernel| kernel.way_out = before);
            leave_ring();
        }),
        // The drain sees it and ends.
        (WayOut::Frames, _) => {
            leave_ring();
            Ok(())
        }
        _ => Ok(()),
    }
}

fn start_drain() -> Result<(), Error> {
    let number = kernel::with(|kernel| {
        kernel.ring.drain_here(true);
        kernel.drains = kernel.drains.wrapping_add(1);
        kernel.drains
    });
    sample::introduce();
    let drain = thread::Builder::of_kernel("telemetry").stack_bytes(STACK_BYTES).priority(1);
    drain.spawn(move || drain_thread(number)).map(drop)
}

fn leave_ring() {
    kernel::with(|kernel| kernel.ring.drain_here(false));
    sample::introduce();
}

/// Writes frames until the way out is another one, or is the turn of a drain with another number:
/// one that slept while it was switched off and on again must not go on beside its successor.
fn drain_thread(number: u32) -> Result<(), Error> {
    let mut records = [0; FRAME_WORDS_MAX];
    let is_wanted =
        || kernel::with(|kernel| kernel.way_out == WayOut::Frames && kernel.drains == number);
    while is_wanted() {
        match take_records(&mut records) {
            0 => thread::sleep(IDLE)?,
            words => {
                let frame = kernel::with(|kernel| kernel.frames.frame(&records[..words]));
                console::put_frame(frame);
            }
        }
    }
    Ok(())
}

/// Takes as many whole records as one frame holds. Answers their words.
fn take_records(into: &mut [u32; FRAME_WORDS_MAX]) -> usize {
    let mut filled = 0;
    while let Some(words) = kernel::with(|kernel| kernel.ring.take(&mut into[filled..])) {
        filled += words;
    }
    filled
}

/// Device time between two rounds of samples: what leads out over a UART of 115200 baud must be
/// fewer.
pub(crate) fn sample_period_ticks() -> u64 {
    match kernel::with(|kernel| kernel.way_out) {
        WayOut::Frames => 5 * sample::PERIOD_TICKS,
        WayOut::Ring | WayOut::Text => sample::PERIOD_TICKS,
    }
}

/// Writes the most important samples as text, if that is the way out.
pub(crate) fn text_samples() {
    if !kernel::with(|kernel| kernel.way_out == WayOut::Text) {
        return;
    }
    let totals = crate::mem::totals();
    println!(
        "sample heap: used {} B, peak {} B, largest free {} B of {} B",
        totals.used, totals.peak_used, totals.largest_free, totals.total
    );
    sample::text_stacks();
}
