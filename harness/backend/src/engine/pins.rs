//! The circuit around the machine: it drives the chip's pins, and its switches move.
//!
//! Invariant: after each move of a switch, and after each change of an output that can reach another
//! pin, the pins are driven as the circuit says before the next instruction runs.

use ramscope_engine::Machine;

use crate::circuit::{ChipPins, Circuit, Terminal};

impl ChipPins for Machine {
    fn output(&self, pin: u8) -> Option<bool> {
        self.pin_output(pin)
    }

    fn level(&self, pin: u8) -> bool {
        self.pin(pin)
    }
}

/// A circuit that a machine stands in.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    circuit: Circuit,
}

impl Surroundings {
    /// Wires a machine up that has just been powered on.
    pub(super) fn around(machine: &mut Machine, circuit: Circuit) -> Self {
        let surroundings = Self { circuit };
        surroundings.drive(machine);
        machine.watch_pins(surroundings.circuit.crossing_pins());
        surroundings
    }

    /// Drives every pin that the circuit reaches.
    pub(super) fn drive(&self, machine: &mut Machine) {
        for (pin, level) in self.circuit.drives(machine) {
            machine.drive_pin(pin, level);
        }
    }

    /// Whether a pin of a part is high.
    pub(super) fn read(&self, machine: &mut Machine, pin: &Terminal) -> bool {
        // The last instruction may have changed an output, and the machine not have stopped for it.
        self.drive(machine);
        self.circuit.level(pin, machine)
    }

    /// Moves the switch of a part; whether there is such a part.
    #[must_use]
    pub(super) fn switch(&mut self, machine: &mut Machine, part: &str, on: bool) -> bool {
        let known = self.circuit.switch(part, on);
        self.drive(machine);
        known
    }
}
