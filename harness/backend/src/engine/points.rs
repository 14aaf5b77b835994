//! Where a slice could end: the instructions before which a unit can be interrupted.
//!
//! A unit can be interrupted before each of its instructions that it begins with interrupts on. What
//! comes in while they are off waits for the first such instruction after; so these are all the
//! places at which a switch can happen, and each of them is one count of instructions. The same is true
//! of what comes in while our kernel is held: it is put off until then. Where nobody of
//! the same priority is ready the unit goes on, whatever is asked: an image that says where turns
//! are decided spares us those places.

use std::collections::BTreeMap;

use ramscope_engine::{CpuView, Flow, Observer};

use super::EngineSession;
use crate::gdb::units::Turns;

/// Instructions in a row, as counts since power-on: from the first to the one after the last.
pub(crate) type Stretch = (u64, u64);

/// Places of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitPoints {
    /// Those where another unit could have the turn, as far as the image tells; all otherwise.
    pub stretches: Vec<Stretch>,
    /// Before how many instructions it could be interrupted at all.
    pub interruptible: u64,
}

/// An observer that notes them, unit by unit.
#[derive(Clone, Debug)]
pub(super) struct PointWatch {
    /// The address of the word that says which unit runs.
    block: u32,
    unit: u32,
    turns: Option<Turns>,
    /// Whether another one could have the turn now.
    is_contested: bool,
    by_unit: BTreeMap<u32, UnitPoints>,
}

impl EngineSession {
    /// Begins to note where slices could end, if the image says which unit runs.
    pub(crate) fn watch_points(&mut self) {
        let machine = &self.device.machine;
        self.device.points = self.units.running.and_then(|block| {
            let unit = machine.read_word(block).ok()?;
            let turns = self.units.turns(machine);
            let read = |address, out: &mut [u8]| machine.read_bytes(address, out).is_ok();
            let is_contested = turns.is_none_or(|turns| turns.has_equal(read));
            Some(PointWatch { block, unit, turns, is_contested, by_unit: BTreeMap::new() })
        });
    }

    /// The same session, with nobody who looks for points.
    pub(crate) fn without_points(mut self) -> Self {
        self.device.points = None;
        self
    }

    /// What was noted of each unit, in order.
    pub(crate) fn into_points(self) -> Option<BTreeMap<u32, UnitPoints>> {
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

    fn store(&mut self, cpu: &CpuView<'_>, address: u32, _bytes: u8, value: u32) -> Flow {
        if address == self.block {
            self.unit = value;
        }
        if let Some(turns) = self.turns.filter(|turns| turns.depend_on(address)) {
            self.is_contested =
                turns.has_equal(|address, out| cpu.read_bytes(address, out).is_ok());
        }
        Flow::Continue
    }

    fn retire(&mut self, cpu: &CpuView<'_>, _pc: u32) -> Flow {
        if cpu.interrupts_enabled() && !self.is_held(cpu) {
            let points = self.by_unit.entry(self.unit).or_default();
            points.interruptible += 1;
            if self.is_contested {
                points.add(cpu.instructions());
            }
        }
        Flow::Continue
    }
}

impl PointWatch {
    /// Whether the kernel is held: an image that says where turns are decided keeps that in the thread
    /// pointer, which is zero while it is free.
    fn is_held(&self, cpu: &CpuView<'_>) -> bool {
        const THREAD_POINTER: u8 = 4;
        self.turns.is_some() && cpu.register(THREAD_POINTER) != 0
    }
}

impl UnitPoints {
    fn add(&mut self, at: u64) {
        match self.stretches.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            _ => self.stretches.push((at, at + 1)),
        }
    }
}
