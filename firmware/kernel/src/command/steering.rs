//! Who runs next, if the host wants to say.
//!
//! A race shows in few schedules, and the clock makes one of them. So the host may end a slice after
//! any instruction, and choose who of its equals is next. It may not do more: what it makes is a
//! schedule that slices of other lengths, and threads that were made ready in another order, would
//! have made too. Whatever fails under it can fail without it.

use crate::kernel::{self, Kernel};
use crate::sched::Slot;
use ramscope_wire as wire;
use wire::{Level, Steer, Steered, UnitId};

/// Ends the slice of the unit that runs, and says what came of it.
///
/// # Context
/// Handler, at its end: what is decided here is carried out when the handler is left. It looks at the
/// ready units of one priority, at most as many as there are slots, and at the host's word only.
pub(super) fn carry_out(steer: &Steer) {
    kernel::with(|kernel| {
        let choices = kernel.sched.equals().count() as u32;
        let to = chosen(kernel, steer, choices);
        if let Some(slot) = to {
            kernel.sched.steer(slot);
        }
        let steered = Steered {
            from: UnitId(kernel.current().unit),
            to: to.map_or(UnitId::KERNEL, |slot| UnitId(kernel.threads[slot.index()].unit)),
            choices,
        };
        kernel.record(Level::Samples, &steered);
    });
}

/// How many ready units could have the turn of the one that runs.
///
/// # Context
/// Any.
#[must_use]
pub fn equals() -> u32 {
    kernel::with(|kernel| kernel.sched.equals().count() as u32)
}

/// Ends the slice of the unit that runs; who is at this place among its equals, counted from 0 and round,
/// goes on. For ports that explore schedules themselves. Answers with the names of both, if there is an
/// equal.
///
/// # Context
/// Handler: what is decided here is carried out when the handler is left.
pub fn end_slice(rank: u32) -> Option<(&'static str, &'static str)> {
    kernel::with(|kernel| {
        let steer = Steer { unit: UnitId::KERNEL, rank };
        let choices = kernel.sched.equals().count() as u32;
        let slot = chosen(kernel, &steer, choices)?;
        kernel.sched.steer(slot);
        Some((kernel.current().name, kernel.threads[slot.index()].name))
    })
}

fn chosen(kernel: &Kernel, steer: &Steer, choices: u32) -> Option<Slot> {
    let mut equals = kernel.sched.equals();
    match steer.unit {
        UnitId::KERNEL => equals.nth(steer.rank.checked_rem(choices)? as usize),
        UnitId(unit) => equals.find(|slot| kernel.threads[slot.index()].unit == unit),
    }
}
