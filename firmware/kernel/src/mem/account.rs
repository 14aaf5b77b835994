//! The kernel's one way to its heap, for giving blocks out and for taking them back.
//!
//! The problem: an allocation may have to fail because a scenario or a locked heap wants it, may have
//! to be counted for a threshold, or told to the telemetry; and none of that may cost anything while
//! nobody asks. The idea: whoever asks sets a bit of [`Attention`], and an allocation looks at all
//! bits at once. What a bit stands for is looked at behind that one branch.
//!
//! Invariants:
//! 1. A bit is set exactly while somebody wants what it stands for.
//! 2. Blocks are given out and taken back through [`Kernel::allocate`], [`Kernel::free`] and
//!    [`Kernel::resize`] only, so a refusal is noted and a fault is armed on every way.
#![expect(unsafe_code, reason = "passes on what callers promise about blocks")]

use super::limits::Threshold;
use super::mark::Marks;
use super::refusal::Refusals;
use crate::error::Error;
use crate::heap::{BadPointer, Freed, OutOfMemory, OwnerIndex, OwnerKind, Resized};
use crate::kernel::Kernel;
use crate::sample;
use core::alloc::Layout;
use core::ptr::NonNull;
use ramscope_wire as wire;
use wire::{Level, SiteId, UnitId};

/// What allocations have to look at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attention(u8);

impl Attention {
    /// An allocation is to fail.
    pub(crate) const FAULT: u8 = 1;
    /// Some thread has locked the heap for itself.
    pub(crate) const LOCKED: u8 = 1 << 1;
    /// Blocks are counted up to a threshold.
    pub(crate) const COUNTED: u8 = 1 << 2;
    /// The threshold is reached.
    pub(crate) const DUE: u8 = 1 << 3;
    /// Each block that comes or goes is told.
    pub(crate) const TOLD: u8 = 1 << 4;

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub(crate) fn set(&mut self, bit: u8, wanted: bool) {
        self.0 = if wanted { self.0 | bit } else { self.0 & !bit };
    }
}

/// What the kernel keeps about its heap beside the heap.
pub(crate) struct Account {
    pub(crate) attention: Attention,
    pub(crate) threshold: Threshold,
    /// Threads that have locked the heap for themselves.
    pub(crate) lockers: u32,
    pub(crate) refusals: Refusals,
    pub(crate) marks: Marks,
    /// Areas that were taken from the reserve, and given back.
    pub(crate) grown: [u16; 2],
    /// Shape and map are to be told.
    pub(crate) asked: bool,
    /// Maps that were told.
    pub(crate) maps: u16,
    /// What the heap's totals were when its shape was told.
    pub(crate) told: Option<[u32; 3]>,
    /// How many areas were told then.
    pub(crate) told_areas: u8,
}

impl Account {
    pub(crate) const fn new() -> Self {
        Self {
            attention: Attention(0),
            threshold: Threshold::OFF,
            lockers: 0,
            refusals: Refusals::new(),
            marks: Marks::new(),
            grown: [0; 2],
            asked: false,
            maps: 0,
            told: None,
            told_areas: 0,
        }
    }
}

impl Account {
    /// Whether the console's thread has something to do for it.
    pub(crate) fn needs_attention(&self) -> bool {
        self.asked || self.refusals.any()
    }
}

/// Why no block is given out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoBlock {
    /// None is large enough, or the host wants it so.
    OutOfMemory(OutOfMemory),
    /// The thread has locked the heap for itself.
    Locked,
}

impl NoBlock {
    /// Whether more room would help.
    pub(crate) const fn is_full(&self) -> bool {
        matches!(self, Self::OutOfMemory(_))
    }
}

impl From<OutOfMemory> for NoBlock {
    fn from(out: OutOfMemory) -> Self {
        Self::OutOfMemory(out)
    }
}

impl From<NoBlock> for Error {
    fn from(no: NoBlock) -> Self {
        match no {
            NoBlock::OutOfMemory(out) => out.into(),
            NoBlock::Locked => Error::HeapLocked,
        }
    }
}

impl Kernel {
    /// Allocates for `owner`.
    ///
    /// # Errors
    /// As [`Heap::allocate`](crate::heap::Heap::allocate), and where the host has asked that this
    /// allocation fail; [`NoBlock::Locked`].
    #[inline]
    pub(crate) fn allocate(
        &mut self,
        layout: Layout,
        owner: OwnerIndex,
        site: SiteId,
    ) -> Result<NonNull<u8>, NoBlock> {
        if self.account.attention.0 != 0 {
            return self.allocate_with_attention(layout, owner, site);
        }
        Ok(self.heap.allocate(layout, owner, site.0)?)
    }

    /// Whether a collection comes before the next allocation of a program.
    #[inline]
    pub(crate) const fn collection_is_due(&self) -> bool {
        self.account.attention.has(Attention::DUE)
    }

    #[cold]
    #[inline(never)]
    fn allocate_with_attention(
        &mut self,
        layout: Layout,
        owner: OwnerIndex,
        site: SiteId,
    ) -> Result<NonNull<u8>, NoBlock> {
        let attention = self.account.attention;
        if attention.has(Attention::LOCKED) && !self.in_handler() && self.current().heap_locks > 0 {
            return Err(NoBlock::Locked);
        }
        if attention.has(Attention::FAULT) && self.is_to_fail(layout, site) {
            return Err(self.as_if_full(layout).into());
        }
        let block = self.heap.allocate(layout, owner, site.0)?;
        let bytes = self.heap.bytes_of(block);
        if attention.has(Attention::COUNTED) && self.account.threshold.count(bytes) {
            self.account.attention.set(Attention::DUE, true);
        }
        if attention.has(Attention::TOLD) {
            self.tell_allocation(block, owner, site, bytes);
            self.tell_calls(block.addr().get());
        }
        Ok(block)
    }

    /// What an allocation answers that is made to fail.
    pub(super) fn as_if_full(&self, layout: Layout) -> OutOfMemory {
        let totals = self.heap.totals();
        OutOfMemory {
            wanted_bytes: layout.size() as u32,
            largest_free_bytes: totals.largest_free,
            free_bytes: totals.free,
        }
    }

    fn tell_allocation(&mut self, block: NonNull<u8>, owner: OwnerIndex, site: SiteId, bytes: u32) {
        let tag = self.heap.owner(owner).map(|owner| owner.tag);
        let record = wire::Alloc {
            owner: UnitId(tag.map_or(0, |tag| tag.unit)),
            owner_kind: sample::wire_owner(tag.map_or(OwnerKind::Kernel, |tag| tag.kind)),
            site,
            address: block.addr().get() as u32,
            bytes,
        };
        self.record(Level::All, &record);
    }

    /// Takes a block back. A refusal is noted, and reported with the names of whom it is about.
    ///
    /// # Errors
    /// As [`Heap::free`](crate::heap::Heap::free).
    ///
    /// # Safety
    /// As there.
    #[inline]
    pub(crate) unsafe fn free(&mut self, pointer: NonNull<u8>) -> Result<Freed, BadPointer> {
        // SAFETY: as promised by the caller.
        let freed = unsafe { self.heap.free(pointer) };
        match freed {
            Ok(freed) if !self.account.attention.has(Attention::TOLD) => return Ok(freed),
            Ok(freed) => {
                let address = pointer.addr().get() as u32;
                self.record(Level::All, &wire::Free { address, bytes: freed.bytes });
            }
            Err(reason) => self.note_refusal(pointer.addr().get(), reason),
        }
        freed
    }

    /// Makes a block larger or smaller where it stands, if there is room.
    ///
    /// # Errors
    /// As [`Heap::resize`](crate::heap::Heap::resize); [`NoBlock::Locked`] and faults make it
    /// [`Resized::NoRoom`].
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn resize(
        &mut self,
        pointer: NonNull<u8>,
        layout: Layout,
        site: SiteId,
    ) -> Result<Resized, BadPointer> {
        let grows = layout.size() as u32 > self.heap.payload_of(pointer);
        if grows && self.is_not_to_grow(layout, site) {
            return Ok(Resized::NoRoom);
        }
        // SAFETY: as promised by the caller.
        let resized = unsafe { self.heap.resize(pointer, layout.size()) };
        if let Err(reason) = resized {
            self.note_refusal(pointer.addr().get(), reason);
        }
        resized
    }

    fn is_not_to_grow(&mut self, layout: Layout, site: SiteId) -> bool {
        let attention = self.account.attention;
        let locked = attention.has(Attention::LOCKED) && self.current().heap_locks > 0;
        locked || attention.has(Attention::FAULT) && self.is_to_fail(layout, site)
    }

    /// The level of the telemetry changed, or a fault was armed or struck.
    pub(crate) fn attend(&mut self) {
        let told = self.level.code() >= Level::All.code();
        self.account.attention.set(Attention::TOLD, told);
        self.account.attention.set(Attention::FAULT, self.commands.fault.is_armed());
    }
}
