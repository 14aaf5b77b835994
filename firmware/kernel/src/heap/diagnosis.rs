//! What is wrong with a pointer that the heap refused, and whose blocks it is about.
//!
//! "Damaged" helps nobody: who is to repair the program needs the block that was written beyond its
//! end, who owns it and where it was allocated. So after a refusal, which is rare and fatal anyway, the
//! area is walked up to the address. A header that was overwritten ends the walk; the block before
//! it is the one whose user wrote too far, and of the header there may be enough left to say whose
//! it was.
//!
//! What a free block says of its time as a used one holds until its bytes are used again, and an
//! owner's index may have gone to another unit since. So all of this is evidence, not proof; only
//! [`BadPointer`] is certain.

use super::header::Tag;
use super::raw::{Area, Place};
use super::{BadPointer, Block, HEADER_BYTES, Heap, OwnerIndex};

/// Who owned or owns something, and where it was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The owner.
    pub owner: OwnerIndex,
    /// The allocation site, 0 if it is not known.
    pub site: u16,
}

/// A header that is none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwritten {
    /// Where it was.
    pub at: usize,
    /// Whose block it began, if that can still be read.
    pub victim: Option<Claim>,
}

/// What is known about a pointer that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Why it was refused.
    pub reason: BadPointer,
    /// The block that it points into; where a header was overwritten, the block before that, which
    /// was written beyond its end.
    pub block: Option<Block>,
    /// Whose that block is, or was before it was freed.
    pub claim: Option<Claim>,
    /// The header that was overwritten.
    pub overwritten: Option<Overwritten>,
}

impl Heap {
    /// Looks for what is wrong with a pointer that was refused; walks its area.
    #[cold]
    #[must_use]
    pub fn diagnose(&self, address: usize, reason: BadPointer) -> Diagnosis {
        let unknown = Diagnosis { reason, block: None, claim: None, overwritten: None };
        let offset = self.blocks.memory.offset_of(address);
        let area = offset.and_then(|offset| self.blocks.memory.area_of(offset));
        match (reason, offset, area) {
            (BadPointer::Foreign, ..) | (_, None, _) | (_, _, None) => unknown,
            (BadPointer::Damaged, Some(offset), Some(area)) => {
                self.find_overwritten(area, offset, unknown)
            }
            (BadPointer::AlreadyFree, Some(offset), Some(area)) => {
                let block = self.block_of(address);
                let dead = offset.wrapping_sub(HEADER_BYTES);
                let claim = block.and_then(|block| self.claim_before(area, dead, &block));
                Diagnosis { block, claim, ..unknown }
            }
            (BadPointer::NotABlockStart | BadPointer::Quarantined, ..) => {
                // One that was freed meanwhile has nothing to tell.
                let block = self.block_of(address).filter(|block| !block.free);
                Diagnosis { block, claim: block.as_ref().map(claim_of), ..unknown }
            }
        }
    }

    /// Walks up to the first header that cannot be one, or to the block at `offset`, whose own or
    /// right neighbour's header was overwritten.
    fn find_overwritten(&self, area: Area, offset: u32, unknown: Diagnosis) -> Diagnosis {
        let mut places = self.blocks.places(area);
        let mut writer = None;
        let at = loop {
            let at = places.standing();
            if at == area.end() {
                return unknown;
            }
            let Some((place, head)) = places.next() else { break at };
            if !head.is_free() && self.blocks.tag(place).owner().is_none() {
                break at;
            }
            writer = Some(self.describe(place, head));
            if offset.wrapping_sub(place.offset()) < head.bytes() {
                break places.standing();
            }
        };
        let victim = (at != area.end()).then(|| self.blocks.tag(at)).and_then(claim);
        let overwritten = Overwritten { at: self.blocks.memory.address_of(at), victim };
        Diagnosis {
            block: writer,
            claim: writer.as_ref().map(claim_of),
            overwritten: Some(overwritten),
            ..unknown
        }
    }

    /// Who had the block that began at `dead` and lies in a free one now.
    fn claim_before(&self, area: Area, dead: u32, block: &Block) -> Option<Claim> {
        let place = self.place_in(area, dead)?;
        if !self.blocks.head(place).is_free() {
            return None;
        }
        let is_inner = self.blocks.memory.address_of(place) != block.start;
        let inner = is_inner.then(|| self.blocks.tag(place)).and_then(claim);
        inner.or_else(|| claim(self.blocks.tag_before(place)))
    }

    /// The place at an offset, if a block could start there.
    fn place_in(&self, area: Area, offset: u32) -> Option<Place> {
        let fits = offset.is_multiple_of(HEADER_BYTES) && area.contains(offset);
        let distance = fits.then(|| offset - area.first().offset())?;
        Some(self.blocks.right(area.first(), distance))
    }
}

fn claim(tag: Tag) -> Option<Claim> {
    tag.owner().map(|owner| Claim { owner, site: tag.site() })
}

fn claim_of(block: &Block) -> Claim {
    Claim { owner: block.owner, site: block.site }
}
