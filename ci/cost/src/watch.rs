//! The observer: instructions by row, and the longest stretches of each in which interrupts wait.
//!
//! There are two kinds. While interrupts are *masked*, nothing else happens at all. While the kernel is
//! *held*, which the board keeps in the thread pointer, an interrupt is served by putting it off: its
//! source is quiet at once, its handler runs when the kernel is free. So the longest stretch of either kind is
//! how late a handler can be.

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
    /// The longest one in which no handler could begin: masked or held.
    pub(crate) longest_held: Option<Stretch>,
}

/// Instructions with mstatus.MIE clear, or during which no handler could begin, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) instructions: u64,
    /// The instruction that masked, or the first one of a trap or of what is held.
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
    held: Option<(u64, Stretch)>,
    /// The instruction before this one.
    last: u32,
    trapped: Option<(u32, u32)>,
    pub(crate) rows: BTreeMap<u32, Tally>,
}

impl Watch {
    /// Watches the word at `mark`.
    pub(crate) fn of(mark: u32) -> Self {
        Self {
            mark,
            row: 0,
            began: 0,
            masked: None,
            held: None,
            last: 0,
            trapped: None,
            rows: BTreeMap::new(),
        }
    }

    fn tally(&mut self) -> Option<&mut Tally> {
        (self.row != 0).then(|| self.rows.entry(self.row).or_default())
    }

    fn begin_held(&mut self, now: u64, stretch: Stretch) {
        self.held = Some((now, stretch));
    }

    fn end_held(&mut self, now: u64, to: u32) {
        if let Some((since, stretch)) = self.held.take()
            && let Some(tally) = self.tally()
        {
            stretch.ends(now - since, to, &mut tally.longest_held);
        }
    }
}

impl Observer for Watch {
    const STORES: bool = true;
    const TRAPS: bool = true;
    const INTERRUPT_MASK: bool = true;
    const RETIRES: bool = true;

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

    fn trap(&mut self, cpu: &CpuView<'_>, cause: u32, handler: u32) -> Flow {
        if self.masked.is_none() {
            self.trapped = Some((cause, handler));
        }
        if !is_held(cpu) {
            // A handler begins, maybe right after another one.
            let now = cpu.instructions();
            self.end_held(now, cpu.pc());
            self.begin_held(now, Stretch::at(handler, cpu, By::Trap(cause)));
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
            self.masked = Some((now, Stretch::at(from, cpu, by)));
        } else if let Some((since, stretch)) = self.masked.take()
            && let Some(tally) = self.tally()
        {
            stretch.ends(now - since, cpu.pc(), &mut tally.longest);
        }
        Flow::Continue
    }

    fn retire(&mut self, cpu: &CpuView<'_>, pc: u32) -> Flow {
        let is_held = is_held(cpu) || !cpu.interrupts_enabled();
        if is_held != self.held.is_some() {
            let now = cpu.instructions();
            match is_held {
                true => self.begin_held(now, Stretch::at(self.last, cpu, By::Code)),
                false => self.end_held(now, pc),
            }
        }
        self.last = pc;
        Flow::Continue
    }
}

/// What the board keeps in the thread pointer: zero where the kernel is free.
fn is_held(cpu: &CpuView<'_>) -> bool {
    const THREAD_POINTER: u8 = 4;
    cpu.register(THREAD_POINTER) != 0
}

impl Stretch {
    fn at(from: u32, cpu: &CpuView<'_>, by: By) -> Self {
        Self { instructions: 0, from, caller: cpu.register(1), to: from, by }
    }

    /// Is over after so many instructions, and kept if it was the longest.
    fn ends(self, instructions: u64, to: u32, longest: &mut Option<Stretch>) {
        if longest.is_none_or(|longest| longest.instructions < instructions) {
            *longest = Some(Stretch { instructions, to, ..self });
        }
    }
}
