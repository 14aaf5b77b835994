//! Samples: what stacks, heap and processor look like now, as self-contained records.
//!
//! A budget is judged on absolute values and peaks that the kernel keeps, never on a sum of
//! events, so a lost event cannot change a verdict. The console thread sends all samples ten
//! times in a second of device time, a thread sends its own as the last thing it does, and a
//! program's end sends all. Each reading takes the kernel for a few instructions; stacks are
//! scanned with interrupts on.
#![expect(unsafe_code, reason = "scans stacks")]

use crate::callback;
use crate::collect;
use crate::heap::{OwnerIndex, OwnerKind};
use crate::kernel::{self, Kernel, wire_state};
use crate::module;
use crate::port::{self, StackRange, TICKS_PER_SECOND};
use crate::sched::{Slot, State, THREADS_MAX};
use crate::site;
use crate::stack::high_water_bytes;
use crate::sync::head::waited_for;
use crate::thread::Scan;
use crate::timer;
use core::num::NonZeroU32;
use ramscope_wire as wire;
use wire::{Level, ObjectId, UnitId, WindowId};

/// Device time between two rounds of samples.
pub(crate) const PERIOD_TICKS: u64 = TICKS_PER_SECOND as u64 / 10;
/// Rounds of samples between two introductions.
pub(crate) const ROUNDS_PER_INTRODUCTION: u32 = 10;

/// Says who speaks, what memory there is and which units live: enough for a reader who joins now.
pub(crate) fn introduce() {
    hello();
    let regions = kernel::with(|kernel| kernel.facts().regions);
    for region in regions {
        kernel::with(|kernel| kernel.record(Level::Samples, &region_record(region)));
    }
    each_used(THREADS_MAX, is_slot_used, |index| {
        let slot = Slot(index as u8);
        kernel::with(|kernel| {
            if slot == Slot::IDLE || kernel.threads[slot.index()].unit == 0 || is_over(kernel, slot)
            {
                return;
            }
            let priority = kernel.sched.priority(slot);
            let record = kernel.threads[slot.index()].new_record(priority);
            kernel.record(Level::Samples, &record);
        });
    });
    timer::introduce();
    module::introduce();
    site::send(true);
}

/// Writes the record that a boot begins with, again.
pub(crate) fn hello() {
    kernel::with(hello_of);
}

/// Writes the record that a boot begins with.
pub(crate) fn hello_of(kernel: &mut Kernel) {
    let facts = kernel.facts();
    let record = wire::Hello {
        version: wire::VERSION,
        board: facts.board,
        build_id: facts.build_id,
        timestamp_hz: facts.timestamp_hz,
        ticks: absolute_ticks(kernel),
        boot: facts.boot,
        reset_reason: facts.reset_reason,
        level: kernel.level,
        dropped: kernel.ring.dropped,
        name: facts.name,
    };
    kernel.record(Level::Samples, &record);
}

/// The time of now in ticks of the time stamps.
fn absolute_ticks(kernel: &Kernel) -> u64 {
    port::now() * u64::from(kernel.stamps_per_tick)
}

fn region_record(region: &port::Region) -> wire::Region<'static> {
    wire::Region {
        base: region.start().addr() as u32,
        bytes: region.bytes() as u32,
        kind: region.kind(),
        name: region.name(),
    }
}

/// Entries of a table that are looked at in one section.
const LOOK: usize = 8;

/// Calls `work` with the places of a table that are used, without a section for each of the others: most
/// tables are almost empty, ten times in a second.
///
/// # Context
/// Not inside of a section. What is used may change between the look and the call.
pub(crate) fn each_used(
    count: usize,
    is_used: impl Fn(&Kernel, usize) -> bool,
    mut work: impl FnMut(usize),
) {
    for start in (0..count).step_by(LOOK) {
        let end = count.min(start + LOOK);
        let mut used = kernel::with(|kernel| {
            (start..end).rev().fold(0, |used, place| used << 1 | u32::from(is_used(kernel, place)))
        });
        let mut place = start;
        while used != 0 {
            if used & 1 != 0 {
                work(place);
            }
            used >>= 1;
            place += 1;
        }
    }
}

fn is_slot_used(kernel: &Kernel, index: usize) -> bool {
    kernel.sched.state(Slot(index as u8)) != State::Free
}

fn is_owner_used(kernel: &Kernel, index: usize) -> bool {
    kernel.heap.has_owner(OwnerIndex::new(index as u16))
}

/// Every slot of the scheduler.
pub(crate) fn slots() -> impl Iterator<Item = Slot> {
    (0..THREADS_MAX as u8).map(Slot)
}

pub(crate) fn is_over(kernel: &Kernel, slot: Slot) -> bool {
    matches!(kernel.sched.state(slot), State::Ended | State::Free)
}

/// Sends everything once, if anything is to be sent.
///
/// # Context
/// Thread, or a handler in which the interrupted unit's context is known.
pub(crate) fn all() {
    kernel::with(Kernel::begin_era);
    if kernel::with(|kernel| kernel.level != Level::Off) {
        everything();
    }
}

/// Takes every figure, and sends as much as the level lets through.
///
/// # Context
/// As [`all`].
pub(crate) fn everything() {
    kernel::with(|kernel| {
        let ticks = absolute_ticks(kernel);
        kernel.record(Level::Samples, &wire::Clock { ticks });
    });
    site::send(false);
    each_used(THREADS_MAX, is_slot_used, |index| {
        let slot = Slot(index as u8);
        stack(slot);
        unit(slot);
    });
    interrupts();
    timer::samples();
    module::samples();
    callback::sample();
    collect::sample();
    heap();
    kernel::with(|kernel| {
        let dropped = kernel.ring.dropped;
        if dropped > 0 {
            kernel.record(Level::Samples, &wire::Losses { dropped });
        }
    });
}

/// Sends the samples of the running thread: the last thing it does.
pub(crate) fn own_stack() {
    let slot = kernel::with(|kernel| {
        kernel.book_running();
        kernel.sched.running()
    });
    stack(slot);
    unit(slot);
}

/// Scans and sends one stack. A thread that ended meanwhile has sent its own last sample.
///
/// Only the unit that runs writes to its stack, and handlers that interrupt it: one that was not
/// switched to since its last scan is as deep as it was.
pub(crate) fn stack(slot: Slot) {
    let Some(pointer) = port::stack_pointer() else {
        return;
    };
    let found = kernel::with(|kernel| {
        let stack = stack_of(kernel, slot, pointer)?;
        let switches = kernel.threads[slot.index()].switches;
        Some((stack, kernel.window, switches, known_scan(kernel, slot)))
    });
    let Some(((of, range, sp), window, switches, known)) = found else { return };
    // SAFETY: readable memory; if the thread ends meanwhile, or another window is opened, the
    // result is thrown away below.
    let scanned = known.unwrap_or_else(|| unsafe { high_water_bytes(range) } as u32);
    kernel::with(|kernel| {
        let is_gone = stack_of(kernel, slot, pointer).is_none_or(|(unit, ..)| unit != of);
        if is_gone || kernel.window != window {
            return;
        }
        let runs = kernel.sched.running() == slot;
        let thread = &mut kernel.threads[slot.index()];
        thread.stack_peak = thread.stack_peak.max(scanned);
        // What ran after the scan began counts as switched to once more.
        let bytes = NonZeroU32::new(scanned).filter(|_| !runs);
        thread.scan = bytes.map(|bytes| Scan { switches, window, bytes });
        let window = WindowId(window);
        let record = wire::StackSample {
            unit: UnitId(of),
            stack_bytes: range.bytes as u32,
            // After an overflow the pointer may be anywhere.
            used_now: if range.holds(sp) { (range.high() - sp) as u32 } else { scanned },
            peak_boot: thread.stack_peak,
            // The stack was painted anew when the window began.
            peak_window: if window.0 == 0 { thread.stack_peak } else { scanned },
            window,
        };
        kernel.record(Level::Samples, &record);
    });
}

/// What the last scan of a stack found, if it still holds.
fn known_scan(kernel: &Kernel, slot: Slot) -> Option<u32> {
    let thread = &kernel.threads[slot.index()];
    let holds = |scan: &Scan| scan.switches == thread.switches && scan.window == kernel.window;
    let rests = kernel.sched.running() != slot;
    thread.scan.filter(|scan| rests && holds(scan)).map(|scan| scan.bytes.get())
}

/// The unit in a slot, its stack if it still has one, and its stack pointer; `pointer` is that of
/// the unit that calls.
pub(crate) fn stack_of(
    kernel: &Kernel,
    slot: Slot,
    pointer: usize,
) -> Option<(u32, StackRange, usize)> {
    let thread = &kernel.threads[slot.index()];
    let exists = kernel.sched.state(slot) != State::Free;
    let has_stack = thread.stack.bytes > 0 && (thread.block.is_some() || thread.unit <= 1);
    let runs = kernel.sched.running() == slot && !kernel.in_handler();
    let sp = if runs { pointer } else { thread.context };
    (exists && has_stack).then_some((thread.unit, thread.stack, sp))
}

/// Sends state and processor time of one unit.
fn unit(slot: Slot) {
    kernel::with(|kernel| {
        let state = kernel.sched.state(slot);
        if state == State::Free {
            return;
        }
        let thread = &kernel.threads[slot.index()];
        let unit = UnitId(thread.unit);
        let window = WindowId(kernel.window);
        let record =
            wire::CpuSample { unit, switches: thread.switches, ticks: thread.ticks, window };
        let (mut state, why) = wire_state(state);
        if kernel.sched.is_suspended(slot) {
            // It goes on waiting, and would not go on if its wait ended.
            state = wire::State::Suspended;
        }
        kernel.record(Level::Samples, &record);
        let object = waited_for(kernel, slot).map_or(ObjectId::NONE, |head| head.object);
        let record = wire::UnitState { unit, state, why, object };
        kernel.record(Level::Samples, &record);
    });
}

/// Keeps how deep the handlers' stack was used, before anybody paints it.
pub(crate) fn note_interrupt_peak() {
    let (range, window) = kernel::with(|kernel| (kernel.facts().interrupt_stack, kernel.window));
    if range.bytes == 0 {
        return;
    }
    // SAFETY: the stack of the handlers is always there, and was painted at start.
    let peak = unsafe { high_water_bytes(range) } as u32;
    kernel::with(|kernel| {
        if kernel.window == window {
            kernel.interrupt_peak = kernel.interrupt_peak.max(peak);
            kernel.interrupt_peak_window = kernel.interrupt_peak_window.max(peak);
        }
    });
}

fn interrupts() {
    // In a handler this is a command at work, and the peak was noted before it went deep.
    if !kernel::with(|kernel| kernel.in_handler()) {
        note_interrupt_peak();
    }
    kernel::with(|kernel| {
        let range = kernel.facts().interrupt_stack;
        if range.bytes == 0 {
            return;
        }
        let window = WindowId(kernel.window);
        let record = wire::InterruptSample {
            stack_bytes: range.bytes as u32,
            peak_boot: kernel.interrupt_peak,
            peak_window: kernel.interrupt_peak_window,
            entries: kernel.handler_entries,
            window,
        };
        kernel.record(Level::Samples, &record);
        let record = wire::InterruptTimes {
            longest_boot: kernel.handler_longest,
            longest_window: kernel.handler_longest_window,
            ticks: kernel.handler_ticks,
            window,
        };
        kernel.record(Level::Samples, &record);
    });
}

/// Sends what one owner holds and held; for a unit that ends, the last time.
pub(crate) fn owner_of(kernel: &mut Kernel, owner: OwnerIndex) {
    let Some(totals) = kernel.heap.owner(owner) else { return };
    let record = wire::OwnerSample {
        kind: wire_owner(totals.tag.kind),
        unit: UnitId(totals.tag.unit),
        current: totals.current,
        peak_boot: totals.peak,
        peak_window: totals.peak_window,
        blocks: totals.blocks,
        window: WindowId(kernel.window),
    };
    kernel.record(Level::Samples, &record);
}

/// Sends the heap and all its owners.
fn heap() {
    let mut quarantined = 0;
    let owners = kernel::with(|kernel| kernel.heap.owners_bound());
    each_used(owners, is_owner_used, |index| {
        let owner = kernel::with(|kernel| kernel.heap.owner(OwnerIndex::new(index as u16)));
        quarantined += owner.filter(|owner| owner.quarantined).map_or(0, |owner| owner.current);
    });
    kernel::with(|kernel| {
        let totals = kernel.heap.totals();
        let record = wire::HeapSample {
            total: totals.total,
            used: totals.used,
            free: totals.free,
            peak_boot: totals.peak_used,
            peak_window: totals.peak_used_window,
            largest_free: totals.largest_free,
            free_blocks: totals.free_blocks,
            used_blocks: totals.used_blocks,
            quarantined,
            window: WindowId(kernel.window),
        };
        kernel.record(Level::Samples, &record);
    });
    each_used(owners, is_owner_used, |index| {
        kernel::with(|kernel| owner_of(kernel, OwnerIndex::new(index as u16)));
    });
}

/// The kind of an owner in the words of the wire.
pub(crate) fn wire_owner(kind: OwnerKind) -> wire::OwnerKind {
    match kind {
        OwnerKind::Kernel => wire::OwnerKind::Kernel,
        OwnerKind::Permanent => wire::OwnerKind::Permanent,
        OwnerKind::Thread => wire::OwnerKind::Thread,
        OwnerKind::Task => wire::OwnerKind::Task,
        OwnerKind::Tasklet => wire::OwnerKind::Tasklet,
        OwnerKind::Timer => wire::OwnerKind::Timer,
        OwnerKind::Module => wire::OwnerKind::Module,
    }
}

/// Writes each stack as a line of text.
pub(crate) fn text_stacks() {
    for slot in slots() {
        let found = kernel::with(|kernel| {
            let thread = &kernel.threads[slot.index()];
            (!is_over(kernel, slot)).then_some((thread.name, thread.unit, thread.stack))
        });
        if let Some((name, unit, stack)) = found {
            let peak = peak_of(stack);
            crate::println!("sample stack: {name} (unit {unit}) peak {peak} of {} B", stack.bytes);
        }
    }
}

/// What a stack shows in the `threads` command: its peak so far, scanned now.
pub(crate) fn peak_of(range: StackRange) -> u32 {
    if range.bytes == 0 || port::stack_pointer().is_none() {
        return 0;
    }
    // SAFETY: readable memory; a wrong figure is the worst.
    unsafe { high_water_bytes(range) as u32 }
}
