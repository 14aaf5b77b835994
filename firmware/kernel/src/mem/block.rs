//! Raw blocks of the heap, for what is built on them: boxes, buffers, the global allocator, loaders.
#![expect(unsafe_code, reason = "gives out and takes back raw blocks of the heap")]

use super::account::NoBlock;
use super::{growth, limits};
use crate::error::Error;
use crate::heap::{BadPointer, Resized};
use crate::kernel;
use crate::site;
use crate::thread::check_headroom;
use core::alloc::Layout;
use core::ptr::NonNull;
use ramscope_wire::SiteId;

/// Allocates a block, booked on the running unit. It is not cleared.
///
/// # Context
/// Thread. A collection may come first, see [`set_threshold`](super::set_threshold).
///
/// # Errors
/// [`Error::Missing`] if no block is large enough; [`Error::HeapLocked`].
#[track_caller]
#[inline]
pub fn allocate(layout: Layout) -> Result<NonNull<u8>, Error> {
    check_headroom();
    allocate_at(layout, site::here())
}

#[inline]
pub(super) fn allocate_at(layout: Layout, site: SiteId) -> Result<NonNull<u8>, Error> {
    let asked = kernel::with(|kernel| {
        if kernel.collection_is_due() && !kernel.in_handler() {
            return None;
        }
        let owner = kernel.current_owner();
        Some(kernel.allocate(layout, owner, site))
    });
    match asked {
        Some(Ok(block)) => Ok(block),
        Some(Err(refused)) => allocate_with_more_room(layout, site, refused),
        None => allocate_after_collection(layout, site),
    }
}

/// For the running unit, whatever it takes.
fn ask(layout: Layout, site: SiteId) -> Result<NonNull<u8>, NoBlock> {
    kernel::with(|kernel| {
        let owner = kernel.current_owner();
        kernel.allocate(layout, owner, site)
    })
}

#[cold]
#[inline(never)]
fn allocate_with_more_room(
    layout: Layout,
    site: SiteId,
    refused: NoBlock,
) -> Result<NonNull<u8>, Error> {
    Ok(growth::with_more_room(layout, refused, || ask(layout, site), NoBlock::is_full)?)
}

#[cold]
#[inline(never)]
fn allocate_after_collection(layout: Layout, site: SiteId) -> Result<NonNull<u8>, Error> {
    limits::collect_first();
    match ask(layout, site) {
        Err(refused) => allocate_with_more_room(layout, site, refused),
        Ok(block) => Ok(block),
    }
}

/// Gives a block back. A pointer that the heap does not take is reported, and nothing else happens; a
/// block of a unit that was torn down stays in quarantine, and stays counted.
///
/// # Safety
/// If `pointer` is the start of a used block, nobody uses it any more.
pub unsafe fn free(pointer: NonNull<u8>) {
    kernel::with(|kernel| {
        // SAFETY: as promised by the caller. The answer is noted where it is bad.
        let _ = unsafe { kernel.free(pointer) };
    });
}

/// Makes a block larger or smaller: where it stands, if it can, or by copying its first `kept` bytes to
/// another one.
///
/// # Context
/// As [`allocate`].
///
/// # Errors
/// As [`allocate`]; the block is as it was then. [`Error::Invalid`] if the heap does not know the pointer.
///
/// # Safety
/// `pointer` is the start of a block of at least `kept` bytes, of the alignment of `layout`, and nobody uses
/// it any more unless this fails.
#[track_caller]
pub unsafe fn resize(
    pointer: NonNull<u8>,
    kept: usize,
    layout: Layout,
) -> Result<NonNull<u8>, Error> {
    check_headroom();
    // SAFETY: as promised by the caller.
    unsafe { resize_at(pointer, kept, layout, site::here()) }
}

/// # Safety
/// As [`resize`].
pub(super) unsafe fn resize_at(
    pointer: NonNull<u8>,
    kept: usize,
    layout: Layout,
    site: SiteId,
) -> Result<NonNull<u8>, Error> {
    // SAFETY: as promised by the caller.
    match kernel::with(|kernel| unsafe { kernel.resize(pointer, layout, site) }) {
        Ok(Resized::InPlace { .. }) => Ok(pointer),
        // What was to fail does so, and does not go elsewhere instead.
        Ok(Resized::NoRoom) if growth::take_asked() => {
            Err(kernel::with(|kernel| kernel.as_if_full(layout)).into())
        }
        Ok(Resized::NoRoom) => {
            let moved = allocate_at(layout, site)?;
            let kept = kept.min(layout.size());
            // SAFETY: both blocks have so many bytes, and they are two.
            unsafe { moved.as_ptr().copy_from_nonoverlapping(pointer.as_ptr(), kept) };
            // SAFETY: as promised by the caller.
            unsafe { free(pointer) };
            Ok(moved)
        }
        Err(BadPointer::Quarantined) => Err(Error::Poisoned),
        Err(_) => Err(Error::Invalid),
    }
}

/// Makes a block larger or smaller where it stands; says whether there was room.
///
/// # Safety
/// As for [`resize`]: nobody uses what lies beyond the new size.
pub unsafe fn resize_in_place(pointer: NonNull<u8>, bytes: usize) -> bool {
    let Ok(layout) = Layout::array::<u8>(bytes) else { return false };
    // SAFETY: as promised by the caller.
    let resized = kernel::with(|kernel| unsafe { kernel.resize(pointer, layout, SiteId::NONE) });
    let _ = growth::take_asked();
    matches!(resized, Ok(Resized::InPlace { .. }))
}

/// How many bytes a block has room for; 0 if the pointer is none of a block.
#[must_use]
pub fn payload_of(pointer: NonNull<u8>) -> usize {
    kernel::with(|kernel| kernel.heap.payload_of(pointer)) as usize
}
