//! Units that were torn down, and what becomes of the objects that they held.
//!
//! A lock that nobody waits for is known to nobody, so it cannot be told that its holder is gone. It
//! notes its holder by name instead, and whoever comes next looks here.

use crate::kernel::Kernel;
use crate::sched::{Slot, State, THREADS_MAX, Wake, Why};
use crate::sync::head::{Head, waited_for};
use crate::sync::{mutex, rwlock};
use ramscope_wire::{ObjectKind, UnitId};

/// Of how many of the last units it is remembered whether they were torn down.
const REMEMBERED: u32 = 2048;

/// Which of the last units were torn down, so that what they held is known to be poisoned.
///
/// A bit for each serial: however many are torn down, and whenever a collection gives their memory and
/// their entries in the heap's ledger to others, nothing is forgotten but what lies 2,048 units back.
pub(crate) struct TornDown {
    bits: [u32; REMEMBERED as usize / 32],
    /// The highest serial that was noted.
    newest: u32,
}

impl TornDown {
    pub(crate) const fn new() -> Self {
        Self { bits: [0; REMEMBERED as usize / 32], newest: 0 }
    }

    pub(crate) fn note(&mut self, unit: UnitId) {
        if unit.0.wrapping_sub(self.newest) as i32 > 0 {
            self.forget_up_to(unit.0);
            self.newest = unit.0;
        }
        let (word, bit) = place_of(unit);
        self.bits[word] |= bit;
    }

    /// Makes room for serials up to this one: what had their places lies too far back. As many steps
    /// as words at most.
    fn forget_up_to(&mut self, serial: u32) {
        let mut at = self.newest.wrapping_add(1);
        let mut left = serial.wrapping_sub(self.newest).min(REMEMBERED);
        while left > 0 {
            let (word, bit) = place_of(UnitId(at));
            let whole = bit == 1 && left >= 32;
            self.bits[word] &= if whole { 0 } else { !bit };
            let step = if whole { 32 } else { 1 };
            at = at.wrapping_add(step);
            left -= step;
        }
    }

    /// Whether nobody was torn down since boot.
    #[inline(always)]
    pub(crate) const fn is_empty(&self) -> bool {
        self.newest == 0
    }

    pub(crate) fn contains(&self, unit: UnitId) -> bool {
        let (word, bit) = place_of(unit);
        self.newest.wrapping_sub(unit.0) < REMEMBERED && self.bits[word] & bit != 0
    }
}

fn place_of(unit: UnitId) -> (usize, u32) {
    let index = unit.0 % REMEMBERED;
    ((index / 32) as usize, 1 << (index % 32))
}

/// Poisons everything that a unit holds and others wait for, and wakes these. For a unit that is
/// torn down; what it holds and nobody waits for is found poisoned by the next who asks.
pub(crate) fn poison_all(kernel: &mut Kernel, unit: UnitId) {
    for slot in (0..THREADS_MAX as u8).map(Slot) {
        if waited_for(kernel, slot).is_some_and(|head| head.kind == ObjectKind::RwLock) {
            let name = kernel.sched.queue_of(slot).expect("it waits for an object");
            rwlock::forget_reader(kernel, name, unit);
        }
        if let Some(head) = held_by(kernel, slot, unit) {
            head.poison(kernel, unit);
            release(kernel, slot, head);
        }
    }
}

/// As [`poison_all`] for a thread that ends in order, of all that only its holder can give back.
#[cold]
#[inline(never)]
pub(crate) fn lose_all(kernel: &mut Kernel, ended: Slot) {
    let unit = UnitId(kernel.threads[ended.index()].unit);
    for slot in (0..THREADS_MAX as u8).map(Slot) {
        if waited_for(kernel, slot).is_some_and(|head| head.kind == ObjectKind::RwLock) {
            let name = kernel.sched.queue_of(slot).expect("it waits for an object");
            rwlock::lose_readers(kernel, name);
        }
        if let Some(head) = held_by(kernel, slot, unit)
            && head.kind != ObjectKind::Lock
        {
            head.lose(kernel);
            release(kernel, slot, head);
        }
    }
}

/// The head of what `slot` waits for, if this unit has that.
fn held_by<'a>(kernel: &Kernel, slot: Slot, unit: UnitId) -> Option<&'a mut Head> {
    let head = waited_for(kernel, slot)?;
    head.holder().is_some_and(|holder| holder.unit == unit).then_some(head)
}

/// Wakes all that wait for a poisoned object, of which `slot` is one.
fn release(kernel: &mut Kernel, slot: Slot, head: &mut Head) {
    match kernel.sched.state(slot) {
        State::Blocked(Why::Mutex) => {
            let name = kernel.sched.queue_of(slot).expect("it waits for a mutex");
            mutex::release_poisoned(kernel, name);
        }
        _ => while head.wake_first(kernel, Wake::Poisoned).is_some() {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(units: impl IntoIterator<Item = u32>) -> TornDown {
        let mut torn_down = TornDown::new();
        units.into_iter().for_each(|unit| torn_down.note(UnitId(unit)));
        torn_down
    }

    #[test]
    fn more_units_are_remembered_than_the_ledger_has_entries() {
        let torn_down = noted((0..500).map(|index| 2 + 3 * index));
        for unit in 2..1_500 {
            assert_eq!(torn_down.contains(UnitId(unit)), unit % 3 == 2, "unit {unit}");
        }
    }

    #[test]
    fn what_lies_too_far_back_is_forgotten_and_never_taken_for_another() {
        let torn_down = noted([5, 6, 5 + REMEMBERED, 9_000]);
        assert!(torn_down.contains(UnitId(9_000)));
        for unit in [5, 6, 5 + REMEMBERED, 9_000 - REMEMBERED, 9_000 + REMEMBERED, 9_001] {
            assert!(!torn_down.contains(UnitId(unit)), "unit {unit}");
        }
        assert!(noted([5, 4]).contains(UnitId(5)) && noted([5, 4]).contains(UnitId(4)));
    }
}
