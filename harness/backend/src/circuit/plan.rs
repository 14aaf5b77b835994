//! A diagram as nets: which pins are one piece of metal, and what joins the pieces.
//!
//! Wires and metal inside of parts make nets, once and for ever. What stands between nets (resistors,
//! switches, tracks of potentiometers) is kept beside them, because some of it moves.

use ramscope_engine::Machine;

use super::diagram::Terminal;
use super::nets::{Groups, Net, Path, Source};
use super::part::{Inside, Kind};

/// What the diagram says, for ever.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) parts: Vec<Part>,
    /// Pins that a wire goes to or a part joins inside; one that is not here touches nothing.
    pub(super) terminals: Vec<(Terminal, Net)>,
    pub(super) nets: usize,
    pub(super) power: Vec<Source>,
    pub(super) chip: Vec<(u8, Net)>,
    pub(super) resistors: Vec<Path>,
    pub(super) contacts: Vec<Contact>,
    pub(super) tracks: Vec<Track>,
    /// Pins of the chip that have a voltage between the rails.
    pub(super) analog: Vec<(u8, Net)>,
}

/// A part of the diagram; what is not known of this version has no kind.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) id: String,
    pub(super) type_name: String,
    pub(super) kind: Option<Kind>,
}

/// A pair of nets that a switch joins in one of its positions.
#[derive(Debug)]
pub(super) struct Contact {
    /// The index of the part.
    pub(super) part: usize,
    pub(super) closed_at: bool,
    pub(super) ends: (Net, Net),
}

/// The track of a potentiometer.
#[derive(Debug)]
pub(super) struct Track {
    /// The index of the part.
    pub(super) part: usize,
    pub(super) ohms: u64,
    /// Its first end, the wiper, its last end.
    pub(super) nets: [Net; 3],
}

impl Plan {
    pub(super) fn of(
        parts: Vec<Part>,
        wires: &[(Terminal, Terminal)],
        warnings: &mut Vec<String>,
    ) -> Self {
        let mut ends = Ends::default();
        let joints = Joints::of(&parts, wires, &mut ends, warnings);
        let mut groups = Groups::new(ends.0.len());
        joints.joined.iter().for_each(|&(a, b)| groups.join(a, b));
        let (net, nets) = groups.nets();
        let terminals: Vec<_> = ends.0.into_iter().zip(net.iter().copied()).collect();
        let insides = terminals.iter().filter_map(|(end, net)| Some((inside(&parts, end)?, *net)));
        let (mut power, mut chip) = (Vec::new(), Vec::new());
        for (inside, net) in insides {
            match inside {
                Inside::Power(high) => power.push(Source { net, high, ohms: 0 }),
                Inside::Chip(pin) => chip.push((pin, net)),
                Inside::Nothing => {}
            }
        }
        let rails = joints.rails.iter();
        power.extend(rails.map(|&(end, high)| Source { net: net[end], high, ohms: 0 }));
        let analog = Vec::new();
        let (resistors, contacts, tracks) = joints.onto(&net);
        let mut plan =
            Self { parts, terminals, nets, power, chip, resistors, contacts, tracks, analog };
        plan.analog = plan.analog_pins();
        plan
    }

    /// Pins with an ADC that a resistor or potentiometer reaches.
    fn analog_pins(&self) -> Vec<(u8, Net)> {
        let islands = self.islands();
        let resistors = self.resistors.iter().flat_map(|path| [path.ends.0, path.ends.1]);
        let tracks = self.tracks.iter().map(|track| track.nets[1]);
        let weak: Vec<Net> = resistors.chain(tracks).map(|net| islands[net.0]).collect();
        let is_analog = |&&(pin, net): &&(u8, Net)| {
            Machine::ANALOG_PINS.contains(&pin) && weak.contains(&islands[net.0])
        };
        self.chip.iter().filter(is_analog).copied().collect()
    }

    /// The net that a pin of a part belongs to; `None` if nothing goes there.
    pub(super) fn net(&self, terminal: &Terminal) -> Option<Net> {
        let terminal = canonical(&self.parts, terminal);
        self.terminals.iter().find(|(end, _)| *end == terminal).map(|&(_, net)| net)
    }

    /// The nets that switches and resistors can join, by one number. Power ends a path: what is
    /// behind it is not reached through it.
    pub(super) fn islands(&self) -> Vec<Net> {
        let mut groups = Groups::new(self.nets);
        let contacts = self.contacts.iter().map(|contact| contact.ends);
        let resistors = self.resistors.iter().map(|path| path.ends);
        let is_power = |net: Net| self.power.iter().any(|source| source.net == net);
        let sides = self.tracks.iter().flat_map(|Track { nets: [first, wiper, last], .. }| {
            [(*first, *wiper), (*wiper, *last)]
        });
        let paths = contacts.chain(resistors).chain(sides);
        let paths = paths.filter(|&(a, b)| !is_power(a) && !is_power(b));
        paths.for_each(|(a, b)| groups.join(a.0, b.0));
        groups.nets().0
    }

    pub(super) fn part(&self, id: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }
}

impl Part {
    pub(super) fn pin(&self, pin: &str) -> Terminal {
        Terminal { part: self.id.clone(), pin: pin.to_owned() }
    }
}

/// How pins are joined, each pin by its index among those that have something to do with others.
#[derive(Default)]
struct Joints {
    joined: Vec<(usize, usize)>,
    contacts: Vec<(usize, bool, usize, usize)>,
    resistors: Vec<(usize, usize, u64)>,
    tracks: Vec<(usize, u64, [usize; 3])>,
    /// Ends of potentiometers that no wire goes to, and the level of the rail that they are at.
    rails: Vec<(usize, bool)>,
}

impl Joints {
    fn of(
        parts: &[Part],
        wires: &[(Terminal, Terminal)],
        ends: &mut Ends,
        warnings: &mut Vec<String>,
    ) -> Self {
        let mut joints = Self::default();
        for (n, (a, b)) in wires.iter().enumerate() {
            let known = [a, b].map(|end| check_end(parts, n, end, warnings));
            if known == [true, true] {
                let pair = [a, b].map(|end| ends.index(canonical(parts, end)));
                joints.joined.push(pair.into());
            }
        }
        let wired: Vec<usize> = joints.joined.iter().flat_map(|&(a, b)| [a, b]).collect();
        for (index, part) in parts.iter().enumerate() {
            let Some(kind) = part.kind else { continue };
            let mut end = |pin: &str| ends.index(part.pin(pin));
            joints.joined.extend(kind.joined().iter().map(|&(a, b)| (end(a), end(b))));
            for &(a, b, closed_at) in kind.contacts() {
                joints.contacts.push((index, closed_at, end(a), end(b)));
            }
            if let Some((pins, ohms)) = kind.track() {
                let pins = pins.map(&mut end);
                let outer = [(pins[0], false), (pins[2], true)].into_iter();
                joints.rails.extend(outer.filter(|(pin, _)| !wired.contains(pin)));
                joints.tracks.push((index, ohms, pins));
            }
            if let Kind::Resistor { ohms } = kind {
                joints.resistors.push((end("1"), end("2"), ohms));
            }
        }
        joints
    }

    /// The same between nets.
    fn onto(&self, net: &[Net]) -> (Vec<Path>, Vec<Contact>, Vec<Track>) {
        let path = |&(a, b, ohms): &(usize, usize, u64)| Path { ends: (net[a], net[b]), ohms };
        let contact = |&(part, closed_at, a, b): &(usize, bool, usize, usize)| Contact {
            part,
            closed_at,
            ends: (net[a], net[b]),
        };
        let track = |&(part, ohms, pins): &(usize, u64, [usize; 3])| Track {
            part,
            ohms,
            nets: pins.map(|pin| net[pin]),
        };
        (
            self.resistors.iter().map(path).collect(),
            self.contacts.iter().map(contact).collect(),
            self.tracks.iter().map(track).collect(),
        )
    }
}

/// The pins that have something to do with each other, each once.
#[derive(Default)]
struct Ends(Vec<Terminal>);

impl Ends {
    fn index(&mut self, end: Terminal) -> usize {
        self.0.iter().position(|known| *known == end).unwrap_or_else(|| {
            self.0.push(end);
            self.0.len() - 1
        })
    }
}

pub(super) fn inside(parts: &[Part], end: &Terminal) -> Option<Inside> {
    parts.iter().find(|part| part.id == end.part)?.kind?.inside(&end.pin)
}

/// The pin by its first name: one of the chip has several.
fn canonical(parts: &[Part], end: &Terminal) -> Terminal {
    let pin = match inside(parts, end) {
        Some(Inside::Chip(pin)) => pin.to_string(),
        _ => end.pin.clone(),
    };
    Terminal { part: end.part.clone(), pin }
}

/// Whether a wire's end is one that is known; warns if its name is wrong.
fn check_end(parts: &[Part], wire: usize, end: &Terminal, warnings: &mut Vec<String>) -> bool {
    // `$serialMonitor` and its like are not among the parts.
    if end.part.starts_with('$') {
        return false;
    }
    let problem = match parts.iter().find(|part| part.id == end.part) {
        None => format!("no part has the id `{}`", end.part),
        Some(part) => match part.kind {
            // That its type is unknown has been said.
            None => return false,
            Some(kind) if kind.inside(&end.pin).is_some() => return true,
            Some(_) => format!("a {} has no pin `{}`", part.type_name, end.pin),
        },
    };
    warnings.push(format!("wire {wire} goes to `{end}`, but {problem}: it is left out"));
    false
}
