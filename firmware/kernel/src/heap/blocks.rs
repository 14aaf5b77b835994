//! Blocks: cut, joined, listed. Knows headers and lists, not owners.
//!
//! The heap's invariants 1 (tiling), 2 (merged), 3 (listed) and 5 (dead headers) are kept here.
//! Everything but [`Blocks::add_area`], which fills a map, takes constant time.
//!
//! A block that is cut keeps its left part, and the rest stays free where it was: fresh blocks grow
//! from the area's front, and the large free block at its end stays whole the longest.
#![expect(
    unsafe_code,
    reason = "makes places from sizes and links, which the invariants keep right"
)]

use core::ptr::NonNull;

use super::classes::{Class, Classes, GRANULE_BYTES, SMALL_BYTES};
use super::header::{Head, Tag};
use super::raw::{Memory, Place};
use super::{
    AreaError, BLOCK_BYTES_MIN, BadPointer, HEADER_BYTES, OwnerIndex, block_bytes, block_granules,
};

/// How many blocks of one class are looked at where any of them might be the largest.
const SEARCH_MAX: usize = 16;

/// Where a block has its owner and site, or its link to the next free block.
const TAG: u32 = 4;
/// Where a free block has its link to the previous one.
const PREVIOUS: u32 = 8;
/// Where a free block keeps the owner and the site that it had, if it is larger than the smallest.
const TAG_BEFORE: u32 = 12;
/// How far before a block's end it has its size again, if it is free.
const FOOTER: u32 = 4;
/// What a free block needs itself at its start.
pub(super) const LINKS_BYTES: u32 = TAG_BEFORE + 4;
/// What it needs at its end.
pub(super) const FOOTER_BYTES: u32 = FOOTER;

/// A used block, checked as far as its header and its neighbours tell.
#[derive(Clone, Copy)]
pub(super) struct Used {
    pub(super) place: Place,
    pub(super) head: Head,
    pub(super) owner: OwnerIndex,
    pub(super) tag: Tag,
    /// Its right neighbour, or the end mark.
    pub(super) right: Place,
    pub(super) right_head: Head,
}

/// Why no block was found at the head of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unplaced {
    /// There is none.
    NoRoom,
    /// Only blocks of the own class are left, and the first is too small:
    /// [`Blocks::bring_forward`] looks at the others.
    BehindTheFirst,
}

/// In this order, because RV32 reaches 2 KiB from a pointer without a further instruction.
#[repr(C)]
pub(super) struct Blocks {
    /// How many blocks are free.
    pub(super) free: u32,
    /// What the blocks of all areas cover.
    pub(super) total: u32,
    pub(super) memory: Memory,
    pub(super) classes: Classes,
}

impl Blocks {
    pub(super) const fn new() -> Self {
        Self { memory: Memory::new(), classes: Classes::new(), free: 0, total: 0 }
    }

    /// Adds an area as one free block.
    ///
    /// # Safety
    /// The memory is readable, writable, and nobody else's.
    pub(super) unsafe fn add_area(
        &mut self,
        start: NonNull<u8>,
        bytes: usize,
    ) -> Result<u8, AreaError> {
        // SAFETY: passed on to the caller.
        let index = unsafe { self.memory.add(start, bytes) }?;
        let area = self.memory.areas()[usize::from(index)];
        self.total += area.bytes();
        self.memory.store(area.end(), Head::END.with_previous_free().word());
        self.set_tag(area.end(), Tag::new(OwnerIndex::PERMANENT, 0));
        self.insert(area.first(), area.bytes());
        self.free += 1;
        Ok(index)
    }

    /// Takes an area out again if it is one free block; says whether it was.
    #[cold]
    pub(super) fn remove_area(&mut self, number: usize) -> bool {
        let Some(&area) = self.memory.areas().get(number) else { return false };
        let head = self.head(area.first());
        if !head.is_free() || head.bytes() != area.bytes() {
            return false;
        }
        self.unlink(area.first(), self.classes.class_of(head.bytes()));
        self.free -= 1;
        self.total -= area.bytes();
        self.memory.remove(number);
        true
    }

    /// Makes a used block with room for a payload, or says why not.
    ///
    /// What is small, as nearly all is, needs no check of its size and finds its class in a table.
    #[inline(always)]
    pub(super) fn carve_for(&mut self, payload_bytes: usize) -> Result<(Place, u32), Unplaced> {
        const SMALL_PAYLOAD_BYTES: usize = (SMALL_BYTES - 2 * HEADER_BYTES) as usize;
        let (own, need) = if payload_bytes <= SMALL_PAYLOAD_BYTES {
            let granules = block_granules(payload_bytes as u32);
            (self.classes.small_class_of(granules), granules * GRANULE_BYTES)
        } else {
            let need = block_bytes(payload_bytes).ok_or(Unplaced::NoRoom)?;
            (self.classes.class_of(need), need)
        };
        self.carve(own, need)
    }

    /// Makes a used block of at least `need` bytes, whose class is `own`, or says that there is none.
    ///
    /// A rest that stays in its block's class takes over its links: so it is with the large block
    /// that a fresh heap is cut from.
    #[inline(always)]
    fn carve(&mut self, own: Class, need: u32) -> Result<(Place, u32), Unplaced> {
        let (class, place, have) = self.find(own, need)?;
        let rest = have.wrapping_sub(need);
        if rest < BLOCK_BYTES_MIN {
            self.pop(class, place);
            self.use_whole(place, have, Head::used(have));
            return Ok((place, have));
        }
        // SAFETY: the rest is at least one block, so it starts within the block that was here
        // (tiling).
        let rest_place = unsafe { place.right(need) };
        let rest_class = self.classes.class_of(rest);
        if rest_class == class {
            self.move_head(class, place, rest_place);
        } else {
            self.pop(class, place);
            self.push(rest_class, rest_place);
        }
        self.set_free(rest_place, rest);
        self.memory.store(place, Head::used(need).word());
        Ok((place, need))
    }

    /// Takes a block of at least `need` bytes out of the lists, whole, or says that there is none.
    pub(super) fn take(&mut self, need: u32) -> Option<(Place, u32)> {
        let own = self.classes.class_of(need);
        let found = match self.find(own, need) {
            Err(Unplaced::BehindTheFirst) if self.bring_forward(need) => self.find(own, need),
            found => found,
        };
        let (class, place, have) = found.ok()?;
        self.pop(class, place);
        Some((place, have))
    }

    /// A block of at least `need` bytes at the head of its list.
    ///
    /// The first block of the own class is tried before the next larger class, because it leaves
    /// the smaller rest.
    #[inline(always)]
    fn find(&mut self, own: Class, need: u32) -> Result<(Class, Place, u32), Unplaced> {
        let mut only = Unplaced::NoRoom;
        if let Some(place) = self.classes.head(own) {
            let have = self.head(place).plain_bytes();
            if have >= need {
                return Ok((own, place, have));
            }
            only = Unplaced::BehindTheFirst;
        }
        let larger = self.classes.first_after(own).ok_or(only)?;
        let place = self.classes.head(larger).ok_or(Unplaced::NoRoom)?;
        Ok((larger, place, self.head(place).plain_bytes()))
    }

    /// Puts a block of at least `need` bytes before all others of its class, if there is one among
    /// the first ones of that list.
    #[cold]
    pub(super) fn bring_forward(&mut self, need: u32) -> bool {
        let class = self.classes.class_of(need);
        let fits = |place: &Place| self.head(*place).plain_bytes() >= need;
        let Some(place) = self.listed(class).find(fits) else {
            return false;
        };
        self.unlink(place, class);
        self.push(class, place);
        true
    }

    /// The largest block that [`Blocks::find`] would find.
    pub(super) fn largest(&self) -> u32 {
        let Some(class) = self.classes.last() else {
            return 0;
        };
        self.listed(class).map(|place| self.head(place).bytes()).max().unwrap_or(0)
    }

    /// The offset and the size of that block.
    pub(super) fn largest_place(&self) -> Option<(u32, u32)> {
        let blocks = self.listed(self.classes.last()?);
        let sizes = blocks.map(|place| (place.offset(), self.head(place).bytes()));
        sizes.max_by_key(|(_, bytes)| *bytes)
    }

    /// The first blocks of a list.
    fn listed(&self, class: Class) -> impl Iterator<Item = Place> {
        let head = self.classes.head(class);
        core::iter::successors(head, |&place| self.next(place)).take(SEARCH_MAX)
    }

    /// Makes an unlisted `place` a used block of `need` of its `have` bytes; the rest becomes free
    /// if it can be a block.
    ///
    /// Says how large the used block is.
    pub(super) fn trim(&mut self, place: Place, have: u32, need: u32, before: Head) -> u32 {
        let rest = have.wrapping_sub(need);
        if rest < BLOCK_BYTES_MIN {
            self.use_whole(place, have, before.with_bytes(have));
            return have;
        }
        // SAFETY: the rest is at least one block, so it starts within the block that was here
        // (tiling).
        let rest_place = unsafe { place.right(need) };
        self.insert(rest_place, rest);
        self.memory.store(place, before.with_bytes(need).word());
        need
    }

    /// Makes an unlisted block used, without a rest.
    #[inline(always)]
    fn use_whole(&mut self, place: Place, bytes: u32, head: Head) {
        self.free = self.free.wrapping_sub(1);
        let right = self.right(place, bytes);
        let right_head = self.head(right).without_previous_free();
        self.memory.store(right, right_head.word());
        self.memory.store(place, head.word());
    }

    /// Makes the first `pad` bytes of an unlisted block a free block of their own, and says where
    /// the rest begins.
    pub(super) fn cut_front(&mut self, place: Place, pad: u32) -> Place {
        self.insert(place, pad);
        self.free += 1;
        // SAFETY: the padding is a part of the block that was here (tiling).
        unsafe { place.right(pad) }
    }

    /// The pointer that a block's user gets.
    #[inline(always)]
    pub(super) fn payload_of(&self, place: Place) -> NonNull<u8> {
        // SAFETY: a block has at least four words.
        self.memory.pointer_to(unsafe { place.right(HEADER_BYTES) })
    }

    /// Writes a used block's second word.
    #[inline(always)]
    pub(super) fn set_tag(&mut self, place: Place, tag: Tag) {
        let word = tag_of(place);
        self.memory.store(word, tag.word());
    }

    /// The used block whose payload starts at an address.
    ///
    /// Looks at that block and at its neighbours' headers; what is not right there,
    /// [`Blocks::explain`] names.
    #[cold]
    #[inline(never)]
    pub(super) fn used_at(&self, address: usize) -> Result<Used, BadPointer> {
        let used = self.plausible_at(address);
        used.ok_or_else(|| self.explain(address))
    }

    #[inline(always)]
    pub(super) fn plausible_at(&self, address: usize) -> Option<Used> {
        let offset = self.memory.offset_of(address)?.wrapping_sub(HEADER_BYTES);
        if !offset.is_multiple_of(HEADER_BYTES) {
            return None;
        }
        let area = self.memory.area_of(offset)?;
        // SAFETY: aligned and among the area's blocks.
        let place = unsafe { Place::new(offset) };
        let head = self.head(place);
        let bytes = head.plain_bytes();
        let room = area.end().offset().wrapping_sub(offset);
        // One comparison: a size of zero wraps around.
        if head.is_free() || bytes.wrapping_sub(1) >= room {
            return None;
        }
        let tag = self.tag(place);
        let owner = tag.owner()?;
        let right = self.right(place, bytes);
        let right_head = self.head(right);
        let sound = self.is_sound_after_used(right, right_head, room.wrapping_sub(bytes));
        sound.then_some(Used { place, head, owner, tag, right, right_head })
    }

    /// Whether a header with `room` bytes to the end mark can be the right neighbour of a used
    /// block.
    ///
    /// It is the first that an overrun of that block hits.
    #[inline(always)]
    fn is_sound_after_used(&self, place: Place, head: Head, room: u32) -> bool {
        if head.is_previous_free() {
            return false;
        }
        if !head.is_free() {
            return self.tag(place).owner().is_some();
        }
        let bytes = head.plain_bytes();
        bytes <= room && self.memory.load(footer_of(place, bytes)) == bytes
    }

    /// Makes a used block free and joins it with its free neighbours.
    #[inline(always)]
    pub(super) fn give_back(&mut self, used: Used) {
        let Used { place, head, right, right_head, tag, .. } = used;
        let mut bytes = head.plain_bytes();
        if !head.is_previous_free() {
            // Where links take the tag's place; within another block it stays.
            self.memory.store(tag_before_of(place), tag.word());
        }
        if !right_head.is_free() {
            self.memory.store(right, right_head.with_previous_free().word());
            if !head.is_previous_free() {
                self.free = self.free.wrapping_add(1);
                return self.insert(place, bytes);
            }
        } else {
            let more = right_head.plain_bytes();
            if !head.is_previous_free() {
                return self.move_front(right, more, place, bytes.wrapping_add(more));
            }
            self.unlink(right, self.classes.class_of(more));
            self.free = self.free.wrapping_sub(1);
            bytes = bytes.wrapping_add(more);
        }
        self.memory.store(place, head.with_free().word());
        self.join_left(place, bytes);
    }

    /// The same, for those whose time does not count.
    #[cold]
    #[inline(never)]
    pub(super) fn give_back_slowly(&mut self, used: Used) {
        self.give_back(used);
    }

    /// Adds `bytes` bytes from `place` on to the free block before it. In its class, as the large
    /// block at an area's end is for long, it stays where it is listed.
    #[inline(always)]
    fn join_left(&mut self, place: Place, bytes: u32) {
        // SAFETY: a free block is before this one, and ends with its size (merged).
        let before = self.memory.load(unsafe { place.left(FOOTER) });
        // SAFETY: as above.
        let left = unsafe { place.left(before) };
        let whole = before.wrapping_add(bytes);
        let (from, to) = (self.classes.class_of(before), self.classes.class_of(whole));
        if from != to {
            self.unlink(left, from);
            self.push(to, left);
        }
        self.set_free(left, whole);
    }

    /// Lets a free block of `before` bytes begin further to the left, at `place`, with `whole` bytes.
    #[inline(always)]
    fn move_front(&mut self, right: Place, before: u32, place: Place, whole: u32) {
        let (from, to) = (self.classes.class_of(before), self.classes.class_of(whole));
        if from == to && self.classes.head(from) == Some(right) {
            self.move_head(from, right, place);
        } else {
            self.unlink(right, from);
            self.push(to, place);
        }
        self.set_free(place, whole);
    }

    #[inline(always)]
    pub(super) fn head(&self, place: Place) -> Head {
        Head::from_word(self.memory.load(place))
    }

    /// The right neighbour, or the end mark.
    #[inline(always)]
    pub(super) fn right(&self, place: Place, bytes: u32) -> Place {
        // SAFETY: blocks tile the area, so a block or the end mark begins where one ends (tiling).
        unsafe { place.right(bytes) }
    }

    #[inline(always)]
    pub(super) fn tag(&self, place: Place) -> Tag {
        Tag::from_word(self.memory.load(tag_of(place)))
    }

    /// The next free block of the same class.
    #[inline(always)]
    pub(super) fn next(&self, place: Place) -> Option<Place> {
        // SAFETY: the block is free, so the word is a link (listed).
        unsafe { self.memory.load_link(tag_of(place)) }
    }

    /// The previous free block of the same class.
    pub(super) fn previous(&self, place: Place) -> Option<Place> {
        // SAFETY: the block is free, so the word is a link (listed).
        unsafe { self.memory.load_link(previous_of(place)) }
    }

    /// The owner and the site that a block had before it was free, if its last words still say so.
    pub(super) fn tag_before(&self, place: Place) -> Tag {
        Tag::from_word(self.memory.load(tag_before_of(place)))
    }

    /// The size that the left neighbour ends with, if it is free.
    pub(super) fn footer_before(&self, place: Place) -> u32 {
        // SAFETY: only asked after a block, which has a last word.
        self.memory.load(unsafe { place.left(FOOTER) })
    }

    /// Makes a block free and puts it before all others of its class.
    #[inline(always)]
    pub(super) fn insert(&mut self, place: Place, bytes: u32) {
        self.push(self.classes.class_of(bytes), place);
        self.set_free(place, bytes);
    }

    /// Writes a free block's size at both of its ends.
    #[inline(always)]
    fn set_free(&mut self, place: Place, bytes: u32) {
        self.memory.store(place, Head::free(bytes).word());
        self.memory.store(footer_of(place, bytes), bytes);
    }

    /// Puts a block before all others of a list.
    #[inline(always)]
    fn push(&mut self, class: Class, place: Place) {
        let next = self.classes.push(class, place);
        self.link_head(place, next);
    }

    /// Puts a block in the place of the head of its list.
    #[inline(always)]
    fn move_head(&mut self, class: Class, from: Place, to: Place) {
        let next = self.next(from);
        self.classes.move_head(class, to);
        self.link_head(to, next);
    }

    #[inline(always)]
    fn link_head(&mut self, place: Place, next: Option<Place>) {
        self.memory.store_link(previous_of(place), None);
        self.memory.store_link(tag_of(place), next);
        if let Some(next) = next {
            self.memory.store_link(previous_of(next), Some(place));
        }
    }

    /// Takes the head of a list out of it.
    #[inline(always)]
    fn pop(&mut self, class: Class, place: Place) {
        let next = self.next(place);
        self.classes.replace_head(class, next);
        if let Some(next) = next {
            self.memory.store_link(previous_of(next), None);
        }
    }

    /// Takes any free block out of its list.
    #[inline(always)]
    pub(super) fn unlink(&mut self, place: Place, class: Class) {
        let next = self.next(place);
        // SAFETY: the block is free, so the word is a link (listed).
        let previous = unsafe { self.memory.load_link(previous_of(place)) };
        match previous {
            Some(previous) => self.memory.store_link(tag_of(previous), next),
            None => self.classes.replace_head(class, next),
        }
        if let Some(next) = next {
            self.memory.store_link(previous_of(next), previous);
        }
    }
}

#[inline(always)]
fn tag_of(place: Place) -> Place {
    // SAFETY: a header has two words.
    unsafe { place.right(TAG) }
}

#[inline(always)]
fn previous_of(place: Place) -> Place {
    // SAFETY: a block has at least four words.
    unsafe { place.right(PREVIOUS) }
}

#[inline(always)]
pub(super) fn tag_before_of(place: Place) -> Place {
    // SAFETY: a block has at least four words.
    unsafe { place.right(TAG_BEFORE) }
}

#[inline(always)]
fn footer_of(place: Place, bytes: u32) -> Place {
    // SAFETY: the last word of a block is in its area.
    unsafe { place.right(bytes.wrapping_sub(FOOTER)) }
}
