//! Size classes: which list a free block belongs to, and which list to take one from.
//!
//! Pure. The problem: find in constant time, on a core without a count-leading-zeros instruction, a
//! free block that is large enough and hardly larger. The idea: classes of one granule each up to
//! [`SPLIT`] granules, then [`SPLIT`] classes for each doubling. Doubling a size adds exactly
//! [`SPLIT`] to its class, so a table for the first 256 sizes, shifted by four doublings at a time,
//! gives the class of any; and a flat bitmap of 32-bit words under one summary word gives the next
//! class that has a block.
//!
//! Invariants
//! 1. `class_of` never decreases when the size grows.
//! 2. A bit is set exactly if the head of its list is set (half of the heap's "Listed").
//! 3. The last class is open-ended: it also holds what is larger than its own range.

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
const WORDS: usize = CLASSES.div_ceil(32);

const _: () =
    assert!(TABLE_GRANULES >> TABLE_SHIFT >= SPLIT, "a shifted size must stay in the doublings");
const _: () = assert!(CLASSES <= 256, "a class must fit the table's bytes");
const _: () = assert!(WORDS <= 32, "the summary is one word");
const _: () = assert!(size_of::<Classes>() <= 512, "the control structure must stay below 1 KiB");

/// The class by its definition; the table holds its first values.
const fn reference_class(granules: u32) -> u32 {
    if granules < SPLIT {
        return granules;
    }
    let doublings = granules.ilog2() - SPLIT_LOG2;
    doublings * SPLIT + (granules >> doublings)
}

static TABLE: [u8; TABLE_GRANULES as usize] = {
    let mut table = [0; TABLE_GRANULES as usize];
    let mut granules = 0;
    while granules < TABLE_GRANULES {
        table[granules as usize] = reference_class(granules) as u8;
        granules += 1;
    }
    table
};

/// A list of free blocks of similar size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class(u32);

/// The class of a block of `bytes` bytes.
#[inline]
pub(super) fn class_of(bytes: u32) -> Class {
    let granules = bytes / GRANULE_BYTES;
    let table = |index: u32| u32::from(TABLE[(index % TABLE_GRANULES) as usize]);
    Class(if granules < TABLE_GRANULES {
        table(granules)
    } else if granules < TABLE_GRANULES << TABLE_SHIFT {
        table(granules >> TABLE_SHIFT) + TABLE_SHIFT * SPLIT
    } else if granules < OPEN_GRANULES {
        table(granules >> (2 * TABLE_SHIFT)) + 2 * TABLE_SHIFT * SPLIT
    } else {
        CLASSES as u32 - 1
    })
}

/// The heads of all lists, and which of them are not empty.
#[repr(C)]
pub(super) struct Classes {
    summary: u32,
    words: [u32; WORDS],
    heads: [Option<Place>; CLASSES],
}

impl Classes {
    pub(super) const fn new() -> Self {
        Self { summary: 0, words: [0; WORDS], heads: [None; CLASSES] }
    }

    /// The first block of a list.
    #[inline]
    pub(super) fn head(&self, class: Class) -> Option<Place> {
        self.heads[class.0 as usize]
    }

    /// Puts a block before all others of its list, and says which was the first.
    #[inline]
    pub(super) fn push(&mut self, class: Class, place: Place) -> Option<Place> {
        let next = self.heads[class.0 as usize].replace(place);
        if next.is_none() {
            let word = class.0 / 32;
            self.words[word as usize] |= 1 << (class.0 % 32);
            self.summary |= 1 << word;
        }
        next
    }

    /// Says that the first block of a list, which is not empty, is now elsewhere.
    #[inline]
    pub(super) fn move_head(&mut self, class: Class, to: Place) {
        self.heads[class.0 as usize] = Some(to);
    }

    /// Says that a list's first block is now its second, if it had one.
    #[inline]
    pub(super) fn replace_head(&mut self, class: Class, next: Option<Place>) {
        self.heads[class.0 as usize] = next;
        if next.is_none() {
            let word = class.0 / 32;
            let left = self.words[word as usize] & !(1 << (class.0 % 32));
            self.words[word as usize] = left;
            if left == 0 {
                self.summary &= !(1 << word);
            }
        }
    }

    /// The first class after `class` whose list is not empty.
    #[inline]
    pub(super) fn first_after(&self, class: Class) -> Option<Class> {
        // Two shifts each, because a shift by 32 is none.
        let word = class.0 / 32;
        let here = self.words[word as usize] & (u32::MAX << (class.0 % 32) << 1);
        if here != 0 {
            return Some(Class(word * 32 + here.trailing_zeros()));
        }
        let above = self.summary & (u32::MAX << word << 1);
        if above == 0 {
            return None;
        }
        let word = above.trailing_zeros();
        Some(Class(word * 32 + self.words[word as usize].trailing_zeros()))
    }

    /// The largest class whose list is not empty.
    pub(super) fn last(&self) -> Option<Class> {
        let word = self.summary.checked_ilog2()?;
        Some(Class(word * 32 + self.words[word as usize].ilog2()))
    }

    /// All classes, empty or not.
    pub(super) fn all(&self) -> impl Iterator<Item = Class> + use<> {
        (0..CLASSES as u32).map(Class)
    }

    /// Whether every bit says what its list says (invariant 2).
    pub(super) fn bits_agree(&self) -> bool {
        let listed = |index: usize| self.words[index / 32] >> (index % 32) & 1 == 1;
        let summed = |word: usize| self.summary >> word & 1 == 1;
        (0..CLASSES).all(|index| listed(index) == self.heads[index].is_some())
            && (0..WORDS).all(|word| summed(word) == (self.words[word] != 0))
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
