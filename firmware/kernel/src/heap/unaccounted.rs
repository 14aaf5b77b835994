//! The same blocks without accounts: what the accounts cost is measured against it.
//!
//! No image of the product contains it. Headers, lists and checks of pointers are those of
//! [`Heap`](super::Heap); a block carries its owner and site as there, only nobody counts.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::blocks::{Blocks, Unplaced};
use super::header::Tag;
use super::{AreaError, HEADER_BYTES, OwnerIndex, block_bytes};

/// Bytes of the control structure of a heap's blocks: all that stands beside the areas, but for the
/// accounts.
pub const CONTROL_BYTES: usize = size_of::<Blocks>();

/// A heap over one area that keeps no accounts.
pub struct Unaccounted(Blocks);

impl Unaccounted {
    /// One free block.
    ///
    /// # Errors
    /// As [`Heap::add_area`](super::Heap::add_area).
    ///
    /// # Safety
    /// As [`Heap::add_area`](super::Heap::add_area).
    #[expect(unsafe_code, reason = "the heap cannot check who else uses the memory it is given")]
    pub unsafe fn over(start: NonNull<u8>, bytes: usize) -> Result<Self, AreaError> {
        let mut blocks = Blocks::new();
        // SAFETY: passed on to the caller.
        unsafe { blocks.add_area(start, bytes) }?;
        Ok(Self(blocks))
    }

    /// A block, as [`Heap::allocate`](super::Heap::allocate) takes it; alignments above
    /// [`HEADER_BYTES`] are refused.
    #[inline(never)]
    pub fn allocate(
        &mut self,
        layout: Layout,
        owner: OwnerIndex,
        site: u16,
    ) -> Option<NonNull<u8>> {
        if layout.align() > HEADER_BYTES as usize {
            return None;
        }
        let (place, _) = match self.0.carve_for(layout.size()) {
            Ok(carved) => carved,
            Err(Unplaced::NoRoom) => return None,
            Err(Unplaced::BehindTheFirst) => return self.allocate_behind_the_first(layout, owner),
        };
        self.0.set_tag(place, Tag::new(owner, site));
        Some(self.0.payload_of(place))
    }

    #[cold]
    #[inline(never)]
    fn allocate_behind_the_first(
        &mut self,
        layout: Layout,
        owner: OwnerIndex,
    ) -> Option<NonNull<u8>> {
        let fits = self.0.bring_forward(block_bytes(layout.size())?);
        if fits { self.allocate(layout, owner, 0) } else { None }
    }

    /// Gives a block back, and says how many bytes that were; none if the pointer is refused.
    ///
    /// # Safety
    /// As [`Heap::free`](super::Heap::free).
    #[expect(unsafe_code, reason = "the heap cannot check who still uses the block")]
    #[inline(never)]
    pub unsafe fn free(&mut self, pointer: NonNull<u8>) -> u32 {
        let Some(used) = self.0.plausible_at(pointer.addr().get()) else { return 0 };
        self.0.give_back(used);
        used.head.plain_bytes()
    }
}
