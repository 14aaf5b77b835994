//! What is known about each type of part: its pins, its control, and what it does with wires.
//!
//! Names are those of Wokwi's documentation of the parts, and of its board definitions
//! (`wokwi-boards`, `esp32-c3-devkitm-1/board.json`).

use ramscope_scenario::Value;

use super::diagram::PartText;
use super::display::Glass;
use super::{Position, sounder};

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A board with the chip.
    Board,
    /// A light; it shows what its pins are, and joins nothing.
    Led,
    /// Joins both of its sides while it is pressed. It does not bounce.
    PushButton,
    /// Joins its middle with one of its ends.
    SlideSwitch,
    /// Joins two pins weakly.
    Resistor {
        ohms: u64,
    },
    /// A resistor with a wiper: a voltage between those of its ends.
    Potentiometer,
    /// Watches pins and joins nothing.
    LogicAnalyzer,
    /// Answers a pulse with one as long as sound takes there and back.
    Sounder,
    /// A colour display with a serial line, which shows a part of its memory.
    Display(Glass),
    Ground,
    Supply,
    /// A place where wires meet.
    Junction,
    /// Is only there to be looked at.
    Text,
}

/// What a pin of a part is connected to inside of it, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Nothing but itself.
    Nothing,
    /// Ground, or the supply.
    Power(bool),
    /// A pin of the chip.
    Chip(u8),
}

/// Pins of the ESP32-C3, by number.
const CHIP_PINS: u8 = 22;
const RX: u8 = 20;
const TX: u8 = 21;
/// A resistor without a value.
const DEFAULT_OHMS: u64 = 1_000;
/// A potentiometer from end to end; nobody can tell.
const TRACK_OHMS: u64 = 10_000;
/// The attribute of a potentiometer at its last end: Wokwi counts as an Arduino's ADC does.
const POTENTIOMETER_MAX: f64 = 1_023.0;

/// What somebody can do with the control of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Control {
    pub(super) name: &'static str,
    pub(super) range: Range,
}

/// What a control can be set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Range {
    /// 0 or 1.
    Switch,
    /// From 0 to this.
    UpTo(f64),
}

impl Kind {
    /// What a part of a diagram is; `None` if this version does not know its type.
    pub(super) fn of(part: &PartText) -> Option<Self> {
        Some(match part.kind.as_str() {
            "board-esp32-c3-devkitm-1"
            | "board-esp32-c3-rust-1"
            | "board-aitewinrobot-esp32c3-supermini" => Self::Board,
            "wokwi-led" => Self::Led,
            "wokwi-pushbutton" | "wokwi-pushbutton-6mm" => Self::PushButton,
            "wokwi-slide-switch" => Self::SlideSwitch,
            "wokwi-resistor" => Self::Resistor { ohms: ohms(part.attribute("value")) },
            "wokwi-potentiometer" | "wokwi-slide-potentiometer" => Self::Potentiometer,
            "wokwi-logic-analyzer" => Self::LogicAnalyzer,
            "wokwi-hc-sr04" => Self::Sounder,
            // Wokwi has no such part of its own, so there it is a custom chip.
            "board-st7735" | "chip-st7735" => Self::Display(Glass::st7735(part)),
            "wokwi-ili9341" => Self::Display(Glass::ILI9341),
            "wokwi-gnd" => Self::Ground,
            "wokwi-vcc" => Self::Supply,
            "wokwi-junction" => Self::Junction,
            "wokwi-text" => Self::Text,
            _ => return None,
        })
    }

    /// The names of its pins, for messages and to check others against.
    pub(super) fn pins(self) -> Vec<String> {
        let fixed: &[&str] = match self {
            Self::Board => return board_pins(),
            Self::Led => &["A", "C"],
            Self::PushButton => &["1.l", "1.r", "2.l", "2.r"],
            Self::SlideSwitch => &["1", "2", "3"],
            Self::Resistor { .. } => &["1", "2"],
            Self::Potentiometer => &["GND", "SIG", "VCC"],
            Self::LogicAnalyzer => &["D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "GND"],
            Self::Sounder => &["VCC", "TRIG", "ECHO", "GND"],
            Self::Display(Glass::ILI9341) => {
                &["VCC", "GND", "CS", "RST", "D/C", "MOSI", "SCK", "LED", "MISO"]
            }
            Self::Display(_) => &["GND", "VCC", "SCL", "SDA", "RST", "DC", "CS", "BL"],
            Self::Ground => &["GND"],
            Self::Supply => &["VCC"],
            Self::Junction => &["J"],
            Self::Text => &[],
        };
        fixed.iter().map(|&name| name.to_owned()).collect()
    }

    /// What is behind a pin; `None` if the part has no such pin.
    pub(super) fn inside(self, pin: &str) -> Option<Inside> {
        if self == Self::Board {
            return board_pin(pin);
        }
        let inside = match self {
            Self::Ground => Inside::Power(false),
            Self::Supply => Inside::Power(true),
            _ => Inside::Nothing,
        };
        self.pins().iter().any(|known| known == pin).then_some(inside)
    }

    /// Pairs of pins that are one piece of metal.
    pub(super) const fn joined(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::PushButton => &[("1.l", "1.r"), ("2.l", "2.r")],
            _ => &[],
        }
    }

    /// Pairs of pins that a switch joins, each with the position in which it does.
    pub(super) const fn contacts(self) -> &'static [(&'static str, &'static str, bool)] {
        match self {
            Self::PushButton => &[("1.l", "2.l", true)],
            Self::SlideSwitch => &[("1", "2", false), ("2", "3", true)],
            _ => &[],
        }
    }

    /// Its pins of which somebody keeps a record, lowest bit first.
    pub(super) const fn channels(self) -> &'static [&'static str] {
        match self {
            Self::LogicAnalyzer => &["D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7"],
            _ => &[],
        }
    }

    /// Its control, if it has one.
    pub(super) const fn control(self) -> Option<Control> {
        match self {
            Self::PushButton => Some(Control { name: "pressed", range: Range::Switch }),
            Self::SlideSwitch => Some(Control { name: "value", range: Range::Switch }),
            Self::Potentiometer => Some(Control { name: "position", range: Range::UpTo(1.0) }),
            Self::Sounder => {
                Some(Control { name: "distance", range: Range::UpTo(sounder::DISTANCE_MAX) })
            }
            _ => None,
        }
    }

    /// Its first end, its wiper and its last end, and the resistance of the whole.
    pub(super) const fn track(self) -> Option<([&'static str; 3], u64)> {
        match self {
            Self::Potentiometer => Some((["GND", "SIG", "VCC"], TRACK_OHMS)),
            _ => None,
        }
    }

    /// The position of its control that a value of `set-control` is; `None` if it has none there.
    pub(super) fn position(self, value: &Value) -> Option<Position> {
        let most = match self.control()?.range {
            Range::Switch => 1.0,
            Range::UpTo(most) => most,
        };
        Position::of(value, most)
    }

    /// The position of its control at the start.
    pub(super) fn first_position(self, part: &PartText) -> Position {
        let number = |name| part.attribute(name).and_then(|value| value.trim().parse::<f64>().ok());
        let value = || number("value");
        match self {
            Self::SlideSwitch if part.attribute("value") == Some("1") => Position::nearest(1.0),
            Self::Potentiometer => Position::nearest(value().unwrap_or(0.0) / POTENTIOMETER_MAX),
            Self::Sounder => {
                let distance = number("distance").unwrap_or(sounder::DISTANCE_MAX);
                Position::nearest(distance / sounder::DISTANCE_MAX)
            }
            _ => Position::START,
        }
    }

    /// What it shows its memory on, if it has a screen.
    pub(super) const fn glass(self) -> Option<Glass> {
        match self {
            Self::Display(glass) => Some(glass),
            _ => None,
        }
    }

    /// Whether it has a screen.
    pub(super) const fn is_screen(self) -> bool {
        self.glass().is_some()
    }

    /// The pin that triggers it and the pin that it answers on, if it is one that does.
    pub(super) const fn sounds(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Sounder => Some(["TRIG", "ECHO"]),
            _ => None,
        }
    }
}

/// `4`, `IO4` and `GPIO4` are a pin of the chip; `GND.2` and `3V3` are power.
fn board_pin(name: &str) -> Option<Inside> {
    let plain = name.split_once('.').map_or(name, |(plain, _)| plain);
    match plain {
        "GND" => return Some(Inside::Power(false)),
        "3V3" | "5V" | "VCC" => return Some(Inside::Power(true)),
        "RST" | "EN" => return Some(Inside::Nothing),
        "RX" => return Some(Inside::Chip(RX)),
        "TX" => return Some(Inside::Chip(TX)),
        _ => {}
    }
    let number = name.strip_prefix("GPIO").or_else(|| name.strip_prefix("IO")).unwrap_or(name);
    let number: u8 = number.parse().ok()?;
    (number < CHIP_PINS).then_some(Inside::Chip(number))
}

fn board_pins() -> Vec<String> {
    let power = ["GND.1", "3V3.1", "5V.1", "RST", "RX", "TX"].map(String::from);
    (0..CHIP_PINS).map(|pin| pin.to_string()).chain(power).collect()
}

/// `220`, `4.7k`, `1M`; at least one ohm.
fn ohms(value: Option<&str>) -> u64 {
    let Some(text) = value.map(str::trim) else {
        return DEFAULT_OHMS;
    };
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1e3),
        Some((at, 'M')) => (&text[..at], 1e6),
        _ => (text, 1.0),
    };
    number.trim().parse().map_or(DEFAULT_OHMS, |number: f64| (number * unit).max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_of_a_board_have_more_than_one_name() {
        for name in ["4", "IO4", "GPIO4"] {
            assert_eq!(Kind::Board.inside(name), Some(Inside::Chip(4)), "{name}");
        }
        assert_eq!(Kind::Board.inside("TX"), Some(Inside::Chip(21)));
        assert_eq!(Kind::Board.inside("GND.10"), Some(Inside::Power(false)));
        assert_eq!(Kind::Board.inside("3V3"), Some(Inside::Power(true)));
        for name in ["22", "D1", "", "GNDX"] {
            assert_eq!(Kind::Board.inside(name), None, "{name}");
        }
    }

    #[test]
    fn resistors_are_written_with_and_without_units() {
        for (text, expected) in
            [("220", 220), ("4.7k", 4_700), ("1M", 1_000_000), ("0", 1), ("red", DEFAULT_OHMS)]
        {
            assert_eq!(ohms(Some(text)), expected, "{text}");
        }
        assert_eq!(ohms(None), DEFAULT_OHMS);
    }

    #[test]
    fn every_contact_is_between_pins_that_exist() {
        for kind in [Kind::PushButton, Kind::SlideSwitch] {
            let ends = kind.contacts().iter().map(|&(a, b, _)| (a, b));
            for (a, b) in ends.chain(kind.joined().iter().copied()) {
                assert!(kind.inside(a).is_some() && kind.inside(b).is_some(), "{a} {b}");
            }
        }
    }
}
