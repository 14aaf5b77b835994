//! A finding as a sentence, without a full stop.

use ramscope_wire::{DeadlockHow, OverflowHow, PointerFault};

use crate::device::Place;
use crate::finding::{Detail, Finding, RacingUse};
use crate::number::{bytes, counted};
use crate::symbols::{Symbols, describe};

impl Finding {
    /// Says what was noticed; functions are named by `symbols`.
    #[must_use]
    pub fn sentence(&self, symbols: &dyn Symbols) -> String {
        let unit = self.unit_name.as_deref().unwrap_or("a unit");
        match &self.detail {
            Detail::Overflow { how, in_handler, pc, by_bytes, stack_bytes, wrote_into, .. } => {
                let victim = wrote_into.as_ref().map_or_else(String::new, |place| {
                    format!(", after it had written into {place}")
                });
                let size = of_size(*stack_bytes);
                let function = describe(symbols, *pc);
                let what = what_overflowed(unit, *how, *in_handler, &size, *by_bytes);
                format!("{what} in {function}, {}{victim}", seen_by(*how))
            }
            Detail::OverflowUnseen { pc, by_bytes, stack_bytes, victim, .. } => {
                let size = of_size(*stack_bytes);
                let missing = bytes(u64::from(*by_bytes));
                let function = describe(symbols, *pc);
                format!(
                    "`{unit}` wrote {missing} below its stack{size} in {function}, into {victim}, \
                     and no guard or check noticed"
                )
            }
            Detail::Panic { file, line, message } => {
                format!("`{unit}` panicked at {file}:{line}: {}", one_line(message))
            }
            Detail::Fault { cause, pc, ra, address, place } => {
                let what = FaultCause(*cause).text();
                let function = describe(symbols, *pc);
                let target = target_of(*cause, *address, place);
                let caller = describe(symbols, *ra);
                format!("`{unit}` faulted: {what}{target} in {function}, called from {caller}")
            }
            Detail::PointerRefused { .. } => refused(unit, &self.detail),
            Detail::Failed { code } => format!("`{unit}` ended with error {code}"),
            Detail::Refused => format!("`{unit}` refused to exit and was torn down"),
            Detail::Reset { reason } => format!("the device was reset ({reason})"),
            Detail::LockPoisoned { lock } => {
                format!("`{unit}` was torn down while it held lock `{lock}`, which is poisoned now")
            }
            Detail::LockLeaked { kind, object, place, poisoned } => {
                let place =
                    place.as_ref().map_or_else(String::new, |place| format!(", taken at {place}"));
                let then = if *poisoned { "is poisoned now" } else { "counts it no more" };
                format!(
                    "`{unit}` ended and did not give back {kind} `{object}`{place}, which {then}"
                )
            }
            Detail::LockDeadlock { how, count, waits, .. } => deadlocked(*how, *count, waits),
            Detail::RaceShared { cell, first, second } => {
                let (first, second) = (used(first), used(second));
                format!("shared cell `{cell}` is {first} and {second}, and nothing orders the two")
            }
            Detail::TicksDropped { timer, ticks } => {
                let verb = if *ticks == 1 { "was" } else { "were" };
                let ticks = counted((*ticks).into(), "tick");
                format!("{ticks} of timer `{timer}` {verb} lost: the queue of callbacks was full")
            }
            Detail::TicksLate { timer, ticks } => {
                let ticks = counted((*ticks).into(), "tick");
                format!(
                    "{ticks} of timer `{timer}` still waited for the callback when it was stopped"
                )
            }
            Detail::CallbackWaits { kind, object, place, displaced, displaced_place } => {
                let at = |place: &Option<String>| {
                    place.as_ref().map_or_else(String::new, |place| format!(" at {place}"))
                };
                format!(
                    "a callback waits for {kind} `{object}`{}, which `{displaced}` has{}, and was \
                     displaced by it",
                    at(place),
                    at(displaced_place)
                )
            }
            Detail::Unreachable { waited_for, bytes: had } => format!(
                "`{unit}` waited for {waited_for}, which nothing could give any more: a collection \
                 told it to end, and it had {}",
                bytes(u64::from(*had))
            ),
            Detail::Kept { block } => format!(
                "{} at 0x{:08x} of `{unit}`, which was torn down, stay: 0x{:08x} {} at 0x{:08x} \
                 points there",
                bytes(u64::from(block.bytes)),
                block.block,
                block.pointer,
                block.place_in_words(),
                block.at
            ),
            Detail::TelemetryLost { records } => {
                let verb = if *records == 1 { "is" } else { "are" };
                format!("{} {verb} missing", counted(*records, "telemetry record"))
            }
            Detail::ModuleLeftover { module, bytes: left, blocks } => format!(
                "module `{module}` ended and left {} behind, in {}",
                bytes(u64::from(*left)),
                counted(u64::from(*blocks), "block")
            ),
            Detail::ModuleRefused { module, phase, why } => {
                format!("module `{module}` is not imported (phase {phase}): {why}")
            }
            Detail::TelemetryDamaged { bytes, capture } => damaged(*bytes, capture.as_deref()),
            Detail::Deadlock { waits } if waits.is_empty() => {
                "nothing can happen any more, and the scenario still waits".to_owned()
            }
            Detail::Deadlock { waits } => waits.join("; "),
        }
    }
}

fn refused(unit: &str, detail: &Detail) -> String {
    let Detail::PointerRefused { why, address, bytes: size, owner, place, victim, victim_place } =
        detail
    else {
        return String::new();
    };
    let at = |place: &Option<String>| {
        place.as_ref().map_or_else(String::new, |place| format!(", allocated at {place}"))
    };
    let whose = |owner: &Option<String>| {
        owner.as_ref().map_or_else(|| "an unknown owner".to_owned(), |owner| format!("`{owner}`"))
    };
    let (owned, place) = (whose(owner), at(place));
    let size = bytes(u64::from(*size));
    match why {
        PointerFault::AlreadyFree if owner.is_none() => {
            format!("`{unit}` freed the block at 0x{address:08x} again")
        }
        PointerFault::AlreadyFree => {
            format!(
                "`{unit}` freed the block at 0x{address:08x} again, which was of {owned}{place}"
            )
        }
        PointerFault::Overrun if owner.is_none() => {
            format!("the header of the block at 0x{address:08x} was overwritten, as `{unit}` found")
        }
        PointerFault::Overrun => {
            let victim = match victim {
                Some(victim) => {
                    format!(", into the header of a block of `{victim}`{}", at(victim_place))
                }
                None => ", into the header of the next block".to_owned(),
            };
            format!("a block of {size} of {owned}{place} was written beyond its end{victim}")
        }
        PointerFault::NotAStart => format!(
            "`{unit}` gave 0x{address:08x} to the heap, which points into a block of {size} of \
             {owned}{place}"
        ),
        PointerFault::Quarantined => format!(
            "`{unit}` freed the block at 0x{address:08x} of {owned}{place}, which is in quarantine"
        ),
        PointerFault::Foreign | PointerFault::Unknown(_) => {
            format!("`{unit}` gave 0x{address:08x} to the heap, which points to none of its memory")
        }
    }
}

fn deadlocked(how: DeadlockHow, count: u8, waits: &[String]) -> String {
    let what = match (how, count) {
        (DeadlockHow::Stuck, 1) => "nothing is left that could end the wait of 1 thread".to_owned(),
        (DeadlockHow::Stuck, _) => {
            format!("nothing is left that could end the waits of {count} threads")
        }
        (_, 1) => "a thread waits for itself".to_owned(),
        _ => format!("{count} threads wait in a circle"),
    };
    match waits {
        [] => what,
        waits => format!("{what}: {}", waits.join("; ")),
    }
}

fn used(by: &RacingUse) -> String {
    let place = by.place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
    format!("{} by `{}`{place}", by.access, by.unit)
}

fn what_overflowed(
    unit: &str,
    how: OverflowHow,
    in_handler: bool,
    size: &str,
    by_bytes: u32,
) -> String {
    let by = match by_bytes {
        0 => String::new(),
        missing => format!(" by {}", bytes(u64::from(missing))),
    };
    match (in_handler, how) {
        (true, _) => format!("an interrupt handler overflowed the stack of the handlers{size}{by}"),
        (false, OverflowHow::KernelCall) if by_bytes == 0 => {
            format!("`{unit}` has used up its stack{size}")
        }
        (false, _) => format!("`{unit}` overflowed its stack{size}{by}"),
    }
}

fn of_size(stack_bytes: u32) -> String {
    match stack_bytes {
        0 => String::new(),
        size => format!(" of {}", bytes(u64::from(size))),
    }
}

fn seen_by(how: OverflowHow) -> &'static str {
    match how {
        OverflowHow::Guard | OverflowHow::HandlerGuard => "caught by the guard",
        OverflowHow::Switch => "found at the next switch",
        OverflowHow::Trap => "found at the next trap",
        OverflowHow::KernelCall => "found by a kernel call that needs more of it",
        OverflowHow::Unknown(_) => "caught by the device",
    }
}

fn damaged(damaged_bytes: u64, capture: Option<&str>) -> String {
    let verb = if damaged_bytes == 1 { "is" } else { "are" };
    let stream = format!("{} {verb} no telemetry", counted(damaged_bytes, "byte"));
    match (damaged_bytes, capture) {
        (0, Some(capture)) => format!("the capture is damaged: {capture}"),
        (_, Some(capture)) => format!("{stream}, and the capture is damaged: {capture}"),
        (_, None) => stream,
    }
}

fn target_of(cause: u32, address: u32, place: &Place) -> String {
    match cause {
        // Only accesses and fetches have an address to speak of.
        0 | 1 | 4..=7 => format!(" at 0x{address:08x} ({place})"),
        _ => String::new(),
    }
}

/// The exceptions of mcause (RISC-V privileged specification, table of mcause values).
struct FaultCause(u32);

impl FaultCause {
    fn text(&self) -> String {
        let text = match self.0 {
            0 => "misaligned instruction address",
            1 => "instruction fetch",
            2 => "illegal instruction",
            3 => "breakpoint",
            4 => "misaligned load",
            5 => "load",
            6 => "misaligned store",
            7 => "store",
            8..=11 => "environment call",
            cause => return format!("exception {cause}"),
        };
        text.to_owned()
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
