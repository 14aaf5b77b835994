//! The kernel's heap as Rust's global allocator, so that programs may use the `alloc` crate on a chip.
//!
//! A board makes it the image's allocator. Blocks are booked on the unit that asks, without a site; a
//! growing `Vec` stays where it is if the heap has room right behind it. What cannot be had is a panic of
//! the thread that asked, as everywhere in `alloc`; [`Box`](super::Box) and [`Buffer`](super::Buffer) say so
//! with an error instead.
#![expect(unsafe_code, reason = "implements an unsafe trait")]

use super::block;
use crate::heap::ALIGN_MAX;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, null_mut};
use ramscope_wire::SiteId;

/// The allocator; all values of it are the same heap.
#[derive(Clone, Copy, Debug, Default)]
pub struct KernelHeap;

fn answer(block: Result<NonNull<u8>, crate::Error>) -> *mut u8 {
    block.map_or(null_mut(), NonNull::as_ptr)
}

// SAFETY: the heap gives out disjoint blocks of the size and alignment that was asked for, or null; it
// never unwinds, and nothing rests on when it is called.
unsafe impl GlobalAlloc for KernelHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        answer(block::allocate_at(layout, SiteId::NONE))
    }

    unsafe fn dealloc(&self, pointer: *mut u8, _layout: Layout) {
        if let Some(pointer) = NonNull::new(pointer) {
            // SAFETY: the caller is done with the block.
            unsafe { block::free(pointer) };
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        let wanted = Layout::from_size_align(bytes, layout.align().min(ALIGN_MAX));
        let (Some(pointer), Ok(wanted)) = (NonNull::new(pointer), wanted) else {
            return null_mut();
        };
        // SAFETY: the block is the caller's, of `layout`, and given up if this succeeds.
        answer(unsafe { block::resize_at(pointer, layout.size(), wanted, SiteId::NONE) })
    }
}
