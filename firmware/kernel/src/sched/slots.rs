//! A set of slots: a bit for each, in words, so that its first one is found without a look at all.

use super::{Slot, THREADS_MAX};

const WORDS: usize = THREADS_MAX.div_ceil(32);

/// See the module's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotSet([u32; WORDS]);

impl SlotSet {
    /// No slot.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// This slot alone.
    #[must_use]
    pub fn of(slot: Slot) -> Self {
        let mut set = Self::EMPTY;
        set.insert(slot);
        set
    }

    /// Those that are not in the other one.
    #[must_use]
    pub fn without(mut self, other: &SlotSet) -> Self {
        for (word, others) in self.0.iter_mut().zip(other.0) {
            *word &= !others;
        }
        self
    }

    /// All slots but that of the idle context.
    pub(super) const fn all_but_idle() -> Self {
        let mut words = [u32::MAX; WORDS];
        words[0] &= !1;
        Self(words)
    }

    /// The first slot of the set.
    #[inline]
    pub(crate) fn first(&self) -> Option<Slot> {
        let (index, word) = self.0.iter().enumerate().find(|(_, word)| **word != 0)?;
        Some(Slot(index as u8 * 32 + lowest_bit(*word)))
    }

    #[inline]
    pub(crate) fn insert(&mut self, slot: Slot) {
        self.0[slot.index() / 32] |= 1 << (slot.index() % 32);
    }

    #[inline]
    pub(crate) fn remove(&mut self, slot: Slot) {
        self.0[slot.index() / 32] &= !(1 << (slot.index() % 32));
    }

    /// Takes the first slot out.
    pub(crate) fn take_first(&mut self) -> Option<Slot> {
        let slot = self.first()?;
        self.remove(slot);
        Some(slot)
    }

    /// Whether this slot is in it.
    #[inline]
    #[must_use]
    pub fn contains(&self, slot: Slot) -> bool {
        self.0[slot.index() / 32] & 1 << (slot.index() % 32) != 0
    }

    /// Whether no slot is in it.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    /// Its slots, in order.
    pub(crate) fn iter(mut self) -> impl Iterator<Item = Slot> {
        core::iter::from_fn(move || self.take_first())
    }
}

/// The number of the lowest bit that is set, of a word that is not zero.
///
/// RV32IMC has no instruction for it. The lowest bit alone, times a word in which every five bits that
/// follow each other are others, has its number in the highest five bits (C. Leiserson, H. Prokop, K.
/// Randall, "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998).
const fn lowest_bit(word: u32) -> u8 {
    NUMBERS[(alone(word).wrapping_mul(DE_BRUIJN) >> 27) as usize]
}

const fn alone(word: u32) -> u32 {
    word & word.wrapping_neg()
}

const DE_BRUIJN: u32 = 0x077C_B531;

static NUMBERS: [u8; 32] = {
    let mut numbers = [0; 32];
    let mut bit = 0;
    while bit < 32 {
        numbers[((1_u32 << bit).wrapping_mul(DE_BRUIJN) >> 27) as usize] = bit as u8;
        bit += 1;
    }
    numbers
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_bit_is_what_trailing_zeros_says() {
        for bit in 0..32 {
            for above in [0, 0x8000_0000, u32::MAX << bit] {
                let word = 1 << bit | above;
                assert_eq!(u32::from(lowest_bit(word)), word.trailing_zeros());
            }
        }
    }

    #[test]
    fn slots_come_out_in_order_until_none_is_left() {
        let mut set = SlotSet::all_but_idle();
        for index in 1..THREADS_MAX as u8 {
            assert_eq!(set.first(), Some(Slot(index)));
            set.remove(Slot(index));
        }
        assert_eq!(set.first(), None);
        set.insert(Slot(5));
        assert_eq!(set.first(), Some(Slot(5)));
        set.insert(Slot(THREADS_MAX as u8 - 1));
        assert!(set.iter().eq([Slot(5), Slot(THREADS_MAX as u8 - 1)]));
        assert!(set.contains(Slot(5)) && !set.contains(Slot(6)) && !set.is_empty());
    }
}
