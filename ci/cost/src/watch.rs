//! The observer: instructions by row, and the longest masked stretch of each.

use ramscope_engine::{CpuView, Flow, Observer};
use std::collections::BTreeMap;

/// What one row added up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Instructions between the stores that begin and end it, in all of its stretches.
    pub(crate) instructions: u64,
    /// Traps taken meanwhile.
    pub(crate) traps: u64,
    /// The longest stretch with interrupts masked that ended within it.
    pub(crate) longest: Option<Stretch>,
}

/// Instructions with mstatus.MIE clear, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) instructions: u64,
    /// The instruction that masked, or a trap's first one.
    pub(crate) from: u32,
    /// The return address register at that moment: a hint at the caller of a small function.
    pub(crate) caller: u32,
    /// The instruction that unmasked.
    pub(crate) to: u32,
    /// How it began.
    pub(crate) by: By,
}

/// What clears mstatus.MIE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A CSR instruction.
    Code,
    /// A trap with this `mcause`.
    Trap(u32),
}

/// See the module's text. The rows are known by the word that `bench` stores.
pub(crate) struct Watch {
    mark: u32,
    row: u32,
    began: u64,
    masked: Option<(u64, Stretch)>,
    trapped: Option<(u32, u32)>,
    pub(crate) rows: BTreeMap<u32, Tally>,
}

impl Watch {
    /// Watches the word at `mark`.
    pub(crate) fn of(mark: u32) -> Self {
        Self { mark, row: 0, began: 0, masked: None, trapped: None, rows: BTreeMap::new() }
    }

    fn tally(&mut self) -> Option<&mut Tally> {
        (self.row != 0).then(|| self.rows.entry(self.row).or_default())
    }
}

impl Observer for Watch {
    const STORES: bool = true;
    const TRAPS: bool = true;
    const INTERRUPT_MASK: bool = true;

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, _: u8, value: u32) -> Flow {
        if address == self.mark {
            let now = cpu.instructions();
            // The two stores themselves belong to nobody.
            let took = now.saturating_sub(self.began + 1);
            if let Some(tally) = self.tally() {
                tally.instructions += took;
            }
            (self.row, self.began) = (value, now);
        }
        Flow::Continue
    }

    fn trap(&mut self, _: &CpuView<'_>, cause: u32, handler: u32) -> Flow {
        if self.masked.is_none() {
            self.trapped = Some((cause, handler));
        }
        if let Some(tally) = self.tally() {
            tally.traps += 1;
        }
        Flow::Continue
    }

    fn interrupt_mask(&mut self, cpu: &CpuView<'_>, enabled: bool) -> Flow {
        let now = cpu.instructions();
        let trapped = self.trapped.take();
        if !enabled {
            let by = trapped.map_or(By::Code, |(cause, _)| By::Trap(cause));
            let from = trapped.map_or(cpu.pc(), |(_, handler)| handler);
            let caller = cpu.register(1);
            self.masked = Some((now, Stretch { instructions: 0, from, caller, to: from, by }));
        } else if let Some((since, stretch)) = self.masked.take()
            && let Some(tally) = self.tally()
        {
            let instructions = now - since;
            if tally.longest.is_none_or(|longest| longest.instructions < instructions) {
                tally.longest = Some(Stretch { instructions, to: cpu.pc(), ..stretch });
            }
        }
        Flow::Continue
    }
}
