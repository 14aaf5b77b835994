//! Threads that end in order and keep what only they could give back.
//!
//! The problem: a guard that was forgotten (`mem::forget`, a leaked box) never gives its mutex back. A
//! thread that panics with one leaves a report; one that simply returns left everybody else waiting for a
//! thread that is no more, and nothing said why.
//!
//! What is done is what a panic does ([`torn_down`](crate::torn_down)): the object is poisoned, who
//! waits for it is told at once, and who comes later learns it then. A reader of a reader-writer lock cannot
//! have harmed the value: it is forgotten, and the others go in. Either way it is told as a finding, with
//! where the thread took it. A [`Lock`](crate::Lock) is no part of this: anybody may release it, and it stays
//! held.
//!
//! Invariants:
//! 1. Nobody keeps a list of what a thread holds, so that taking and giving back cost nothing more. While
//!    somebody waits for it, its holder is lent something (invariant 2 of `sched::inherit`), and the end of
//!    the thread looks for it; what nobody waits for is found by the next who asks.
//! 2. What was found is copied in the section that finds it; the console thread writes it.

use crate::console;
use crate::deadlock::At;
use crate::kernel::{self, Kernel};
use crate::println;
use crate::sched::Slot;
use crate::site;
use crate::sync::head::{Head, Holder};
use crate::torn_down;
use ramscope_wire as wire;
use wire::{Level, LockOp, ObjectId, ObjectKind, ObjectOp, SiteId, UnitId};

/// Leaks that can wait to be written; more are counted.
const LEAKS_MAX: usize = 4;

/// What became of the object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// It is poisoned: its value may be half written.
    Poisoned,
    /// Nothing: it was only read.
    None,
}

#[derive(Clone, Copy)]
struct Leak {
    unit: UnitId,
    /// What the thread was called, unless its slot serves another one already.
    name: &'static str,
    kind: ObjectKind,
    object: ObjectId,
    object_name: &'static str,
    site: SiteId,
    harm: Harm,
}

/// What was found and is not written yet.
pub(crate) struct Leaks {
    waiting: [Option<Leak>; LEAKS_MAX],
    lost: u32,
}

impl Leaks {
    pub(crate) const fn new() -> Self {
        Self { waiting: [None; LEAKS_MAX], lost: 0 }
    }

    /// Whether there is something to write.
    pub(crate) fn any(&self) -> bool {
        self.waiting.iter().any(Option::is_some)
    }

    fn push(&mut self, leak: Leak) {
        match self.waiting.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(leak),
            None => self.lost += 1,
        }
    }

    fn pop(&mut self) -> Option<Leak> {
        let oldest = self.waiting[0].take();
        self.waiting.rotate_left(1);
        oldest
    }
}

impl Kernel {
    /// Whether the unit that was in this slot is over: it can give nothing back any more.
    #[inline(always)]
    pub(crate) fn has_ended(&self, slot: Slot, unit: UnitId) -> bool {
        let thread = &self.threads[slot.index()];
        thread.unit != unit.0 || thread.end.is_some()
    }
}

/// Notes that a thread ended and kept an object.
pub(crate) fn note(kernel: &mut Kernel, head: &mut Head, holder: &Holder, harm: Harm) {
    let Holder { unit, slot, place, .. } = *holder;
    let thread = &kernel.threads[slot.index()];
    let name = if thread.unit == unit.0 { thread.name } else { "?" };
    let object = head.announce(kernel);
    let site = place.id(kernel);
    let (kind, object_name) = (head.kind, head.text);
    kernel.leaks.push(Leak { unit, name, kind, object, object_name, site, harm });
    console::attend(kernel);
}

fn record(kernel: &mut Kernel, leak: &Leak) {
    let Leak { unit, object, site, .. } = *leak;
    match leak.harm {
        Harm::Poisoned => {
            let op = LockOp::Leaked;
            kernel.record(Level::Samples, &wire::LockEvent { lock: object, unit, op, site });
        }
        Harm::None => {
            let op = ObjectOp::Leaked;
            let record = wire::ObjectEvent { object, unit, op, site, value: 0 };
            kernel.record(Level::Samples, &record);
        }
    }
}

/// The running thread ends in order: what it keeps and others wait for is taken from it.
#[inline(always)]
pub(crate) fn look(kernel: &mut Kernel) {
    let slot = kernel.sched.running();
    if kernel.sched.is_waited_for(slot) {
        torn_down::lose_all(kernel, slot);
    }
}

/// Writes what was found since the last call.
///
/// # Context
/// The console thread.
pub(crate) fn write_reports() {
    while let Some(leak) = kernel::with(|kernel| kernel.leaks.pop()) {
        site::send(false);
        kernel::with(|kernel| record(kernel, &leak));
        let Leak { unit, name, kind, object_name, site, harm, .. } = leak;
        let then = match harm {
            Harm::Poisoned => "it is poisoned now",
            Harm::None => "it is not counted as a reader any more",
        };
        println!(
            "leak: {name} (unit {unit}) has ended and did not give back {kind} `{object_name}`, which \
             it took{}; {then}",
            At(site)
        );
    }
    let lost = kernel::with(|kernel| core::mem::take(&mut kernel.leaks.lost));
    if lost > 0 {
        println!("{lost} more were not given back while this was written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaks_come_out_in_their_order_and_what_finds_no_room_is_counted() {
        let mut leaks = Leaks::new();
        for unit in 0..6 {
            let (kind, site) = (ObjectKind::Mutex, SiteId::NONE);
            let (unit, object, harm) = (UnitId(unit), ObjectId::NONE, Harm::None);
            leaks.push(Leak { unit, name: "t", kind, object, object_name: "m", site, harm });
        }
        let order: Vec<u32> = core::iter::from_fn(|| leaks.pop()).map(|leak| leak.unit.0).collect();
        assert_eq!((order, leaks.lost, leaks.any()), (vec![0, 1, 2, 3], 2, false));
    }
}
