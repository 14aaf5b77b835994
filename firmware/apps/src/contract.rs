//! Rows of the conformance list on a whole device: what programs may rely on of timers, callbacks,
//! locks and threads, checked by the device itself.
//!
//! The host port runs the same rows with handlers in the idle context only. Here an interrupt comes in the
//! middle of whatever runs, stacks are real, and time passes while somebody computes. A row prints
//! one line if it holds; what does not is printed with what was found, and ends the program.

mod callbacks;
mod locks;
mod threads;
mod timers;

use core::fmt::Debug;
use ramscope_kernel::{Arguments, Error, println};

/// A row: its id and what it is about.
type Row = (&'static str, fn() -> Result<(), Error>);

/// Rows that end by themselves and disturb no other.
const ROWS: &[Row] = &[
    ("c01 virtual timers come and go", timers::c01),
    ("c02 a timer with an id comes and goes", timers::c02),
    ("c03 two ids are two timers", timers::c03),
    ("c06 a timer with an id calls as often as its period has passed", timers::c06),
    ("c08 callbacks get their argument and never nest", callbacks::c08),
    ("c09 a sleep of nothing is a pass and begins one callback", callbacks::c09),
    ("c10 interruptions are one until it is delivered", callbacks::c10),
    ("x01 a timed acquire gives up on time and leaves no trace", locks::x01),
    ("x02 what is no time-out is refused", locks::x02),
    ("x03 wake-up order is first come, first served", locks::x03),
    ("x07 stack figures are those of the thread", threads::x07),
    ("x11 a tick that waits when its timer is stopped is late", timers::x11),
    ("x12 a period that is changed while armed begins anew", timers::x12),
    ("x13 timers of one instant fire in the order of their ids", timers::x13),
];

/// Rows that take long, or end with a device that stands still.
const ALONE: &[Row] = &[
    ("x04 a self-deadlock is reported", locks::x04),
    ("x14 nothing happens when 32 bits of ticks wrap", timers::x14),
];

/// Whether something is as it should be; if not, says what it is.
fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    println!("contract: {what} is {found:?}, not {expected:?}");
    Err(Error::Invalid)
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let asked = arguments.text("row");
    let is_asked = |(name, _): &&Row| asked.is_none_or(|id| name.starts_with(id));
    let alone = if asked.is_some() { ALONE } else { &[] };
    for (name, row) in ROWS.iter().chain(alone).filter(is_asked) {
        row()?;
        println!("contract: {name}: holds");
    }
    Ok(())
}
