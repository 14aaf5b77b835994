//! What is said about units that were torn down.
//!
//! A unit that dies cannot speak for itself: its stack may be used up, or it may hold the
//! console. So its end is noted here in fixed memory, and the console thread, which runs above
//! all default priorities, writes it out as text. The telemetry record is written at once.

use core::fmt::{self, Write};
use ramscope_wire::{MESSAGE_BYTES_MAX, OverflowHow};

/// Reports that can wait; more are counted as lost.
const REPORTS_MAX: usize = 4;

/// A short text in fixed memory; what does not fit is cut.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    bytes: [u8; MESSAGE_BYTES_MAX],
    length: u8,
}

impl Message {
    pub(crate) const EMPTY: Message = Message { bytes: [0; MESSAGE_BYTES_MAX], length: 0 };

    pub(crate) fn from_fmt(arguments: fmt::Arguments<'_>) -> Self {
        let mut message = Self::EMPTY;
        // The writer never fails: it cuts.
        let _ = message.write_fmt(arguments);
        message
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length as usize]).unwrap_or("(not UTF-8)")
    }
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MESSAGE_BYTES_MAX - self.length as usize;
        let mut length = text.len().min(room);
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let start = self.length as usize;
        self.bytes[start..start + length].copy_from_slice(&text.as_bytes()[..length]);
        self.length += length as u8;
        Ok(())
    }
}

/// Why a unit was torn down.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    /// Where and why is the report's message.
    Panic,
    Overflow {
        how: OverflowHow,
        pc: u32,
        by_bytes: u32,
        stack_bytes: u32,
    },
    Fault {
        cause: u32,
        pc: u32,
        address: u32,
    },
    Refusal,
}

/// One torn-down unit.
#[derive(Clone, Copy)]
pub(crate) struct Report {
    pub(crate) unit: u32,
    pub(crate) name: &'static str,
    pub(crate) slot: crate::sched::Slot,
    pub(crate) cause: Cause,
    pub(crate) quarantined_bytes: u32,
    pub(crate) message: Message,
}

/// The reports that wait for the console thread: a ring, because a report is too large to be moved for
/// nothing with the kernel held.
pub(crate) struct Reports {
    waiting: [Option<Report>; REPORTS_MAX],
    /// Where the oldest is.
    first: usize,
    pub(crate) lost: u32,
}

impl Reports {
    pub(crate) const fn new() -> Self {
        Self { waiting: [None; REPORTS_MAX], first: 0, lost: 0 }
    }

    /// Keeps a report; says whether there was room.
    pub(crate) fn push(&mut self, report: Report) -> bool {
        let mut places = (self.first..self.first + REPORTS_MAX).map(|at| at % REPORTS_MAX);
        match places.find(|at| self.waiting[*at].is_none()) {
            Some(at) => {
                self.waiting[at] = Some(report);
                true
            }
            None => {
                self.lost += 1;
                false
            }
        }
    }

    /// Takes the oldest report.
    pub(crate) fn pop(&mut self) -> Option<Report> {
        let oldest = self.waiting[self.first].take()?;
        self.first = (self.first + 1) % REPORTS_MAX;
        Some(oldest)
    }

    pub(crate) fn any(&self) -> bool {
        self.waiting[self.first].is_some()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { unit, name, cause, quarantined_bytes, message, .. } = self;
        write!(f, "thread {name} (unit {unit}) ")?;
        match cause {
            Cause::Panic => write!(f, "panicked {}", message.as_str())?,
            Cause::Overflow { how, pc, by_bytes: 0, stack_bytes } => {
                write!(f, "used up its stack of {stack_bytes} B (found by: {how}, pc {pc:#010x})")?
            }
            Cause::Overflow { how, pc, by_bytes, stack_bytes } => write!(
                f,
                "overflowed its stack of {stack_bytes} B by {by_bytes} B (found by: {how}, \
                 pc {pc:#010x})"
            )?,
            Cause::Fault { cause, pc, address } => write!(
                f,
                "faulted: {}, address {address:#010x}, pc {pc:#010x}",
                fault_name(*cause)
            )?,
            Cause::Refusal => f.write_str("was asked to end three times and went on")?,
        }
        write!(f, "; it ends alone, {quarantined_bytes} B of its memory are quarantined")
    }
}

/// The exceptions of the RISC-V privileged architecture, table "Machine cause register values".
fn fault_name(cause: u32) -> &'static str {
    match cause {
        0 => "misaligned instruction",
        1 => "instruction access fault",
        2 => "illegal instruction",
        3 => "breakpoint",
        4 => "misaligned load",
        5 => "load access fault",
        6 => "misaligned store",
        7 => "store access fault",
        8 | 11 => "environment call",
        _ => "unknown cause",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sched::Slot;

    #[test]
    fn reports_come_out_in_the_order_they_went_in_and_losses_are_counted() {
        let mut reports = Reports::new();
        for unit in 0..6 {
            reports.push(Report {
                unit,
                name: "t",
                slot: Slot::IDLE,
                cause: Cause::Refusal,
                quarantined_bytes: 0,
                message: Message::EMPTY,
            });
        }
        let order: Vec<u32> =
            core::iter::from_fn(|| reports.pop()).map(|report| report.unit).collect();
        assert_eq!(order, [0, 1, 2, 3]);
        assert_eq!(reports.lost, 2);
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_between_characters() {
        let message = Message::from_fmt(format_args!("{}", "é".repeat(100)));
        assert_eq!(message.as_str(), "é".repeat(63));
    }
}
