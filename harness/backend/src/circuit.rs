//! What stands around the chip: the parts of a `diagram.json`, and the wires between them.
//!
//! A scenario reads pins of parts and moves their controls. Neither is the chip's business, nor the
//! driver's: here a text becomes parts and nets, and from what the firmware drives its pins to follow
//! the levels of everything else, and what comes back to the chip.
//!
//! ```text
//! diagram.json -> Diagram -> Circuit -- what drives the chip's pins --> the machine
//!                               ^------ what the firmware drives -----------'
//! ```
//!
//! Choices of this model: levels are high or low, at once; a resistor of any value is stronger than the
//! chip's own pull; an LED lets no current through; a button does not bounce. Voltages are worked out
//! only for pins that an ADC can measure and a resistor or potentiometer reaches; a level is high from
//! the middle of a potentiometer on. An end of a potentiometer that no wire goes to is at its rail, as
//! in Wokwi.
//!
//! Invariants:
//! 1. Everything here is a function of the diagram, of the positions of the controls, of the chip's
//!    pins and of what parts with time answer ([`Sounder`]): no time, no I/O.
//! 2. What drives a pin does not depend on levels that it causes, so driving the pins once is enough.

mod check;
mod diagram;
mod display;
mod nets;
mod part;
mod plan;
mod position;
mod screen;
mod sounder;
mod voltage;

pub use check::Checked;
pub(crate) use check::terminal;
pub use diagram::{DiagramError, Terminal};
pub(crate) use display::Display;
pub(crate) use position::Position;
pub(crate) use screen::ScreenPlace;
pub(crate) use sounder::Sounder;

use std::sync::Arc;

use ramscope_engine::Millivolts;
use ramscope_scenario::{PinPlace, Value};
use ramscope_time::Instant;

use diagram::{Diagram, PartText};
use nets::{Net, Path, Source};
use part::{Inside, Kind};
use plan::{Contact, Part, Plan, inside};

/// The pull of an input, and more than any resistor that somebody puts beside it is meant to be:
/// the technical reference manual's electrical characteristics say 45 kilo-ohms.
const PULL_OHMS: u64 = 45_000;

/// The pins of a chip, as somebody outside sees them.
pub(crate) trait ChipPins {
    /// The level that the firmware drives a pin to, if it does.
    fn output(&self, pin: u8) -> Option<bool>;
    /// The level of a pin.
    fn level(&self, pin: u8) -> bool;
}

/// The parts around a chip. A copy shares all but the positions of its controls.
#[derive(Clone, Debug)]
pub struct Circuit {
    plan: Arc<Plan>,
    /// The position of each part's control.
    positions: Vec<Position>,
    /// Nets that are held at a level, whatever drives them.
    held: Vec<(Net, bool)>,
    /// What parts with time drive their outputs to.
    answered: Vec<Source>,
}

/// A part with time: where it listens and where it answers.
#[derive(Clone, Debug)]
pub(crate) struct SounderPlace {
    /// The index of the part.
    part: usize,
    trigger: Terminal,
    echo: Net,
}

/// What holding a pin came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// What it is wired to is held with it.
    Net,
    /// It is a pin of the chip that nothing is wired to.
    Chip(u8),
    /// There is no such pin.
    Nothing,
}

/// A diagram that was read.
#[derive(Debug)]
pub struct ReadCircuit {
    /// What it describes.
    pub circuit: Circuit,
    /// What of it was left out, a sentence each.
    pub warnings: Vec<String>,
}

impl Circuit {
    /// Reads the text of a `diagram.json`. Parts of unknown types are left out with a warning.
    ///
    /// # Errors
    /// If the text is no diagram.
    pub fn read(text: &str) -> Result<ReadCircuit, DiagramError> {
        let diagram = Diagram::read(text)?;
        let mut warnings = Vec::new();
        let parts = diagram.parts.iter().map(|part| read_part(part, &mut warnings)).collect();
        let first = |part: &PartText| {
            Kind::of(part).map_or(Position::START, |kind| kind.first_position(part))
        };
        let positions = diagram.parts.iter().map(first).collect();
        let plan = Arc::new(Plan::of(parts, &diagram.wires, &mut warnings));
        Ok(ReadCircuit {
            circuit: Self { plan, positions, held: Vec::new(), answered: Vec::new() },
            warnings,
        })
    }

    /// What drives each of the chip's pins that the diagram wires, from outside.
    pub(crate) fn drives(&self, chip: &dyn ChipPins) -> Vec<(u8, Option<bool>)> {
        let paths = self.paths();
        let drive = |&(pin, net): &(u8, Net)| {
            let sources = self.sources_but_for(Some(pin), chip);
            let level = nets::levels(self.plan.nets, &sources, &paths)[net.0];
            (pin, self.held_at(net).or(level))
        };
        self.plan.chip.iter().map(drive).collect()
    }

    /// The voltage at each of the chip's pins that an ADC measures and the diagram wires to more than
    /// switches; `None` where nothing reaches.
    pub(crate) fn voltages(&self, chip: &dyn ChipPins) -> Vec<(u8, Option<Millivolts>)> {
        let pins = self.plan.analog.iter();
        if pins.len() == 0 {
            return Vec::new();
        }
        let paths = self.paths();
        let voltage = |&(pin, net): &(u8, Net)| {
            let sources = self.sources_but_for(Some(pin), chip);
            (pin, voltage::voltages(self.plan.nets, &sources, &paths)[net.0])
        };
        pins.map(voltage).collect()
    }

    /// The level of a pin of a part; one that nothing reaches is low.
    pub(crate) fn level(&self, terminal: &Terminal, chip: &dyn ChipPins) -> bool {
        let inside = inside(&self.plan.parts, terminal).unwrap_or(Inside::Nothing);
        match (self.plan.net(terminal), inside) {
            (Some(net), _) if self.held_at(net).is_some() => self.held_at(net) == Some(true),
            (Some(net), _) => {
                let mut sources = self.sources_but_for(None, chip);
                let inputs = self.plan.chip.iter().filter(|(pin, _)| chip.output(*pin).is_none());
                sources.extend(inputs.map(|&(pin, net)| Source {
                    net,
                    high: chip.level(pin),
                    ohms: PULL_OHMS,
                }));
                nets::levels(self.plan.nets, &sources, &self.paths())[net.0] == Some(true)
            }
            (None, Inside::Chip(pin)) => chip.level(pin),
            (None, Inside::Power(high)) => high,
            (None, Inside::Nothing) => false,
        }
    }

    /// Moves the control of a part; whether there is such a part, and its control can be there.
    pub(crate) fn turn(&mut self, part: &str, to: &Value) -> bool {
        let index = self.plan.parts.iter().position(|known| known.id == part);
        let turned =
            index.and_then(|index| Some((index, self.plan.parts[index].kind?.position(to)?)));
        if let Some((index, position)) = turned {
            self.positions[index] = position;
        }
        turned.is_some()
    }

    /// The parts with time whose echo goes anywhere.
    pub(crate) fn sounders(&self) -> Vec<SounderPlace> {
        let place = |(index, part): (usize, &Part)| {
            let [trigger, echo] = part.kind?.sounds()?.map(|pin| part.pin(pin));
            Some(SounderPlace { part: index, trigger, echo: self.plan.net(&echo)? })
        };
        self.plan.parts.iter().enumerate().filter_map(place).collect()
    }

    /// Lets parts with time hear and answer.
    pub(crate) fn sound(
        &mut self,
        sounders: &mut [(SounderPlace, Sounder)],
        chip: &dyn ChipPins,
        now: Instant,
    ) {
        for (place, sounder) in sounders.iter_mut() {
            let is_high = self.level(&place.trigger, chip);
            sounder.trigger(is_high, now, self.positions[place.part]);
        }
        let answer = |(place, sounder): &(SounderPlace, Sounder)| Source {
            net: place.echo,
            high: sounder.echo(now),
            ohms: 0,
        };
        self.answered = sounders.iter().map(answer).collect();
    }

    /// The pins of the chip that can reach the trigger of a part with time, one bit each.
    pub(crate) fn trigger_pins(&self) -> u32 {
        self.pins_reaching(self.sounders().into_iter().map(|place| place.trigger))
    }

    /// The parts that keep a record, each with the pins that it is of.
    pub(crate) fn analyzers(&self) -> Vec<(String, Vec<Terminal>)> {
        let channels = |part: &Part| {
            let names = part.kind.map_or(&[][..], Kind::channels);
            let pins: Vec<_> = names.iter().map(|name| part.pin(name)).collect();
            (!pins.is_empty()).then(|| (part.id.clone(), pins))
        };
        self.plan.parts.iter().filter_map(channels).collect()
    }

    /// The pins of the chip that can reach another of its pins, one bit each.
    pub(crate) fn crossing_pins(&self) -> u32 {
        let islands = self.plan.islands();
        let chip = &self.plan.chip;
        let crosses = |&&(pin, net): &&(u8, Net)| {
            let mut others = chip.iter().filter(|(other, _)| *other != pin);
            others.any(|(_, other)| islands[other.0] == islands[net.0])
        };
        bits(chip.iter().filter(crosses))
    }

    /// The pins of the chip that can reach an analyzer, one bit each.
    pub(crate) fn analyzed_pins(&self) -> u32 {
        self.pins_reaching(self.analyzers().into_iter().flat_map(|(_, pins)| pins))
    }

    /// The pins of the chip that can reach one of these pins, one bit each.
    fn pins_reaching(&self, pins: impl Iterator<Item = Terminal>) -> u32 {
        let islands = self.plan.islands();
        let seen: Vec<Net> = pins.filter_map(|pin| self.plan.net(&pin)).collect();
        let is_seen = |&&(_, net): &&(u8, Net)| {
            seen.iter().any(|channel| islands[channel.0] == islands[net.0])
        };
        bits(self.plan.chip.iter().filter(is_seen))
    }

    fn sources_but_for(&self, left_out: Option<u8>, chip: &dyn ChipPins) -> Vec<Source> {
        let outputs = self.plan.chip.iter().filter(|&&(pin, _)| Some(pin) != left_out);
        let outputs = outputs
            .filter_map(|&(pin, net)| chip.output(pin).map(|high| Source { net, high, ohms: 0 }));
        let answered = self.answered.iter().copied();
        let free = self.plan.power.iter().copied().chain(outputs).chain(answered);
        let free = free.filter(|source| self.held_at(source.net).is_none());
        let held = self.held.iter().map(|&(net, high)| Source { net, high, ohms: 0 });
        free.chain(held).collect()
    }

    /// The level at which a net is held, if it is.
    fn held_at(&self, net: Net) -> Option<bool> {
        self.held.iter().find(|(held, _)| *held == net).map(|&(_, high)| high)
    }

    /// Holds what a pin is wired to at a level, or lets go of it.
    pub(crate) fn hold(&mut self, pin: &PinPlace, level: Option<bool>) -> Held {
        let (net, unwired) = match pin {
            PinPlace::Gpio(number) => {
                let wired = self.plan.chip.iter().find(|(pin, _)| pin == number);
                (wired.map(|&(_, net)| net), Held::Chip(*number))
            }
            PinPlace::Part { part, pin } => {
                let terminal = Terminal { part: part.clone(), pin: pin.clone() };
                let unwired = match inside(&self.plan.parts, &terminal) {
                    Some(Inside::Chip(pin)) => Held::Chip(pin),
                    _ => Held::Nothing,
                };
                (self.plan.net(&terminal), unwired)
            }
        };
        let Some(net) = net else { return unwired };
        self.held.retain(|(held, _)| *held != net);
        self.held.extend(level.map(|level| (net, level)));
        Held::Net
    }

    /// Resistors, both sides of each potentiometer, and the switches that are closed.
    fn paths(&self) -> Vec<Path> {
        let is_closed =
            |contact: &&Contact| self.positions[contact.part].is_on() == Some(contact.closed_at);
        let closed = self.plan.contacts.iter().filter(is_closed);
        let closed = closed.map(|contact| Path { ends: contact.ends, ohms: 0 });
        let sides = self.plan.tracks.iter().flat_map(|track| {
            let before = self.positions[track.part].part_of(track.ohms);
            let [first, wiper, last] = track.nets;
            let after = Path { ends: (wiper, last), ohms: track.ohms - before };
            [Path { ends: (first, wiper), ohms: before }, after]
        });
        self.plan.resistors.iter().copied().chain(closed).chain(sides).collect()
    }
}

fn read_part(part: &PartText, warnings: &mut Vec<String>) -> Part {
    let kind = Kind::of(part);
    if kind.is_none() {
        warnings.push(format!(
            "part `{}` is a {}, which this version does not simulate: it is left out",
            part.id, part.kind
        ));
    }
    Part { id: part.id.clone(), type_name: part.kind.clone(), kind }
}

/// Pins of the chip, one bit each.
fn bits<'a>(pins: impl Iterator<Item = &'a (u8, Net)>) -> u32 {
    pins.fold(0, |bits, (pin, _)| bits | 1 << pin)
}

#[cfg(test)]
mod tests;
