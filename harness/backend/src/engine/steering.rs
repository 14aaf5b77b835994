//! Switches at exact instructions: a schedule that somebody chose.
//!
//! The machine stops after an instruction, a command goes to the firmware, and its interrupt is
//! taken as soon as interrupts are on. The firmware decides whether the unit that was named may go on;
//! what it answers is telemetry. What only the machine can say, where in its code the unit was
//! interrupted, is read when the answer is written: handlers do not nest, so `mepc` still tells.
//!
//! Invariants:
//! 1. When a command is given depends on the count of instructions only.
//! 2. Answers come in the order of the commands, one each, unless the device is reset in between.

use std::collections::VecDeque;

use ramscope_capture::{Event, ObserverEvent, Stimulus, Stream};
use ramscope_engine::Machine;
use ramscope_scenario::{NextUnit, Schedule, SwitchPoint};
use ramscope_time::Instant;
use ramscope_wire::{Steer, Steered, UnitId, write_record};

use super::commands::CommandRing;
use crate::gdb::units::Units;
use crate::session::Output;

/// The CSR with the address at which a trap interrupted.
const MEPC: u16 = 0x341;
/// Numbers of the commands in here begin with this one, so that they differ from a scenario's.
const FIRST_NUMBER: u16 = 0x8000;

/// What is left of a schedule.
#[derive(Clone, Debug, Default)]
pub(super) struct Steering {
    coming: VecDeque<SwitchPoint>,
    /// Switches that were asked for and not answered yet.
    asked: VecDeque<SwitchPoint>,
    given: u16,
    /// Where names are looked up.
    units: Units,
    /// Commands that were given and not told yet.
    told: Vec<Output>,
}

impl Steering {
    /// A schedule that begins now.
    pub(super) fn along(schedule: &Schedule, machine: &mut Machine, units: Units) -> Self {
        let coming: VecDeque<SwitchPoint> = schedule.switches().iter().cloned().collect();
        machine.stop_after(coming.front().map(|switch| switch.after));
        Self { coming, given: FIRST_NUMBER, units, ..Self::default() }
    }

    /// The machine has come to the next switch.
    pub(super) fn due(&mut self, machine: &mut Machine, commands: Option<&mut CommandRing>) {
        let Some(switch) = self.coming.pop_front() else { return };
        machine.stop_after(self.coming.front().map(|switch| switch.after));
        let Some(commands) = commands else { return };
        let words = command(&switch.next, self.given, |name| self.units.named(machine, name));
        self.given = self.given.wrapping_add(1);
        commands.send(machine, &words);
        self.asked.push_back(switch);
        self.told.push(Output {
            stream: Stream::Stimulus,
            instant: machine.now(),
            bytes: Stimulus::Command(words).encode(),
        });
    }

    /// The firmware has written a record of this kind: what there is to see if it is an answer.
    pub(super) fn record_written(
        &mut self,
        machine: &Machine,
        kind: Option<u8>,
    ) -> Option<(Instant, ObserverEvent)> {
        let switch = self.asked.pop_front_if(|_| kind == Some(Steered::KIND))?;
        let pc = machine.csr(MEPC)?;
        let event = ObserverEvent::Steered { after: switch.after, pc };
        Some((machine.now(), event))
    }

    /// What is asked and not answered by now never will be.
    pub(super) fn device_reset(&mut self) {
        self.asked.clear();
    }

    /// The commands that were given since the last call.
    pub(super) fn take_told(&mut self) -> impl Iterator<Item = Output> {
        self.told.drain(..)
    }
}

/// No unit has this number, so the firmware answers that it is not ready.
const NOBODY: UnitId = UnitId(u32::MAX);

/// The command for a switch.
fn command(next: &NextUnit, number: u16, find: impl Fn(&str) -> Option<u32>) -> Vec<u32> {
    let unit = |unit| Steer { unit, rank: 0 };
    let steer = match next {
        NextUnit::Unit(id) => unit(UnitId(*id)),
        NextUnit::Named(name) => unit(find(name.as_str()).map_or(NOBODY, UnitId)),
        NextUnit::Rank(rank) => Steer { unit: UnitId::KERNEL, rank: *rank },
    };
    let mut words = Vec::new();
    write_record(&steer, number, 0, &mut words);
    words
}
