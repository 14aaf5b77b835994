//! What collections tell: records, samples, and lines on the console.

use super::{Collected, Kept, NOTES_MAX, Resumed, Sums, Waiting};
use crate::console;
use crate::deadlock::At;
use crate::kernel::{self, Kernel};
use crate::mem::limits;
use crate::println;
use crate::timer::nanos;
use ramscope_wire as wire;
use wire::{CollectOutcome, CollectPlace, CollectWhy, Level, ObjectKind, UnitId, WindowId};

pub(super) fn note_begin(kernel: &mut Kernel, collection: u32, why: CollectWhy) {
    let unit = kernel.current_unit();
    kernel.record(Level::Samples, &wire::CollectBegan { collection, why, unit });
}

pub(super) fn note_kept(kernel: &mut Kernel, kept: &Kept) {
    let record = wire::CollectKept {
        collection: kernel.collector.now.number,
        owner: kept.owner,
        block: kept.block as u32,
        bytes: kept.bytes,
        at: kept.at as u32,
        pointer: kept.pointer as u32,
        place: kept.place,
        holder: kept.holder,
    };
    kernel.record(Level::Samples, &record);
}

pub(super) fn note_resumed(kernel: &mut Kernel, resumed: &Resumed) {
    let record = wire::CollectResumed {
        collection: kernel.collector.now.number,
        unit: resumed.unit,
        object: resumed.object,
        kind: resumed.kind,
        site: resumed.site,
        bytes: resumed.bytes,
    };
    kernel.record(Level::Samples, &record);
}

/// Books what a collection did, and tells it.
pub(super) fn note_end(kernel: &mut Kernel, now: &Collected) {
    // Another thread may have begun the next one while modules ended.
    if kernel.collector.now.number == now.number {
        kernel.collector.now = *now;
    }
    limits::note_collection(kernel);
    let pause_ns = nanos(now.pause.ticks());
    let masked_ns = nanos(now.masked_longest.ticks());
    let Sums { units, freed, freed_window, pause_ns: pause, .. } = &mut kernel.collector.sums;
    *units += u32::from(now.units);
    *freed = freed.saturating_add(now.freed_bytes());
    *freed_window = freed_window.saturating_add(now.freed_bytes());
    *pause = pause_ns.max(*pause);
    let sums = &mut kernel.collector.sums;
    sums.pause_window_ns = sums.pause_window_ns.max(pause_ns);
    sums.masked_ns = sums.masked_ns.max(masked_ns);
    let record = wire::CollectEnded {
        collection: now.number,
        outcome: now.outcome,
        units: now.units,
        unit_bytes: now.unit_bytes,
        blocks: now.blocks,
        bytes: now.bytes,
        owners: now.owners,
        modules: now.modules,
        module_bytes: now.module_bytes,
        kept_blocks: now.kept_blocks,
        kept_bytes: now.kept_bytes,
        pause_ns,
        masked_ns,
        words: now.words,
    };
    kernel.record(Level::Samples, &record);
    // The same blocks are told of once.
    let told = core::mem::replace(&mut kernel.collector.kept_told, now.kept_bytes);
    if now.units > 0 || (now.kept_bytes > 0 && now.kept_bytes != told) {
        kernel.collector.unwritten = true;
        console::attend(kernel);
    }
}

/// The window that was open closes.
pub(crate) fn open_window(kernel: &mut Kernel) {
    let sums = &mut kernel.collector.sums;
    (sums.freed_window, sums.pause_window_ns) = (0, 0);
}

/// Sends what collections did, once there was one.
pub(crate) fn sample() {
    kernel::with(|kernel| {
        let Sums { collections, .. } = kernel.collector.sums;
        if collections == 0 {
            return;
        }
        let sums = &kernel.collector.sums;
        let record = wire::CollectSample {
            collections,
            units: sums.units,
            freed_boot: sums.freed,
            freed_window: sums.freed_window,
            kept: kernel.collector.now.kept_bytes,
            pause_boot_ns: sums.pause_ns,
            pause_window_ns: sums.pause_window_ns,
            masked_boot_ns: sums.masked_ns,
            window: WindowId(kernel.window),
        };
        kernel.record(Level::Samples, &record);
    });
}

/// Writes who was told to end and what stays, where nobody has asked for it.
///
/// # Context
/// The console thread.
pub(crate) fn write_reports() {
    if kernel::with(|kernel| kernel.collector.unwritten) {
        let Collected { number, units, kept_blocks, .. } =
            kernel::with(|kernel| kernel.collector.now);
        println!("collect {number}: {units} units told to end, {kept_blocks} blocks stay");
        write_resumed();
        write_kept(kept_blocks);
    }
}

/// Writes what the last collection did: the console's `gc`.
pub(crate) fn write(now: &Collected) {
    let Collected { number, outcome, words, .. } = now;
    let (pause, masked) = (micros(now.pause.ticks()), micros(now.masked_longest.ticks()));
    println!("collect {number}: {outcome}, paused {pause} us, masked {masked} us, {words} words");
    match outcome {
        CollectOutcome::Complete => {}
        CollectOutcome::Disturbed => return println!("  handlers run too often: try again"),
        CollectOutcome::Damaged => return println!("  something wrote over the heap: see `mem`"),
        _ => return println!("  stacks and statics cannot be scanned here: declare the roots"),
    }
    println!("  units       {:>5} {:>7} B  told to end", now.units, now.unit_bytes);
    println!(
        "  quarantine  {:>5} {:>7} B  given back, {} owners free",
        now.blocks, now.bytes, now.owners
    );
    println!("  modules     {:>5} {:>7} B  unloaded", now.modules, now.module_bytes);
    println!("  kept        {:>5} {:>7} B  still pointed to", now.kept_blocks, now.kept_bytes);
    write_resumed();
    write_kept(now.kept_blocks);
    write_waiting();
}

fn write_resumed() {
    kernel::with(|kernel| kernel.collector.unwritten = false);
    for index in 0..NOTES_MAX {
        let resumed = kernel::with(|kernel| kernel.collector.resumed[index]);
        let Some(Resumed { unit, name, object_name, kind, site, bytes, .. }) = resumed else {
            return;
        };
        match kind {
            ObjectKind::Thread => {
                println!("  {name} (unit {unit}, {bytes} B) waited for the end of a thread");
            }
            _ => println!(
                "  {name} (unit {unit}, {bytes} B) waited for {kind} `{object_name}`{}",
                At(site)
            ),
        }
    }
}

fn write_kept(blocks: u32) {
    for index in 0..NOTES_MAX {
        let kept = kernel::with(|kernel| kernel.collector.kept[index]);
        let Some(Kept { owner, block, bytes, at, pointer, place, holder }) = kept else { return };
        println!("  {bytes} B of unit {owner} at {block:#010x} stay:");
        write_place(pointer, at, place, holder);
    }
    if blocks > NOTES_MAX as u32 {
        println!("  and {} more", blocks - NOTES_MAX as u32);
    }
}

/// Says of units that wait without a deadline by which word somebody may end that.
fn write_waiting() {
    for index in 0..NOTES_MAX {
        let waiting = kernel::with(|kernel| kernel.collector.waiting[index]);
        if let Some(Waiting { unit, name, at, pointer, place, holder, .. }) = waiting {
            println!("  {name} (unit {unit}) waits, and is not told to end:");
            write_place(pointer, at, place, holder);
        }
    }
}

/// Says where a word stands.
fn write_place(pointer: usize, at: usize, place: CollectPlace, holder: UnitId) {
    let name = kernel::with(|kernel| name_of(kernel, holder));
    let whose = match place {
        CollectPlace::Stack => "on the stack of",
        CollectPlace::Heap => "in a heap block of",
        CollectPlace::Registers => "in a register of",
        other => return println!("    {pointer:#010x} at {at:#010x}, {other}"),
    };
    println!("    {pointer:#010x} at {at:#010x} {whose} {name} (unit {holder})");
}

fn name_of(kernel: &Kernel, unit: UnitId) -> &'static str {
    let thread = kernel.threads.iter().find(|thread| thread.unit == unit.0);
    thread.map_or("?", |thread| thread.name)
}

/// Writes the sums of all collections: the console's `gc stat`.
pub(crate) fn write_statistics() {
    let (sums, now) = kernel::with(|kernel| (kernel.collector.sums, kernel.collector.now));
    let Sums { collections, units, freed, pause_ns, masked_ns, .. } = sums;
    if collections == 0 {
        return println!("no collection yet: `gc` makes one");
    }
    println!("collections {collections}, longest pause {} us", pause_ns / 1_000);
    println!("longest masked stretch {} us", masked_ns / 1_000);
    println!("units told to end {units}, bytes given back {freed}");
    println!("the last one:");
    write(&now);
}

fn micros(ticks: u64) -> u64 {
    ticks / (crate::time::Span::from_micros(1).ticks())
}
