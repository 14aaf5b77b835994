//! The kernel's heap: constant-time blocks in several areas, each byte with an owner.
//!
//! # The problem
//! A device that explains its memory must answer "who holds it" at any instant, without a walk, and
//! must not become slower or more ragged because it can answer. A list allocator is small but its
//! time grows with its holes; a collector's heap knows nothing of owners.
//!
//! # The idea
//! A two-level segregated fit with boundary tags. Areas are cut into *blocks* of a multiple of
//! eight bytes, each with a header of eight: size and flags in the first word, owner and allocation
//! site in the second. Free blocks are linked by size class; a bitmap finds the next class that has
//! one. Each allocation and each free moves the same number of bytes in the ledger of its owner.
//!
//! Bytes are counted as MicroPython counts them: `used` is whole blocks with their headers, `total`
//! is what blocks can cover (without an area's map and end mark), and all figures are the same on
//! hosts of 32 and 64 bits because every link and size is a 32-bit word.
//!
//! # Invariants
//! 1. **Tiling.** The blocks of an area tile it from its first block to its end mark, which is a
//!    used header of size zero, so a merge never leaves its area.
//! 2. **Merged.** Two free blocks are never neighbours. A block whose left neighbour is free has
//!    `PREVIOUS_FREE` set, and that neighbour's last word is its size.
//! 3. **Listed.** A block is free exactly if it is linked in the list of its size class; a class
//!    has its bit exactly if its list is not empty.
//! 4. **Identity.** Sum by owner = used = total - free, whenever no method runs.
//! 5. **Dead headers read as free.** A header that a merge swallows keeps its `FREE` bit, so a
//!    pointer freed twice is refused as long as its bytes were not written since.
//!
//! # Who may call
//! The heap has no lock: its methods take `&mut self`, and the kernel wraps it in a critical
//! section. None blocks. `allocate`, `free`, `resize`, `transfer`, `reclaim` and the owner calls take
//! constant time; `totals` and `open_window` loop over at most [`OWNERS_MAX`] entries; what walks
//! blocks says so.

mod blocks;
mod classes;
mod diagnosis;
mod header;
mod ledger;
mod mark;
mod owner;
mod raw;
mod resize;
mod shape;
mod starts;
#[cfg(test)]
mod tests;
mod tour;
mod unaccounted;
mod walk;

use core::alloc::Layout;
use core::ptr::NonNull;

use blocks::{Blocks, Unplaced, Used};
use classes::GRANULE_BYTES;
pub use diagnosis::{Claim, Diagnosis, Overwritten};
use header::{Head, Tag};
pub use ledger::OWNER_BYTES;
use ledger::{Charged, Credited, Ledger, Refusal};
pub(crate) use mark::{Cursor, Owners, Reached, Swept, Visited};
pub use owner::{OWNERS_MAX, OwnerIndex, OwnerKind, OwnerTag, OwnerTotals, OwnersFull};
use raw::Place;
pub use resize::Resized;
pub use shape::{AreaFigures, SIZE_CLASSES, Shape, UNIT_BYTES, size_class, units};
use starts::Starts;
pub use tour::{Stage, Tour};
pub use unaccounted::{CONTROL_BYTES, Unaccounted};
pub use walk::{Broken, Index, Walk};

/// How many areas a heap can have.
pub const AREAS_MAX: usize = 4;
/// Bytes that a block spends on its header.
pub const HEADER_BYTES: u32 = 8;
/// The size of the smallest block, header included.
pub const BLOCK_BYTES_MIN: u32 = 16;
/// The largest alignment that [`Heap::allocate`] honours.
pub const ALIGN_MAX: usize = 4096;

/// What the whole heap holds and held, in bytes of whole blocks unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// What blocks can cover, over all areas.
    pub total: u32,
    /// In used blocks.
    pub used: u32,
    /// In free blocks.
    pub free: u32,
    /// The most that was used since boot.
    pub peak_used: u32,
    /// The most that was used since the window was opened.
    pub peak_used_window: u32,
    /// The largest payload that an allocation with an alignment of at most eight gets.
    pub largest_free: u32,
    /// How many blocks are free.
    pub free_blocks: u32,
    /// How many blocks are used.
    pub used_blocks: u32,
}

/// Names an area, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaId(u8);

/// Why an area is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaError {
    /// There are [`AREAS_MAX`] already.
    TooMany,
    /// Not one block fits.
    TooSmall,
    /// It overlaps an area that is there.
    Overlaps,
    /// It is at address zero, wraps around, lies more than 2 GiB from the first area, or would make
    /// the heap larger than that.
    OutOfReach,
}

/// Why an allocation is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// The payload that was asked for.
    pub wanted_bytes: u32,
    /// The largest payload that would have been given.
    pub largest_free_bytes: u32,
    /// Bytes in free blocks, headers included.
    pub free_bytes: u32,
}

/// What a free gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freed {
    /// The whole block, header included.
    pub bytes: u32,
    /// Who held it.
    pub owner: OwnerIndex,
}

/// Why a pointer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPointer {
    /// It points into no area.
    Foreign,
    /// Its block is free.
    AlreadyFree,
    /// It points into a block, but not to the start of its payload.
    NotABlockStart,
    /// Its owner was torn down, and something may still point to the block.
    Quarantined,
    /// It is the start of a block whose header, or whose right neighbour's, was overwritten.
    Damaged,
}

/// One block, as a walk or a look-up sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The address of the header; the payload starts [`HEADER_BYTES`] later.
    pub start: usize,
    /// The whole block, header included.
    pub bytes: u32,
    /// Who holds it; [`OwnerIndex::KERNEL`] if it is free.
    pub owner: OwnerIndex,
    /// The allocation site; 0 if it is free or unknown.
    pub site: u16,
    /// Nobody holds it.
    pub free: bool,
    /// Its owner was torn down and it waits for a collection.
    pub quarantined: bool,
}

impl Block {
    /// The address of the payload, as [`Heap::allocate`] returned it.
    pub const fn payload(&self) -> usize {
        self.start + HEADER_BYTES as usize
    }
}

/// The heap; what is hot stands first, within an immediate offset.
#[repr(C)]
pub struct Heap {
    blocks: Blocks,
    ledger: Ledger,
    /// Used by collections only.
    starts: Starts,
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a debugger finds who owns a block: offsets in bytes into a heap, and into an owner's entry.
impl Heap {
    pub(crate) const HOLDERS: usize = core::mem::offset_of!(Self, ledger) + Ledger::HOLDERS;
    pub(crate) const HOLDER_BYTES: usize = Ledger::HOLDER_BYTES;
    pub(crate) const HOLDER_KIND: usize = Ledger::HOLDER_KIND;
    pub(crate) const HOLDER_UNIT: usize = Ledger::HOLDER_UNIT;
    pub(crate) const OWNER_SEAL: u32 = header::SEAL as u32;
}

impl Heap {
    /// A heap without areas: every allocation is refused.
    pub const fn new() -> Self {
        Self { blocks: Blocks::new(), ledger: Ledger::new(), starts: Starts::NONE }
    }

    /// Gives `bytes` bytes from `start` to the heap, as one free block.
    ///
    /// # Errors
    /// Nothing is written if the area is refused.
    ///
    /// # Safety
    /// The memory must be readable and writable, and for as long as the heap is used nobody else
    /// may access it but through pointers that the heap handed out.
    #[expect(unsafe_code, reason = "the heap cannot check who else uses the memory it is given")]
    pub unsafe fn add_area(
        &mut self,
        start: NonNull<u8>,
        bytes: usize,
    ) -> Result<AreaId, AreaError> {
        // SAFETY: passed on to the caller.
        unsafe { self.blocks.add_area(start, bytes) }.map(AreaId)
    }

    /// Takes out again each area that is one free block, but for the first `kept`, and says how many
    /// that were. Who added them may use their memory again. Areas behind one that goes get other numbers.
    pub fn remove_empty_areas(&mut self, kept: usize) -> usize {
        let count = self.blocks.memory.areas().len();
        (kept..count).rev().filter(|&number| self.blocks.remove_area(number)).count()
    }

    /// The addresses that each area takes from who gave it, in the order of their numbers.
    pub fn extents(&self) -> impl Iterator<Item = core::ops::Range<usize>> {
        let memory = &self.blocks.memory;
        memory.areas().iter().map(|area| memory.extent(*area))
    }

    /// Allocates a block for `owner`, and notes the `site` that asked for it (0: unknown).
    ///
    /// A size of zero gets a block of its own. The memory is not cleared. An owner that has no
    /// entry (its unit is dead and its bytes were 0) is not brought back: the kernel gets the
    /// block.
    ///
    /// # Errors
    /// Says what was wanted and what there was; an alignment above [`ALIGN_MAX`] is refused too.
    #[inline]
    pub fn allocate(
        &mut self,
        layout: Layout,
        owner: OwnerIndex,
        site: u16,
    ) -> Result<NonNull<u8>, OutOfMemory> {
        self.try_allocate(layout, owner, site).ok_or_else(|| self.out_of_memory(layout))
    }

    /// As [`Heap::allocate`], for who does not ask why there is none.
    #[inline]
    pub fn try_allocate(
        &mut self,
        layout: Layout,
        owner: OwnerIndex,
        site: u16,
    ) -> Option<NonNull<u8>> {
        if layout.align() <= HEADER_BYTES as usize {
            self.place(layout.size(), owner, site)
        } else {
            self.place_aligned(layout, owner, site)
        }
    }

    /// The way of nearly all allocations: once in an image, and without a stack frame.
    #[inline(never)]
    fn place(&mut self, payload_bytes: usize, owner: OwnerIndex, site: u16) -> Option<NonNull<u8>> {
        let (place, bytes) = match self.blocks.carve_for(payload_bytes) {
            Ok(carved) => carved,
            Err(Unplaced::NoRoom) => return None,
            Err(Unplaced::BehindTheFirst) => {
                return self.place_behind_the_first(payload_bytes, owner, site);
            }
        };
        match self.ledger.charge(owner, bytes) {
            Charged::Booked => Some(self.tagged(place, owner, site)),
            Charged::NewPeak => Some(self.place_at_a_new_peak(place, bytes, owner, site)),
        }
    }

    /// Once a block that fits is the first of its list, the usual way finds it.
    #[cold]
    #[inline(never)]
    fn place_behind_the_first(
        &mut self,
        payload_bytes: usize,
        owner: OwnerIndex,
        site: u16,
    ) -> Option<NonNull<u8>> {
        let fits = self.blocks.bring_forward(block_bytes(payload_bytes)?);
        if fits { self.place(payload_bytes, owner, site) } else { None }
    }

    #[cold]
    #[inline(never)]
    fn place_at_a_new_peak(
        &mut self,
        place: Place,
        bytes: u32,
        owner: OwnerIndex,
        site: u16,
    ) -> NonNull<u8> {
        let owner = self.ledger.charge_to_a_new_peak(owner, bytes);
        self.tagged(place, owner, site)
    }

    #[inline(always)]
    fn tagged(&mut self, place: Place, owner: OwnerIndex, site: u16) -> NonNull<u8> {
        self.blocks.set_tag(place, Tag::new(owner, site));
        self.blocks.payload_of(place)
    }

    #[cold]
    fn place_aligned(
        &mut self,
        layout: Layout,
        owner: OwnerIndex,
        site: u16,
    ) -> Option<NonNull<u8>> {
        let (place, bytes) = self.take_aligned(layout)?;
        match self.ledger.charge(owner, bytes) {
            Charged::Booked => Some(self.tagged(place, owner, site)),
            Charged::NewPeak => Some(self.place_at_a_new_peak(place, bytes, owner, site)),
        }
    }

    /// Takes a block that is large enough for any padding, and cuts the padding off its front.
    fn take_aligned(&mut self, layout: Layout) -> Option<(Place, u32)> {
        if layout.align() > ALIGN_MAX {
            return None;
        }
        let align = layout.align() as u32;
        let need = block_bytes(layout.size())?;
        let (place, have) = self.blocks.take(need + align + HEADER_BYTES)?;
        match padding(place.offset(), align) {
            0 => Some((place, self.blocks.trim(place, have, need, Head::used(0)))),
            pad => {
                let place = self.blocks.cut_front(place, pad);
                let before = Head::used(0).with_previous_free();
                Some((place, self.blocks.trim(place, have - pad, need, before)))
            }
        }
    }

    #[cold]
    fn out_of_memory(&self, layout: Layout) -> OutOfMemory {
        OutOfMemory {
            wanted_bytes: u32::try_from(layout.size()).unwrap_or(u32::MAX),
            largest_free_bytes: self.largest_free(),
            free_bytes: self.blocks.total - self.ledger.used(),
        }
    }

    /// Gives a block back.
    ///
    /// # Errors
    /// A refused pointer changes nothing. Every pointer outside the areas, every block that is free
    /// and every header that was swallowed by a merge is noticed; a pointer into a block is noticed
    /// unless the eight bytes before it look like a header of a living owner.
    ///
    /// # Safety
    /// If `pointer` is the start of a used block, nobody may use that block any more.
    #[expect(unsafe_code, reason = "the heap cannot check who still uses the block")]
    #[inline]
    pub unsafe fn free(&mut self, pointer: NonNull<u8>) -> Result<Freed, BadPointer> {
        // SAFETY: passed on to the caller.
        match unsafe { self.try_free(pointer) } {
            (0, _) => Err(self.refusal(pointer)),
            (bytes, owner) => Ok(Freed { bytes, owner }),
        }
    }

    /// As [`Heap::free`], for who does not ask why not: says how many bytes the block had, 0 if the
    /// pointer is refused, and whose it was.
    ///
    /// The way of nearly all frees: once in an image, and without a stack frame.
    ///
    /// # Safety
    /// As [`Heap::free`].
    #[expect(unsafe_code, reason = "the heap cannot check who still uses the block")]
    #[inline(never)]
    pub unsafe fn try_free(&mut self, pointer: NonNull<u8>) -> (u32, OwnerIndex) {
        let Some(used) = self.blocks.plausible_at(pointer.addr().get()) else {
            return (0, OwnerIndex::KERNEL);
        };
        let bytes = used.head.plain_bytes();
        if self.ledger.credit(used.owner, bytes) == Credited::NotYet {
            return self.take_back_of_the_dead(pointer);
        }
        self.blocks.give_back(used);
        (bytes, used.owner)
    }

    #[cold]
    #[inline(never)]
    fn take_back_of_the_dead(&mut self, pointer: NonNull<u8>) -> (u32, OwnerIndex) {
        let Ok(used) = self.blocks.used_at(pointer.addr().get()) else {
            return (0, OwnerIndex::KERNEL);
        };
        let bytes = used.head.plain_bytes();
        if self.ledger.credit_after_all(used.owner, bytes).is_err() {
            return (0, OwnerIndex::KERNEL);
        }
        self.blocks.give_back_slowly(used);
        (bytes, used.owner)
    }

    /// Why a free is refused.
    #[cold]
    fn refusal(&self, pointer: NonNull<u8>) -> BadPointer {
        match self.blocks.used_at(pointer.addr().get()) {
            Err(bad) => bad,
            Ok(used) if self.ledger.is_quarantined(used.owner) => BadPointer::Quarantined,
            Ok(_) => BadPointer::Damaged,
        }
    }

    /// Gives back a block of a quarantined owner, which [`Heap::free`] refuses: the collector's
    /// way.
    ///
    /// # Errors
    /// As [`Heap::free`], but for the quarantine.
    ///
    /// # Safety
    /// As [`Heap::free`].
    #[expect(unsafe_code, reason = "the heap cannot check who still uses the block")]
    pub unsafe fn reclaim(&mut self, pointer: NonNull<u8>) -> Result<Freed, BadPointer> {
        let used = self.blocks.used_at(pointer.addr().get())?;
        let bytes = used.head.plain_bytes();
        self.ledger.credit_from_quarantine(used.owner, bytes)?;
        self.blocks.give_back_slowly(used);
        Ok(Freed { bytes, owner: used.owner })
    }

    /// Moves a block to another owner, as at a hand-over between units; says what left which owner.
    ///
    /// # Errors
    /// As [`Heap::free`]: a quarantined block is refused.
    pub fn transfer(&mut self, pointer: NonNull<u8>, to: OwnerIndex) -> Result<Freed, BadPointer> {
        let Used { place, head, owner, tag, .. } = self.blocks.used_at(pointer.addr().get())?;
        let bytes = head.plain_bytes();
        self.ledger
            .transfer(owner, to, bytes)
            .map(|to| {
                self.blocks.set_tag(place, tag.of(to));
                Freed { bytes, owner }
            })
            .map_err(BadPointer::from)
    }

    /// Whole bytes of a used block, from the pointer that [`Heap::allocate`] gave; 0 if it is none.
    #[must_use]
    pub fn bytes_of(&self, pointer: NonNull<u8>) -> u32 {
        self.blocks.used_at(pointer.addr().get()).map_or(0, |used| used.head.bytes())
    }

    /// Bytes that a used block has room for; 0 if the pointer is none of a block.
    #[must_use]
    pub fn payload_of(&self, pointer: NonNull<u8>) -> u32 {
        self.bytes_of(pointer).saturating_sub(HEADER_BYTES)
    }

    /// Notes that several units share a block, so that [`Heap::adopt`] leaves it where it is.
    pub fn mark_shared(&mut self, pointer: NonNull<u8>) {
        if let Ok(used) = self.blocks.used_at(pointer.addr().get()) {
            self.blocks.set_tag(used.place, used.tag.shared());
        }
    }

    /// Moves the block whose payload starts at `address` from one owner to another, if there is one, it
    /// is of the first, and nobody shares it; says whether it did. `address` may be any number.
    pub fn adopt(&mut self, address: usize, from: OwnerIndex, to: OwnerIndex) -> bool {
        let Some(used) = self.blocks.plausible_at(address) else { return false };
        if used.owner != from || used.tag.is_shared() {
            return false;
        }
        let moved = self.ledger.transfer(from, to, used.head.plain_bytes());
        if let Ok(to) = moved {
            self.blocks.set_tag(used.place, used.tag.of(to));
        }
        moved.is_ok()
    }

    /// The heap's figures, in bounded time.
    pub fn totals(&self) -> Totals {
        let total = self.blocks.total;
        let used = self.ledger.used();
        Totals {
            total,
            used,
            free: total - used,
            peak_used: self.ledger.used_peak(),
            peak_used_window: self.ledger.used_peak_window(),
            largest_free: self.largest_free(),
            free_blocks: self.blocks.free,
            used_blocks: self.ledger.blocks(),
        }
    }

    fn largest_free(&self) -> u32 {
        self.blocks.largest().saturating_sub(HEADER_BYTES)
    }

    /// Starts a window: each window peak becomes the current value.
    ///
    /// A loop over all [`OWNERS_MAX`] entries, a few hundred instructions: to do it lazily would
    /// cost every allocation and every free three more.
    pub fn open_window(&mut self) {
        self.ledger.open_window();
    }

    /// Adds an owner.
    ///
    /// # Errors
    /// [`OwnersFull`] if there are [`OWNERS_MAX`] already, living or dead with bytes left.
    pub fn owner_add(&mut self, tag: OwnerTag) -> Result<OwnerIndex, OwnersFull> {
        self.ledger.add(tag)
    }

    /// The owner's unit is dead, and its blocks may be freed by whoever holds pointers to them: the
    /// entry goes as soon as its bytes are 0. Lifts a quarantine.
    ///
    /// The kernel and "permanent" cannot be released: nothing happens.
    pub fn owner_release(&mut self, owner: OwnerIndex) {
        self.ledger.release(owner);
    }

    /// The owner's unit was torn down: its blocks are refused by [`Heap::free`] until the owner is
    /// released; the entry goes as soon as [`Heap::reclaim`] has given back its last byte.
    ///
    /// The kernel and "permanent" cannot be quarantined: nothing happens.
    pub fn owner_quarantine(&mut self, owner: OwnerIndex) {
        self.ledger.quarantine(owner);
    }

    /// How many indices there are at which owners are or were: below [`OWNERS_MAX`].
    #[must_use]
    pub const fn owners_bound(&self) -> usize {
        self.ledger.bound()
    }

    /// Whether the index has an owner, living or dead with bytes left.
    #[must_use]
    pub const fn has_owner(&self, owner: OwnerIndex) -> bool {
        self.ledger.has(owner)
    }

    /// What an owner holds and held; `None` if there is no such owner now.
    pub fn owner(&self, owner: OwnerIndex) -> Option<OwnerTotals> {
        self.ledger.totals(owner)
    }

    /// All owners, in the order of their indices.
    pub fn owners(&self) -> impl Iterator<Item = (OwnerIndex, OwnerTotals)> {
        self.ledger.all()
    }
}

impl From<Refusal> for BadPointer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::HasNone => Self::Damaged,
            Refusal::Quarantined => Self::Quarantined,
        }
    }
}

/// The block that a payload needs.
#[inline]
fn block_bytes(payload_bytes: usize) -> Option<u32> {
    // Below 2^31 - 8 the size leaves the header's top bit alone, and padding cannot wrap around.
    const PAYLOAD_BYTES_MAX: usize = (1 << 31) - 2 * ALIGN_MAX;
    (payload_bytes <= PAYLOAD_BYTES_MAX)
        .then(|| block_granules(payload_bytes as u32) * GRANULE_BYTES)
}

/// The granules of the block that a payload needs which is far from the largest.
#[inline(always)]
fn block_granules(payload_bytes: u32) -> u32 {
    const LEAST: u32 = BLOCK_BYTES_MIN / GRANULE_BYTES;
    (payload_bytes.wrapping_add(HEADER_BYTES + GRANULE_BYTES - 1) / GRANULE_BYTES).max(LEAST)
}

/// How much to cut off a block's front, so that its payload is aligned: nothing, or at least a
/// block.
fn padding(offset: u32, align: u32) -> u32 {
    let pad = (offset + HEADER_BYTES).wrapping_neg() & (align - 1);
    if pad == 0 || pad >= BLOCK_BYTES_MIN { pad } else { pad + align }
}
