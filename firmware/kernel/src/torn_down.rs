//! Units that were torn down, and what becomes of the objects that they held.
//!
//! A lock that nobody waits for is known to nobody, so it cannot be told that its holder is gone. It
//! notes its holder by name instead, and whoever comes next looks here.

use crate::heap::OWNERS_MAX;
use crate::kernel::Kernel;
use crate::sched::{Slot, State, THREADS_MAX, Wake, Why};
use crate::sync::head::waited_for;
use crate::sync::{mutex, rwlock};
use ramscope_wire::{ObjectKind, UnitId};

/// How many torn-down units are remembered: all that the heap's ledger has room for, since each
/// keeps its entry there while its memory is quarantined.
const TORN_DOWN_MAX: usize = OWNERS_MAX;

/// Units that were torn down lately, so that what they held is known to be poisoned.
pub(crate) struct TornDown {
    units: [UnitId; TORN_DOWN_MAX],
    next: usize,
    /// How many of the places are used: none, in a run without trouble.
    used: usize,
}

impl TornDown {
    pub(crate) const fn new() -> Self {
        Self { units: [UnitId::KERNEL; TORN_DOWN_MAX], next: 0, used: 0 }
    }

    pub(crate) fn note(&mut self, unit: UnitId) {
        self.units[self.next] = unit;
        self.next = (self.next + 1) % TORN_DOWN_MAX;
        self.used = TORN_DOWN_MAX.min(self.used + 1);
    }

    /// Whether nobody was torn down since boot.
    #[inline(always)]
    pub(crate) const fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(crate) fn contains(&self, unit: UnitId) -> bool {
        self.units[..self.used].contains(&unit)
    }
}

/// Poisons everything that a unit holds and others wait for, and wakes these. For a unit that is
/// torn down; what it holds and nobody waits for is found poisoned by the next who asks.
pub(crate) fn poison_all(kernel: &mut Kernel, unit: UnitId) {
    for index in 0..THREADS_MAX as u8 {
        let slot = Slot(index);
        let State::Blocked(why) = kernel.sched.state(slot) else { continue };
        let Some(head) = waited_for(kernel, slot) else { continue };
        if head.kind == ObjectKind::RwLock {
            let name = kernel.sched.queue_of(slot).expect("it waits for an object");
            rwlock::forget_reader(kernel, name, unit);
        }
        let Some(head) = waited_for(kernel, slot) else { continue };
        if head.holder().is_none_or(|holder| holder.unit != unit) {
            continue;
        }
        head.poison(kernel, unit);
        match why {
            Why::Mutex => {
                let name = kernel.sched.queue_of(slot).expect("it waits for a mutex");
                mutex::release_poisoned(kernel, name);
            }
            _ => while head.wake_first(kernel, Wake::Poisoned).is_some() {},
        }
    }
}
