//! How often each block was erased.

use crate::device::Block;

/// Counters of erasures, one a block, for `N` blocks.
///
/// They begin where the caller says: a chip does not count, so whoever wants a figure of its life keeps
/// the table across resets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WearTable<const N: usize> {
    erasures: [u32; N],
}

/// What a table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wear {
    /// Erasures of all blocks.
    pub total: u64,
    /// The block that was erased most often; the first of them.
    pub worst: Block,
    /// How often that was.
    pub worst_erasures: u32,
    /// How often the least erased one was.
    pub least_erasures: u32,
}

impl<const N: usize> Default for WearTable<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> WearTable<N> {
    /// Of a chip that was never erased.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > 0, "a device has a block") };
        Self { erasures: [0; N] }
    }

    /// Of a chip with a history.
    #[must_use]
    pub const fn from_erasures(erasures: [u32; N]) -> Self {
        Self { erasures }
    }

    /// How often a block was erased; 0 for one that there is not.
    #[must_use]
    pub fn erasures(&self, block: Block) -> u32 {
        self.erasures.get(block.0 as usize).copied().unwrap_or(0)
    }

    pub(crate) fn count(&mut self, block: Block) {
        if let Some(erasures) = self.erasures.get_mut(block.0 as usize) {
            *erasures = erasures.saturating_add(1);
        }
    }

    /// The figures of the first `blocks` blocks.
    #[must_use]
    pub fn summary(&self, blocks: u32) -> Wear {
        let known = &self.erasures[..(blocks as usize).clamp(1, N)];
        let worst_erasures = known.iter().copied().max().unwrap_or(0);
        let worst = known.iter().position(|count| *count == worst_erasures).unwrap_or(0);
        Wear {
            total: known.iter().map(|count| u64::from(*count)).sum(),
            worst: Block(worst as u32),
            worst_erasures,
            least_erasures: known.iter().copied().min().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_block_is_the_first_of_the_worst() {
        let table = WearTable::from_erasures([1, 7, 0, 7]);
        let wear = table.summary(4);
        assert_eq!((wear.total, wear.worst, wear.worst_erasures), (15, Block(1), 7));
        assert_eq!(wear.least_erasures, 0);
        assert_eq!(table.summary(1).worst, Block(0));
    }

    #[test]
    fn a_counter_at_its_end_stays_there() {
        let mut table = WearTable::from_erasures([u32::MAX]);
        table.count(Block(0));
        table.count(Block(9));
        assert_eq!(table.erasures(Block(0)), u32::MAX);
        assert_eq!(table.erasures(Block(9)), 0);
    }
}
