//! What telemetry gets of the heap's layout: areas, shape and map.
//!
//! A shape costs a look at all blocks, so it is sampled only when the heap's totals have changed. A map is
//! one record for each stretch of neighbouring blocks of one owner and site; where there are too many for
//! the ring, it is drawn in equal pieces, each of the owner of the longest stretch in it.
//!
//! Invariant: nothing here makes the ring overflow. A map for which there is no room is not sent.

use super::survey::{Survey, shape, survey};
use crate::console;
use crate::heap::{AreaFigures, Block, Shape, Totals};
use crate::kernel::{self, Kernel};
use crate::sample;
use ramscope_wire as wire;
use wire::{BlockState, Level, SiteId, UnitId};

/// Stretches of a map that is drawn block by block.
const RUNS_MAX: u16 = 96;
/// Words of the ring that a map leaves to others.
const ROOM_LEFT_WORDS: u32 = 128;
/// Blocks of a heap whose shape is sampled each time it has changed; of more it is at introductions only.
const BLOCKS_OFTEN_MAX: u32 = 1024;

/// When a shape is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// If the heap has changed since the last time.
    Changed,
    /// In any case.
    Now,
}

/// Has the console's thread send shape and map, at once: it is more urgent than who asks, and has the
/// stack for it.
///
/// # Context
/// Thread.
pub(crate) fn ask() {
    kernel::then_reschedule(|kernel| {
        kernel.account.asked = true;
        console::attend(kernel);
    });
}

/// Sends what was asked for.
///
/// # Context
/// The console's thread.
pub(crate) fn answer() {
    if kernel::with(|kernel| core::mem::take(&mut kernel.account.asked)) {
        layout(When::Now);
        map();
    }
}

/// Sends the areas and the shape.
///
/// # Context
/// As for [`survey`].
pub(crate) fn layout(when: When) {
    let (wanted, totals) = kernel::with(|kernel| {
        let totals = kernel.heap.totals();
        let is_small = totals.used_blocks + totals.free_blocks <= BLOCKS_OFTEN_MAX;
        let changed = kernel.account.told != Some(told_of(&totals)) && is_small;
        (kernel.level != Level::Off && (changed || when == When::Now), totals)
    });
    if !wanted {
        return;
    }
    let Some(shape) = shape() else { return };
    kernel::with(|kernel| {
        kernel.account.told = Some(told_of(&totals));
        let record = shape_record(kernel, &shape);
        kernel.record(Level::Samples, &record);
    });
    let now = shape.areas().len();
    let before = kernel::with(|kernel| {
        usize::from(core::mem::replace(&mut kernel.account.told_areas, now as u8))
    });
    for number in 0..now.max(before) {
        // An area that the heap has no more is told once without bytes.
        let area = shape.areas().get(number).copied().unwrap_or_default();
        kernel::with(|kernel| {
            let record = area_record(kernel, number, &area);
            kernel.record(Level::Samples, &record);
        });
    }
}

/// What shows that the heap is another one than before; a change that leaves all of it is not seen.
const fn told_of(totals: &Totals) -> [u32; 3] {
    [totals.used, totals.used_blocks << 16 | totals.free_blocks, totals.largest_free]
}

fn shape_record(kernel: &Kernel, shape: &Shape) -> wire::HeapShape {
    let counts = |from: usize| {
        [0, 1, 2, 3].map(|at| u16::try_from(shape.free_by_size[from + at]).unwrap_or(u16::MAX))
    };
    wire::HeapShape {
        free: shape.free(),
        fragmented: shape.fragmented(),
        max_new_split: kernel.max_new_split(),
        free_of_16: counts(0),
        free_of_256: counts(4),
        free_of_4096: counts(8),
        free_of_65536: counts(12),
    }
}

fn area_record(kernel: &Kernel, number: usize, area: &AreaFigures) -> wire::HeapArea<'static> {
    wire::HeapArea {
        area: number as u8,
        base: area.start as u32,
        bytes: area.bytes,
        used: area.used,
        free: area.free,
        largest_free: area.largest_free,
        used_blocks: area.used_blocks,
        free_blocks: area.free_blocks,
        name: kernel.area_name(area.start),
    }
}

/// A map while it is sent.
struct Sender {
    map: u16,
    sent: u16,
    coming: Option<wire::HeapRun>,
    /// Bytes of each piece, if it is not drawn block by block.
    piece_bytes: u32,
    has_room: bool,
}

/// Sends a map: block by block if the ring has room for that, otherwise in equal pieces.
///
/// # Context
/// As for [`survey`].
pub(crate) fn map() {
    let total = kernel::with(|kernel| kernel.heap.totals().total);
    let coarse = total.div_ceil(u32::from(RUNS_MAX) / 2).next_multiple_of(16);
    for piece_bytes in [0, coarse] {
        if kernel::with(|kernel| kernel.level == Level::Off) || send_map(piece_bytes) {
            return;
        }
    }
}

/// Whether it was sent.
fn send_map(piece_bytes: u32) -> bool {
    let mut sender = Sender { map: 0, sent: 0, coming: None, piece_bytes, has_room: true };
    let ended = survey(
        &mut sender,
        |sender, kernel| {
            kernel.account.maps = kernel.account.maps.wrapping_add(1);
            *sender = Sender {
                map: kernel.account.maps,
                sent: 0,
                coming: None,
                has_room: true,
                ..*sender
            };
        },
        |sender, kernel, _, block| {
            sender.take(kernel, block);
            sender.has_room
        },
    );
    if ended != Survey::Complete || !sender.has_room {
        return false;
    }
    kernel::with(|kernel| {
        if let Some(mut last) = sender.coming.take() {
            last.is_last = true;
            sender.send(kernel, &last);
        }
    });
    sender.has_room
}

impl Sender {
    fn take(&mut self, kernel: &mut Kernel, block: &Block) {
        let run = self.run_of(kernel, block);
        let piece_bytes = self.piece_bytes;
        if let Some(coming) = &mut self.coming
            && joins(coming, &run, piece_bytes)
        {
            return;
        }
        if let Some(whole) = self.coming.replace(run) {
            self.send(kernel, &whole);
        }
    }

    fn run_of(&self, kernel: &Kernel, block: &Block) -> wire::HeapRun {
        let owner = kernel.heap.owner(block.owner).map(|owner| owner.tag);
        let is_coarse = self.piece_bytes > 0;
        wire::HeapRun {
            map: self.map,
            index: 0,
            start: block.start as u32,
            bytes: block.bytes,
            blocks: 1,
            site: if is_coarse { SiteId::NONE } else { SiteId(block.site) },
            owner: UnitId(owner.map_or(0, |tag| tag.unit)),
            owner_kind: owner.map_or(wire::OwnerKind::Kernel, |tag| sample::wire_owner(tag.kind)),
            state: match (block.free, block.quarantined) {
                (true, _) => BlockState::Free,
                (false, true) => BlockState::Quarantined,
                (false, false) => BlockState::Used,
            },
            is_last: false,
        }
    }

    fn send(&mut self, kernel: &mut Kernel, run: &wire::HeapRun) {
        let words = (wire::HEADER_WORDS + wire::HeapRun::WORDS) as u32;
        let too_many = self.piece_bytes == 0 && self.sent == RUNS_MAX;
        if too_many || kernel.ring.room_words() < words + ROOM_LEFT_WORDS {
            self.has_room = false;
            return;
        }
        let record = wire::HeapRun { index: self.sent, ..*run };
        kernel.record(Level::Samples, &record);
        self.sent += 1;
    }
}

/// Draws a stretch as a part of the one before it, where that is allowed; says whether it did.
fn joins(coming: &mut wire::HeapRun, run: &wire::HeapRun, piece_bytes: u32) -> bool {
    let follows = coming.start.wrapping_add(coming.bytes) == run.start;
    let is_small = coming.bytes + run.bytes <= piece_bytes;
    if !follows || !(is_small || is_alike(coming, run)) {
        return false;
    }
    // A piece is of whom its longest part is of: of the others only the bytes are remembered.
    let longest = if run.bytes > coming.bytes { *run } else { *coming };
    *coming = wire::HeapRun {
        start: coming.start,
        bytes: coming.bytes + run.bytes,
        blocks: coming.blocks.saturating_add(run.blocks),
        ..longest
    };
    true
}

fn is_alike(a: &wire::HeapRun, b: &wire::HeapRun) -> bool {
    (a.owner, a.owner_kind, a.state, a.site) == (b.owner, b.owner_kind, b.state, b.site)
}
