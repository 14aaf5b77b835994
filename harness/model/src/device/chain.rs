//! Chains of calls: where units stood, how deep they had been, and which calls led to blocks of the heap.

use ramscope_time::Instant;
use ramscope_wire::{OwnerKind, SiteId, UnitId};

use super::UnitKey;

/// Where a unit stood when the run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Which unit.
    pub unit: UnitKey,
    /// The instruction that it would go on with; certain.
    pub pc: u32,
    /// Instructions that call, on the way to it, innermost first; guesses.
    pub callers: Vec<u32>,
}

/// Who had called whom when a unit's stack was deepest; certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepestCalls {
    /// Which unit.
    pub unit: UnitKey,
    /// The stack pointer then.
    pub sp: u32,
    /// The functions that were not over, innermost first.
    pub frames: Vec<Frame>,
}

/// A function's part of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instruction that it stood at: one that calls the next one inwards, or the innermost store.
    pub pc: u32,
    /// The bytes of the stack that it had, if that is known.
    pub bytes: Option<u32>,
}

impl DeepestCalls {
    /// The chain of a unit whose stack pointer was at `sp`, with the instructions and stack pointers of the
    /// calls behind it. What lies between two stack pointers is the inner function's; between the
    /// last one and the stack's end, the outermost one's.
    pub(crate) fn of(
        unit: UnitKey,
        (pc, sp): (u32, u32),
        (callers, sps): (&[u32], &[u32]),
        stack_end: Option<u32>,
    ) -> Self {
        let starts = (0..=callers.len()).map(|index| match sps.get(index) {
            Some(start) => Some(*start),
            None if sps.len() == callers.len() => stack_end,
            None => None,
        });
        let mut below = Some(sp);
        let pcs = std::iter::once(pc).chain(callers.iter().copied());
        let frames = pcs.zip(starts).map(|(pc, start)| {
            let bytes = start.zip(below).and_then(|(start, end)| start.checked_sub(end));
            below = start;
            Frame { pc, bytes }
        });
        Self { unit, sp, frames: frames.collect() }
    }

    /// Bytes of all functions together, if they are known.
    #[must_use]
    pub fn bytes(&self) -> Option<u32> {
        self.frames.iter().map(|frame| frame.bytes).sum()
    }
}

/// Whether calls were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The machine saw them.
    Exact,
    /// They are what words on the stack look like; some may be over long before.
    Guess,
}

/// Blocks of the heap in use at one time, all allocated by the same calls for the same owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldChain {
    /// The unit that ran when they were allocated.
    pub unit: UnitKey,
    /// Who has them, if that is known: the owner of record.
    pub owner: Option<(OwnerKind, UnitId)>,
    /// Where they were allocated.
    pub site: SiteId,
    /// The calls that led there, innermost first.
    pub callers: Vec<u32>,
    /// Whether these are certain.
    pub certainty: Certainty,
    /// When each block was allocated, and its bytes with its header.
    pub blocks: Vec<(Instant, u32)>,
}

/// What was in use of the heap when most of it was, all allocated by the same calls for the same owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeakChain {
    /// When that was.
    pub at: Instant,
    /// The unit that ran when it was allocated.
    pub unit: UnitKey,
    /// Who had it then, if that is known.
    pub owner: Option<(OwnerKind, UnitId)>,
    /// Where it was allocated.
    pub site: SiteId,
    /// The calls that led there, innermost first.
    pub callers: Vec<u32>,
    /// Whether these are certain.
    pub certainty: Certainty,
    /// Bytes of its blocks, with their headers.
    pub bytes: u64,
    /// How many blocks.
    pub blocks: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: UnitKey = UnitKey { boot: 0, id: UnitId(3) };

    fn bytes(sps: &[u32], end: Option<u32>) -> Vec<Option<u32>> {
        let chain = DeepestCalls::of(UNIT, (10, 0x0F00), (&[20, 30], sps), end);
        chain.frames.iter().map(|frame| frame.bytes).collect()
    }

    #[test]
    fn each_function_has_what_lies_up_to_its_callers_stack_pointer() {
        let all = [Some(0x20), Some(0x40), Some(0xA0)];
        assert_eq!(bytes(&[0x0F20, 0x0F60], Some(0x1000)), all);
        assert_eq!(bytes(&[0x0F20, 0x0F60], None), [all[0], all[1], None]);
    }

    #[test]
    fn without_stack_pointers_no_size_is_made_up() {
        assert_eq!(bytes(&[], Some(0x1000)), [None; 3]);
    }
}
