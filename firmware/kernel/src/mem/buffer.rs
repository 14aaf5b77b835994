//! A buffer that grows where it stands, if it can.
//!
//! A buffer that is copied each time it grows needs both copies at once, and leaves holes where it was. So
//! growing first asks the heap for the bytes right behind, then for a larger block elsewhere, and takes
//! less than it would like where there is no more. A growth that fails changes nothing.
#![expect(unsafe_code, reason = "owns a raw block of the heap and reads and writes its bytes")]

use super::block;
use crate::error::Error;
use core::alloc::Layout;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// The first block of a buffer that grows byte by byte.
const FIRST_BYTES: usize = 24;

/// Bytes in one block of the heap, booked on the unit that made it first.
#[derive(Debug)]
pub struct Buffer {
    /// The block, which has room for `capacity` bytes; none if that is 0. The first `length` are written.
    start: NonNull<u8>,
    capacity: usize,
    length: usize,
}

// SAFETY: a buffer owns its bytes.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer without memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { start: NonNull::dangling(), capacity: 0, length: 0 }
    }

    /// An empty buffer with room for so many bytes.
    ///
    /// # Context
    /// Thread. Allocates.
    ///
    /// # Errors
    /// [`Error::Missing`] if no block is large enough; [`Error::HeapLocked`].
    #[track_caller]
    pub fn with_capacity(bytes: usize) -> Result<Self, Error> {
        let mut buffer = Self::new();
        buffer.reserve(bytes)?;
        Ok(buffer)
    }

    /// How many bytes it has room for without growing.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Makes room for so many bytes more.
    ///
    /// # Context
    /// Thread. Allocates if there is no room.
    ///
    /// # Errors
    /// As [`with_capacity`](Self::with_capacity); nothing has changed then.
    #[track_caller]
    pub fn reserve(&mut self, more: usize) -> Result<(), Error> {
        let need = self.length.checked_add(more).ok_or(Error::TooLarge)?;
        if need <= self.capacity {
            return Ok(());
        }
        // Half as much again, so that growing byte by byte copies each byte a bounded number of times.
        let wish = need.max(self.capacity + self.capacity / 2).max(FIRST_BYTES);
        match self.grow(wish) {
            Err(Error::Missing(_)) if wish > need => self.grow(need),
            grown => grown,
        }
    }

    #[track_caller]
    fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        let layout = Layout::array::<u8>(bytes).map_err(|_| Error::TooLarge)?;
        let start = match self.capacity {
            0 => block::allocate(layout)?,
            // SAFETY: the block is the buffer's, and has as many bytes as are kept.
            _ => unsafe { block::resize(self.start, self.length, layout) }?,
        };
        self.start = start;
        self.capacity = block::payload_of(start).max(bytes);
        Ok(())
    }

    /// Gives back what is not written. A buffer that cannot shrink in place stays as it is.
    pub fn shrink(&mut self) {
        if self.length == 0 {
            return drop(core::mem::take(self));
        }
        // SAFETY: the block is the buffer's, and its written bytes are kept.
        if unsafe { block::resize_in_place(self.start, self.length) } {
            self.capacity = block::payload_of(self.start).max(self.length);
        }
    }

    /// Appends a byte.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve).
    #[track_caller]
    pub fn push(&mut self, byte: u8) -> Result<(), Error> {
        self.extend(&[byte])
    }

    /// Appends bytes, all or none.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve).
    #[track_caller]
    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.reserve(bytes.len())?;
        // SAFETY: there is room behind the written bytes.
        let end = unsafe { self.start.add(self.length) };
        // SAFETY: as above, and nobody borrows from the buffer.
        unsafe { end.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.length += bytes.len();
        Ok(())
    }

    /// Forgets all bytes behind the first `length`.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: so many bytes are written, or none are and the pointer is not followed.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and the buffer is borrowed alone.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: the block is the buffer's, which is used for the last time.
            unsafe { block::free(self.start) };
        }
    }
}
