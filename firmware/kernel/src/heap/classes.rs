//! Size classes: which list a free block belongs to, and which list to take one from.
//!
//! Pure. The problem: find in constant time, on a core without a count-leading-zeros instruction, a
//! free block that is large enough and hardly larger. The idea: classes of one granule each up to
//! [`SPLIT`] granules, then [`SPLIT`] classes for each doubling. Doubling a size adds exactly
//! [`SPLIT`] to its class, so a table for the first 256 sizes, shifted by four doublings at a time,
//! gives the class of any. The classes of a doubling have a byte of bits, which a table of 256 finds
//! the lowest of, and one word says which bytes are not zero.
//!
//! Invariants
//! 1. `class_of` never decreases when the size grows.
//! 2. A bit is set exactly if the head of its list is set (half of the heap's "Listed").
//! 3. The last class is open-ended: it also holds what is larger than its own range.
//! 4. A `Class` is below [`CLASSES`]: each that is made is a table's entry, the last one, or one
//!    whose bit is set.
#![expect(unsafe_code, reason = "tells the compiler invariant 4, so that no index is checked")]

use super::raw::Place;

/// Every block's size is a multiple of this.
pub(super) const GRANULE_BYTES: u32 = 8;

const SPLIT_LOG2: u32 = 3;
/// Classes in each doubling of the size.
pub(super) const SPLIT: u32 = 1 << SPLIT_LOG2;

/// Sizes whose class the table tells directly, in granules.
const TABLE_GRANULES: u32 = 256;
/// How far a size is shifted to reach the table again.
const TABLE_SHIFT: u32 = 4;
/// From here on everything is in the last class, in granules: 512 KiB.
const OPEN_GRANULES: u32 = TABLE_GRANULES << (2 * TABLE_SHIFT);

/// How many lists there are.
pub(super) const CLASSES: usize = reference_class(OPEN_GRANULES - 1) as usize + 1;
/// How many bytes of bits: one for each doubling.
const BYTES: usize = CLASSES / SPLIT as usize;

const _: () =
    assert!(TABLE_GRANULES >> TABLE_SHIFT >= SPLIT, "a shifted size must stay in the doublings");
const _: () = assert!(CLASSES <= 256, "a class must fit the table's bytes");
const _: () = assert!(SPLIT == 8 && CLASSES.is_multiple_of(8), "the bits of a doubling are a byte");
const _: () = assert!(BYTES <= 16, "the summary's bits are two bytes");
const _: () = assert!(size_of::<Classes>() <= 512, "the control structure must stay below 1 KiB");

/// The class by its definition; the table holds its first values.
const fn reference_class(granules: u32) -> u32 {
    if granules < SPLIT {
        return granules;
    }
    let doublings = granules.ilog2() - SPLIT_LOG2;
    doublings * SPLIT + (granules >> doublings)
}

/// Together, because what is near costs one instruction less to reach.
#[repr(C)]
struct Tables {
    /// The class of a block of so many granules.
    class: [u8; TABLE_GRANULES as usize],
    /// The number of the lowest bit that is set.
    lowest: [u8; 256],
}

static TABLES: Tables = {
    let mut tables = Tables { class: [0; TABLE_GRANULES as usize], lowest: [0; 256] };
    let mut index = 0;
    while index < 256 {
        tables.class[index as usize] = reference_class(index) as u8;
        tables.lowest[index as usize] = index.trailing_zeros() as u8 & 7;
        index += 1;
    }
    tables
};

const _: () = assert!(TABLE_GRANULES == 256, "both tables are filled in one loop");

/// A list of free blocks of similar size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class(u32);

impl Class {
    #[inline(always)]
    const fn index(self) -> usize {
        let index = self.0 as usize;
        // SAFETY: invariant 4.
        unsafe { core::hint::assert_unchecked(index < CLASSES) };
        index
    }

    /// Which byte has its bit, and which of the byte's bits it is.
    #[inline(always)]
    const fn byte_and_bit(self) -> (usize, u32) {
        (self.index() / SPLIT as usize, self.0 % SPLIT)
    }
}

/// Blocks below this size have their class in the table.
pub(super) const SMALL_BYTES: u32 = TABLE_GRANULES * GRANULE_BYTES;

impl Tables {
    /// The number of the lowest bit of a byte that is not zero.
    #[inline(always)]
    fn lowest(&self, byte: u32) -> u32 {
        u32::from(self.lowest[(byte & 0xFF) as usize])
    }

    /// The class of a block of less than [`TABLE_GRANULES`] granules.
    #[inline(always)]
    fn small(&self, granules: u32) -> Class {
        Class(u32::from(self.class[(granules % TABLE_GRANULES) as usize]))
    }

    #[inline(always)]
    fn class_of(&self, bytes: u32) -> Class {
        if bytes < SMALL_BYTES {
            self.small(bytes / GRANULE_BYTES)
        } else {
            self.large_class_of(bytes)
        }
    }

    #[inline(always)]
    fn large_class_of(&self, bytes: u32) -> Class {
        const OPEN_BYTES: u32 = OPEN_GRANULES * GRANULE_BYTES;
        let shifted = |by: u32| Class(self.small((bytes / GRANULE_BYTES) >> by).0 + by * SPLIT);
        if bytes < SMALL_BYTES << TABLE_SHIFT {
            shifted(TABLE_SHIFT)
        } else if bytes < OPEN_BYTES {
            shifted(2 * TABLE_SHIFT)
        } else {
            Class(CLASSES as u32 - 1)
        }
    }
}

/// The class of a block of `bytes` bytes.
pub(super) fn class_of(bytes: u32) -> Class {
    TABLES.class_of(bytes)
}

/// The heads of all lists, and which of them are not empty.
#[repr(C)]
pub(super) struct Classes {
    /// [`TABLES`]: to load their address takes one instruction, to make it takes two.
    tables: &'static Tables,
    summary: u32,
    bits: [u8; BYTES.next_multiple_of(4)],
    heads: [Option<Place>; CLASSES],
}

impl Classes {
    pub(super) const fn new() -> Self {
        Self {
            tables: &TABLES,
            summary: 0,
            bits: [0; BYTES.next_multiple_of(4)],
            heads: [None; CLASSES],
        }
    }

    /// The class of a block of `bytes` bytes.
    #[inline(always)]
    pub(super) fn class_of(&self, bytes: u32) -> Class {
        self.tables.class_of(bytes)
    }

    /// The class of a block of so many granules, less than [`TABLE_GRANULES`].
    #[inline(always)]
    pub(super) fn small_class_of(&self, granules: u32) -> Class {
        self.tables.small(granules)
    }

    /// The first block of a list.
    #[inline(always)]
    pub(super) fn head(&self, class: Class) -> Option<Place> {
        self.heads[class.index()]
    }

    /// Puts a block before all others of its list, and says which was the first.
    #[inline(always)]
    pub(super) fn push(&mut self, class: Class, place: Place) -> Option<Place> {
        let next = self.heads[class.index()].replace(place);
        if next.is_none() {
            let (byte, bit) = class.byte_and_bit();
            self.bits[byte] |= 1 << bit;
            self.summary |= 1 << byte;
        }
        next
    }

    /// Says that the first block of a list, which is not empty, is now elsewhere.
    #[inline(always)]
    pub(super) fn move_head(&mut self, class: Class, to: Place) {
        self.heads[class.index()] = Some(to);
    }

    /// Says that a list's first block is now its second, if it had one.
    #[inline(always)]
    pub(super) fn replace_head(&mut self, class: Class, next: Option<Place>) {
        self.heads[class.index()] = next;
        if next.is_none() {
            let (byte, bit) = class.byte_and_bit();
            let left = self.bits[byte] & !(1 << bit);
            self.bits[byte] = left;
            if left == 0 {
                self.summary &= !(1 << byte);
            }
        }
    }

    /// The first class after `class` whose list is not empty.
    #[inline(always)]
    pub(super) fn first_after(&self, class: Class) -> Option<Class> {
        let (byte, bit) = class.byte_and_bit();
        // Two shifts each: what the class itself has falls out.
        let here = u32::from(self.bits[byte]) >> bit >> 1;
        if here != 0 {
            return Some(Class(class.0 + 1 + self.tables.lowest(here)));
        }
        let above = self.summary >> byte >> 1;
        if above == 0 {
            return None;
        }
        let skipped = match above & 0xFF {
            0 => 8 + self.tables.lowest(above >> 8),
            low => self.tables.lowest(low),
        };
        let byte = (byte as u32 + 1 + skipped) % 16;
        let class = byte * SPLIT + self.tables.lowest(u32::from(self.bits[byte as usize]));
        Some(Class(class))
    }

    /// The largest class whose list is not empty.
    pub(super) fn last(&self) -> Option<Class> {
        let byte = self.summary.checked_ilog2()?;
        Some(Class(byte * SPLIT + self.bits[byte as usize].ilog2()))
    }

    /// All classes, empty or not.
    pub(super) fn all(&self) -> impl Iterator<Item = Class> + use<> {
        (0..CLASSES as u32).map(Class)
    }

    /// Whether every bit says what its list says (invariant 2).
    pub(super) fn bits_agree(&self) -> bool {
        let listed = |index: usize| self.bits[index / 8] >> (index % 8) & 1 == 1;
        let summed = |byte: usize| self.summary >> byte & 1 == 1;
        (0..CLASSES).all(|index| listed(index) == self.heads[index].is_some())
            && (0..BYTES).all(|byte| summed(byte) == (self.bits[byte] != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_its_shifts_agree_with_the_definition() {
        for granules in 0..OPEN_GRANULES {
            let class = class_of(granules * GRANULE_BYTES);
            assert_eq!(class, Class(reference_class(granules)), "{granules} granules");
        }
    }

    #[test]
    fn a_larger_size_never_has_a_smaller_class() {
        let mut before = class_of(0);
        for granules in 1..=OPEN_GRANULES + 1 {
            let class = class_of(granules * GRANULE_BYTES);
            assert!(before <= class, "{granules} granules");
            before = class;
        }
        assert_eq!(class_of(u32::MAX), Class(CLASSES as u32 - 1));
    }

    #[test]
    fn a_class_is_at_most_an_eighth_wide() {
        let mut first = 2;
        for granules in 2..OPEN_GRANULES - 1 {
            if class_of(granules * GRANULE_BYTES) != class_of((granules + 1) * GRANULE_BYTES) {
                assert!((granules + 1 - first) * SPLIT <= first.max(SPLIT), "{first}..={granules}");
                first = granules + 1;
            }
        }
    }

    #[test]
    fn the_search_finds_what_a_scan_finds() {
        let place = Place::for_test(8);
        let mut classes = Classes::new();
        assert_eq!(classes.first_after(Class(0)), None);
        assert_eq!(classes.last(), None);
        let set = [2, 5, 31, 32, 63, 97, CLASSES as u32 - 1];
        for class in set {
            assert_eq!(classes.push(Class(class), place), None);
        }
        for from in 0..CLASSES as u32 {
            let expected = set.into_iter().find(|&class| class > from).map(Class);
            assert_eq!(classes.first_after(Class(from)), expected, "after {from}");
        }
        for class in set.into_iter().rev() {
            assert_eq!(classes.last(), Some(Class(class)));
            classes.replace_head(Class(class), None);
            assert!(classes.bits_agree());
        }
        assert_eq!(classes.last(), None);
    }
}
