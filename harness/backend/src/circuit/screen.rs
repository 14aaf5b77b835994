//! Where the displays of a circuit are, and what reaches their pins.
//!
//! The problem: a picture is a hundred thousand changes of a pin, and working out all levels of a circuit for
//! each takes long. The idea: a pin that a wire joins with one pin of the chip, and with nothing else that
//! matters, has that pin's level; only the others are worked out.

use super::display::DisplayPins;
use super::nets::Net;
use super::part::Kind;
use super::plan::Part;
use super::{ChipPins, Circuit, Display, Terminal};

/// A display's place in a circuit.
#[derive(Clone, Debug)]
pub(crate) struct ScreenPlace {
    /// The part's id.
    pub(crate) part: String,
    pins: [Reach; 5],
}

/// What is at a pin of a display.
#[derive(Clone, Debug)]
enum Reach {
    /// Nothing: it is where the part's own resistor pulls it.
    Nothing(bool),
    /// A pin of the chip alone.
    Chip(u8, Net),
    /// Whatever is there.
    Any(Terminal),
}

/// The levels of pins to which nothing is wired: clock, data, data/command, chip-select and reset. Boards
/// pull the reset up.
const UNWIRED: [bool; 5] = [false, false, false, false, true];

impl Circuit {
    /// The displays, just switched on, with their places.
    pub(crate) fn screens(&self) -> Vec<(ScreenPlace, Display)> {
        let screen = |part: &Part| {
            let glass = part.kind.and_then(Kind::glass)?;
            let pins = glass.pins().map(|name| part.pin(name));
            let reaches = std::array::from_fn(|n| self.reach(&pins[n], UNWIRED[n]));
            Some((ScreenPlace { part: part.id.clone(), pins: reaches }, Display::new(glass)))
        };
        self.plan.parts.iter().filter_map(screen).collect()
    }

    /// Whether it has a display.
    pub(crate) fn has_screen(&self) -> bool {
        self.plan.parts.iter().any(|part| part.kind.is_some_and(Kind::is_screen))
    }

    fn reach(&self, pin: &Terminal, unwired: bool) -> Reach {
        let Some(net) = self.plan.net(pin) else { return Reach::Nothing(unwired) };
        let islands = self.plan.islands();
        let is_alone = islands.iter().filter(|island| **island == islands[net.0]).count() == 1;
        let mut chip = self.plan.chip.iter().filter(|(_, other)| *other == net);
        let is_powered = self.plan.power.iter().any(|source| source.net == net);
        match (chip.next(), chip.next()) {
            (Some(&(number, net)), None) if is_alone && !is_powered => Reach::Chip(number, net),
            _ => Reach::Any(pin.clone()),
        }
    }

    /// The pins of the chip that can reach the clock, chip-select or reset of a display, one bit each: the
    /// others matter only when one of these changes.
    pub(crate) fn screen_pins(&self) -> u32 {
        let glasses = self.plan.parts.iter().filter_map(|part| Some((part, part.kind?.glass()?)));
        let pins = glasses.flat_map(|(part, glass)| {
            let [clock, _, _, chip_select, reset] = glass.pins();
            [clock, chip_select, reset].map(|name| part.pin(name))
        });
        self.pins_reaching(pins)
    }

    /// Lets a display notice the levels of its pins.
    pub(crate) fn show(&self, place: &ScreenPlace, display: &mut Display, chip: &dyn ChipPins) {
        let level = |reach: &Reach| match reach {
            Reach::Nothing(level) => *level,
            Reach::Chip(pin, net) => self.held_at(*net).unwrap_or_else(|| chip.level(*pin)),
            Reach::Any(terminal) => self.level(terminal, chip),
        };
        let [clock, data, is_data, chip_select, reset] = place.pins.each_ref().map(level);
        display.listen(DisplayPins { clock, data, is_data, chip_select, reset });
    }
}
