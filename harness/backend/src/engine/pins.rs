//! The circuit around the machine: it drives the chip's pins, its switches move, and its logic
//! analyzers look on.
//!
//! Invariants:
//! 1. After each move of a switch, and after each change of an output that can reach another pin,
//!    the pins are driven as the circuit says before the next instruction runs.
//! 2. An analyzer looks after each of these, and changes nothing.
//! 3. A display notices each change of its clock, chip-select and reset, with the levels that its other pins
//!    have then.
//! 4. No instruction runs between the instant at which a part with time changes its answer and the
//!    change: a run stops there ([`Surroundings::due`]).

use ramscope_capture::ObserverEvent;
use ramscope_engine::{Chip, Machine, PinState};
use ramscope_scenario::{PinPlace, Value};
use ramscope_time::Instant;

use crate::circuit::{
    ChipPins, Circuit, Display, Held, ScreenPlace, Sounder, SounderPlace, Terminal,
};
use crate::picture::Picture;

/// How many changes all analyzers of a run keep: what comes after is noted as lost, not kept, or a
/// program that toggles a pin in a loop would fill the host's memory.
const CHANGES_MAX: u32 = 100_000;

/// Pins of an ESP32-C3 (technical reference manual, "IO MUX and GPIO Matrix").
const CHIP_PINS: u8 = 22;

impl ChipPins for Machine {
    fn output(&self, pin: u8) -> Option<bool> {
        self.pin_output(pin)
    }

    fn level(&self, pin: u8) -> bool {
        self.pin(pin)
    }
}

/// Something that an observer saw, and when.
type Observed = (Instant, ObserverEvent);

/// Holds a pin of the chip at a level; whether it has that pin. The chip's own output is stronger.
pub(super) fn hold(machine: &mut Machine, pin: u8, level: Option<bool>) -> bool {
    let is_there = machine.chip() == Chip::Esp32c3 && pin < CHIP_PINS;
    if is_there {
        machine.drive_pin(pin, level);
    }
    is_there
}

/// A circuit that a machine stands in.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    circuit: Circuit,
    analyzers: Vec<Analyzer>,
    changes_left: u32,
    /// Parts with time.
    sounders: Vec<(SounderPlace, Sounder)>,
    /// Displays.
    screens: Vec<(ScreenPlace, Display)>,
    /// The pins that anything but displays wants to know of, one bit each, and what they were.
    others: u32,
    seen: Option<PinState>,
}

#[derive(Clone, Debug)]
struct Analyzer {
    part: String,
    /// Its channels, lowest bit first.
    channels: Vec<Terminal>,
    /// What it saw last.
    levels: Option<u8>,
}

impl Surroundings {
    /// Wires a machine up that has just been powered on.
    pub(super) fn around(machine: &mut Machine, circuit: Circuit) -> Self {
        let analyzers = circuit.analyzers().into_iter();
        let analyzers =
            analyzers.map(|(part, channels)| Analyzer { part, channels, levels: None }).collect();
        let sounders = circuit.sounders().into_iter();
        let sounders = sounders.map(|place| (place, Sounder::default())).collect();
        let others = circuit.crossing_pins() | circuit.trigger_pins() | circuit.analyzed_pins();
        machine.watch_pins(others | circuit.screen_pins());
        let screens = circuit.screens();
        let (changes_left, seen) = (CHANGES_MAX, None);
        Self { circuit, analyzers, changes_left, sounders, screens, others, seen }
    }

    /// A pin has changed that somebody watches: most often the clock of a display.
    pub(super) fn pin_changed(&mut self, machine: &mut Machine, observed: &mut Vec<Observed>) {
        if self.screens.is_empty() || self.seen != Some(machine.pin_state(self.others)) {
            return self.update(machine, observed);
        }
        self.show(machine);
    }

    fn show(&mut self, machine: &Machine) {
        for (place, display) in &mut self.screens {
            self.circuit.show(place, display, machine);
        }
    }

    /// What a display shows; `None` if there is no such display.
    pub(super) fn picture(&self, part: &str) -> Option<Picture> {
        let (_, display) = self.screens.iter().find(|(place, _)| place.part == part)?;
        Some(display.picture())
    }

    /// The ids of the displays.
    pub(super) fn screens(&self) -> Vec<String> {
        self.screens.iter().map(|(place, _)| place.part.clone()).collect()
    }

    /// When a part with time is to answer next.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.sounders.iter().filter_map(|(_, sounder)| sounder.due(now)).min()
    }

    /// Drives every pin that the circuit reaches, and tells what the analyzers see.
    pub(super) fn update(&mut self, machine: &mut Machine, observed: &mut Vec<Observed>) {
        let now = machine.now();
        self.circuit.sound(&mut self.sounders, machine, now);
        self.drive(machine);
        self.look(machine, observed);
        self.show(machine);
        self.seen = Some(machine.pin_state(self.others));
    }

    fn drive(&self, machine: &mut Machine) {
        for (pin, level) in self.circuit.drives(machine) {
            machine.drive_pin(pin, level);
        }
        for (pin, voltage) in self.circuit.voltages(machine) {
            machine.drive_analog(pin, voltage);
        }
    }

    fn look(&mut self, machine: &mut Machine, observed: &mut Vec<Observed>) {
        let Self { circuit, analyzers, changes_left, .. } = self;
        for analyzer in analyzers {
            if *changes_left == 0 {
                return;
            }
            let bits = analyzer.channels.iter().enumerate();
            let high = |pin| u8::from(circuit.level(pin, machine));
            let levels = bits.fold(0, |levels, (bit, pin)| levels | high(pin) << bit);
            if analyzer.levels.replace(levels) == Some(levels) {
                continue;
            }
            let part = analyzer.part.clone();
            observed.push((machine.now(), ObserverEvent::Levels { part, levels }));
            *changes_left -= 1;
            if *changes_left == 0 {
                let note = format!("the logic analyzers hold {CHANGES_MAX} changes and are full");
                observed.push((machine.now(), ObserverEvent::Note(note)));
                let others = circuit.crossing_pins() | circuit.trigger_pins();
                machine.watch_pins(others | circuit.screen_pins());
            }
        }
    }

    /// Whether a pin of a part is high.
    pub(super) fn read(&self, machine: &mut Machine, pin: &Terminal) -> bool {
        // The last instruction may have changed an output, and the machine not have stopped for it.
        self.drive(machine);
        self.circuit.level(pin, machine)
    }

    /// Holds a pin at a level, or lets go of it; whether there is such a pin.
    #[must_use]
    pub(super) fn hold(
        &mut self,
        machine: &mut Machine,
        pin: &PinPlace,
        level: Option<bool>,
    ) -> bool {
        match self.circuit.hold(pin, level) {
            Held::Net => true,
            // Nothing is wired to it, so only the chip sees it.
            Held::Chip(pin) => hold(machine, pin, level),
            Held::Nothing => false,
        }
    }

    /// Moves the control of a part; whether there is such a part, and its control can be there.
    #[must_use]
    pub(super) fn turn(&mut self, part: &str, to: &Value) -> bool {
        self.circuit.turn(part, to)
    }
}
