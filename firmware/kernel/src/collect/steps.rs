//! The steps of a collection: what each phase does, a few hundred instructions at a time.
//!
//! Index the heap; decide who is dormant; scan every root; wake dormant units whose objects were
//! reached, and scan them, until nothing changes; scan those that are left, who will end; say why
//! blocks stay; give back what was not reached; tell the doomed to end.
#![expect(unsafe_code, reason = "says what memory may be scanned")]

use super::marker::{Marker, Scan, Watch};
use super::place::place_of;
use super::roots::ROOTS_MAX;
use super::units::{STACK_BLOCK_MIN, Unit, Waitable, forget_stack};
use super::{ATTEMPTS_MAX, Collected, Collector, Kept, NOTES_MAX, Resumed, Waiting, show};
use crate::heap::{Cursor, Owners, Reached, Swept, Visited};
use crate::kernel::Kernel;
use crate::port::{self, RegionKind, StackRange};
use crate::rtt;
use crate::sched::{Slot, SlotSet, State, THREADS_MAX};
use crate::sync::head::waited_for;
use crate::thread::Thread;
use core::ops::{Range, RangeInclusive};
use ramscope_wire as wire;
use wire::{CollectOutcome, CollectPlace, CollectWhy, Level, ObjectId, ObjectKind, UnitId};

/// Blocks that one step indexes.
const INDEXED: u32 = 12;
/// Words that one step scans; a look-up counts as several.
const SCANNED: u32 = 64;
/// Blocks that one step sweeps.
const SWEPT: u32 = 10;
/// Units that one step decides on.
const DECIDED: u8 = 2;

/// Where a collection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Notes where blocks start.
    Index,
    /// Decides who is dormant, from this slot on.
    Decide(u8),
    /// Scans the roots, from this one on.
    Roots(Root),
    /// Wakes dormant units that were reached, and scans them.
    Settle,
    /// Decides which of the dormant units that are left are told to end, from this slot on.
    Doom(u8),
    /// Scans their frames.
    Doomed,
    /// Says why blocks stay.
    Explain(u8),
    /// Gives back what was not reached.
    Sweep,
    /// Tells units to end, from this slot on.
    Resume(u8),
    Done,
}

/// What is scanned next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// The frames of the unit in this slot.
    Frames(u8),
    /// What waits to be called.
    Callbacks,
    Registered(u8),
    /// Statics, from this address of this region on.
    Statics {
        region: u8,
        from: usize,
    },
    End,
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Done,
}

/// Whether a collection could give memory back now.
pub(super) fn is_promising(kernel: &Kernel) -> bool {
    !kernel.heap.owners_in_quarantine().is_empty()
}

/// Begins a collection.
pub(super) fn begin(kernel: &mut Kernel, why: CollectWhy) {
    let number = kernel.collector.sums.collections.wrapping_add(1);
    let known = port::stack_pointer().is_some() || kernel.collector.roots.are_complete();
    kernel.collector.caller = kernel.sched.running();
    kernel.collector.sums.collections = number;
    kernel.collector.masked_longest = 0;
    kernel.collector.attempts = 0;
    show::note_begin(kernel, number, why);
    begin_anew(kernel);
    kernel.collector.marker.words = 0;
    kernel.collector.now.number = number;
    if !known {
        give_up(&mut kernel.collector, CollectOutcome::Undeclared);
    }
}

/// Begins an attempt.
fn begin_anew(kernel: &mut Kernel) {
    let Kernel { heap, collector, .. } = kernel;
    collector.disturbances_seen = collector.disturbances;
    collector.attempts += 1;
    (collector.dormant, collector.due, collector.doomed) =
        (SlotSet::EMPTY, SlotSet::EMPTY, SlotSet::EMPTY);
    collector.quarantined = heap.owners_in_quarantine();
    collector.rooted = heap.owners_that_are_roots();
    collector.marker.begin(heap);
    heap.end_starts();
    collector.now = Collected { number: collector.now.number, ..Collected::NOTHING };
    collector.kept = [None; NOTES_MAX];
    collector.resumed = [None; NOTES_MAX];
    collector.waiting = [None; NOTES_MAX];
    collector.cursor = Cursor::START;
    collector.phase = Phase::Index;
}

/// Ends it without a decision.
fn give_up(collector: &mut Collector, outcome: CollectOutcome) {
    let number = collector.now.number;
    collector.now = Collected { number, outcome, ..Collected::NOTHING };
    collector.kept = [None; NOTES_MAX];
    collector.phase = Phase::Done;
}

/// Goes on a little.
pub(super) fn step(kernel: &mut Kernel) -> Progress {
    let Kernel { heap, collector, .. } = &*kernel;
    if collector.disturbances != collector.disturbances_seen || !heap.lends_starts() {
        disturbed(kernel);
    }
    kernel.collector.phase = match kernel.collector.phase {
        Phase::Index => index(kernel),
        Phase::Decide(slot) => decide(kernel, slot),
        Phase::Roots(root) => scan_roots(kernel, root),
        Phase::Settle => settle(kernel),
        Phase::Doom(slot) => doom(kernel, slot),
        Phase::Doomed => scan_doomed(kernel),
        Phase::Sweep => sweep(kernel),
        Phase::Explain(note) => explain(kernel, note),
        Phase::Resume(slot) => resume(kernel, slot),
        Phase::Done => return Progress::Done,
    };
    Progress::More
}

/// A handler ran code of a program: invariant 1.
fn disturbed(kernel: &mut Kernel) {
    match kernel.collector.phase {
        Phase::Index
        | Phase::Decide(_)
        | Phase::Roots(_)
        | Phase::Settle
        | Phase::Doom(_)
        | Phase::Doomed
        | Phase::Explain(_) => match kernel.collector.attempts {
            ATTEMPTS_MAX => give_up(&mut kernel.collector, CollectOutcome::Disturbed),
            _ => begin_anew(kernel),
        },
        // What was not reachable stays so. But blocks may have gone and come where the walk stands.
        Phase::Sweep => {
            kernel.collector.disturbances_seen = kernel.collector.disturbances;
            kernel.collector.cursor = Cursor::START;
            kernel.collector.now.kept_blocks = 0;
            kernel.collector.now.kept_bytes = 0;
        }
        _ => kernel.collector.disturbances_seen = kernel.collector.disturbances,
    }
}

fn index(kernel: &mut Kernel) -> Phase {
    let Kernel { heap, collector, .. } = kernel;
    for _ in 0..INDEXED {
        match heap.index_next(&mut collector.cursor) {
            Visited::Used(block) => {
                if collector.rooted.contains(block.owner) && heap.reach(block.payload).is_some() {
                    collector.marker.take(heap, &block);
                }
            }
            Visited::Passed => {}
            Visited::End => return Phase::Decide(0),
            Visited::Broken(_) => {
                give_up(collector, CollectOutcome::Damaged);
                return Phase::Done;
            }
        }
    }
    Phase::Index
}

/// Stacks of units that are not dormant are marked now, so that nobody scans them as blocks.
fn decide(kernel: &mut Kernel, from: u8) -> Phase {
    for slot in (from..THREADS_MAX as u8).map(Slot).take(usize::from(DECIDED)) {
        let waitable = slot.waitable(kernel).filter(|_| slot != kernel.collector.caller);
        if let Some(waitable) = waitable {
            kernel.collector.dormant.insert(slot);
            watch(kernel, slot, waitable);
        } else if let Some(block) = slot.block(kernel) {
            let _ = kernel.heap.reach(block);
        }
    }
    let next = from + DECIDED;
    let Collector { dormant, quarantined, .. } = kernel.collector;
    match usize::from(next) < THREADS_MAX {
        true => Phase::Decide(next),
        // There is nothing that could be decided.
        false if dormant.is_empty() && quarantined.is_empty() => Phase::Resume(0),
        false => Phase::Roots(Root::Frames(0)),
    }
}

/// Looks out for who can end a wait, to say so.
fn watch(kernel: &mut Kernel, slot: Slot, waitable: Waitable) {
    let Waitable::Object(object) = waitable else { return };
    let Kernel { threads, collector, .. } = kernel;
    let thread = &threads[slot.index()];
    let Some(place) = collector.waiting.iter_mut().find(|place| place.is_none()) else { return };
    *place = Some(Waiting {
        unit: UnitId(thread.unit),
        name: thread.name,
        slot,
        object,
        at: 0,
        pointer: 0,
        place: CollectPlace::Statics,
        holder: UnitId::KERNEL,
    });
}

/// Scans on; answers whether all is scanned that was to be.
fn scan_on(kernel: &mut Kernel) -> bool {
    let Kernel { heap, collector, threads, .. } = kernel;
    let Collector { marker, dormant, due, quarantined, kept, waiting, .. } = collector;
    let objects = objects_of(waiting);
    let quarantined = *quarantined;
    let mut watch = Watcher { threads, dormant, due, quarantined, kept, waiting, objects };
    marker.step(heap, &mut watch, SCANNED)
}

/// From the lowest to the highest address of what is waited for and was not reached.
fn objects_of(waiting: &[Option<Waiting>; NOTES_MAX]) -> RangeInclusive<usize> {
    let objects = waiting.iter().flatten().filter(|it| it.at == 0).map(|it| it.object);
    let hull = |(low, high): (usize, usize), at: usize| (low.min(at), high.max(at));
    let (low, high) = objects.fold((usize::MAX, 0), hull);
    low..=high
}

struct Watcher<'a> {
    threads: &'a [Thread; THREADS_MAX],
    dormant: &'a mut SlotSet,
    due: &'a mut SlotSet,
    quarantined: Owners,
    kept: &'a mut [Option<Kept>; NOTES_MAX],
    waiting: &'a mut [Option<Waiting>; NOTES_MAX],
    /// Where the objects of `waiting` lie.
    objects: RangeInclusive<usize>,
}

impl Watcher<'_> {
    /// The slot whose stack is in a block.
    #[inline]
    fn slot_of(&self, block: &Reached) -> Option<Slot> {
        if block.bytes < STACK_BLOCK_MIN {
            return None;
        }
        let is_its = |thread: &Thread| {
            thread.end.is_none() && thread.block.is_some_and(|it| it.addr().get() == block.payload)
        };
        self.threads.iter().position(is_its).map(|index| Slot(index as u8))
    }

    /// Whether a word points to where a unit that is blocked has its frames. Nobody has a reason to point
    /// below them; whoever started the unit may have addresses of its new stack lying about.
    fn is_in_frames(&self, slot: Slot, word: usize) -> bool {
        let thread = &self.threads[slot.index()];
        (thread.context..=thread.stack.high()).contains(&word)
    }

    /// Keeps the first word by which somebody can end a wait.
    fn note_waker_of(&mut self, at: usize, pointer: usize, is_it: impl Fn(&Waiting) -> bool) {
        for waiting in self.waiting.iter_mut().flatten() {
            if waiting.at == 0 && is_it(waiting) {
                (waiting.at, waiting.pointer) = (at, pointer);
            }
        }
    }

    #[cold]
    fn note(&mut self, block: &Reached, at: usize, pointer: usize) {
        let Some(place) = self.kept.iter_mut().find(|place| place.is_none()) else { return };
        *place = Some(Kept {
            // Who and where that is, is found out at the end.
            owner: UnitId::KERNEL,
            block: block.payload,
            bytes: block.bytes + crate::heap::HEADER_BYTES,
            at,
            pointer,
            place: CollectPlace::Statics,
            holder: UnitId::KERNEL,
        });
    }
}

impl Watch for Watcher<'_> {
    #[inline]
    fn reached(&mut self, block: &Reached, at: usize, word: usize) -> Scan {
        let stack = self.slot_of(block);
        if let Some(slot) = stack
            && !self.is_in_frames(slot, word)
        {
            return Scan::Unreached;
        }
        if self.quarantined.contains(block.owner) {
            self.note(block, at, word);
        }
        let Range { start, end } = block.range();
        if start <= *self.objects.end() && *self.objects.start() < end {
            self.note_waker_of(at, word, |waiting| block.range().contains(&waiting.object));
        }
        let Some(slot) = stack else { return Scan::Contents };
        self.note_waker_of(at, word, |waiting| waiting.slot == slot);
        if self.dormant.contains(slot) {
            self.dormant.remove(slot);
            self.due.insert(slot);
        }
        Scan::Nothing
    }

    fn scan_again(&mut self, block: &Reached) -> Scan {
        if self.slot_of(block).is_some() { Scan::Nothing } else { Scan::Contents }
    }
}

/// Hands a range to the marker.
fn scan(marker: &mut Marker, range: Range<usize>) {
    // SAFETY: statics, frames, registered roots and what the kernel keeps are readable, and stay while
    // nothing moves (invariant 1).
    unsafe { marker.scan(range) };
}

fn scan_roots(kernel: &mut Kernel, root: Root) -> Phase {
    if !scan_on(kernel) {
        return Phase::Roots(root);
    }
    let has_statics = port::stack_pointer().is_some();
    let (range, next) = match root {
        Root::Frames(slot) if usize::from(slot) < THREADS_MAX => {
            (frames_of(kernel, Slot(slot)), Root::Frames(slot + 1))
        }
        Root::Frames(_) => (0..0, Root::Callbacks),
        Root::Callbacks => (kernel.callbacks.waiting_range(), Root::Registered(0)),
        Root::Registered(index) if usize::from(index) < ROOTS_MAX => {
            let range = kernel.collector.roots.range(usize::from(index));
            (range.unwrap_or_default(), Root::Registered(index + 1))
        }
        Root::Registered(_) if has_statics => (0..0, Root::Statics { region: 0, from: 0 }),
        Root::Registered(_) => (0..0, Root::End),
        Root::Statics { region, from } => statics(kernel, region, from),
        Root::End => return Phase::Settle,
    };
    scan(&mut kernel.collector.marker, range);
    Phase::Roots(next)
}

/// The frames of a unit that is not dormant; what it keeps of its own is reached with them.
fn frames_of(kernel: &mut Kernel, slot: Slot) -> Range<usize> {
    let over = matches!(kernel.sched.state(slot), State::Ended | State::Free);
    if over || kernel.collector.dormant.contains(slot) {
        return 0..0;
    }
    reach_locals(kernel, slot);
    if slot == kernel.collector.caller {
        let StackRange { low, bytes } = kernel.threads[slot.index()].stack;
        return kernel.collector.caller_frames..low + bytes;
    }
    slot.frames(kernel)
}

fn reach_locals(kernel: &mut Kernel, slot: Slot) {
    let Kernel { heap, collector, threads, .. } = kernel;
    let Some(node) = threads[slot.index()].locals else { return };
    if let Some(block) = heap.reach(node.addr().get()) {
        collector.marker.take(heap, &block);
    }
}

/// The next statics without the kernel's own, and what comes after them.
fn statics(kernel: &Kernel, region: u8, from: usize) -> (Range<usize>, Root) {
    let facts = kernel.facts();
    let Some(it) = facts.regions.get(usize::from(region)) else { return (0..0, Root::End) };
    let next_region = Root::Statics { region: region + 1, from: 0 };
    if !matches!(it.kind(), RegionKind::Data | RegionKind::Bss) {
        return (0..0, next_region);
    }
    let end = it.start().addr() + it.bytes();
    let mut range = from.max(it.start().addr())..end;
    let own = core::ptr::from_ref(kernel).addr();
    let ring = core::ptr::from_ref(facts.telemetry).addr();
    let not_roots = [own..own + size_of::<Kernel>(), ring..ring + size_of::<rtt::Memory>()];
    // Twice: one may follow the other.
    for not in not_roots.iter().chain(&not_roots) {
        if not.contains(&range.start) {
            range.start = not.end;
        }
    }
    for not in &not_roots {
        if range.contains(&not.start) {
            range.end = not.start;
        }
    }
    match range.end < end {
        true => (range.clone(), Root::Statics { region, from: range.end }),
        false => (range, next_region),
    }
}

/// Wakes dormant units until nothing changes.
fn settle(kernel: &mut Kernel) -> Phase {
    if !scan_on(kernel) {
        return Phase::Settle;
    }
    if let Some(slot) = kernel.collector.due.take_first() {
        reach_locals(kernel, slot);
        let frames = slot.frames(kernel);
        scan(&mut kernel.collector.marker, frames);
        return Phase::Settle;
    }
    for slot in kernel.collector.dormant.iter() {
        if lives(kernel, slot) {
            kernel.collector.dormant.remove(slot);
            kernel.collector.due.insert(slot);
            if let Some(block) = slot.block(kernel) {
                let _ = kernel.heap.reach(block);
            }
            return Phase::Settle;
        }
    }
    // Who can end these waits was not found.
    for waiting in &mut kernel.collector.waiting {
        *waiting = waiting.filter(|waiting| waiting.at != 0);
    }
    // All of them will run: what they use stays.
    kernel.collector.due = kernel.collector.dormant;
    Phase::Doom(0)
}

/// Whether what a dormant unit waits for was reached.
fn lives(kernel: &Kernel, slot: Slot) -> bool {
    match slot.waitable(kernel) {
        None => true,
        Some(Waitable::End(of_slot)) => !kernel.collector.dormant.contains(of_slot),
        // Outside of the heap are statics and the main thread's stack.
        Some(Waitable::Object(address)) => kernel.heap.is_reached(address).unwrap_or(true),
    }
}

fn doom(kernel: &mut Kernel, from: u8) -> Phase {
    let dormant = kernel.collector.dormant;
    let Some(slot) = dormant.iter().find(|slot| slot.0 >= from) else { return Phase::Doomed };
    if !goes_on_by_itself(kernel, slot) {
        kernel.collector.doomed.insert(slot);
    }
    Phase::Doom(slot.0 + 1)
}

/// Whether a dormant unit waits for what another dormant one has: that one ends first, and with it the
/// wait. Those that wait in a circle do not.
fn goes_on_by_itself(kernel: &Kernel, slot: Slot) -> bool {
    let dormant = kernel.collector.dormant;
    let holder_of = |at: Slot| at.holder(kernel).filter(|it| dormant.contains(*it));
    let chain = core::iter::successors(holder_of(slot), |at| holder_of(*at));
    let mut chain = chain.take(THREADS_MAX);
    chain.clone().next().is_some() && chain.all(|at| at != slot)
}

fn scan_doomed(kernel: &mut Kernel) -> Phase {
    if !scan_on(kernel) {
        return Phase::Doomed;
    }
    let Some(slot) = kernel.collector.due.take_first() else { return Phase::Explain(0) };
    if let Some(block) = slot.block(kernel) {
        let _ = kernel.heap.reach(block);
    }
    reach_locals(kernel, slot);
    let frames = slot.frames(kernel);
    scan(&mut kernel.collector.marker, frames);
    Phase::Doomed
}

fn sweep(kernel: &mut Kernel) -> Phase {
    let Kernel { heap, collector, threads, .. } = kernel;
    if collector.quarantined.is_empty() {
        return Phase::Resume(0);
    }
    for _ in 0..SWEPT {
        match heap.sweep_next(&mut collector.cursor, collector.quarantined) {
            Swept::Passed => {}
            Swept::Kept(bytes) => {
                collector.now.kept_blocks += 1;
                collector.now.kept_bytes += bytes;
            }
            Swept::Freed { payload, bytes } => {
                collector.now.blocks += 1;
                collector.now.bytes += bytes;
                forget_stack(threads, payload, bytes);
                kernel.record(Level::All, &wire::Free { address: payload as u32, bytes });
                return Phase::Sweep;
            }
            Swept::End => {
                let left = heap.owners_in_quarantine();
                let gone = collector.quarantined.count() - left.count();
                collector.now.owners = gone as u16;
                return Phase::Resume(0);
            }
        }
    }
    Phase::Sweep
}

/// Finds out whose a block is that stays, and what the place is that points to it.
fn explain(kernel: &mut Kernel, note: u8) -> Phase {
    let index = usize::from(note);
    if let Some(Some(mut waiting)) = kernel.collector.waiting.get(index).copied() {
        (waiting.place, waiting.holder) = place_of(kernel, waiting.at);
        kernel.collector.waiting[index] = Some(waiting);
    }
    if index == NOTES_MAX {
        kernel.collector.cursor = Cursor::START;
        // What is given back may be joined to the block that they are in.
        kernel.heap.end_starts();
        return Phase::Sweep;
    }
    let Some(Some(mut kept)) = kernel.collector.kept.get(index).copied() else {
        return Phase::Explain(note + 1);
    };
    let owner = kernel.heap.payload_at(kept.block).map(|block| block.owner);
    let totals = owner.and_then(|owner| kernel.heap.owner(owner));
    kept.owner = totals.map_or(UnitId::KERNEL, |totals| UnitId(totals.tag.unit));
    (kept.place, kept.holder) = place_of(kernel, kept.at);
    kernel.collector.kept[index] = Some(kept);
    show::note_kept(kernel, &kept);
    Phase::Explain(note + 1)
}

fn resume(kernel: &mut Kernel, from: u8) -> Phase {
    let doomed = kernel.collector.doomed;
    let Some(slot) = doomed.iter().find(|slot| slot.0 >= from) else {
        return Phase::Done;
    };
    let resumed = resumed(kernel, slot);
    show::note_resumed(kernel, &resumed);
    let collector = &mut kernel.collector;
    collector.now.units += 1;
    collector.now.unit_bytes += resumed.bytes;
    if let Some(place) = collector.resumed.iter_mut().find(|place| place.is_none()) {
        *place = Some(resumed);
    }
    slot.resume(kernel);
    Phase::Resume(slot.0 + 1)
}

fn resumed(kernel: &mut Kernel, slot: Slot) -> Resumed {
    let (object, object_name, kind) = match waited_for(kernel, slot) {
        Some(head) => (head.announce(kernel), head.text, head.kind),
        None => (ObjectId::NONE, "", ObjectKind::Thread),
    };
    let place = kernel.threads[slot.index()].wait.place;
    let site = place.id(kernel);
    let thread = &kernel.threads[slot.index()];
    Resumed {
        unit: UnitId(thread.unit),
        name: thread.name,
        object,
        object_name,
        kind,
        site,
        bytes: kernel.heap.owner(thread.owner).map_or(0, |totals| totals.current),
    }
}
