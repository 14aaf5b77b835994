//! The kernel's threads, found in the memory of the device.
//!
//! The image says where its kernel keeps them: a table in flash, `RAMSCOPE_UNITS`, which the
//! kernel's source lays out (`ramscope_kernel::debugger`). A thread that does not run has its
//! registers on its stack, in one of two frames; the first word of a frame is the address of
//! the routine that restores it, and so says which one it is. All of it is read without the device's
//! help and believed only if it makes sense: memory may be damaged, or not set up yet.

use ramscope_engine::{Image, Machine};

use super::registers::Integers;

/// More threads than this are a sign of damage.
const SLOTS_MAX: u32 = 1024;
/// Names are cut after this many bytes.
const NAME_BYTES_MAX: u32 = 64;
/// The unit that is the kernel itself.
const KERNEL: u32 = 0;

/// Where to find what the image says of its threads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Units {
    /// The word that says which unit runs.
    pub(crate) running: Option<u32>,
    table: Option<u32>,
    gave_way: Option<u32>,
    interrupted: Option<u32>,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) stack_low: u32,
    pub(crate) stack_bytes: u32,
    /// What it goes on with; `None` for the one that runs.
    pub(crate) saved: Option<Integers>,
}

/// The words of the table, in their order.
struct Table {
    threads: u32,
    slots: u32,
    slot_bytes: u32,
    unit: u32,
    context: u32,
    name: u32,
    stack_low: u32,
    stack_bytes: u32,
    block: u32,
}

/// Says that the table goes on with where turns are decided.
const TURNS: u32 = u32::from_le_bytes(*b"turn");
/// Words of the table before that.
const TABLE_WORDS: u32 = 9;

/// Where in memory it stands whether the unit that runs has a ready equal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    /// 16 bits, one for each priority at which somebody is ready.
    ready: u32,
    /// The slot that runs, a byte.
    running: u32,
    /// The first slot's priority, a byte, and how far it is to the next one's.
    priorities: u32,
    stride: u32,
    slots: u32,
}

impl Turns {
    /// Whether a store to this address may change the answer.
    pub(crate) fn depend_on(&self, address: u32) -> bool {
        address == self.running
            || address.wrapping_sub(self.ready) < 2
            || address.wrapping_sub(self.priorities) < self.slots * self.stride
    }

    /// Whether another unit of the running one's priority is ready, and none that is more urgent: then
    /// a slice that ends gives it the turn.
    pub(crate) fn has_equal(&self, read: impl Fn(u32, &mut [u8]) -> bool) -> bool {
        let (mut ready, mut running, mut priority) = ([0; 2], [0], [0]);
        let is_known = read(self.ready, &mut ready)
            && read(self.running, &mut running)
            && u32::from(running[0]) < self.slots
            && read(self.priorities + u32::from(running[0]) * self.stride, &mut priority);
        is_known && u16::from_le_bytes(ready).checked_shr(priority[0].into()) == Some(1)
    }
}

impl Units {
    pub(crate) fn of(image: &Image) -> Self {
        Self {
            running: image.symbol("RAMSCOPE_CURRENT"),
            table: image.symbol("RAMSCOPE_UNITS"),
            gave_way: image.symbol("ramscope_restore_gave_way"),
            interrupted: image.symbol("ramscope_restore_interrupted"),
        }
    }

    /// Whether the kernel's threads are there.
    pub(super) fn have_started(&self, machine: &Machine) -> bool {
        self.read_all(machine).is_some()
    }

    /// The unit that runs.
    pub(super) fn running(&self, machine: &Machine) -> u32 {
        let unit = self.running.and_then(|address| machine.read_word(address).ok());
        let known = |unit: &u32| self.all(machine).iter().any(|known| known.id == *unit);
        unit.filter(known).unwrap_or(KERNEL)
    }

    /// All units that live, the one that runs among them. Firmware that says nothing of its threads
    /// has one, the kernel's.
    pub(crate) fn all(&self, machine: &Machine) -> Vec<Unit> {
        let mut units = self.read_all(machine).unwrap_or_default();
        if units.is_empty() {
            units.push(Unit {
                id: KERNEL,
                name: "kernel".to_owned(),
                stack_low: 0,
                stack_bytes: 0,
                saved: None,
            });
        }
        units
    }

    /// The first unit of a name, of those that live.
    pub(crate) fn named(&self, machine: &Machine, name: &str) -> Option<u32> {
        self.all(machine).into_iter().find(|unit| unit.name == name).map(|unit| unit.id)
    }

    fn read_all(&self, machine: &Machine) -> Option<Vec<Unit>> {
        let table = self.read_table(machine)?;
        let running = machine.read_word(self.running?).ok()?;
        let slots = (0..table.slots).map(|slot| table.threads + slot * table.slot_bytes);
        let mut units: Vec<Unit> =
            slots.filter_map(|slot| self.read_unit(machine, &table, slot, running)).collect();
        units.sort_by_key(|unit| unit.id);
        units.dedup_by_key(|unit| unit.id);
        // Before the kernel runs, nothing of this means anything.
        units.iter().any(|unit| unit.id == running).then_some(units)
    }

    fn read_table(&self, machine: &Machine) -> Option<Table> {
        let address = self.table?;
        let mut words = [0; TABLE_WORDS as usize];
        for (index, word) in words.iter_mut().enumerate() {
            *word = machine.read_word(address + 4 * index as u32).ok()?;
        }
        let [threads, slots, slot_bytes, unit, context, name, stack_low, stack_bytes, block] =
            words;
        (slots <= SLOTS_MAX && slot_bytes < 0x1_0000).then_some(Table {
            threads,
            slots,
            slot_bytes,
            unit,
            context,
            name,
            stack_low,
            stack_bytes,
            block,
        })
    }

    /// Where turns are decided, if the image says it.
    pub(crate) fn turns(&self, machine: &Machine) -> Option<Turns> {
        let slots = self.read_table(machine)?.slots;
        let word = |index: u32| machine.read_word(self.table? + 4 * (TABLE_WORDS + index)).ok();
        (word(0)? == TURNS).then_some(())?;
        let [ready, running, priorities, stride] = [word(1)?, word(2)?, word(3)?, word(4)?];
        (stride < 0x1_0000).then_some(Turns { ready, running, priorities, stride, slots })
    }

    fn read_unit(&self, machine: &Machine, table: &Table, slot: u32, running: u32) -> Option<Unit> {
        let word = |offset: u32| machine.read_word(slot.wrapping_add(offset)).ok();
        let id = word(table.unit)?;
        let (stack_low, stack_bytes) = (word(table.stack_low)?, word(table.stack_bytes)?);
        let saved = match id == running {
            true => None,
            false => {
                let context = word(table.context)?;
                // A context is at the lowest address that its thread uses.
                let is_on_stack = context.wrapping_sub(stack_low) < stack_bytes;
                Some(self.saved(machine, context).filter(|_| is_on_stack || id == KERNEL)?)
            }
        };
        // The kernel's own context and main have no block of the heap; every other thread has
        // one as long as it lives.
        let lives = id <= 1 || word(table.block)? != 0;
        let name = match id {
            KERNEL => "kernel".to_owned(),
            _ => read_name(machine, word(table.name)?, word(table.name + 4)?)?,
        };
        lives.then_some(Unit { id, name, stack_low, stack_bytes, saved })
    }

    /// The registers in the frame that a context points to.
    fn saved(&self, machine: &Machine, frame: u32) -> Option<Integers> {
        let word = |index: u32| machine.read_word(frame + 4 * index).ok();
        let restore = word(0);
        match restore {
            Some(_) if restore == self.gave_way => gave_way(frame, word),
            Some(_) if restore == self.interrupted => interrupted(frame, word),
            _ => None,
        }
    }
}

/// Registers `s0` to `s11` by number.
const SAVED: [usize; 12] = [8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27];
const TEMPORARY: [usize; 7] = [5, 6, 7, 28, 29, 30, 31];

/// `restore, ra, s[12]`, 64 bytes: the thread called the kernel, so nothing else has to be kept.
fn gave_way(frame: u32, word: impl Fn(u32) -> Option<u32>) -> Option<Integers> {
    let mut registers = Integers::default();
    registers.x[1] = word(1)?;
    registers.x[2] = frame + 64;
    for (index, register) in (2..).zip(SAVED) {
        registers.x[register] = word(index)?;
    }
    registers.pc = registers.x[1];
    Some(registers)
}

/// `restore, ra, t[7], s[12], a[8], mepc, mstatus`, 128 bytes.
fn interrupted(frame: u32, word: impl Fn(u32) -> Option<u32>) -> Option<Integers> {
    let mut registers = Integers::default();
    registers.x[1] = word(1)?;
    registers.x[2] = frame + 128;
    let order = TEMPORARY.into_iter().chain(SAVED).chain(10..=17);
    for (index, register) in (2..).zip(order) {
        registers.x[register] = word(index)?;
    }
    registers.pc = word(29)?;
    Some(registers)
}

fn read_name(machine: &Machine, address: u32, bytes: u32) -> Option<String> {
    let mut name = vec![0; bytes.min(NAME_BYTES_MAX) as usize];
    machine.read_bytes(address, &mut name).ok()?;
    String::from_utf8(name).ok()
}
