//! The operations, and what must hold after each.
#![expect(unsafe_code, reason = "frees and resizes blocks that the model holds")]

mod checks;

use crate::arena::{Arena, GIVEN};
use crate::model::{Held, Model};
use crate::random::Random;
use ramscope_kernel::heap::{
    ALIGN_MAX, BLOCK_BYTES_MIN, HEADER_BYTES, Heap, OwnerIndex, OwnerKind, OwnerTag, Resized,
};
use std::alloc::Layout;
use std::collections::VecDeque;
use std::ptr::NonNull;

/// How many owners take part at a time.
const OWNERS: usize = 12;
/// Operations from one walk over everything to the next.
const WALK_EVERY: u64 = 10_000;
/// Operations in which the heap fills up and is emptied again.
const TIDE: u64 = 40_000;
/// Pointers that were freed and are freed again.
const DEAD: usize = 8;

/// An owner, and what it should have and have had at most.
struct Owner {
    index: OwnerIndex,
    current: u32,
    peak: u32,
}

/// How often each thing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) allocated: u64,
    pub(crate) refused: u64,
    pub(crate) aligned: u64,
    pub(crate) freed: u64,
    pub(crate) bad_pointers: u64,
    pub(crate) resized: u64,
    pub(crate) moved: u64,
    pub(crate) stuck: u64,
    pub(crate) handed_over: u64,
    pub(crate) owners: u64,
    pub(crate) walks: u64,
}

/// What a run that found nothing wrong says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) counts: Counts,
    /// Of every pointer that was handed out, in order.
    pub(crate) digest: u64,
    pub(crate) total: u32,
    pub(crate) overhead: u32,
    pub(crate) peak_used: u32,
    pub(crate) blocks_max: usize,
    /// The largest free block in percent of what is free, where that is a tenth of the heap or more.
    pub(crate) largest_mean: f64,
    pub(crate) largest_least: f64,
}

/// What is wrong, and after which operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) operation: u64,
    pub(crate) what: String,
}

/// A heap, its model, and how far the run is.
pub(crate) struct Soak {
    heap: Heap,
    arena: Arena,
    model: Model,
    random: Random,
    owners: Vec<Owner>,
    units: u32,
    overhead: u32,
    digest: u64,
    dead: VecDeque<NonNull<u8>>,
    counts: Counts,
    blocks_max: usize,
    peak: u32,
    shares: (f64, u64, f64),
}

impl Soak {
    pub(crate) fn new(seed: u64) -> Self {
        let mut arena = Arena::new();
        let heap = arena.heap();
        let overhead = GIVEN as u32 - heap.totals().total;
        let mut soak = Self {
            heap,
            arena,
            model: Model::default(),
            random: Random::new(seed),
            owners: Vec::new(),
            units: 1,
            overhead,
            digest: 0xCBF2_9CE4_8422_2325,
            dead: VecDeque::new(),
            counts: Counts::default(),
            blocks_max: 0,
            peak: 0,
            shares: (0.0, 0, 100.0),
        };
        soak.owners = (0..OWNERS).map(|_| soak.new_owner()).collect();
        soak
    }

    /// Does so many operations, then gives everything back.
    pub(crate) fn run(mut self, count: u64) -> Result<Report, Wrong> {
        for operation in 0..count {
            let wrong = |what| Wrong { operation, what };
            self.step(operation).map_err(wrong)?;
            if operation % WALK_EVERY == WALK_EVERY - 1 {
                self.walk().map_err(wrong)?;
            }
        }
        let wrong = |what| Wrong { operation: count, what };
        self.walk().map_err(wrong)?;
        while self.model.len() > 0 {
            self.free(0).map_err(wrong)?;
        }
        self.check_empty().map_err(wrong)?;
        let (sum, count, least) = self.shares;
        Ok(Report {
            counts: self.counts,
            digest: self.digest,
            total: self.heap.totals().total,
            overhead: self.overhead,
            peak_used: self.peak,
            blocks_max: self.blocks_max,
            largest_mean: sum / count.max(1) as f64,
            largest_least: least,
        })
    }

    fn step(&mut self, operation: u64) -> Result<(), String> {
        // High water and low water: allocations are drawn more often, then frees are.
        let allocates = if operation % TIDE < TIDE / 2 { 55 } else { 33 };
        let pick = self.random.below(100);
        let any = self.model.len().max(1);
        let index = self.random.below(any);
        let owner = match pick {
            _ if pick < allocates || self.model.len() == 0 => self.allocate()?,
            94..=96 => self.hand_over(index)?,
            97..=98 => self.free_badly(index)?,
            99 => self.replace_an_owner()?,
            80.. => self.resize(index)?,
            _ => self.free(index)?,
        };
        self.blocks_max = self.blocks_max.max(self.model.len());
        self.check(owner)
    }

    fn allocate(&mut self) -> Result<usize, String> {
        let bytes = self.size();
        let align = match self.random.below(10) {
            0 => 1 << (4 + self.random.below(ALIGN_MAX.ilog2() as usize - 3)),
            _ => 1 << self.random.below(4),
        };
        let owner = self.random.below(OWNERS);
        self.take(bytes, align, owner).map(|_| owner)
    }

    /// Many small ones, some large ones, and one in a thousand that is nearly everything.
    fn size(&mut self) -> usize {
        match self.random.below(1_000) {
            0 => self.random.below(160 * 1024),
            1..=50 => self.random.below(8_192),
            51..=300 => self.random.below(600),
            _ => self.random.below(97),
        }
    }

    /// Allocates; `None` if it is refused.
    fn take(&mut self, bytes: usize, align: usize, owner: usize) -> Result<Option<Held>, String> {
        let before = self.heap.totals();
        let layout = Layout::from_size_align(bytes, align).expect("a size far below the largest");
        let site = self.random.next() as u16;
        let pointer = match self.heap.allocate(layout, self.owners[owner].index, site) {
            Ok(pointer) => pointer,
            Err(refusal) => {
                self.counts.refused += 1;
                let told = (refusal.wanted_bytes, refusal.free_bytes);
                if told != (bytes as u32, before.free) || self.heap.totals() != before {
                    return Err(format!("a refusal tells or changes something: {refusal:?}"));
                }
                // An alignment needs room that the figure does not count.
                if align <= 8 && bytes as u32 <= refusal.largest_free_bytes {
                    return Err(format!("refused although it fits: {refusal:?}"));
                }
                return Ok(None);
            }
        };
        if !pointer.addr().get().is_multiple_of(align) {
            return Err(format!("a payload that is not aligned to {align}"));
        }
        let whole = self.heap.totals().used.wrapping_sub(before.used);
        check_whole(bytes, whole)?;
        let held = Held { pointer, bytes, align, whole, owner, value: site as u8 };
        self.model.add(held)?;
        held.fill();
        self.count_pointer(pointer);
        self.owners[owner].add(whole);
        self.counts.allocated += 1;
        self.counts.aligned += u64::from(align > 8);
        Ok(Some(held))
    }

    fn free(&mut self, index: usize) -> Result<usize, String> {
        let held = self.model.remove(index);
        if !held.has_intact_edges() {
            return Err("somebody wrote to a block that is held".to_owned());
        }
        // SAFETY: the model does not hold it any more.
        let freed = unsafe { self.heap.free(held.pointer) };
        let freed = freed.map_err(|bad| format!("a block that is held is refused: {bad:?}"))?;
        if (freed.bytes, freed.owner) != (held.whole, self.owners[held.owner].index) {
            return Err(format!("another block than was taken: {freed:?}, {held:?}"));
        }
        self.owners[held.owner].current -= held.whole;
        self.counts.freed += 1;
        self.dead.push_back(held.pointer);
        if self.dead.len() > DEAD {
            self.dead.pop_front();
        }
        Ok(held.owner)
    }

    /// As `realloc` does it: in place, or a new block and the old one given back.
    fn resize(&mut self, index: usize) -> Result<usize, String> {
        let held = self.model.get(index);
        let bytes = self.size();
        // SAFETY: what is beyond the new size is not used any more.
        let resized = unsafe { self.heap.resize(held.pointer, bytes) };
        let resized = resized.map_err(|bad| format!("a block that is held is refused: {bad:?}"))?;
        match resized {
            Resized::InPlace { owner, from_bytes, to_bytes } => {
                if (owner, from_bytes) != (self.owners[held.owner].index, held.whole) {
                    return Err(format!("another block was resized: {resized:?}, {held:?}"));
                }
                check_whole(bytes, to_bytes)?;
                let kept = Held { bytes: bytes.min(held.bytes), ..held };
                if !kept.has_intact_edges() {
                    return Err("a block lost its bytes when it was resized".to_owned());
                }
                let now = Held { bytes, whole: to_bytes, ..held };
                self.model.replace(index, now)?;
                now.fill();
                self.owners[held.owner].resize(held.whole, to_bytes);
                self.counts.resized += 1;
            }
            Resized::NoRoom => match self.take(bytes, held.align, held.owner)? {
                Some(_) => {
                    self.counts.moved += 1;
                    self.free(index)?;
                }
                None => self.counts.stuck += 1,
            },
        }
        Ok(held.owner)
    }

    fn hand_over(&mut self, index: usize) -> Result<usize, String> {
        let held = self.model.get(index);
        let to = self.random.below(OWNERS);
        let moved = self.heap.transfer(held.pointer, self.owners[to].index);
        if moved.ok().map(|moved| moved.bytes) != Some(held.whole) {
            return Err(format!("a block cannot be handed over: {moved:?}"));
        }
        self.owners[held.owner].current -= held.whole;
        self.owners[to].add(held.whole);
        self.model.replace(index, Held { owner: to, ..held })?;
        self.counts.handed_over += 1;
        Ok(to)
    }

    /// A pointer into a block, or one that was freed and not handed out again, is refused.
    fn free_badly(&mut self, index: usize) -> Result<usize, String> {
        let held = self.model.get(index);
        let bad = match self.random.below(3) {
            0 => self.dead.front().copied().filter(|&dead| !self.is_held(dead)),
            _ if held.bytes < 2 => None,
            _ => {
                let inside = 1 + self.random.below(held.bytes - 1);
                // SAFETY: within the payload.
                Some(unsafe { held.pointer.add(inside) })
            }
        };
        let Some(bad) = bad else { return Ok(held.owner) };
        let before = self.heap.totals();
        // SAFETY: it is no block's start, so nobody uses a block there.
        let freed = unsafe { self.heap.free(bad) };
        if freed.is_ok() || self.heap.totals() != before {
            return Err(format!("a bad pointer is taken: {freed:?}"));
        }
        self.counts.bad_pointers += 1;
        Ok(held.owner)
    }

    fn is_held(&self, pointer: NonNull<u8>) -> bool {
        self.model.all().iter().any(|held| held.pointer == pointer)
    }

    /// One owner's unit ends: its blocks go to another, and a new one comes.
    fn replace_an_owner(&mut self) -> Result<usize, String> {
        let (leaves, heir) = (self.random.below(OWNERS), self.random.below(OWNERS - 1));
        let heir = (leaves + 1 + heir) % OWNERS;
        for index in 0..self.model.len() {
            let held = self.model.get(index);
            if held.owner == leaves {
                let moved = self.heap.transfer(held.pointer, self.owners[heir].index);
                moved.map_err(|bad| format!("a block cannot be handed over: {bad:?}"))?;
                self.owners[heir].add(held.whole);
                self.model.replace(index, Held { owner: heir, ..held })?;
            }
        }
        let index = self.owners[leaves].index;
        self.heap.owner_release(index);
        if self.heap.owner(index).is_some() {
            return Err("an owner that is dead and has nothing is still there".to_owned());
        }
        self.owners[leaves] = self.new_owner();
        self.counts.owners += 1;
        Ok(heir)
    }

    fn new_owner(&mut self) -> Owner {
        self.units += 1;
        let tag = OwnerTag { kind: OwnerKind::Thread, unit: self.units };
        let index = self.heap.owner_add(tag).expect("fewer owners than there are entries");
        Owner { index, current: 0, peak: 0 }
    }

    fn count_pointer(&mut self, pointer: NonNull<u8>) {
        self.digest ^= self.arena.offset(pointer) as u64;
        self.digest = self.digest.wrapping_mul(0x0000_0100_0000_01B3);
    }
}

impl Owner {
    fn add(&mut self, bytes: u32) {
        self.current += bytes;
        self.peak = self.peak.max(self.current);
    }

    fn resize(&mut self, from: u32, to: u32) {
        self.current -= from;
        self.add(to);
    }
}

/// A block is its payload and header, in eights; a rest too small for a block may stay with it.
fn check_whole(bytes: usize, whole: u32) -> Result<(), String> {
    let need = (bytes as u32 + HEADER_BYTES).next_multiple_of(8).max(BLOCK_BYTES_MIN);
    match (need..need + BLOCK_BYTES_MIN).contains(&whole) && whole.is_multiple_of(8) {
        true => Ok(()),
        false => Err(format!("a payload of {bytes} bytes got a block of {whole}")),
    }
}
