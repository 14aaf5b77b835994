//! `mem_info`: MicroPython's report on its heap, from ours.
//!
//! The text is MicroPython's, to the byte, so whoever knows that report, or has a program that reads it,
//! finds each figure where it was. The figures are ours: a *block* is 16 bytes, as there, and a used
//! block of the heap counts with its header.
//!
//! [`MemInfo`] is pure: with the figures of another heap it is that heap's report.

use super::survey::shape;
use crate::heap::{Shape, UNIT_BYTES, units};
use crate::kernel;
use crate::port;
use core::fmt;

/// The figures of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemInfo {
    /// Bytes of its stack that the thread which asks uses now.
    pub stack_used: u32,
    /// Bytes of that stack.
    pub stack_bytes: u32,
    /// Bytes of the heap: `used + free`.
    pub total: u32,
    /// In use.
    pub used: u32,
    /// Not in use.
    pub free: u32,
    /// What the heap could still get for a further area: no part of `total`.
    pub max_new_split: u32,
    /// Used blocks of at most 16 bytes.
    pub one_blocks: u32,
    /// Used blocks of 17 to 32 bytes.
    pub two_blocks: u32,
    /// The largest used block, in units of 16 bytes, rounded up.
    pub max_block: u32,
    /// The largest free block, in units of 16 bytes, rounded down.
    pub max_free: u32,
}

impl MemInfo {
    fn of(shape: &Shape) -> Self {
        let used = shape.areas().iter().map(|area| area.used).sum();
        let free = shape.free();
        let (stack_used, stack_bytes) = own_stack();
        Self {
            stack_used,
            stack_bytes,
            total: used + free,
            used,
            free,
            max_new_split: super::max_new_split(),
            one_blocks: shape.small_used[0],
            two_blocks: shape.small_used[1],
            max_block: units(shape.largest_used),
            max_free: shape.largest_free() / UNIT_BYTES,
        }
    }
}

/// What the running thread uses of its stack now, and its size.
fn own_stack() -> (u32, u32) {
    let stack = kernel::running_stack();
    let used = port::stack_pointer().filter(|sp| stack.holds(*sp)).map(|sp| stack.high() - sp);
    (used.unwrap_or(0) as u32, stack.bytes as u32)
}

impl MemInfo {
    /// The report's three lines.
    #[must_use]
    pub const fn lines(self) -> [InfoLine; 3] {
        [InfoLine::Stack(self), InfoLine::Heap(self), InfoLine::Blocks(self)]
    }
}

/// One line of the report.
#[derive(Clone, Copy, Debug)]
pub enum InfoLine {
    /// The stack of the thread that asks.
    Stack(MemInfo),
    /// The heap.
    Heap(MemInfo),
    /// Its blocks.
    Blocks(MemInfo),
}

impl fmt::Display for InfoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(of) => write!(f, "stack: {} out of {}", of.stack_used, of.stack_bytes),
            Self::Heap(of) => write!(
                f,
                "GC: total: {}, used: {}, free: {}, max new split: {}",
                of.total, of.used, of.free, of.max_new_split
            ),
            Self::Blocks(of) => write!(
                f,
                " No. of 1-blocks: {}, 2-blocks: {}, max blk sz: {}, max free sz: {}",
                of.one_blocks, of.two_blocks, of.max_block, of.max_free
            ),
        }
    }
}

impl fmt::Display for MemInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [stack, heap, blocks] = self.lines();
        write!(f, "{stack}\n{heap}\n{blocks}")
    }
}

/// The report's figures now; `None` if the heap changed too often while it was looked at, or is
/// damaged.
///
/// # Context
/// Thread. Reads all blocks.
#[must_use]
pub fn mem_info() -> Option<MemInfo> {
    shape().map(|shape| MemInfo::of(&shape))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    /// The memory part of the seed's first listing.
    const SEED: &str = "stack: 736 out of 15360
GC: total: 56000, used: 8400, free: 47600, max new split: 110592
 No. of 1-blocks: 176, 2-blocks: 21, max blk sz: 32, max free sz: 2964";

    #[test]
    fn x44_the_seeds_figures_give_the_seeds_text() {
        let info = MemInfo {
            stack_used: 736,
            stack_bytes: 15360,
            total: 56000,
            used: 8400,
            free: 47600,
            max_new_split: 110_592,
            one_blocks: 176,
            two_blocks: 21,
            max_block: 32,
            max_free: 2964,
        };
        assert_eq!(info.to_string(), SEED);
        assert_eq!(info.used + info.free, info.total);
    }
}
