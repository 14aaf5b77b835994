//! Where a debugger wants to stop, and the two observers that find these places.
//!
//! Forwards, the first place counts; backwards, the last one before where the device is. Both see
//! facts in program order, so backwards means: run the stretch again and keep the last place seen.
//!
//! A place is an instant: the one at which its instruction starts. No two instructions share one.
//! Only taking an interrupt costs no time, so the place of a handler's first instruction is also
//! that of the instruction which the interrupt came before, and there the device stops.

use std::collections::BTreeSet;

use gdbstub::target::ext::breakpoints::WatchKind;
use ramscope_engine::{CpuView, Flow, Observer};
use ramscope_time::Instant;

use super::load::loaded_by;
use crate::engine::debugged::Breaking;

/// A stretch of memory that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    pub(super) address: u32,
    pub(super) bytes: u32,
    pub(super) kind: WatchKind,
}

impl Watch {
    fn overlaps(&self, address: u32, bytes: u32) -> bool {
        address.wrapping_sub(self.address) < self.bytes
            || self.address.wrapping_sub(address) < bytes
    }
}

/// Everything that a debugger has asked to stop at.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaks {
    /// Breakpoints that the debugger thinks of as patched code; the code is never patched.
    pub(super) software: BTreeSet<u32>,
    pub(super) hardware: BTreeSet<u32>,
    pub(super) watches: Vec<Watch>,
}

/// Why the device is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Software,
    Hardware,
    Watch(Watch),
    /// A step is done with this instruction.
    Stepped,
    /// A step through a range was done before this instruction.
    Left,
}

/// A place to stop at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) why: Why,
    /// When its instruction starts.
    pub(super) at: Instant,
}

impl Place {
    /// Whether the device, going forwards, stops before the instruction: a step and an access that
    /// is watched are complete first.
    pub(super) fn is_before_instruction(&self) -> bool {
        matches!(self.why, Why::Software | Why::Hardware | Why::Left)
    }
}

impl Breaks {
    fn at_instruction(&self, pc: u32) -> Option<Why> {
        if self.software.contains(&pc) {
            return Some(Why::Software);
        }
        self.hardware.contains(&pc).then_some(Why::Hardware)
    }

    fn at_access(&self, address: u32, bytes: u32, unless: WatchKind) -> Option<Why> {
        let mut watches = self.watches.iter();
        let hit = |watch: &&Watch| watch.kind != unless && watch.overlaps(address, bytes);
        watches.find(hit).map(|watch| Why::Watch(*watch))
    }

    fn at_store(&self, address: u32, bytes: u8) -> Option<Why> {
        self.at_access(address, u32::from(bytes), WatchKind::Read)
    }

    /// The machine tells of stores only; so a load is worked out from its instruction.
    fn at_load(&self, cpu: &CpuView<'_>, pc: u32) -> Option<Why> {
        if self.watches.iter().all(|watch| watch.kind == WatchKind::Write) {
            return None;
        }
        let (address, bytes) = loaded_by(cpu, pc)?;
        self.at_access(address, bytes, WatchKind::Write)
    }
}

/// Whose steps count: those of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whose {
    /// The address of the word that says which unit runs; without it, all steps count.
    pub(super) running: Option<u32>,
    pub(super) unit: u32,
}

impl Whose {
    fn runs(&self, cpu: &CpuView<'_>) -> bool {
        let mut word = [0; 4];
        match self.running.map(|address| cpu.read_bytes(address, &mut word)) {
            Some(Ok(())) => u32::from_le_bytes(word) == self.unit,
            _ => true,
        }
    }
}

/// How far a unit may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stride {
    /// To the next place.
    Continue,
    /// One instruction of a unit.
    Step(Whose),
    /// Instructions of a unit as long as they lie from one address up to another.
    Range(Whose, u32, u32),
}

/// Finds the first place.
pub(super) struct Forwards<'a> {
    pub(super) breaks: &'a Breaks,
    pub(super) stride: Stride,
    /// Where the debugger let the device go: a break there has been told.
    pub(super) from: Instant,
    pub(super) found: Option<Place>,
}

impl Forwards<'_> {
    fn find(&mut self, why: Option<Why>, at: Instant) -> Flow {
        if self.found.is_none() {
            self.found = why.map(|why| Place { why, at });
        }
        if self.found.is_some() { Flow::Stop } else { Flow::Continue }
    }

    fn at_step(&self, cpu: &CpuView<'_>, pc: u32) -> Option<Why> {
        match self.stride {
            Stride::Continue => None,
            Stride::Step(whose) => whose.runs(cpu).then_some(Why::Stepped),
            Stride::Range(whose, low, high) => {
                let is_out = self.from != cpu.now() && !(low..high).contains(&pc);
                (is_out && whose.runs(cpu)).then_some(Why::Left)
            }
        }
    }
}

impl Observer for Forwards<'_> {
    const RETIRES: bool = true;
    const STORES: bool = true;

    fn retire(&mut self, cpu: &CpuView<'_>, pc: u32) -> Flow {
        let at = cpu.now();
        let why = self.breaks.at_instruction(pc).filter(|_| self.from != at);
        let why = why.or_else(|| self.breaks.at_load(cpu, pc)).or_else(|| self.at_step(cpu, pc));
        self.find(why, at)
    }

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, bytes: u8, _: u32) -> Flow {
        // A step that stores to a watched place is told as the watch.
        if self.found.is_some_and(|found| found.why == Why::Stepped)
            && let Some(why) = self.breaks.at_store(address, bytes)
        {
            self.found = Some(Place { why, at: cpu.now() });
        }
        self.find(self.breaks.at_store(address, bytes), cpu.now())
    }
}

impl Breaking for Forwards<'_> {
    fn has_stopped(&self) -> bool {
        self.found.is_some()
    }
}

/// Finds the last place of a stretch and never stops.
pub(super) struct Backwards<'a> {
    pub(super) breaks: &'a Breaks,
    /// Whether each instruction of a unit is a place.
    pub(super) steps: Option<Whose>,
    pub(super) found: Option<Place>,
}

impl Observer for Backwards<'_> {
    const RETIRES: bool = true;
    const STORES: bool = true;

    fn retire(&mut self, cpu: &CpuView<'_>, pc: u32) -> Flow {
        let why = self.breaks.at_instruction(pc).or_else(|| self.breaks.at_load(cpu, pc));
        let stepped = || self.steps?.runs(cpu).then_some(Why::Stepped);
        if let Some(why) = why.or_else(stepped) {
            self.found = Some(Place { why, at: cpu.now() });
        }
        Flow::Continue
    }

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, bytes: u8, _: u32) -> Flow {
        if let Some(why) = self.breaks.at_store(address, bytes) {
            self.found = Some(Place { why, at: cpu.now() });
        }
        Flow::Continue
    }
}

impl Breaking for Backwards<'_> {
    fn has_stopped(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_that_touches_one_watched_byte_is_seen() {
        let watch = Watch { address: 0x3FC8_0004, bytes: 4, kind: WatchKind::Write };
        for (address, bytes, seen) in [
            (0x3FC8_0003, 1, false),
            (0x3FC8_0002, 4, true),
            (0x3FC8_0004, 1, true),
            (0x3FC8_0007, 1, true),
            (0x3FC8_0008, 4, false),
        ] {
            assert_eq!(watch.overlaps(address, bytes), seen, "{address:#x}");
        }
    }

    #[test]
    fn a_watch_sees_only_what_it_is_for() {
        let kinds = [WatchKind::Write, WatchKind::Read, WatchKind::ReadWrite];
        for (kind, stores) in kinds.into_iter().zip([true, false, true]) {
            let watches = vec![Watch { address: 0x100, bytes: 4, kind }];
            let breaks = Breaks { watches, ..Breaks::default() };
            assert_eq!(breaks.at_store(0x100, 4).is_some(), stores, "{kind:?}");
        }
    }
}
