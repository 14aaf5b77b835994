//! Where blocks start: one bit for each eight bytes, while a collection looks pointers up.
//!
//! The problem: thousands of words are looked up, each may point anywhere into a block, and a walk
//! over headers to the block around it costs more than all else together. And what is reached while
//! the marker's stack is full must be found again without a look at all that was scanned. The idea:
//! a free block is nobody's as long as the heap stands still, so the bits are there, a 64th of
//! what the blocks cover. A block has two granules at least: the bit of the first says that it starts
//! there, that of the second that its contents are still to be scanned.
//!
//! Invariants:
//! 1. **Lent.** The bits lie between the links and the size of one free block. Whoever takes that
//!    block takes them too: who changes the heap ends their use, and [`Heap::lends_starts`] tells.
//! 2. **Two bits.** The second bit of a block is set only if its first is, and no bit between blocks
//!    is: a bit after a bit that is set is no start.
//! 3. Where no free block is large enough there are no bits, and the map is used (`mark`).

use super::blocks::{FOOTER_BYTES, LINKS_BYTES};
use super::raw::Place;
use super::{AREAS_MAX, HEADER_BYTES, Heap, Reached};

/// Granules of which one word has the bits.
const BITS: u32 = u32::BITS;
const WORD_BYTES: u32 = 4;
/// Words that are cleared at once.
const CLEARED: u32 = 8;

/// The bits, as offsets of words.
pub(super) struct Starts {
    /// Whose inside they are in, and how large it is; 0: there are no bits.
    lender: u32,
    lender_bytes: u32,
    /// The first word of each area.
    of_area: [u32; AREAS_MAX],
    /// Behind the last word.
    end: u32,
    /// No word below has a block that is to be scanned.
    postponed: u32,
}

/// A word of the bits.
#[expect(unsafe_code, reason = "the bits lie in a free block")]
#[inline(always)]
const fn word_at(offset: u32) -> Place {
    // SAFETY: `begin_starts` lays all words out within a free block, which is in an area's extent.
    unsafe { Place::new(offset) }
}

impl Starts {
    pub(super) const NONE: Self =
        Self { lender: 0, lender_bytes: 0, of_area: [0; AREAS_MAX], end: 0, postponed: 0 };

    /// Whether there are bits.
    #[inline(always)]
    pub(super) const fn are_there(&self) -> bool {
        self.lender != 0
    }
}

impl Heap {
    /// Borrows the inside of the largest free block, if the bits of all areas fit; says where to begin
    /// to clear them.
    pub(super) fn begin_starts(&mut self) -> u32 {
        self.starts = Starts::NONE;
        let Some((lender, bytes)) = self.blocks.largest_place() else { return u32::MAX };
        let mut starts = Starts { lender, lender_bytes: bytes, ..Starts::NONE };
        let begin = lender + LINKS_BYTES;
        starts.end = begin;
        for (area, first) in self.blocks.memory.areas().iter().zip(&mut starts.of_area) {
            *first = starts.end;
            // One bit more: the second of an area's last block is followed by no start.
            let words = area.bytes() / HEADER_BYTES / BITS + 1;
            starts.end = first.saturating_add(words * WORD_BYTES);
        }
        starts.postponed = starts.end;
        if starts.end - begin > bytes.saturating_sub(LINKS_BYTES + FOOTER_BYTES) {
            return u32::MAX;
        }
        self.starts = starts;
        begin
    }

    /// Clears the next words from an offset on, and says where to go on; `None`: all are clear.
    #[inline]
    pub(super) fn clear_starts(&mut self, from: u32) -> Option<u32> {
        if from >= self.starts.end {
            return None;
        }
        let to = self.starts.end.min(from + CLEARED * WORD_BYTES);
        for offset in (from..to).step_by(WORD_BYTES as usize) {
            self.blocks.memory.store(word_at(offset), 0);
        }
        Some(to)
    }

    /// Gives them back: the heap may change.
    pub(crate) fn end_starts(&mut self) {
        self.starts = Starts::NONE;
    }

    /// Whether the block that the bits are in is still free: if not, somebody changed the heap.
    pub(crate) fn lends_starts(&self) -> bool {
        let Starts { lender, lender_bytes, .. } = self.starts;
        !self.starts.are_there() || {
            let head = self.blocks.head(word_at(lender));
            head.is_free() && head.bytes() == lender_bytes
        }
    }

    /// Notes that a block starts at a granule of an area.
    #[inline]
    pub(super) fn note_start(&mut self, area: u8, granule: u32) {
        let bits = self.starts.of_area[usize::from(area) % AREAS_MAX];
        let place = word_at(bits + granule / BITS * WORD_BYTES);
        let word = self.blocks.memory.load(place) | 1 << (granule % BITS);
        self.blocks.memory.store(place, word);
    }

    /// The start of the block that an address lies in.
    ///
    /// Constant time where the address is that of the header; else the words are read back to it.
    #[inline]
    pub(super) fn start_by_bits(&self, address: usize) -> Option<Place> {
        let memory = &self.blocks.memory;
        let offset = memory.offset_of(address)?;
        let mut areas = memory.areas().iter().zip(&self.starts.of_area);
        let (area, bits) = areas.find(|(area, _)| area.contains(offset))?;
        let granule = (offset - area.first().offset()) / HEADER_BYTES;
        let bit = granule % BITS;
        let at = *bits + granule / BITS * WORD_BYTES;
        // The bit and the one before it: a start without a neighbour is most of what is looked up.
        let word = memory.load(word_at(at)) << (BITS - 1 - bit);
        if bit > 0 && word >> (BITS - 2) == 0b10 {
            return Some(self.blocks.right(area.first(), granule * HEADER_BYTES));
        }
        let start = self.start_before(*bits, at, word, granule)?;
        Some(self.blocks.right(area.first(), start * HEADER_BYTES))
    }

    /// The last start up to a granule, whose bit is the highest one of `word`.
    #[inline(never)]
    fn start_before(&self, bits: u32, at: u32, word: u32, granule: u32) -> Option<u32> {
        let memory = &self.blocks.memory;
        let (mut word, mut at, mut top) = (word, at, granule);
        while word == 0 {
            if at == bits {
                return None;
            }
            at -= WORD_BYTES;
            top = (at - bits) / WORD_BYTES * BITS + BITS - 1;
            word = memory.load(word_at(at));
        }
        let last = top - word.leading_zeros();
        let Some(before) = last.checked_sub(1) else { return Some(last) };
        let pair = memory.load(word_at(bits + before / BITS * WORD_BYTES));
        // Invariant 2.
        Some(if pair >> (before % BITS) & 1 == 1 { before } else { last })
    }

    /// Notes that a marked block is to be scanned later; false: there are no bits for that.
    #[cold]
    pub(crate) fn postpone(&mut self, payload: usize) -> bool {
        let Some((place, mask)) = self.second_bit(payload) else { return false };
        let word = self.blocks.memory.load(place) | mask;
        self.blocks.memory.store(place, word);
        self.starts.postponed = self.starts.postponed.min(place.offset());
        true
    }

    /// Where the second bit of a block is.
    fn second_bit(&self, payload: usize) -> Option<(Place, u32)> {
        let memory = &self.blocks.memory;
        // The payload is the second granule.
        let offset = memory.offset_of(payload).filter(|_| self.starts.are_there())?;
        let mut areas = memory.areas().iter().zip(&self.starts.of_area);
        let (area, bits) = areas.find(|(area, _)| area.contains(offset))?;
        let granule = (offset - area.first().offset()) / HEADER_BYTES;
        Some((word_at(bits + granule / BITS * WORD_BYTES), 1 << (granule % BITS)))
    }

    /// Takes the lowest block that was postponed, as far as `fuel`, in words, lasts.
    pub(crate) fn next_postponed(&mut self, fuel: &mut u32) -> Option<Reached> {
        while self.starts.postponed < self.starts.end {
            *fuel = fuel.checked_sub(1)?;
            let at = self.starts.postponed;
            let word = self.blocks.memory.load(word_at(at));
            // An area's last bit is never set, so its last word lends nothing to the next area.
            let carry = match at.wrapping_sub(WORD_BYTES) {
                before if before < self.starts.of_area[0] => 0,
                before => self.blocks.memory.load(word_at(before)) >> (BITS - 1),
            };
            let seconds = word & (word << 1 | carry);
            if seconds != 0 {
                let bit = seconds.trailing_zeros();
                self.blocks.memory.store(word_at(at), word & !(1 << bit));
                return self.block_of_second(at, bit);
            }
            self.starts.postponed = at + WORD_BYTES;
        }
        None
    }

    fn block_of_second(&self, at: u32, bit: u32) -> Option<Reached> {
        let memory = &self.blocks.memory;
        let mut areas = memory.areas().iter().zip(&self.starts.of_area).rev();
        let (area, bits) = areas.find(|(_, bits)| **bits <= at)?;
        let granule = (at - bits) / WORD_BYTES * BITS + bit - 1;
        let place = self.blocks.right(area.first(), granule * HEADER_BYTES);
        Some(self.reached(place, self.blocks.head(place).bytes()))
    }
}
