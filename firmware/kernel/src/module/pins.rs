//! What keeps a module loaded.

use crate::kernel::{self, Kernel};
use crate::sched::State;
use crate::thread;
pub use ramscope_wire::PinKind;
use ramscope_wire::UnitId;

use super::table::{Holder, Serial, TIMERS_MAX};

/// The most pins that an answer lists.
pub const PINS_MAX: usize = 8;

/// One reason for which a module stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// What it is.
    pub kind: PinKind,
    /// The unit, module or timer.
    pub holder: u32,
    /// What that is called.
    pub name: &'static str,
    /// Bytes that the holder has; 0 where it has none for it.
    pub bytes: u32,
}

/// All reasons for which a module stays.
#[derive(Clone, Copy, Debug)]
pub struct Pins {
    list: [Option<Pin>; PINS_MAX],
    count: usize,
}

impl Pins {
    const NONE: Self = Self { list: [None; PINS_MAX], count: 0 };

    /// How many there are, also those that found no place in the list.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The first of them.
    pub fn iter(&self) -> impl Iterator<Item = &Pin> {
        self.list.iter().flatten()
    }

    /// Whether nothing keeps the module.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, kind: PinKind, holder: u32, name: &'static str, bytes: u32) {
        if let Some(place) = self.list.get_mut(self.count) {
            *place = Some(Pin { kind, holder, name, bytes });
        }
        self.count += 1;
    }
}

#[inline(never)]
/// What keeps a module now. Loops over the modules, the timers of modules and a few units.
pub(super) fn of(kernel: &mut Kernel, serial: Serial) -> Pins {
    let mut pins = Pins::NONE;
    let Some(place) = kernel.modules.place_of(serial) else { return pins };
    let Some(entry) = kernel.modules.get(serial) else { return pins };
    let (is_listed, holders, units) = (entry.is_listed, entry.holders, entry.units);
    if is_listed {
        pins.add(PinKind::Table, 0, "modules", 0);
    }
    for Holder(unit) in holders.iter() {
        let name = if unit == Holder::CONSOLE.0 { "console" } else { unit_of(kernel, unit).0 };
        pins.add(PinKind::Name, unit, name, 0);
    }
    let mut at = None;
    while let Some((next, entry)) = kernel.modules.next(at) {
        at = Some(next);
        let (is_importer, importer, name) =
            (entry.needs >> place & 1 == 1, entry.serial, entry.name);
        if is_importer {
            let bytes = kernel.module_bytes(importer);
            pins.add(PinKind::Importer, importer.0, name, bytes);
        }
    }
    for index in 0..TIMERS_MAX {
        let Kernel { modules, timers, .. } = &mut *kernel;
        let own = modules.timers[index].as_ref().filter(|ticking| ticking.of == serial);
        if let Some((object, name, bytes)) = own.and_then(|own| own.timer.at_work(timers)) {
            pins.add(PinKind::Callback, object.0, name, bytes);
        }
    }
    for unit in units {
        if is_alive(kernel, unit) {
            let (name, bytes) = unit_of(kernel, unit);
            pins.add(PinKind::Unit, unit, name, bytes);
        }
    }
    pins
}

/// The name of a unit, and the bytes that it has.
fn unit_of(kernel: &mut Kernel, unit: u32) -> (&'static str, u32) {
    let thread = kernel.threads.iter().find(|thread| thread.unit == unit);
    let Some((name, owner)) = thread.map(|thread| (thread.name, thread.owner)) else {
        return ("an ended unit", 0);
    };
    (name, kernel.heap.owner(owner).map_or(0, |totals| totals.current))
}

/// Whether a unit has not ended.
fn is_alive(kernel: &Kernel, unit: u32) -> bool {
    let slot = kernel.threads.iter().position(|thread| thread.unit == unit);
    let is_over = |slot: usize| {
        let state = kernel.sched.state(crate::sched::Slot(slot as u8));
        matches!(state, State::Ended | State::Free)
    };
    unit != 0 && slot.is_some_and(|slot| !is_over(slot))
}

/// Enters a unit in the list of those that run a module's code; says whether there was room.
pub(super) fn enter(kernel: &mut Kernel, serial: Serial, unit: u32) -> bool {
    let Some(mut units) = kernel.modules.get(serial).map(|entry| entry.units) else { return false };
    let Some(place) = (0..units.len()).find(|&place| !is_alive(kernel, units[place])) else {
        return false;
    };
    units[place] = unit;
    if let Some(entry) = kernel.modules.get(serial) {
        entry.units = units;
    }
    true
}

/// A call of a module's function, as long as it lasts.
pub(super) struct Calling {
    serial: Serial,
    unit: u32,
}

impl Calling {
    /// The running unit enters the module's code.
    pub(super) fn enter(serial: Serial) -> Option<Self> {
        let unit = thread::current_id();
        let entered = kernel::with(|kernel| enter(kernel, serial, unit));
        entered.then_some(Self { serial, unit })
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        kernel::with(|kernel| {
            let units = kernel.modules.get(self.serial).map(|entry| &mut entry.units);
            let place = units.and_then(|units| units.iter_mut().find(|unit| **unit == self.unit));
            if let Some(place) = place {
                *place = 0;
            }
        });
    }
}

/// A unit was torn down: the names that it had for modules are gone.
pub(crate) fn unit_torn_down(kernel: &mut Kernel, unit: UnitId) {
    for (_, entry) in kernel.modules.entries() {
        entry.holders.remove_all(Holder(unit.0));
    }
}
