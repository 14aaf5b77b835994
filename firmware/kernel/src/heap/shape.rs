//! What a heap looks like: its areas, its free blocks by size, and how fragmented it is. Pure.
//!
//! "How much is free" does not say what can still be had: an allocation needs one free block. So the
//! free blocks are counted by size, and *fragmented* bytes are those free bytes that lie outside
//! of the largest free block of their area. Two areas can never become one, so a heap of several
//! areas is not fragmented as long as each has its free bytes in one piece.
//!
//! A [`Shape`] is filled block by block, by whoever walks the heap.

use super::{AREAS_MAX, BLOCK_BYTES_MIN, Block};

/// How many classes of sizes free blocks are counted in.
pub const SIZE_CLASSES: usize = 16;

/// The bytes that MicroPython counts memory in, and `mem_info` with it.
pub const UNIT_BYTES: u32 = 16;

/// What one area holds, in bytes of whole blocks unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AreaFigures {
    /// The address of its first block.
    pub start: usize,
    /// What its blocks cover: the sum of the next two.
    pub bytes: u32,
    /// In used blocks.
    pub used: u32,
    /// In free blocks.
    pub free: u32,
    /// The largest free block, header included.
    pub largest_free: u32,
    /// How many blocks are used.
    pub used_blocks: u32,
    /// How many blocks are free.
    pub free_blocks: u32,
}

/// What a walk over all blocks has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    areas: [AreaFigures; AREAS_MAX],
    count: usize,
    /// Free blocks by size: class `n` holds those of `16 << n` bytes and more, but fewer than the
    /// next class; the last class holds all that are larger.
    pub free_by_size: [u32; SIZE_CLASSES],
    /// Used blocks of at most 16 and of at most 32 bytes: MicroPython's 1-blocks and 2-blocks.
    pub small_used: [u32; 2],
    /// The largest used block, header included.
    pub largest_used: u32,
}

impl Shape {
    /// Counts a block of an area. Areas come one after the other, blocks in the order of their
    /// addresses.
    pub fn see(&mut self, area: usize, block: &Block) {
        let figures = &mut self.areas[area % AREAS_MAX];
        if figures.bytes == 0 {
            figures.start = block.start;
            self.count = self.count.max(area + 1);
        }
        figures.bytes += block.bytes;
        if block.free {
            figures.free += block.bytes;
            figures.free_blocks += 1;
            figures.largest_free = figures.largest_free.max(block.bytes);
            self.free_by_size[size_class(block.bytes)] += 1;
        } else {
            figures.used += block.bytes;
            figures.used_blocks += 1;
            self.largest_used = self.largest_used.max(block.bytes);
            if let Some(count) = self.small_used.get_mut(units(block.bytes) as usize - 1) {
                *count += 1;
            }
        }
    }

    /// The areas in the order in which the heap got them.
    #[must_use]
    pub fn areas(&self) -> &[AreaFigures] {
        &self.areas[..self.count]
    }

    /// Free bytes of all areas.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.areas().iter().map(|area| area.free).sum()
    }

    /// The largest free block of any area, header included.
    #[must_use]
    pub fn largest_free(&self) -> u32 {
        self.areas().iter().map(|area| area.largest_free).max().unwrap_or(0)
    }

    /// Free bytes outside of the largest free block of their area.
    #[must_use]
    pub fn fragmented(&self) -> u32 {
        self.areas().iter().map(|area| area.free - area.largest_free).sum()
    }

    /// The share of the free bytes that is fragmented, in hundredths of a per cent, rounded up: 0
    /// means none.
    #[must_use]
    pub fn fragmentation(&self) -> u32 {
        match self.free() {
            0 => 0,
            free => (u64::from(self.fragmented()) * 10_000).div_ceil(u64::from(free)) as u32,
        }
    }
}

/// The class that a free block of so many bytes counts in.
#[must_use]
pub const fn size_class(bytes: u32) -> usize {
    let class = (bytes / BLOCK_BYTES_MIN).checked_ilog2();
    match class {
        Some(class) if (class as usize) < SIZE_CLASSES => class as usize,
        Some(_) => SIZE_CLASSES - 1,
        None => 0,
    }
}

/// How many of MicroPython's blocks a block takes.
#[must_use]
pub const fn units(bytes: u32) -> u32 {
    bytes.div_ceil(UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::OwnerIndex;

    fn shape(blocks: &[(usize, u32, bool)]) -> Shape {
        let mut shape = Shape::default();
        let mut start = 0x1000;
        for &(area, bytes, free) in blocks {
            let owner = OwnerIndex::KERNEL;
            shape.see(area, &Block { start, bytes, owner, site: 0, free, quarantined: false });
            start += bytes as usize;
        }
        shape
    }

    #[test]
    fn an_area_that_is_free_in_one_piece_is_not_fragmented() {
        let shape = shape(&[(0, 64, false), (0, 4096, true), (1, 1024, true)]);
        assert_eq!((shape.fragmented(), shape.fragmentation()), (0, 0));
        assert_eq!((shape.free(), shape.largest_free()), (5120, 4096));
        assert_eq!(shape.areas().len(), 2);
        assert_eq!(shape.areas()[0].used + shape.areas()[0].free, shape.areas()[0].bytes);
    }

    #[test]
    fn fragmented_is_what_lies_outside_of_the_largest_free_block() {
        let shape = shape(&[(0, 176, true), (0, 8400, false), (0, 47424, true)]);
        assert_eq!(shape.fragmented(), 176, "the seed's own figures");
        assert_eq!(shape.fragmentation(), 37, "176 of 47,600");
    }

    #[test]
    fn sizes_fall_into_classes_of_powers_of_two() {
        assert_eq!([16, 24, 31, 32, 63, 64].map(size_class), [0, 0, 0, 1, 1, 2]);
        assert_eq!(size_class(u32::MAX), SIZE_CLASSES - 1);
        assert_eq!([16, 17, 32, 33].map(units), [1, 2, 2, 3]);
    }
}
