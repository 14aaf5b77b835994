//! Where a slice could end: the instructions before which a unit can be interrupted.
//!
//! A unit can be interrupted before each of its instructions that it begins with interrupts on. What
//! comes in while they are off waits for the first such instruction after; so these are all the
//! places at which a switch can happen, and each of them is one count of instructions.

use std::collections::BTreeMap;

use ramscope_engine::{CpuView, Flow, Observer};

use super::EngineSession;

/// Instructions in a row, as counts since power-on: from the first to the one after the last.
pub(crate) type Stretch = (u64, u64);

/// An observer that notes them, unit by unit.
#[derive(Clone, Debug)]
pub(super) struct PointWatch {
    /// The address of the word that says which unit runs.
    block: u32,
    unit: u32,
    by_unit: BTreeMap<u32, Vec<Stretch>>,
}

impl PointWatch {}

impl EngineSession {
    /// Begins to note where slices could end, if the image says which unit runs.
    pub(crate) fn watch_points(&mut self) {
        self.device.points = self.units.running.and_then(|block| {
            let unit = self.device.machine.read_word(block).ok()?;
            Some(PointWatch { block, unit, by_unit: BTreeMap::new() })
        });
    }

    /// What was noted of each unit, in order.
    pub(crate) fn into_points(self) -> Option<BTreeMap<u32, Vec<Stretch>>> {
        self.device.points.map(|points| points.by_unit)
    }

    /// The units that live.
    pub(crate) fn unit_ids(&self) -> Vec<u32> {
        let units = self.units.all(&self.device.machine);
        units.into_iter().map(|unit| unit.id).collect()
    }
}

impl Observer for PointWatch {
    const STORES: bool = true;
    const RETIRES: bool = true;

    fn store(&mut self, _cpu: &CpuView<'_>, address: u32, _bytes: u8, value: u32) -> Flow {
        if address == self.block {
            self.unit = value;
        }
        Flow::Continue
    }

    fn retire(&mut self, cpu: &CpuView<'_>, _pc: u32) -> Flow {
        if cpu.interrupts_enabled() {
            let at = cpu.instructions();
            let stretches = self.by_unit.entry(self.unit).or_default();
            match stretches.last_mut() {
                Some((_, end)) if *end == at => *end += 1,
                _ => stretches.push((at, at + 1)),
            }
        }
        Flow::Continue
    }
}
