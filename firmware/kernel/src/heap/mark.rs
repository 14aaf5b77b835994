//! Marks: which blocks a collection has reached, and which it gives back.
//!
//! The problem: a collection looks up thousands of words that may point anywhere into a block, must
//! stop after every few of them, and may allocate nothing. The idea: a header's mark bit says that its
//! block was reached, and bits in the largest free block say where blocks start (`starts`). Where no
//! free block is large enough for them it works on what is reserved anyway: each area's map holds the
//! first block start of every 512 bytes, so that a look-up walks some headers and no list.
//!
//! Invariants:
//! 1. From the end of indexing until the first change of the heap the bits or the map are right: only
//!    who knows that the heap stood still since may look anything up.
//! 2. Marks mean nothing outside of a collection: indexing clears them, and new blocks have none.
//!
//! Every call here takes constant time, but for those that look up an address within a block, which
//! read one word for each 256 bytes back to its start. Where there are no bits they read the map back
//! and then at most 32 headers, and the first [`Heap::index_next`] of an area clears its map.

use super::raw::{Area, CHUNK_BYTES, Place};
use super::walk::Index;
use super::{BLOCK_BYTES_MIN, HEADER_BYTES, Heap, OWNERS_MAX, OwnerIndex, OwnerKind};
use core::ops::Range;

/// A set of owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owners([u32; OWNERS_MAX / 32]);

const _: () = assert!(OWNERS_MAX.is_multiple_of(32), "a set of owners is whole words");

impl Owners {
    pub(crate) const NONE: Self = Self([0; OWNERS_MAX / 32]);

    #[inline]
    pub(crate) const fn contains(self, owner: OwnerIndex) -> bool {
        let (word, bit) = Self::place(owner);
        self.0[word] & bit != 0
    }

    const fn with(mut self, owner: OwnerIndex) -> Self {
        let (word, bit) = Self::place(owner);
        self.0[word] |= bit;
        self
    }

    /// The word, and the bit in it.
    const fn place(owner: OwnerIndex) -> (usize, u32) {
        let index = owner.0 as usize % OWNERS_MAX;
        (index / 32, 1 << (index % 32))
    }

    pub(crate) fn count(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::NONE
    }
}

/// Where a walk over all blocks stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    area: u8,
    /// The next block, or 0 where the area is not begun.
    offset: u32,
    /// The chunk whose first start is known, one more.
    chunk: u32,
    /// Which of the bits is cleared next, or 0 where it is not known whether there are any.
    clear: u32,
}

impl Cursor {
    pub(crate) const START: Self = Self { area: 0, offset: 0, chunk: 0, clear: 0 };
}

/// A block that was reached for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) payload: usize,
    /// Of the payload.
    pub(crate) bytes: u32,
    pub(crate) owner: OwnerIndex,
}

impl Reached {
    /// The payload's addresses.
    pub(crate) const fn range(&self) -> Range<usize> {
        self.payload..self.payload + self.bytes as usize
    }
}

/// What a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visited {
    Used(Reached),
    /// A block that is free, or is not looked for.
    Passed,
    /// There are no more blocks.
    End,
    /// The header at this address was overwritten.
    Broken(usize),
}

/// What sweeping did with the next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swept {
    /// It is none of the owners', or free.
    Passed,
    /// It was reached and stays.
    Kept(u32),
    /// It went back.
    Freed { payload: usize, bytes: u32 },
    /// There are no more blocks.
    End,
}

impl Heap {
    /// The owners whose blocks are in quarantine.
    pub(crate) fn owners_in_quarantine(&self) -> Owners {
        let those = self.ledger.kinds().filter(|(_, _, quarantined)| *quarantined);
        those.fold(Owners::NONE, |set, (owner, ..)| set.with(owner))
    }

    /// The owners that are no units: what they have is used as long as they have it.
    pub(crate) fn owners_that_are_roots(&self) -> Owners {
        let is_unit =
            |kind| matches!(kind, OwnerKind::Thread | OwnerKind::Task | OwnerKind::Tasklet);
        let those = self.ledger.kinds().filter(|(_, kind, _)| !is_unit(*kind));
        those.fold(Owners::NONE, |set, (owner, ..)| set.with(owner))
    }

    /// From the lowest to the highest address that a pointer into the heap can have.
    pub(crate) fn reach_of_pointers(&self) -> Range<usize> {
        let memory = &self.blocks.memory;
        let lowest = memory.areas().iter().map(|area| memory.address_of(area.first())).min();
        let highest = memory.areas().iter().map(|area| memory.address_of(area.end())).max();
        // Behind the last block stands the end mark.
        lowest.unwrap_or(0)..highest.map_or(0, |end| end + HEADER_BYTES as usize)
    }

    /// Notes where the next block starts and takes its mark.
    #[inline]
    pub(crate) fn index_next(&mut self, cursor: &mut Cursor) -> Visited {
        if cursor.clear == 0 {
            cursor.clear = self.begin_starts();
        }
        if let Some(next) = self.clear_starts(cursor.clear) {
            cursor.clear = next;
            return Visited::Passed;
        }
        let Some(area) = self.area_at(cursor) else { return Visited::End };
        // SAFETY: see `place_at`.
        let place = place_at(cursor);
        let head = self.blocks.head(place);
        let bytes = head.bytes();
        if bytes < BLOCK_BYTES_MIN || bytes > area.end().offset() - cursor.offset {
            return Visited::Broken(self.blocks.memory.address_of(place));
        }
        let distance = cursor.offset - area.first().offset();
        match self.starts.are_there() {
            true => self.note_start(cursor.area, distance / HEADER_BYTES),
            false => self.note_in_map(cursor, area, distance),
        }
        cursor.offset += bytes;
        if head.is_free() {
            return Visited::Passed;
        }
        if head.is_marked() {
            self.blocks.memory.store(place, head.without_mark().word());
        }
        Visited::Used(self.reached(place, bytes))
    }

    fn note_in_map(&mut self, cursor: &mut Cursor, area: Area, distance: u32) {
        if cursor.chunk == 0 {
            self.blocks.memory.fill_map(area, Index::NO_START);
        }
        let chunk = distance / CHUNK_BYTES;
        if chunk + 1 != cursor.chunk {
            let granule = distance % CHUNK_BYTES / HEADER_BYTES;
            self.blocks.memory.set_map_byte(area, chunk, granule as u8);
            cursor.chunk = chunk + 1;
        }
    }

    /// The area that a cursor is in; goes on to the next one at the end of one.
    #[inline]
    fn area_at(&self, cursor: &mut Cursor) -> Option<Area> {
        loop {
            let area = *self.blocks.memory.areas().get(usize::from(cursor.area))?;
            if cursor.offset == 0 {
                *cursor = Cursor { offset: area.first().offset(), chunk: 0, ..*cursor };
            }
            if cursor.offset < area.end().offset() {
                return Some(area);
            }
            *cursor = Cursor { area: cursor.area + 1, offset: 0, chunk: 0, ..*cursor };
        }
    }

    #[inline]
    pub(super) fn reached(&self, place: Place, bytes: u32) -> Reached {
        let owner = self.blocks.tag(place).owner().unwrap_or(OwnerIndex::KERNEL);
        let payload = self.blocks.memory.address_of(place) + HEADER_BYTES as usize;
        Reached { payload, bytes: bytes - HEADER_BYTES, owner }
    }

    /// Marks the used block that `word` points into; `None` if there is none, or if it was marked.
    ///
    /// The address behind a block's last byte counts as its own: a loop that runs down from there may
    /// have no other. The header of the next block stands there, to which nobody has a pointer.
    #[inline]
    pub(crate) fn reach(&mut self, word: usize) -> Option<Reached> {
        let place = self.start_of(word.wrapping_sub(HEADER_BYTES as usize))?;
        let head = self.blocks.head(place);
        if head.is_free() || head.is_marked() {
            return None;
        }
        self.blocks.memory.store(place, head.with_mark().word());
        Some(self.reached(place, head.bytes()))
    }

    /// Takes the mark of a block: the word that pointed into it does not count.
    pub(crate) fn forget(&mut self, block: &Reached) {
        if let Some(place) = self.start_of(block.payload) {
            let head = self.blocks.head(place).without_mark();
            self.blocks.memory.store(place, head.word());
        }
    }

    /// Whether the block that an address lies in is marked; `None` if it lies in no used block.
    pub(crate) fn is_reached(&self, address: usize) -> Option<bool> {
        let head = self.blocks.head(self.start_of(address)?);
        (!head.is_free()).then_some(head.is_marked())
    }

    /// The block at `payload`, which was reached.
    #[expect(unsafe_code, reason = "goes back to the header of a block")]
    #[inline]
    pub(crate) fn reached_at(&self, payload: usize) -> Option<Reached> {
        let offset = self.blocks.memory.offset_of(payload)?;
        // SAFETY: a block that was reached has its header before its payload, in the same area.
        let place = unsafe { Place::new(offset.wrapping_sub(HEADER_BYTES)) };
        Some(self.reached(place, self.blocks.head(place).bytes()))
    }

    /// The block at `payload`, as it was reached.
    #[inline]
    pub(crate) fn payload_at(&self, payload: usize) -> Option<Reached> {
        let place = self.start_of(payload)?;
        Some(self.reached(place, self.blocks.head(place).bytes()))
    }

    /// The start of the block that an address lies in, of a heap that stood still since it was indexed.
    #[inline]
    fn start_of(&self, address: usize) -> Option<Place> {
        match self.starts.are_there() {
            true => self.start_by_bits(address),
            false => self.start_by_map(address),
        }
    }

    /// As [`Heap::start_of`], by the map.
    #[inline(never)]
    pub(super) fn start_by_map(&self, address: usize) -> Option<Place> {
        let memory = &self.blocks.memory;
        let offset = memory.offset_of(address)?;
        let area = memory.area_of(offset)?;
        let distance = offset - area.first().offset();
        let mut chunk = distance / CHUNK_BYTES;
        let mut start = loop {
            let granule = memory.map_byte(area, chunk);
            let start = chunk * CHUNK_BYTES + u32::from(granule) * HEADER_BYTES;
            if granule != Index::NO_START && start <= distance {
                break start;
            }
            chunk = chunk.checked_sub(1)?;
        };
        loop {
            let place = self.blocks.right(area.first(), start);
            let bytes = self.blocks.head(place).bytes();
            start += bytes;
            if start > distance {
                return Some(place);
            }
            if bytes == 0 {
                return None;
            }
        }
    }

    /// The next block of a walk, if it is marked.
    #[inline]
    pub(crate) fn marked_next(&self, cursor: &mut Cursor) -> Visited {
        if self.area_at(cursor).is_none() {
            return Visited::End;
        }
        let place = place_at(cursor);
        let head = self.blocks.head(place);
        cursor.offset += head.bytes().max(BLOCK_BYTES_MIN);
        match !head.is_free() && head.is_marked() {
            true => Visited::Used(self.reached(place, head.bytes())),
            false => Visited::Passed,
        }
    }

    /// Gives the next block of a walk back if it belongs to one of `owners` and is not marked.
    pub(crate) fn sweep_next(&mut self, cursor: &mut Cursor, owners: Owners) -> Swept {
        let Some(area) = self.area_at(cursor) else { return Swept::End };
        let place = place_at(cursor);
        let head = self.blocks.head(place);
        let bytes = head.bytes().max(BLOCK_BYTES_MIN);
        cursor.offset += bytes;
        if head.is_free() {
            return Swept::Passed;
        }
        let Reached { payload, owner, .. } = self.reached(place, bytes);
        if !owners.contains(owner) {
            return Swept::Passed;
        }
        if head.is_marked() {
            return Swept::Kept(bytes);
        }
        // The neighbour may be joined to what becomes free: the walk goes on behind it.
        if cursor.offset < area.end().offset() {
            let right = self.blocks.head(place_at(cursor));
            cursor.offset += if right.is_free() { right.bytes() } else { 0 };
        }
        match self.reclaim_unreached(place) {
            true => Swept::Freed { payload, bytes },
            false => Swept::Passed,
        }
    }

    #[expect(unsafe_code, reason = "gives a block back")]
    fn reclaim_unreached(&mut self, place: Place) -> bool {
        let pointer = self.blocks.payload_of(place);
        // SAFETY: the caller's collection found no pointer into the block, so nobody uses it.
        unsafe { self.reclaim(pointer) }.is_ok()
    }
}

/// The place of a cursor that is in an area.
#[expect(unsafe_code, reason = "a walk goes from header to header")]
#[inline]
const fn place_at(cursor: &Cursor) -> Place {
    // SAFETY: a cursor goes from an area's first block to the next one by the size of each (tiling),
    // and only `area_at` lets it be used.
    unsafe { Place::new(cursor.offset) }
}
