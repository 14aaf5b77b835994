//! The eight bytes before each payload. Pure.
//!
//! ```text
//! word 0  bit 31 quarantined, bits 30..3 size (a multiple of 8), bit 2 mark,
//!         bit 1 previous free, bit 0 free
//! word 1  of a used block: bit 31 shared, bits 30..16 site, bits 15..0 sealed owner index
//!         of a free block: link to the next free block of its class
//! word 2  of a free block: link to the previous one
//! word 3  of a free block that has five words or more: word 1 of the used block that it was
//! last    of a free block: its size again
//! ```
//!
//! The owner index is stored xor [`SEAL`]. That costs one instruction, which also stands for the
//! bounds check of the ledger, and it makes a header tell itself from data: a pointer into a block,
//! or a header that an overrun wrote to, hardly ever unseals to an owner.
//!
//! Mark and quarantine are the collector's; blocks that are free carry neither.

use super::{OWNERS_MAX, OwnerIndex};

/// Makes a used block's second word improbable as data; small enough to be an immediate operand.
pub(super) const SEAL: u16 = 0x0580;
const _: () = assert!(OWNERS_MAX.is_power_of_two() && (SEAL as usize).is_multiple_of(OWNERS_MAX));

/// The bit of a site that says that several units share the block; no site has it.
const SHARED: u16 = 1 << 15;

/// A header's first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head(u32);

impl Head {
    const FREE: u32 = 1;
    const PREVIOUS_FREE: u32 = 1 << 1;
    const MARK: u32 = 1 << 2;
    const QUARANTINED: u32 = 1 << 31;
    const FLAGS: u32 = Self::FREE | Self::PREVIOUS_FREE | Self::MARK | Self::QUARANTINED;

    /// The end mark of an area.
    pub(super) const END: Self = Self(0);

    #[inline(always)]
    pub(super) const fn from_word(word: u32) -> Self {
        Self(word)
    }

    #[inline(always)]
    pub(super) const fn word(self) -> u32 {
        self.0
    }

    /// A used block after a used one.
    #[inline(always)]
    pub(super) const fn used(bytes: u32) -> Self {
        Self(bytes)
    }

    /// The same flags with a size.
    #[inline(always)]
    pub(super) const fn with_bytes(self, bytes: u32) -> Self {
        Self(self.0 & Self::FLAGS | bytes)
    }

    /// A free block; the one before it is used, always.
    #[inline(always)]
    pub(super) const fn free(bytes: u32) -> Self {
        Self(bytes | Self::FREE)
    }

    #[inline(always)]
    pub(super) const fn bytes(self) -> u32 {
        self.0 & !Self::FLAGS
    }

    /// The size of a block that is not quarantined; of one that is, more than any area has.
    ///
    /// One instruction less than [`Head::bytes`], and a check of the size is one of the quarantine.
    #[inline(always)]
    pub(super) const fn plain_bytes(self) -> u32 {
        self.0 & !(Self::FREE | Self::PREVIOUS_FREE | Self::MARK)
    }

    #[inline(always)]
    pub(super) const fn is_free(self) -> bool {
        self.0 & Self::FREE != 0
    }

    #[inline(always)]
    pub(super) const fn is_previous_free(self) -> bool {
        self.0 & Self::PREVIOUS_FREE != 0
    }

    #[inline(always)]
    pub(super) const fn is_quarantined(self) -> bool {
        self.0 & Self::QUARANTINED != 0
    }

    #[inline]
    pub(super) const fn is_marked(self) -> bool {
        self.0 & Self::MARK != 0
    }

    #[inline]
    pub(super) const fn with_mark(self) -> Self {
        Self(self.0 | Self::MARK)
    }

    #[inline]
    pub(super) const fn without_mark(self) -> Self {
        Self(self.0 & !Self::MARK)
    }

    #[inline(always)]
    pub(super) const fn with_free(self) -> Self {
        Self(self.0 | Self::FREE)
    }

    #[inline(always)]
    pub(super) const fn with_previous_free(self) -> Self {
        Self(self.0 | Self::PREVIOUS_FREE)
    }

    #[inline(always)]
    pub(super) const fn without_previous_free(self) -> Self {
        Self(self.0 & !Self::PREVIOUS_FREE)
    }
}

/// A used block's second word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    #[inline(always)]
    pub(super) const fn new(owner: OwnerIndex, site: u16) -> Self {
        Self((site as u32) << 16 | (owner.0 ^ SEAL) as u32)
    }

    #[inline(always)]
    pub(super) const fn from_word(word: u32) -> Self {
        Self(word)
    }

    #[inline(always)]
    pub(super) const fn word(self) -> u32 {
        self.0
    }

    /// The owner, if this is the second word of a header at all.
    #[inline(always)]
    pub(super) const fn owner(self) -> Option<OwnerIndex> {
        let index = self.0 as u16 ^ SEAL;
        if (index as usize) < OWNERS_MAX { Some(OwnerIndex(index)) } else { None }
    }

    #[inline(always)]
    pub(super) const fn site(self) -> u16 {
        (self.0 >> 16) as u16 & !SHARED
    }

    /// The same site with another owner.
    pub(super) const fn of(self, owner: OwnerIndex) -> Self {
        Self(self.0 & 0xFFFF_0000 | (owner.0 ^ SEAL) as u32)
    }

    pub(super) const fn shared(self) -> Self {
        Self(self.0 | (SHARED as u32) << 16)
    }

    pub(super) const fn is_shared(self) -> bool {
        (self.0 >> 16) as u16 & SHARED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_gives_back_owner_and_site() {
        for index in 0..OWNERS_MAX as u16 {
            let tag = Tag::new(OwnerIndex(index), 0x3EEF);
            assert_eq!((tag.owner(), tag.site()), (Some(OwnerIndex(index)), 0x3EEF));
            let moved = tag.shared().of(OwnerIndex(1));
            assert_eq!((moved.owner(), moved.site()), (Some(OwnerIndex(1)), 0x3EEF));
            assert!(moved.is_shared() && !tag.is_shared());
        }
    }

    #[test]
    fn small_numbers_addresses_and_text_are_no_tags() {
        let data = [0, 1, 64, 0xFFFF_FFFF, 0x3FC8_0000, 0x4200_0020, u32::from_le_bytes(*b"text")];
        assert!(data.into_iter().all(|word| Tag::from_word(word).owner().is_none()));
    }

    #[test]
    fn flags_leave_the_size_alone() {
        let head = Head::used(4096).with_previous_free().with_free();
        assert_eq!(head.bytes(), 4096);
        assert!(head.is_free() && head.is_previous_free() && !head.is_quarantined());
        assert!(!head.without_previous_free().is_previous_free());
    }
}
