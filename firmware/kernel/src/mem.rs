//! Memory for programs: fallible boxes, shared values, and the heap's figures.
//!
//! Every allocation can fail and says so: stable Rust has no fallible `Box`, and RV32IMC has no
//! atomic counter for an `Arc`, so the kernel has its own of both. Each block is booked on the
//! unit that allocates it, until it is handed over (`handover`).
#![expect(unsafe_code, reason = "owns raw blocks of the heap")]

pub(crate) mod account;
pub mod block;
mod buffer;
mod calls;
mod global;
pub(crate) mod growth;
pub(crate) mod handover;
mod info;
pub(crate) mod limits;
mod map;
pub(crate) mod mark;
pub(crate) mod refusal;
mod ring;
pub(crate) mod survey;
pub(crate) mod tell;

use crate::error::Error;
use crate::heap::{OwnerIndex, Totals};
use crate::kernel;
use crate::thread::check_headroom;
pub use buffer::Buffer;
pub use global::KernelHeap;
pub use growth::{Growth, area_bytes, growth, max_new_split};
pub use handover::{Recipient, transfer};
pub use info::{InfoLine, MemInfo, mem_info};
pub use limits::{heap_lock, heap_locked, heap_unlock, set_threshold, threshold, threshold_struck};
pub use map::{LINE_LETTERS, Picture, owner_letter, write_legend, write_map};
pub use mark::{
    Change, HOLDINGS_MAX, Holding, MARK_NAME_BYTES_MAX, MARKS_MAX, diff, forget, mark, write_diff,
};
pub use ring::{RING_BYTES_MAX, RING_MEMORY_MAX, Ring};
pub use survey::shape;

use account::NoBlock;
use block::{allocate, free};
use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use ramscope_wire::SiteId;

/// The heap's figures now.
///
/// # Context
/// Any.
#[must_use]
pub fn totals() -> Totals {
    kernel::with(|kernel| kernel.heap.totals())
}

/// Bytes that are free: MicroPython's `gc.mem_free()` without the promise to grow.
#[must_use]
pub fn free_bytes() -> u32 {
    totals().free
}

/// Bytes in use, headers included: MicroPython's `gc.mem_alloc()`.
#[must_use]
pub fn used_bytes() -> u32 {
    totals().used
}

/// MicroPython's `gc.mem_free()`: what is free, and what the heap could still get.
///
/// `mem_alloc() + (mem_free() - max_new_split())` is the heap's total, always.
#[must_use]
pub fn mem_free() -> u32 {
    kernel::with(|kernel| kernel.heap.totals().free + kernel.max_new_split())
}

/// MicroPython's `gc.mem_alloc()`.
#[must_use]
pub fn mem_alloc() -> u32 {
    used_bytes()
}

/// A value in a heap block of its own.
pub struct Box<T> {
    pointer: NonNull<T>,
    owns: PhantomData<T>,
}

// SAFETY: a box owns its value, like the value itself.
unsafe impl<T: Send> Send for Box<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Box<T> {}

impl<T> Box<T> {
    /// Moves `value` to the heap.
    ///
    /// # Context
    /// Thread. Allocates.
    ///
    /// # Errors
    /// [`Error::Missing`] if no block is large enough; the value is dropped.
    #[track_caller]
    pub fn new(value: T) -> Result<Self, Error> {
        let pointer = allocate(Layout::new::<T>())?.cast::<T>();
        // SAFETY: the block is new, large enough and aligned.
        unsafe { pointer.as_ptr().write(value) };
        Ok(Self { pointer, owns: PhantomData })
    }

    /// Moves `value` to a block that `owner` pays for.
    pub(crate) fn new_for(owner: OwnerIndex, site: SiteId, value: T) -> Result<Self, Error> {
        let pointer = Self::place_for(owner, site)?;
        // SAFETY: the block is new, large enough and aligned.
        unsafe { pointer.as_ptr().write(value) };
        Ok(Self { pointer, owns: PhantomData })
    }

    /// A block that `owner` pays for, with nothing in it. [`from_raw`](Self::from_raw) makes it a box
    /// once there is.
    pub(crate) fn place_for(owner: OwnerIndex, site: SiteId) -> Result<NonNull<T>, Error> {
        check_headroom();
        let layout = Layout::new::<T>();
        let ask = || kernel::with(|kernel| kernel.allocate(layout, owner, site));
        let block = match ask() {
            Err(no) => growth::with_more_room(layout, no, ask, NoBlock::is_full)?,
            Ok(block) => block,
        };
        Ok(block.cast())
    }

    /// The value without its owner: only [`from_raw`](Self::from_raw) gives its block back.
    pub(crate) fn into_raw(self) -> NonNull<T> {
        let pointer = self.pointer;
        core::mem::forget(self);
        pointer
    }

    /// # Safety
    /// `pointer` came from [`into_raw`](Self::into_raw) and nobody else uses it.
    pub(crate) unsafe fn from_raw(pointer: NonNull<T>) -> Self {
        Self { pointer, owns: PhantomData }
    }
}

impl<T> Deref for Box<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the box owns a live value.
        unsafe { self.pointer.as_ref() }
    }
}

impl<T> DerefMut for Box<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the box owns a live value.
        unsafe { self.pointer.as_mut() }
    }
}

impl<T> Drop for Box<T> {
    fn drop(&mut self) {
        // SAFETY: the value is live and used for the last time.
        unsafe { self.pointer.as_ptr().drop_in_place() };
        // SAFETY: the block came from `allocate`, and the value is gone.
        unsafe { free(self.pointer.cast()) };
    }
}

struct Counted<T> {
    count: UnsafeCell<usize>,
    value: T,
}

/// A value that several units share; the last one gives its memory back.
///
/// Its bytes stay booked on the unit that made it.
pub struct Arc<T> {
    pointer: NonNull<Counted<T>>,
    owns: PhantomData<Counted<T>>,
}

// SAFETY: the count changes with the kernel held; the value is shared, so it must be both.
unsafe impl<T: Send + Sync> Send for Arc<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Arc<T> {}

impl<T> Arc<T> {
    /// Moves `value` to the heap, shared by one.
    ///
    /// # Context
    /// Thread. Allocates.
    ///
    /// # Errors
    /// [`Error::Missing`] if no block is large enough; the value is dropped.
    #[track_caller]
    pub fn new(value: T) -> Result<Self, Error> {
        let block = allocate(Layout::new::<Counted<T>>())?;
        kernel::with(|kernel| kernel.heap.mark_shared(block));
        let pointer = block.cast::<Counted<T>>();
        // SAFETY: the block is new, large enough and aligned.
        unsafe { pointer.as_ptr().write(Counted { count: UnsafeCell::new(1), value }) };
        Ok(Self { pointer, owns: PhantomData })
    }

    /// Changes the count; answers the new one.
    fn count(&self, change: isize) -> usize {
        kernel::with(|_| {
            // SAFETY: the block lives while an `Arc` does.
            let place = unsafe { self.pointer.as_ref() }.count.get();
            // SAFETY: the kernel is held.
            let count = unsafe { &mut *place };
            *count = count.checked_add_signed(change).expect("fewer owners than bytes");
            *count
        })
    }
}

impl<T> Clone for Arc<T> {
    fn clone(&self) -> Self {
        self.count(1);
        Self { pointer: self.pointer, owns: PhantomData }
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the block lives while an `Arc` does.
        unsafe { &self.pointer.as_ref().value }
    }
}

impl<T> Drop for Arc<T> {
    fn drop(&mut self) {
        if self.count(-1) == 0 {
            // SAFETY: the last owner: the value is live and used for the last time.
            unsafe { self.pointer.as_ptr().drop_in_place() };
            // SAFETY: the block came from `allocate`, and the value is gone.
            unsafe { free(self.pointer.cast()) };
        }
    }
}
