//! The words of the areas: the one file that touches memory.
//!
//! The problem: headers and links live inside the memory that the heap hands out, and must have the
//! same layout on a chip and on a 64-bit host. The idea: a [`Place`] is a 32-bit offset into a
//! *window* of 4 GiB around the first area; on a 32-bit target the window begins at address zero
//! and a place is the address.
//!
//! Invariants
//! 1. **In reach.** Each area lies within the window, and not at its first byte, so that no place
//!    is zero.
//! 2. **A place is proof.** A `Place` is a word-aligned offset in the extent of an area (map,
//!    blocks and end mark). Making one is unsafe, using one is not.
//! 3. **Ours alone.** Who added the area promised that nobody else accesses it but through pointers
//!    that the heap handed out; and the heap accesses only headers, and payloads of free blocks.
#![expect(unsafe_code, reason = "block headers and links live in the memory that the heap manages")]

use core::num::NonZeroU32;
use core::ptr::{self, NonNull};

use super::{AREAS_MAX, AreaError, BLOCK_BYTES_MIN, HEADER_BYTES};

/// One byte of an area's map stands for this many bytes of its blocks.
pub(super) const CHUNK_BYTES: u32 = 512;

/// A word in an area, as an offset from the window's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(NonZeroU32);

impl Place {
    /// A place for a walk that has none to go to; never read.
    pub(super) const NOWHERE: Self = Self(NonZeroU32::MAX);

    /// The word at an offset.
    ///
    /// # Safety
    /// `offset` must be word-aligned and lie in the extent of an area.
    #[inline(always)]
    pub(super) const unsafe fn new(offset: u32) -> Self {
        // SAFETY: by invariant 1 no area contains the window's first byte, so the offset is not
        // zero.
        Self(unsafe { NonZeroU32::new_unchecked(offset) })
    }

    /// What was stored by [`Memory::store_link`].
    ///
    /// # Safety
    /// `word` must be zero or the offset of a place.
    #[inline(always)]
    const unsafe fn from_link(word: u32) -> Option<Self> {
        match NonZeroU32::new(word) {
            Some(offset) => Some(Self(offset)),
            None => None,
        }
    }

    /// The word `bytes` bytes to the right.
    ///
    /// # Safety
    /// That word must lie in the same area, and `bytes` must be a multiple of four.
    #[inline(always)]
    pub(super) const unsafe fn right(self, bytes: u32) -> Self {
        // SAFETY: the caller keeps the offset in the area.
        unsafe { Self::new(self.0.get().wrapping_add(bytes)) }
    }

    /// The word `bytes` bytes to the left.
    ///
    /// # Safety
    /// As [`Place::right`].
    #[inline(always)]
    pub(super) const unsafe fn left(self, bytes: u32) -> Self {
        // SAFETY: the caller keeps the offset in the area.
        unsafe { Self::new(self.0.get().wrapping_sub(bytes)) }
    }

    #[inline(always)]
    pub(super) const fn offset(self) -> u32 {
        self.0.get()
    }

    #[cfg(test)]
    pub(super) const fn for_test(offset: u32) -> Self {
        Self(NonZeroU32::new(offset).unwrap())
    }
}

/// Where an area's blocks are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    /// Where its map begins.
    map: u32,
    /// Its first block.
    first: u32,
    /// Its end mark.
    end: u32,
}

impl Area {
    const NONE: Self = Self { map: 0, first: 0, end: 0 };

    /// Lays out `start..end`, offsets of the window: map, blocks, end mark.
    fn lay_out(start: u32, end: u32) -> Result<Self, AreaError> {
        const LEAST: u32 = GRANULE + BLOCK_BYTES_MIN + HEADER_BYTES;
        const GRANULE: u32 = HEADER_BYTES;
        let map = start.checked_next_multiple_of(GRANULE).ok_or(AreaError::TooSmall)?;
        let bytes = (end / GRANULE * GRANULE).saturating_sub(map);
        if bytes < LEAST {
            return Err(AreaError::TooSmall);
        }
        // For all of the area, so a little more than the blocks need.
        let map_bytes = bytes.div_ceil(CHUNK_BYTES).next_multiple_of(GRANULE);
        Ok(Self { map, first: map + map_bytes, end: map + bytes - HEADER_BYTES })
    }

    #[inline(always)]
    pub(super) const fn first(&self) -> Place {
        // SAFETY: a laid-out area has at least one block, and its first word is in its extent.
        unsafe { Place::new(self.first) }
    }

    #[inline(always)]
    pub(super) const fn end(&self) -> Place {
        // SAFETY: the end mark belongs to the area's extent.
        unsafe { Place::new(self.end) }
    }

    /// What its blocks cover.
    #[inline(always)]
    pub(super) const fn bytes(&self) -> u32 {
        self.end.wrapping_sub(self.first)
    }

    /// Whether a block could start at this offset; alignment aside.
    #[inline(always)]
    pub(super) const fn contains(&self, offset: u32) -> bool {
        offset.wrapping_sub(self.first) < self.bytes()
    }

    fn overlaps(&self, start: u32, end: u32) -> bool {
        start < self.end + HEADER_BYTES && self.map < end
    }
}

/// The areas and the words in them.
pub(super) struct Memory {
    #[cfg(not(target_pointer_width = "32"))]
    window: usize,
    areas: [Area; AREAS_MAX],
    count: u8,
}

impl Memory {
    pub(super) const fn new() -> Self {
        Self {
            #[cfg(not(target_pointer_width = "32"))]
            window: 0,
            areas: [Area::NONE; AREAS_MAX],
            count: 0,
        }
    }

    /// The areas, in the order in which they were added.
    #[inline(always)]
    pub(super) fn areas(&self) -> &[Area] {
        &self.areas[..usize::from(self.count)]
    }

    /// The area whose blocks cover an offset; a place in the array that has no area covers nothing.
    #[inline(always)]
    pub(super) fn area_of(&self, offset: u32) -> Option<Area> {
        self.areas.iter().copied().find(|area| area.contains(offset))
    }

    /// Adds an area without writing to it, and says which number it got.
    ///
    /// # Safety
    /// Invariant 3: the memory is readable, writable, and nobody else's.
    pub(super) unsafe fn add(&mut self, start: NonNull<u8>, bytes: usize) -> Result<u8, AreaError> {
        if usize::from(self.count) == AREAS_MAX {
            return Err(AreaError::TooMany);
        }
        let bytes = u32::try_from(bytes).map_err(|_| AreaError::OutOfReach)?;
        let address = start.as_ptr().expose_provenance();
        self.centre_window(address);
        let from = self.offset_of(address).ok_or(AreaError::OutOfReach)?;
        let to = from.checked_add(bytes).ok_or(AreaError::OutOfReach)?;
        let area = Area::lay_out(from, to)?;
        if self.areas().iter().any(|other| other.overlaps(from, to)) {
            return Err(AreaError::Overlaps);
        }
        let covered: u32 = self.areas().iter().map(Area::bytes).sum();
        if covered.saturating_add(area.bytes()) > i32::MAX.cast_unsigned() {
            return Err(AreaError::OutOfReach);
        }
        self.areas[usize::from(self.count)] = area;
        self.count += 1;
        Ok(self.count - 1)
    }

    /// Forgets an area; those behind it move up.
    pub(super) fn remove(&mut self, number: usize) {
        let count = usize::from(self.count);
        self.areas.copy_within(number + 1..count, number);
        self.areas[count - 1] = Area::NONE;
        self.count -= 1;
    }

    /// The addresses of all that an area takes: map, blocks and end mark.
    pub(super) fn extent(&self, area: Area) -> core::ops::Range<usize> {
        // SAFETY: the map belongs to the area's extent.
        let from = self.address_of(unsafe { Place::new(area.map) });
        from..self.address_of(area.end()) + HEADER_BYTES as usize
    }

    /// Puts the first area in the window's middle; keeps offsets and addresses congruent for every
    /// alignment.
    #[cfg(not(target_pointer_width = "32"))]
    fn centre_window(&mut self, address: usize) {
        if self.count == 0 {
            self.window = address.wrapping_sub(1 << 31) & !(super::ALIGN_MAX - 1);
        }
    }

    #[cfg(target_pointer_width = "32")]
    const fn centre_window(&mut self, _address: usize) {
        // A place is the address.
    }

    /// Where an address is in the window, unless it is outside or its first byte.
    #[cfg(not(target_pointer_width = "32"))]
    #[inline(always)]
    pub(super) fn offset_of(&self, address: usize) -> Option<u32> {
        u32::try_from(address.wrapping_sub(self.window)).ok().filter(|&offset| offset != 0)
    }

    #[cfg(target_pointer_width = "32")]
    #[inline(always)]
    pub(super) const fn offset_of(&self, address: usize) -> Option<u32> {
        if address == 0 { None } else { Some(address as u32) }
    }

    /// The address of a place.
    #[cfg(not(target_pointer_width = "32"))]
    #[inline(always)]
    pub(super) const fn address_of(&self, place: Place) -> usize {
        self.window.wrapping_add(place.offset() as usize)
    }

    #[cfg(target_pointer_width = "32")]
    #[inline(always)]
    pub(super) const fn address_of(&self, place: Place) -> usize {
        place.offset() as usize
    }

    /// The pointer to a place, as a caller of the heap gets it.
    #[inline(always)]
    pub(super) fn pointer_to(&self, place: Place) -> NonNull<u8> {
        let pointer = ptr::with_exposed_provenance_mut(self.address_of(place));
        // SAFETY: by invariant 1 no area contains address zero.
        unsafe { NonNull::new_unchecked(pointer) }
    }

    #[inline(always)]
    pub(super) fn load(&self, place: Place) -> u32 {
        self.debug_assert_place(place);
        // SAFETY: invariants 2 and 3.
        unsafe { ptr::with_exposed_provenance::<u32>(self.address_of(place)).read() }
    }

    #[inline(always)]
    pub(super) fn store(&mut self, place: Place, word: u32) {
        self.debug_assert_place(place);
        // SAFETY: invariants 2 and 3.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self.address_of(place)).write(word) }
    }

    /// Loads what [`Memory::store_link`] stored.
    ///
    /// # Safety
    /// A link must have been stored there, and nothing since.
    #[inline(always)]
    pub(super) unsafe fn load_link(&self, place: Place) -> Option<Place> {
        // SAFETY: the caller knows that the word is a link.
        unsafe { Place::from_link(self.load(place)) }
    }

    #[inline(always)]
    pub(super) fn store_link(&mut self, place: Place, link: Option<Place>) {
        self.store(place, link.map_or(0, Place::offset));
    }

    /// Fills an area's map with a byte.
    pub(super) fn fill_map(&mut self, area: Area, byte: u8) {
        let word = u32::from_ne_bytes([byte; 4]);
        for offset in (area.map..area.first).step_by(4) {
            // SAFETY: the map belongs to the area's extent.
            let place = unsafe { Place::new(offset) };
            self.store(place, word);
        }
    }

    /// The map's byte for a chunk.
    pub(super) fn map_byte(&self, area: Area, chunk: u32) -> u8 {
        let (place, lane) = Self::map_word(area, chunk);
        self.load(place).to_ne_bytes()[lane]
    }

    /// Sets the map's byte for a chunk.
    pub(super) fn set_map_byte(&mut self, area: Area, chunk: u32, byte: u8) {
        let (place, lane) = Self::map_word(area, chunk);
        let mut bytes = self.load(place).to_ne_bytes();
        bytes[lane] = byte;
        self.store(place, u32::from_ne_bytes(bytes));
    }

    fn map_word(area: Area, chunk: u32) -> (Place, usize) {
        assert!(chunk < area.first - area.map, "a chunk of the area has a byte in its map");
        // SAFETY: the byte, and so its word, is in the map, which belongs to the area's extent.
        let place = unsafe { Place::new(area.map + chunk / 4 * 4) };
        (place, chunk as usize % 4)
    }

    #[inline(always)]
    fn debug_assert_place(&self, place: Place) {
        let inside = |area: &Area| (area.map..area.end + HEADER_BYTES).contains(&place.offset());
        debug_assert!(place.offset().is_multiple_of(4), "{place:?} is not word-aligned");
        debug_assert!(self.areas().iter().any(inside), "{place:?} is in no area");
    }
}
