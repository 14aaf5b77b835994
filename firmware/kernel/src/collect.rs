//! `collect()`: gives back what nobody can use any more.
//!
//! # The problem
//! Rust frees what its owner drops, so what is left over here is what has no owner to drop it. A unit
//! that was torn down leaves memory behind into which others may still point. A unit that waits for an
//! object which only units can reach that wait themselves never goes on, and never gives back its
//! stack. A module that nobody uses stays loaded. Nothing in the program can tell; only a look at all
//! memory can.
//!
//! # The idea
//! A conservative mark, as MicroPython makes it, but what it decides is different: nothing is freed
//! because it is unreachable, but for memory whose owner is gone. The roots are the statics, the
//! frames and registers of every unit that can go on, what the kernel owns, loaded modules, and what
//! programs [`roots::register`]. Whatever looks like a pointer into a block, wherever into it, keeps
//! the block. A unit that waits for ever is *dormant* at first: its frames are no roots. It *lives* as
//! soon as the memory is reached that holds what it waits for, or as its own stack is pointed into;
//! then its frames are scanned too, and so on until nothing changes. A dormant unit that is left can be
//! woken by nobody, alone or in a circle with others: it is told to end, by the same `Exit` that
//! every request to end is. Its frames are scanned before anything is freed, because it runs once more.
//!
//! # Stop the world, with interrupts on
//! Everything happens in steps of a few hundred instructions, a section each, with handlers let in
//! between. What is put off within a step touches nothing that it looks at. While it lasts the caller runs above every priority, so no other unit runs at all: that is
//! the *pause*. A write barrier would let them run, and would cost every store of every program; the
//! pause costs nobody anything who never collects. It is measured, and told with everything else.
//!
//! # Where the marks are
//! In the headers of the blocks. Where blocks start, and which of them still wait where the small stack
//! of those that do is full, is in bits that the largest free block lends as long as nothing moves; if
//! none is large enough, a 64th of the heap, the maps of the areas and walks do, several times as slowly
//! ([`heap`](crate::heap), `mark`, `starts`, `marker`). Nothing is allocated.
//!
//! # Invariants
//! 1. **Nothing moves.** Between two steps no unit runs. A handler of the kernel's changes no
//!    pointer: it wakes units, which were roots or not for other reasons. A handler that runs code of a
//!    program can do anything, so the kernel counts these, and a step that finds the count changed
//!    starts the collection again; after [`ATTEMPTS_MAX`] nothing is decided.
//! 2. **No false end.** A unit is told to end only if its wait has no deadline, is for an object in the
//!    heap or on a dormant unit's stack, or for the end of such a unit, nobody has its handle who could
//!    use it, and no word of a root or of anything that one leads to points into what holds the object.
//!    Objects in statics can be used by any code, so who waits for one lives.
//! 3. **No false free.** A block is given back only if its owner was torn down and no word of any
//!    root, reached block, living or resumed frame, or saved register points into it.
//! 4. **Not itself.** The collector's own frames, its tables, the kernel's state and the telemetry ring
//!    are no roots: they are full of addresses that nobody uses as pointers. What of the kernel's
//!    state is one (arguments of callbacks, blocks of timers) is looked at by name.
//!
//! # Who may call
//! [`collect`] is for threads with interrupts on. An allocation that fails makes one collection and
//! tries again, where it may block. On the host port stacks and statics are not the kernel's: there a
//! collection decides something only after [`roots::promise_complete`].

mod marker;
mod place;
pub mod roots;
mod show;
mod steps;
#[cfg(test)]
mod tests;
mod units;

use crate::error::Error;
use crate::heap::{Cursor, Owners};
use crate::kernel::{self, Kernel};
use crate::module::{self, Released};
use crate::port;
use crate::sched::{PRIORITIES, Slot, SlotSet};
use crate::stack::KERNEL_STACK_MAX;
use crate::time::Span;
use core::ops::Range;
use marker::Marker;
use ramscope_wire as wire;
use roots::Roots;
pub(crate) use show::{open_window, sample, write, write_reports, write_statistics};
use steps::{Phase, Progress};
use wire::{CollectOutcome, CollectWhy, ObjectId, ObjectKind, SiteId, UnitId};

/// How often a collection starts anew because a handler ran code of a program.
pub const ATTEMPTS_MAX: u8 = 4;
/// What the caller runs at meanwhile: above everybody.
const HELD: u8 = PRIORITIES as u8;
/// Saved registers of the caller: those that a call keeps.
const REGISTERS: usize = port::SAVED_REGISTERS;
/// What a collection takes of the caller's stack, an interrupt's frame included: more than other calls,
/// and checked by itself.
pub const COLLECT_STACK_MAX: usize = KERNEL_STACK_MAX + 64;
/// The frame of the function that checks.
const OWN_FRAME_BYTES: usize = 128;
/// What a caller must have left so that an allocation collects, or [`collect`] does: measured like
/// [`KERNEL_STACK_MAX`], by the program `headroom`.
pub const COLLECT_HEADROOM: usize = COLLECT_STACK_MAX + OWN_FRAME_BYTES;
/// What unloading modules takes of the caller's stack.
const ROOM_FOR_MODULES: usize = 2 * KERNEL_STACK_MAX;
/// Blocks that stay, and units that were told to end, of which the console can say why.
const NOTES_MAX: usize = 6;

/// What a collection gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Its number within the boot.
    pub number: u32,
    /// How far it came; what follows is zero if not to its end.
    pub outcome: CollectOutcome,
    /// Units that were told to end: they do when they run.
    pub units: u16,
    /// Bytes that these have, and give back then.
    pub unit_bytes: u32,
    /// Blocks of torn-down units that were given back.
    pub blocks: u32,
    /// Bytes in them, headers included.
    pub bytes: u32,
    /// Torn-down units of which nothing is left.
    pub owners: u16,
    /// Modules that were unloaded.
    pub modules: u16,
    /// Bytes that these had.
    pub module_bytes: u32,
    /// Blocks of torn-down units that stay.
    pub kept_blocks: u32,
    /// Bytes in them.
    pub kept_bytes: u32,
    /// How long no other unit ran.
    pub pause: Span,
    /// The longest stretch of that in which no interrupt was served.
    pub masked_longest: Span,
    /// Words of memory that were looked at.
    pub words: u32,
}

impl Collected {
    const NOTHING: Self = Self {
        number: 0,
        outcome: CollectOutcome::Complete,
        units: 0,
        unit_bytes: 0,
        blocks: 0,
        bytes: 0,
        owners: 0,
        modules: 0,
        module_bytes: 0,
        kept_blocks: 0,
        kept_bytes: 0,
        pause: Span::ZERO,
        masked_longest: Span::ZERO,
        words: 0,
    };

    /// Bytes that are free now and were not before.
    #[must_use]
    pub const fn freed_bytes(&self) -> u32 {
        self.bytes + self.module_bytes
    }
}

/// Why a block stays.
#[derive(Clone, Copy)]
struct Kept {
    owner: UnitId,
    block: usize,
    bytes: u32,
    at: usize,
    pointer: usize,
    place: wire::CollectPlace,
    holder: UnitId,
}

/// A unit that waits without a deadline, and the first word that was found by which somebody may end
/// that.
#[derive(Clone, Copy)]
struct Waiting {
    unit: UnitId,
    name: &'static str,
    slot: Slot,
    /// The object.
    object: usize,
    /// Where the word stands; 0 until it is found.
    at: usize,
    pointer: usize,
    place: wire::CollectPlace,
    holder: UnitId,
}

/// A unit that was told to end.
#[derive(Clone, Copy)]
struct Resumed {
    unit: UnitId,
    name: &'static str,
    object: ObjectId,
    object_name: &'static str,
    kind: ObjectKind,
    site: SiteId,
    bytes: u32,
}

/// Sums over all collections.
#[derive(Clone, Copy, Default)]
struct Sums {
    collections: u32,
    units: u32,
    freed: u32,
    freed_window: u32,
    pause_ns: u32,
    pause_window_ns: u32,
    masked_ns: u32,
}

/// What the kernel keeps of collections.
pub(crate) struct Collector {
    pub(crate) roots: Roots,
    /// Handlers that ran code of a program, modulo 2^32.
    pub(crate) disturbances: u32,
    marker: Marker,
    phase: Phase,
    cursor: Cursor,
    attempts: u8,
    disturbances_seen: u32,
    caller: Slot,
    /// The lowest address of the caller's frames.
    caller_frames: usize,
    /// Where the caller's registers are saved: in a frame of its own.
    registers: Range<usize>,
    /// Slots whose frames are no roots so far.
    dormant: SlotSet,
    /// Slots whose frames are to be scanned.
    due: SlotSet,
    /// Slots that are to be told to end.
    doomed: SlotSet,
    quarantined: Owners,
    rooted: Owners,
    now: Collected,
    kept: [Option<Kept>; NOTES_MAX],
    resumed: [Option<Resumed>; NOTES_MAX],
    waiting: [Option<Waiting>; NOTES_MAX],
    masked_longest: u32,
    sums: Sums,
    /// Units were told to end or blocks stay, and the console has not said so.
    unwritten: bool,
    /// Bytes that stayed at the last collection.
    kept_told: u32,
    /// The last allocation failed because the host had asked for that.
    pub(crate) failure_was_asked: bool,
}

impl Collector {
    pub(crate) const fn new() -> Self {
        Self {
            roots: Roots::new(),
            disturbances: 0,
            marker: Marker::new(),
            phase: Phase::Done,
            cursor: Cursor::START,
            attempts: 0,
            disturbances_seen: 0,
            caller: Slot::IDLE,
            caller_frames: 0,
            registers: 0..0,
            dormant: SlotSet::EMPTY,
            due: SlotSet::EMPTY,
            doomed: SlotSet::EMPTY,
            quarantined: Owners::NONE,
            rooted: Owners::NONE,
            now: Collected::NOTHING,
            kept: [None; NOTES_MAX],
            resumed: [None; NOTES_MAX],
            waiting: [None; NOTES_MAX],
            masked_longest: 0,
            sums: Sums {
                collections: 0,
                units: 0,
                freed: 0,
                freed_window: 0,
                pause_ns: 0,
                pause_window_ns: 0,
                masked_ns: 0,
            },
            unwritten: false,
            kept_told: 0,
            failure_was_asked: false,
        }
    }

    /// Whether the console thread has something to write.
    pub(crate) fn needs_attention(&self) -> bool {
        self.unwritten
    }
}

/// Gives back what nobody can use any more; says what, and how long it took: see the module's text.
///
/// # Context
/// Thread; blocks. No other unit runs meanwhile, but where modules end; units that were told to end run
/// afterwards.
///
/// # Errors
/// [`Error::InHandler`] and [`Error::Masked`].
pub fn collect() -> Result<Collected, Error> {
    collect_for(CollectWhy::Program)
}

/// As [`collect`], for whom it is made. A function of its own: its frame holds what the callers had in
/// registers, here or saved by its first instructions, and what is below it is not theirs.
#[inline(never)]
pub(crate) fn collect_for(why: CollectWhy) -> Result<Collected, Error> {
    if !port::has_stack(COLLECT_STACK_MAX) {
        port::stack_exhausted();
    }
    kernel::may_block()?;
    let mut registers = [0; REGISTERS];
    port::saved_registers(&mut registers);
    let Range { start, end } = registers.as_ptr_range();
    let frames = port::stack_pointer().unwrap_or(0);
    let collected = run(why, frames, start.addr()..end.addr());
    core::hint::black_box(&registers);
    Ok(collected)
}

/// What follows the failure of an allocation: makes a collection if one may help, and says whether it
/// is worth trying again.
///
/// # Context
/// Any; does nothing where it cannot collect.
#[cold]
pub(crate) fn after_failure() -> bool {
    let may_help = kernel::with(|kernel| steps::is_promising(kernel));
    let room = port::has_stack(COLLECT_HEADROOM);
    may_help
        && room
        && collect_for(CollectWhy::Allocation).is_ok_and(|collected| collected.freed_bytes() > 0)
}

/// A collection before an allocation, because so much was allocated since the last one.
///
/// # Context
/// Any; does nothing where it cannot collect.
#[cold]
pub(crate) fn before_allocation() {
    if port::has_stack(COLLECT_HEADROOM) {
        // Where it cannot be made the allocation goes on without.
        let _ = collect_for(CollectWhy::Threshold);
    }
}

#[inline(never)]
fn run(why: CollectWhy, frames: usize, registers: Range<usize>) -> Collected {
    let began = kernel::with(|kernel| {
        kernel.sched.set_running_floor(HELD);
        kernel.collector.registers = registers;
        kernel.collector.caller_frames = frames;
        steps::begin(kernel, why);
        port::now()
    });
    while kernel::with(measured_step) == Progress::More {}
    // What became ready meanwhile runs now.
    let collected = kernel::then_reschedule(|kernel| {
        kernel.sched.set_running_floor(0);
        end_pause(kernel, began)
    });
    let collected = with_modules(collected);
    kernel::with(|kernel| {
        kernel.give_back_areas();
        show::note_end(kernel, &collected);
    });
    collected
}

/// Unloads modules that nobody pins, if any is out of the table and the caller's stack has room for
/// that: their own code has an end, so others run meanwhile.
fn with_modules(collected: Collected) -> Collected {
    if !kernel::with(module::any_out_of_table) || !port::has_stack(ROOM_FOR_MODULES) {
        return collected;
    }
    let Released { modules, bytes, .. } = module::release_unpinned();
    Collected { modules: modules as u16, module_bytes: bytes, ..collected }
}

/// One step, and how long it kept interrupts away.
fn measured_step(kernel: &mut Kernel) -> Progress {
    let from = port::timestamp();
    let progress = steps::step(kernel);
    let took = port::timestamp().wrapping_sub(from);
    let longest = &mut kernel.collector.masked_longest;
    *longest = (*longest).max(took);
    progress
}

fn end_pause(kernel: &mut Kernel, began: u64) -> Collected {
    let pause = Span::from_ticks(port::now().saturating_sub(began));
    let masked_ticks =
        u64::from(kernel.collector.masked_longest) / u64::from(kernel.stamps_per_tick.max(1));
    let collector = &mut kernel.collector;
    collector.now.pause = pause;
    collector.now.masked_longest = Span::from_ticks(masked_ticks);
    collector.now.words = collector.marker.words;
    collector.now
}
