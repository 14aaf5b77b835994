//! Which calls led to blocks of the heap where no machine sees calls: guesses, from a device that tells every
//! allocation.
//!
//! At its highest level a device tells each block that is given out or comes back, and what its stack
//! looked like (`AllocCalls`). From that follows who holds what: now, and when most of what was told
//! was in use. A lost record could be any block's, so after one nothing is said any more.
//!
//! Invariant: what is told here is marked as a guess, and gives way to what a machine saw.

use std::collections::BTreeMap;

use ramscope_time::Instant;
use ramscope_wire::{Alloc, AllocCalls, Free, OwnerKind, SiteId, UnitId};

use super::{Certainty, Device, HeldChain, PeakChain, UnitKey};

/// Blocks that are followed; of more nothing is said.
const BLOCKS_MAX: usize = 65_536;

/// The blocks that a device told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Traced {
    /// By the address of the payload.
    blocks: BTreeMap<u32, Block>,
    in_use: u64,
    peak: u64,
    peak_at: Instant,
    /// What was in use then, looked at before anything came back.
    at_peak: Option<Vec<Block>>,
    gave_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    at: Instant,
    bytes: u32,
    owner: (OwnerKind, UnitId),
    site: SiteId,
    unit: UnitId,
    callers: Vec<u32>,
}

impl Traced {
    /// Something is missing: nothing of before holds.
    pub(super) fn give_up(&mut self) {
        if !self.blocks.is_empty() {
            *self = Self { gave_up: true, ..Self::default() };
        }
    }

    pub(super) fn device_reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn alloc(&mut self, at: Instant, alloc: &Alloc) {
        if self.gave_up || self.blocks.len() >= BLOCKS_MAX {
            return;
        }
        self.free(alloc.address);
        let block = Block {
            at,
            bytes: alloc.bytes,
            owner: (alloc.owner_kind, alloc.owner),
            site: alloc.site,
            unit: alloc.owner,
            callers: Vec::new(),
        };
        self.blocks.insert(alloc.address, block);
        self.in_use += u64::from(alloc.bytes);
        if self.in_use > self.peak {
            (self.peak, self.peak_at, self.at_peak) = (self.in_use, at, None);
        }
    }

    pub(super) fn calls(&mut self, calls: &AllocCalls) {
        if let Some(block) = self.blocks.get_mut(&calls.address) {
            let AllocCalls { first, second, third, fourth, .. } = *calls;
            let AllocCalls { fifth, sixth, seventh, eighth, .. } = *calls;
            let all = [first, second, third, fourth, fifth, sixth, seventh, eighth];
            block.callers = all.into_iter().take_while(|pc| *pc != 0).collect();
            block.unit = calls.unit;
        }
    }

    pub(super) fn freed(&mut self, free: &Free) {
        if self.blocks.contains_key(&free.address) && self.at_peak.is_none() {
            self.at_peak = Some(self.blocks.values().cloned().collect());
        }
        self.free(free.address);
    }

    fn free(&mut self, address: u32) {
        if let Some(block) = self.blocks.remove(&address) {
            self.in_use -= u64::from(block.bytes);
        }
    }

    /// Blocks of one way and owner together.
    fn together<'a>(blocks: impl Iterator<Item = &'a Block>) -> Vec<Vec<&'a Block>> {
        let mut all: Vec<Vec<&Block>> = Vec::new();
        let mut places = BTreeMap::new();
        for block in blocks {
            let (kind, owner) = block.owner;
            let key = (kind.code(), owner, block.site, block.unit, &block.callers);
            let place = *places.entry(key).or_insert(all.len());
            if place == all.len() {
                all.push(Vec::new());
            }
            all[place].push(block);
        }
        all
    }
}

impl Device {
    /// Says what the device told of its allocations, unless a machine saw them.
    pub(crate) fn settle_traced(&mut self) {
        let boot = self.boot.index;
        let key = |block: &Block| UnitKey { boot, id: block.unit };
        if self.held.is_empty() {
            let held =
                Traced::together(self.traced.blocks.values()).into_iter().map(|same| HeldChain {
                    unit: key(same[0]),
                    owner: Some(same[0].owner),
                    site: same[0].site,
                    callers: same[0].callers.clone(),
                    certainty: Certainty::Guess,
                    blocks: same.iter().map(|block| (block.at, block.bytes)).collect(),
                });
            self.held = held.take(Self::LIST_MAX).collect();
        }
        if self.at_peak.is_empty() {
            let now: Vec<Block> = self.traced.blocks.values().cloned().collect();
            let blocks = self.traced.at_peak.as_ref().unwrap_or(&now);
            let at_peak = Traced::together(blocks.iter()).into_iter().map(|same| PeakChain {
                at: self.traced.peak_at,
                unit: key(same[0]),
                owner: Some(same[0].owner),
                site: same[0].site,
                callers: same[0].callers.clone(),
                certainty: Certainty::Guess,
                bytes: same.iter().map(|block| u64::from(block.bytes)).sum(),
                blocks: same.len() as u32,
            });
            self.at_peak = at_peak.take(Self::LIST_MAX).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alloc(traced: &mut Traced, address: u32, bytes: u32) {
        let owner = UnitId(4);
        let told = Alloc { owner, owner_kind: OwnerKind::Thread, site: SiteId(1), address, bytes };
        traced.alloc(Instant::ZERO, &told);
        traced.calls(&AllocCalls {
            address,
            unit: UnitId(1),
            first: 40,
            second: 0,
            third: 0,
            fourth: 0,
            fifth: 0,
            sixth: 0,
            seventh: 0,
            eighth: 0,
        });
    }

    #[test]
    fn what_was_in_use_at_the_peak_stays_known_after_it_came_back() {
        let mut device = Device::new();
        for address in [0x1008, 0x1028, 0x1048] {
            alloc(&mut device.traced, address, 32);
        }
        device.traced.freed(&Free { address: 0x1008, bytes: 32 });
        device.traced.freed(&Free { address: 0x1028, bytes: 32 });
        device.settle_traced();
        let peak = &device.peak_chains()[0];
        assert_eq!((peak.bytes, peak.blocks, peak.certainty), (96, 3, Certainty::Guess));
        assert_eq!((peak.owner, peak.unit.id), (Some((OwnerKind::Thread, UnitId(4))), UnitId(1)));
        assert_eq!((&peak.callers[..], device.held_chains()[0].blocks.len()), (&[40][..], 1));
    }

    #[test]
    fn after_a_loss_nothing_is_said() {
        let mut device = Device::new();
        alloc(&mut device.traced, 0x1008, 32);
        device.lose_records(Instant::ZERO, 1);
        alloc(&mut device.traced, 0x1008, 32);
        device.settle_traced();
        assert!(device.peak_chains().is_empty() && device.held_chains().is_empty());
    }
}
