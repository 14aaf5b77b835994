//! Which uses of shared cells have an order, and which have none.
//!
//! The problem: a lost update shows only in the one schedule in a thousand that loses it. But the
//! mistake is there in every run: two units use a variable and nothing puts the two uses in order.
//!
//! The idea is that of vector clocks. Each unit counts its own *releases*, and knows of each other
//! unit the count up to which it has seen it: whatever hands something over (a lock released and
//! acquired, a value sent, a thread started or joined) hands over what the giver knows. A use that
//! the present unit has not seen is a race, in whatever order both happened today. So there
//! are no false alarms, and a race is found in almost any run in which both uses happen.
//!
//! The clocks start with the first use of a cell, and not with the device. Nothing is lost by that, and no
//! alarm is false. Say that one use comes before another one if a chain leads from it to the other, of steps
//! of one unit and of hand-overs (a release, and an acquisition that sees it). Every link of a chain lies
//! between its ends in time. So a chain from a use begins after the first use of all, and each release on it
//! is counted: the clocks find it. Releases of earlier times are on no chain from a use, and clocks that
//! begin as if nothing had been released forget nothing that a later question asks for. (A use in a handler,
//! or with interrupts masked, cannot make the table: while it is the only one nothing is said of it, which is
//! towards silence.) `clocks_that_start_with_the_first_use_say_what_clocks_from_power_on_say` compares the
//! two over random traces.
//!
//! Memory is bounded: one row for each slot, sixteen objects, a few words a cell. What does not fit is
//! forgotten towards silence: an evicted object's clock goes into one that everybody who acquires
//! anything is taken to have seen, and a counter that is full starts everything anew. The table is
//! a block of the heap, 3 KiB on a chip, taken when the first [`Shared`](super::Shared) is used while
//! the telemetry's level is `events` or `all`; below that nothing is watched and nothing is spent.
//!
//! Bounds: one loop over [`THREADS_MAX`] halfwords for each hand-over while the table is there.
//!
//! Sources: C. Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering", 1988;
//! C. Flanagan, S. Freund, "FastTrack: Efficient and Precise Dynamic Race Detection", PLDI 2009.
#![expect(unsafe_code, reason = "the table is a raw block of the heap")]

use crate::console;
use crate::deadlock::At;
use crate::heap::OwnerIndex;
use crate::kernel::{self, Kernel};
use crate::println;
use crate::sched::{Attention, QueueName, Slot, THREADS_MAX};
use crate::site;
use core::alloc::Layout;
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{Access, Level, ObjectId, SiteId, UnitId};

/// Objects whose clocks are kept.
const OBJECTS_MAX: usize = 16;
/// Races that can wait to be written; more are counted.
const RACES_MAX: usize = 2;
/// Readers of a cell that are kept since its last write.
const READERS_MAX: usize = 3;
/// The name under which masked sections hand over.
const MASKED: QueueName = 1;

/// Of each slot, how many of its releases are known.
struct Clock([u16; THREADS_MAX]);

impl Clock {
    const ZERO: Clock = Clock([0; THREADS_MAX]);

    fn learn(&mut self, other: &Clock) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }
}

pub(crate) struct Table {
    slots: [Clock; THREADS_MAX],
    objects: [(QueueName, Clock); OBJECTS_MAX],
    /// The place that the next object takes if it is not known.
    next: usize,
    /// What evicted objects knew.
    evicted: Clock,
    /// How often everything was started anew.
    generation: u16,
}

impl Table {
    const fn new() -> Self {
        let mut table = Self {
            slots: [const { Clock::ZERO }; THREADS_MAX],
            objects: [const { (0, Clock::ZERO) }; OBJECTS_MAX],
            next: 0,
            evicted: Clock::ZERO,
            generation: 0,
        };
        let mut slot = 0;
        while slot < THREADS_MAX {
            table.slots[slot].0[slot] = 1;
            slot += 1;
        }
        table
    }

    /// Counts a release of `slot`. A counter that is full starts everything anew.
    fn tick(&mut self, slot: Slot) {
        let own = &mut self.slots[slot.index()].0[slot.index()];
        match own.checked_add(1) {
            Some(next) => *own = next,
            None => self.begin_anew(),
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_anew(&mut self) {
        for (index, clock) in self.slots.iter_mut().enumerate() {
            clock.0.fill(0);
            clock.0[index] = 1;
        }
        for (name, clock) in &mut self.objects {
            *name = 0;
            clock.0.fill(0);
        }
        self.evicted.0.fill(0);
        self.generation = self.generation.wrapping_add(1);
    }

    fn acquire(&mut self, slot: Slot, name: QueueName) {
        let Self { slots, objects, evicted, .. } = self;
        let clock = &mut slots[slot.index()];
        if let Some((_, known)) = objects.iter().find(|(known, _)| *known == name) {
            clock.learn(known);
        }
        clock.learn(evicted);
    }

    fn release(&mut self, slot: Slot, name: QueueName) {
        let index = self.objects.iter().position(|(known, _)| *known == name);
        let index = index.unwrap_or_else(|| {
            let index = self.next;
            self.next = (index + 1) % OBJECTS_MAX;
            let (known, clock) = &mut self.objects[index];
            self.evicted.learn(clock);
            *known = name;
            clock.0.fill(0);
            index
        });
        self.objects[index].1.learn(&self.slots[slot.index()]);
        self.tick(slot);
    }

    fn hand(&mut self, from: Slot, to: Slot) {
        // No copy of a row: each of these lies on the stack of whoever calls the kernel.
        if let Ok([from, to]) = self.slots.get_disjoint_mut([from.index(), to.index()]) {
            to.learn(from);
        }
        self.tick(from);
    }

    /// The unit in `slot` is another one than before.
    fn renew(&mut self, slot: Slot) {
        let own = self.slots[slot.index()].0[slot.index()];
        self.slots[slot.index()].0.fill(0);
        self.slots[slot.index()].0[slot.index()] = own;
        self.tick(slot);
    }
}

/// One use of a cell.
#[derive(Clone, Copy)]
struct Use {
    unit: UnitId,
    slot: Slot,
    clock: u16,
    site: SiteId,
    access: Access,
}

/// What is kept of the uses of one cell.
#[derive(Clone, Copy)]
pub(crate) struct Uses {
    generation: u16,
    write: Option<Use>,
    reads: [Option<Use>; READERS_MAX],
    next_read: u8,
    /// A race was reported: the first one is enough.
    told: bool,
}

impl Uses {
    pub(crate) const NONE: Uses =
        Uses { generation: 0, write: None, reads: [None; READERS_MAX], next_read: 0, told: false };

    /// Notes a use; answers an earlier one that has no order with it.
    fn note(&mut self, table: &Table, now: Use) -> Option<Use> {
        if self.generation != table.generation {
            *self = Self { generation: table.generation, told: self.told, ..Self::NONE };
        }
        let seen = &table.slots[now.slot.index()];
        let unseen = |earlier: &Use| seen.0[earlier.slot.index()] < earlier.clock;
        let reads = self.reads.iter().flatten().filter(|_| now.access == Access::Write);
        let other = self.write.iter().chain(reads).find(|earlier| unseen(earlier)).copied();
        match now.access {
            Access::Write => {
                self.write = Some(now);
                self.reads = [None; READERS_MAX];
            }
            _ => self.keep_read(now, unseen),
        }
        other
    }

    /// Keeps a read in the place of one that it makes needless.
    fn keep_read(&mut self, now: Use, unseen: impl Fn(&Use) -> bool) {
        let is_needless = |read: &Option<Use>| read.as_ref().is_none_or(|read| !unseen(read));
        let index = self.reads.iter().position(is_needless).unwrap_or_else(|| {
            self.next_read = (self.next_read + 1) % READERS_MAX as u8;
            usize::from(self.next_read)
        });
        self.reads[index] = Some(now);
    }
}

/// Two uses without an order.
#[derive(Clone, Copy)]
struct Race {
    object: ObjectId,
    name: &'static str,
    first: Use,
    first_name: &'static str,
    second: Use,
    second_name: &'static str,
}

/// What the kernel keeps of races.
pub(crate) struct Races {
    table: Option<NonNull<Table>>,
    /// There was no memory for the table: nothing is watched.
    refused: bool,
    waiting: [Option<Race>; RACES_MAX],
    lost: u32,
}

impl Races {
    pub(crate) const fn new() -> Self {
        Self { table: None, refused: false, waiting: [None; RACES_MAX], lost: 0 }
    }

    /// Whether there is something to write.
    pub(crate) fn any(&self) -> bool {
        self.waiting[0].is_some()
    }

    fn table(&mut self) -> Option<&mut Table> {
        // SAFETY: the block is the table's since `watch`, and never given back; the kernel is held.
        self.table.map(|table| unsafe { &mut *table.as_ptr() })
    }

    fn push(&mut self, race: Race) {
        match self.waiting.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(race),
            None => self.lost += 1,
        }
    }

    fn pop(&mut self) -> Option<Race> {
        let first = self.waiting[0].take()?;
        self.waiting.rotate_left(1);
        Some(first)
    }
}

/// The row of the running context: handlers have that of the idle context.
fn row(kernel: &Kernel) -> Slot {
    if kernel.in_handler() { Slot::IDLE } else { kernel.sched.running() }
}

/// The running unit acquired the object of this name.
#[inline(always)]
pub(crate) fn acquired(kernel: &mut Kernel, name: QueueName) {
    if kernel.sched.attention.any(Attention::RACES) {
        acquire(kernel, name);
    }
}

#[cold]
#[inline(never)]
fn acquire(kernel: &mut Kernel, name: QueueName) {
    let slot = row(kernel);
    if let Some(table) = kernel.races.table() {
        table.acquire(slot, name);
    }
}

/// The running unit released the object of this name.
#[inline(always)]
pub(crate) fn released(kernel: &mut Kernel, name: QueueName) {
    if kernel.sched.attention.any(Attention::RACES) {
        release(kernel, name);
    }
}

#[cold]
#[inline(never)]
fn release(kernel: &mut Kernel, name: QueueName) {
    let slot = row(kernel);
    if let Some(table) = kernel.races.table() {
        table.release(slot, name);
    }
}

/// The running unit handed something to `slot`, which waited for it.
#[inline(always)]
pub(crate) fn woke(kernel: &mut Kernel, slot: Slot) {
    if kernel.sched.attention.any(Attention::RACES) {
        hand(kernel, slot);
    }
}

#[cold]
#[inline(never)]
fn hand(kernel: &mut Kernel, slot: Slot) {
    let from = row(kernel);
    if let Some(table) = kernel.races.table() {
        table.hand(from, slot);
    }
}

/// The running unit started the thread in `slot`.
pub(crate) fn started(kernel: &mut Kernel, slot: Slot) {
    let from = row(kernel);
    if let Some(table) = kernel.races.table() {
        table.renew(slot);
        table.hand(from, slot);
    }
}

/// The running unit knows that the thread in `slot` has ended.
pub(crate) fn joined(kernel: &mut Kernel, slot: Slot) {
    let to = row(kernel);
    if let Some(table) = kernel.races.table() {
        table.hand(slot, to);
    }
}

/// A masked section begins: it sees all that earlier ones did.
pub(crate) fn masked(kernel: &mut Kernel) {
    acquired(kernel, MASKED);
}

/// A masked section ends.
pub(crate) fn unmasked(kernel: &mut Kernel) {
    released(kernel, MASKED);
}

/// Sees to it that uses are watched from now on, if the telemetry's level asks for it. Not in
/// handlers, and not with interrupts masked: it paints 3 KiB.
pub(crate) fn watch() {
    let is_wanted = kernel::with(|kernel| {
        let races = &kernel.races;
        races.table.is_none()
            && !races.refused
            && !kernel.in_handler()
            && kernel.level.code() >= Level::Events.code()
    });
    if !is_wanted {
        return;
    }
    let block = kernel::with(|kernel| {
        let block = kernel.allocate(Layout::new::<Table>(), OwnerIndex::PERMANENT, SiteId::NONE);
        kernel.races.refused = block.is_err();
        block.ok()
    });
    let Some(block) = block.map(NonNull::cast::<Table>) else { return };
    write_table(block);
    kernel::with(|kernel| match kernel.races.table {
        None => {
            kernel.races.table = Some(block);
            kernel.sched.attention.raise(Attention::RACES);
        }
        // Somebody else was faster.
        Some(_) => {
            // SAFETY: the block is ours alone. A refusal is noted.
            let _ = unsafe { kernel.free(block.cast()) };
        }
    });
}

/// Fills the table row by row: as a whole it would not fit on a stack.
fn write_table(table: NonNull<Table>) {
    static NEW: Table = Table::new();
    // SAFETY: the block is new, large enough, aligned and ours alone.
    unsafe { table.as_ptr().copy_from_nonoverlapping(&raw const NEW, 1) };
}

/// Notes a use of a cell by the running unit; a race is kept for the console thread.
pub(crate) fn used(
    kernel: &mut Kernel,
    uses: &mut Uses,
    (object, name): (ObjectId, &'static str),
    access: Access,
    site: SiteId,
) {
    let slot = row(kernel);
    let unit = kernel.current_unit();
    let Some(table) = kernel.races.table() else { return };
    let clock = table.slots[slot.index()].0[slot.index()];
    let second = Use { unit, slot, clock, site, access };
    let Some(first) = uses.note(table, second) else { return };
    if core::mem::replace(&mut uses.told, true) {
        return;
    }
    let name_of = |of: &Use| {
        let thread = &kernel.threads[of.slot.index()];
        if thread.unit == of.unit.0 { thread.name } else { "a thread that has ended" }
    };
    let (first_name, second_name) = (name_of(&first), name_of(&second));
    kernel.races.push(Race { object, name, first, first_name, second, second_name });
    console::attend(kernel);
}

/// Writes the races that were found since the last call, as text and as records.
///
/// # Context
/// The console thread.
pub(crate) fn write_reports() {
    while let Some(race) = kernel::with(|kernel| kernel.races.pop()) {
        let Race { object, name, first, first_name, second, second_name } = race;
        site::send(false);
        let record = wire::Race {
            object,
            first: first.unit,
            second: second.unit,
            first_access: first.access,
            second_access: second.access,
            first_site: first.site,
            second_site: second.site,
        };
        kernel::with(|kernel| kernel.record(Level::Samples, &record));
        println!(
            "race: `{name}`: {} by {first_name} (unit {}){} and {} by {second_name} (unit {}){}, \
             in no order",
            first.access,
            first.unit,
            At(first.site),
            second.access,
            second.unit,
            At(second.site),
        );
    }
    let lost = kernel::with(|kernel| core::mem::take(&mut kernel.races.lost));
    if lost > 0 {
        println!("{lost} more races were found while this was written");
    }
}

#[cfg(test)]
mod tests;
