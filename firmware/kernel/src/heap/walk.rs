//! Looking at blocks from outside: walks, interior pointers, and the check of all invariants.
//!
//! Nothing here is on the way of an allocation. A single look-up walks its area from the front; who
//! has many to do, as a collection has, builds an [`Index`] first: a map with one byte per 512
//! bytes of the area, which stands reserved before the area's blocks. It is built when it is wanted
//! and not kept up to date, because that would cost every allocation and every free a tenth of its
//! time, while a collection walks all blocks anyway; that it borrows the heap is what keeps it
//! valid.

use super::blocks::Blocks;
use super::classes::{GRANULE_BYTES, class_of};
use super::header::Head;
use super::raw::{Area, CHUNK_BYTES, Place};
use super::{
    AREAS_MAX, AreaId, BLOCK_BYTES_MIN, BadPointer, Block, HEADER_BYTES, Heap, OWNERS_MAX,
    OwnerIndex,
};

/// Which invariant does not hold, and at which header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The size at this address cannot be a block's.
    Tiling(usize),
    /// This block and its left neighbour disagree about the latter, or both are free.
    Merged(usize),
    /// This free block is not where its list says, or not in the list of its class.
    Listed(usize),
    /// The lists hold another number of blocks than are free, or a bitmap disagrees with them.
    Lists,
    /// This used block's owner has no entry, or it holds more than the entry says.
    Owner(usize),
    /// Sum by owner = used = total - free does not hold.
    Identity,
}

/// A walk over an area's blocks, in the order of their addresses.
pub struct Walk<'a> {
    heap: &'a Heap,
    places: Places<'a>,
}

impl Iterator for Walk<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        self.places.next().map(|(place, head)| self.heap.describe(place, head))
    }
}

/// The headers of an area; ends early where the tiling is broken.
pub(super) struct Places<'a> {
    blocks: &'a Blocks,
    next: Place,
    end: Place,
}

impl<'a> Places<'a> {
    /// A walk that begins in the middle of an area, where a block starts.
    pub(super) fn from(blocks: &'a Blocks, area: Area, next: Place) -> Self {
        Self { blocks, next, end: area.end() }
    }

    /// Whether the walk came to the end mark.
    pub(super) fn is_complete(&self) -> bool {
        self.next == self.end
    }

    /// The header that comes next, or that is none any more.
    pub(super) fn standing(&self) -> Place {
        self.next
    }
}

impl Iterator for Places<'_> {
    type Item = (Place, Head);

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_complete() {
            return None;
        }
        let place = self.next;
        let head = self.blocks.head(place);
        let room = self.end.offset() - place.offset();
        if !(BLOCK_BYTES_MIN..=room).contains(&head.bytes()) {
            return None;
        }
        self.next = self.blocks.right(place, head.bytes());
        Some((place, head))
    }
}

impl Blocks {
    pub(super) fn places(&self, area: Area) -> Places<'_> {
        Places { blocks: self, next: area.first(), end: area.end() }
    }

    fn places_from(&self, area: Area, granule: u32) -> Places<'_> {
        Places {
            blocks: self,
            next: self.right(area.first(), granule * GRANULE_BYTES),
            end: area.end(),
        }
    }

    /// Says why an address is not the payload of a used block; walks its area.
    #[cold]
    pub(super) fn explain(&self, address: usize) -> BadPointer {
        let Some(offset) = self.memory.offset_of(address) else {
            return BadPointer::Foreign;
        };
        let Some(area) = self.memory.area_of(offset) else {
            return BadPointer::Foreign;
        };
        match covering(self.places(area), offset) {
            None => BadPointer::Damaged,
            Some((_, head)) if head.is_free() => BadPointer::AlreadyFree,
            Some((place, _)) if place.offset() + HEADER_BYTES != offset => {
                BadPointer::NotABlockStart
            }
            Some((_, head)) if head.is_quarantined() => BadPointer::Quarantined,
            Some(_) => BadPointer::Damaged,
        }
    }
}

/// The block of a walk that an offset lies in.
fn covering(mut places: Places<'_>, offset: u32) -> Option<(Place, Head)> {
    places.find(|(place, head)| offset - place.offset() < head.bytes())
}

impl Heap {
    /// An area's blocks in the order of their addresses; none if there is no such area.
    pub fn blocks(&self, area: AreaId) -> Walk<'_> {
        let areas = self.blocks.memory.areas();
        let places = match areas.get(usize::from(area.0)) {
            Some(&area) => self.blocks.places(area),
            None => Places { blocks: &self.blocks, next: Place::NOWHERE, end: Place::NOWHERE },
        };
        Walk { heap: self, places }
    }

    /// The areas, each with the addresses that its blocks cover.
    pub fn areas(&self) -> impl Iterator<Item = (AreaId, core::ops::Range<usize>)> {
        let memory = &self.blocks.memory;
        memory.areas().iter().enumerate().map(|(index, area)| {
            let covered = memory.address_of(area.first())..memory.address_of(area.end());
            (AreaId(index as u8), covered)
        })
    }

    /// The block that an address lies in, header or payload; walks the area.
    pub fn block_of(&self, address: usize) -> Option<Block> {
        let offset = self.blocks.memory.offset_of(address)?;
        let area = self.blocks.memory.area_of(offset)?;
        let (place, head) = covering(self.blocks.places(area), offset)?;
        Some(self.describe(place, head))
    }

    /// Prepares for many look-ups; walks all blocks once.
    pub fn index(&mut self) -> Index<'_> {
        for number in 0..self.blocks.memory.areas().len() {
            let area = self.blocks.memory.areas()[number];
            self.blocks.memory.fill_map(area, Index::NO_START);
            self.map_starts(area);
        }
        Index { heap: self }
    }

    /// Notes the first block start of each chunk; backwards would be shorter, but blocks link to
    /// the right.
    fn map_starts(&mut self, area: Area) {
        let mut place = area.first();
        let mut chunk_before = u32::MAX;
        while place != area.end() {
            let distance = place.offset() - area.first().offset();
            let chunk = distance / CHUNK_BYTES;
            if chunk != chunk_before {
                let granule = distance % CHUNK_BYTES / GRANULE_BYTES;
                self.blocks.memory.set_map_byte(area, chunk, granule as u8);
                chunk_before = chunk;
            }
            let mut places = self.blocks.places_from(area, distance / GRANULE_BYTES);
            if places.next().is_none() {
                return;
            }
            place = places.next;
        }
    }

    pub(super) fn describe(&self, place: Place, head: Head) -> Block {
        let tag = self.blocks.tag(place);
        let owner = tag.owner().filter(|_| !head.is_free());
        Block {
            start: self.blocks.memory.address_of(place),
            bytes: head.bytes(),
            owner: owner.unwrap_or(OwnerIndex::KERNEL),
            site: if head.is_free() { 0 } else { tag.site() },
            free: head.is_free(),
            quarantined: head.is_quarantined()
                || owner.is_some_and(|owner| self.ledger.is_quarantined(owner)),
        }
    }

    /// Checks every invariant on every block; for tests and for a console command, not for a hot
    /// path.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn check(&self) -> Result<(), Broken> {
        let mut sums = Sums::default();
        for &area in self.blocks.memory.areas() {
            self.check_area(area, &mut sums)?;
        }
        self.check_lists(sums.free_blocks)?;
        self.check_identity(&sums)
    }

    fn check_area(&self, area: Area, sums: &mut Sums) -> Result<(), Broken> {
        let mut places = self.blocks.places(area);
        let mut left_free = None;
        for (place, head) in &mut places {
            let at = self.blocks.memory.address_of(place);
            self.check_left(place, head, left_free).ok_or(Broken::Merged(at))?;
            if head.is_free() {
                left_free = Some(head.bytes());
                sums.free += head.bytes();
                sums.free_blocks += 1;
            } else {
                left_free = None;
                let owner = self.blocks.tag(place).owner().ok_or(Broken::Owner(at))?;
                sums.by_owner[usize::from(owner.0)] += head.bytes();
                sums.blocks_by_owner[usize::from(owner.0)] += 1;
            }
        }
        let at = self.blocks.memory.address_of(places.next);
        if !places.is_complete() || self.blocks.head(area.end()).bytes() != 0 {
            return Err(Broken::Tiling(at));
        }
        let end = self.blocks.head(area.end());
        self.check_left(area.end(), end, left_free).ok_or(Broken::Merged(at))
    }

    /// Whether a block and its left neighbour, free with that size or used, agree.
    fn check_left(&self, place: Place, head: Head, left_free: Option<u32>) -> Option<()> {
        let agrees = head.is_previous_free() == left_free.is_some();
        let footer = left_free.is_none_or(|bytes| self.blocks.footer_before(place) == bytes);
        let merged = !(head.is_free() && left_free.is_some());
        (agrees && footer && merged).then_some(())
    }

    fn check_lists(&self, free_blocks: u32) -> Result<(), Broken> {
        let mut listed = 0;
        for class in self.blocks.classes.all() {
            let mut previous = None;
            let mut next = self.blocks.classes.head(class);
            while let Some(place) = next {
                let head = self.blocks.head(place);
                let right_list = head.is_free() && class_of(head.bytes()) == class;
                if !right_list || self.blocks.previous(place) != previous {
                    return Err(Broken::Listed(self.blocks.memory.address_of(place)));
                }
                listed += 1;
                if listed > free_blocks {
                    return Err(Broken::Lists);
                }
                previous = next;
                next = self.blocks.next(place);
            }
        }
        let agrees = self.blocks.classes.bits_agree() && listed == free_blocks;
        if agrees && listed == self.blocks.free { Ok(()) } else { Err(Broken::Lists) }
    }

    fn check_identity(&self, sums: &Sums) -> Result<(), Broken> {
        let totals = self.totals();
        let of_owner = |(owner, _): (OwnerIndex, _)| sums.by_owner[usize::from(owner.0)];
        let by_owner: u32 = self.owners().map(of_owner).sum();
        let booked = self.owners().all(|(owner, booked)| {
            let index = usize::from(owner.0);
            booked.current == sums.by_owner[index] && booked.blocks == sums.blocks_by_owner[index]
        });
        let used = totals.total - sums.free;
        let same = by_owner == used && totals.used == used && totals.free == sums.free;
        if booked && same { Ok(()) } else { Err(Broken::Identity) }
    }
}

/// What a walk over all areas finds.
struct Sums {
    free: u32,
    free_blocks: u32,
    by_owner: [u32; OWNERS_MAX],
    blocks_by_owner: [u32; OWNERS_MAX],
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            free: 0,
            free_blocks: 0,
            by_owner: [0; OWNERS_MAX],
            blocks_by_owner: [0; OWNERS_MAX],
        }
    }
}

/// Finds the block of any address quickly, as long as the heap stands still.
pub struct Index<'a> {
    heap: &'a mut Heap,
}

const _: () = assert!(CHUNK_BYTES / GRANULE_BYTES < Index::NO_START as u32);
const _: () = assert!(AREAS_MAX <= u8::MAX as usize);

impl Index<'_> {
    /// The map's byte for a chunk in which no block starts.
    pub(super) const NO_START: u8 = u8::MAX;

    /// The block that an address lies in: reads the map back to a chunk with a start, then at most
    /// 64 headers.
    pub fn block_of(&self, address: usize) -> Option<Block> {
        let place = self.heap.start_by_map(address)?;
        let head = self.heap.blocks.head(place);
        Some(self.heap.describe(place, head))
    }
}
