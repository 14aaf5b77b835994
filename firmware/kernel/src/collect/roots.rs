//! Roots that a program declares: memory outside of statics, stacks and heap that holds pointers.
//!
//! A collection looks at the statics, at every stack, at saved registers and at what they reach. A
//! descriptor of a DMA channel in memory of its own, a register of a peripheral that holds a
//! buffer's address, or a pointer that is stored in pieces is not seen. Who has such a thing
//! [`register`]s the memory, or a copy of the pointer, for as long.
#![expect(unsafe_code, reason = "takes the word of its callers for what memory is readable")]

use crate::error::Error;
use crate::kernel;
use crate::thread::check_headroom;
use core::ops::Range;

/// Ranges that can be registered at once.
pub const ROOTS_MAX: usize = 8;

/// What the kernel keeps of registered roots.
pub(crate) struct Roots {
    ranges: [Range<usize>; ROOTS_MAX],
    /// See [`promise_complete`].
    complete: bool,
}

impl Roots {
    pub(crate) const fn new() -> Self {
        Self { ranges: [const { 0..0 }; ROOTS_MAX], complete: false }
    }

    pub(crate) fn range(&self, index: usize) -> Option<Range<usize>> {
        self.ranges.get(index).cloned()
    }

    pub(crate) fn contains(&self, address: usize) -> bool {
        self.ranges.iter().any(|range| range.contains(&address))
    }

    pub(crate) fn are_complete(&self) -> bool {
        self.complete
    }
}

/// A registered range; dropping it takes the range back.
#[derive(Debug)]
pub struct RootGuard {
    index: usize,
}

/// Makes the whole words from `range.start` to `range.end` roots of every collection.
///
/// # Context
/// Thread.
///
/// # Errors
/// [`Error::Full`] if [`ROOTS_MAX`] ranges are registered.
///
/// # Safety
/// The memory is readable until the guard is dropped, for ever if it is forgotten, and reading it has
/// no effect.
pub unsafe fn register(range: Range<*const u8>) -> Result<RootGuard, Error> {
    check_headroom();
    let range = range.start.expose_provenance()..range.end.expose_provenance();
    kernel::with(|kernel| {
        let ranges = &mut kernel.collector.roots.ranges;
        let index = ranges.iter().position(Range::is_empty).ok_or(Error::Full)?;
        ranges[index] = range;
        Ok(RootGuard { index })
    })
}

impl Drop for RootGuard {
    fn drop(&mut self) {
        kernel::with(|kernel| kernel.collector.roots.ranges[self.index] = 0..0);
    }
}

/// Lets collections free memory where stacks and statics cannot be scanned, as on the host port:
/// there the registered roots are all that there is.
///
/// # Context
/// Any.
///
/// # Safety
/// From now on every pointer into the heap that is still used is in a registered root, or in memory
/// that one leads to.
pub unsafe fn promise_complete() {
    kernel::with(|kernel| kernel.collector.roots.complete = true);
}
