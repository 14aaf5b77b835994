//! The two SAR ADCs, as far as single conversions go.
//!
//! A conversion is started by a rising ONETIME_START and is over at once. It turns the voltage of a
//! pin into 12 bits: pins 0 to 4 are channels 0 to 4 of the first unit, pin 5 is channel 0 of the
//! second, and channel 15 is the unit's calibration input. A pin whose voltage nobody gives has that
//! of its level: nothing, or the supply's 3.3 V.
//!
//! Choices of this model:
//! - The converter is straight and without noise, [`REFERENCE`] says how steep, and all above is cut
//!   off at 4095. At the attenuation of 11 dB it spans the supply, so that the position of a
//!   potentiometer between the rails, 0 to 1, reads 0 to 4095; silicon is bent there and ends near
//!   2.8 V. The other attenuations end at 0.82, 1.13 and 1.54 V.
//! - The converter has no offset, so the init code (which takes it away) changes nothing: firmware
//!   reads the same with calibration and without. The fuses hold the points of [`REFERENCE`], so a
//!   driver that turns codes into millivolts by a straight line gives the true ones. One that
//!   unbends the curve of silicon is off where silicon is bent.
//! - Sequences, thresholds, filters and DMA are not modelled.
//!
//! Registers: technical reference manual, chapter "On-Chip Sensors and Analog Signal Processing".

use super::analog::CalibrationInput;
use crate::machine::Millivolts;

const CTRL: u32 = 0x00;
const ONETIME_SAMPLE: u32 = 0x20;
const DATA_1: u32 = 0x2C;
const DATA_2: u32 = 0x30;
const INT_ENA: u32 = 0x40;
const INT_RAW: u32 = 0x44;
const INT_ST: u32 = 0x48;
const INT_CLR: u32 = 0x4C;

const CTRL_RESET: u32 = 0x4003_8240;
const ONETIME_RESET: u32 = 0x1A00_0000;
const START: u32 = 1 << 29;
/// Enable bits of ONETIME_SAMPLE and done bits of the interrupt registers: the same place.
const UNIT: [u32; 2] = [1 << 31, 1 << 30];
const INTERRUPTS: u32 = 0xFC00_0000;

const CODE_MAX: u32 = 4095;
const CALIBRATION_CHANNEL: u32 = 15;
/// The internal reference, nominally.
const INTERNAL_REFERENCE: Millivolts = Millivolts(1_100);
/// Pins that have a channel.
pub(crate) const PINS: usize = 6;
/// The pin of the second unit's only channel.
const PIN_OF_UNIT_2: u32 = 5;

/// A voltage and the code that the converter gives for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) millivolts: u32,
    pub(super) code: u32,
}

/// For each attenuation (0, 2.5, 6 and 11 dB) the voltage at which the factory measures, and what
/// it measured on this chip.
pub(super) const REFERENCE: [Point; 4] = [
    Point { millivolts: 400, code: 2_000 },
    Point { millivolts: 550, code: 2_000 },
    Point { millivolts: 750, code: 2_000 },
    Point { millivolts: 1_370, code: 1_700 },
];

/// What a channel of a unit is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Pin(usize),
    Calibration,
    Nothing,
}

/// The converters.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Adc {
    ctrl: u32,
    onetime: u32,
    data: [u32; 2],
    raw: u32,
    enabled: u32,
    /// Voltages that something outside gives to pins.
    driven: [Option<Millivolts>; PINS],
}

impl Adc {
    pub(super) fn new() -> Self {
        Self {
            ctrl: CTRL_RESET,
            onetime: ONETIME_RESET,
            data: [0; 2],
            raw: 0,
            enabled: 0,
            driven: [None; PINS],
        }
    }

    /// Resets the registers; what drives the pins stays.
    pub(super) fn reset(&mut self) {
        *self = Self { driven: self.driven, ..Self::new() };
    }

    /// Gives a pin a voltage from outside, or takes it away.
    pub(crate) fn drive(&mut self, pin: usize, voltage: Option<Millivolts>) {
        self.driven[pin] = voltage;
    }

    /// The voltage that something outside gives to a pin.
    pub(super) fn driven(&self, pin: usize) -> Option<Millivolts> {
        self.driven[pin]
    }

    /// Whether the interrupt output is high.
    pub(super) fn interrupt(&self) -> bool {
        self.raw & self.enabled != 0
    }

    /// What a register shows; `None` if it is not modelled.
    pub(super) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            CTRL => self.ctrl,
            ONETIME_SAMPLE => self.onetime,
            DATA_1 => self.data[0],
            DATA_2 => self.data[1],
            INT_ENA => self.enabled,
            INT_RAW => self.raw,
            INT_ST => self.raw & self.enabled,
            INT_CLR => 0,
            _ => return None,
        })
    }

    /// Writes a register, with the voltage of each unit's inputs at hand; `false` if it is not
    /// modelled.
    pub(super) fn write(
        &mut self,
        offset: u32,
        value: u32,
        voltage: impl Fn(usize, Input) -> Millivolts,
    ) -> bool {
        match offset {
            CTRL => self.ctrl = value,
            ONETIME_SAMPLE => {
                let starts = value & !self.onetime & START != 0;
                self.onetime = value;
                if starts {
                    self.convert(voltage);
                }
            }
            INT_ENA => self.enabled = value & INTERRUPTS,
            INT_CLR => self.raw &= !value,
            DATA_1 | DATA_2 | INT_RAW | INT_ST => {}
            _ => return false,
        }
        true
    }

    fn convert(&mut self, voltage: impl Fn(usize, Input) -> Millivolts) {
        let attenuation = (self.onetime >> 23 & 3) as usize;
        let channel = self.onetime >> 25 & 15;
        for unit in (0..UNIT.len()).filter(|&unit| self.onetime & UNIT[unit] != 0) {
            self.data[unit] = code(voltage(unit, input(unit, channel)), attenuation);
            self.raw |= UNIT[unit];
        }
    }
}

/// What the calibration channel measures.
pub(super) fn calibration_voltage(input: CalibrationInput) -> Millivolts {
    match input {
        CalibrationInput::Reference => INTERNAL_REFERENCE,
        CalibrationInput::Ground | CalibrationInput::Nothing => Millivolts(0),
    }
}

fn input(unit: usize, channel: u32) -> Input {
    match (unit, channel) {
        (_, CALIBRATION_CHANNEL) => Input::Calibration,
        (0, 0..PIN_OF_UNIT_2) => Input::Pin(channel as usize),
        (1, 0) => Input::Pin(PIN_OF_UNIT_2 as usize),
        _ => Input::Nothing,
    }
}

fn code(voltage: Millivolts, attenuation: usize) -> u32 {
    let Point { millivolts, code } = REFERENCE[attenuation];
    let exact = u32::from(voltage.0) * code;
    ((exact + millivolts / 2) / millivolts).min(CODE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_decibels_span_the_supply_and_less_ends_earlier() {
        let check = |millivolts, codes: [u32; 4]| {
            let found: Vec<_> = (0..4).map(|n| code(Millivolts(millivolts), n)).collect();
            assert_eq!(found, codes, "{millivolts} mV");
        };
        check(0, [0; 4]);
        check(400, [2_000, 1_455, 1_067, 496]);
        check(1_650, [4_095, 4_095, 4_095, 2_047]);
        check(3_300, [4_095; 4]);
    }

    #[test]
    fn only_a_rising_start_converts_and_each_unit_that_is_enabled_does() {
        let mut adc = Adc::new();
        let voltage = |unit: usize, input| match input {
            Input::Pin(pin) => Millivolts(100 * (1 + unit as u16) + pin as u16),
            _ => Millivolts(0),
        };
        let channel_0_at_0_db = UNIT[0] | UNIT[1];
        adc.write(ONETIME_SAMPLE, channel_0_at_0_db, voltage);
        assert_eq!(adc.peek(INT_RAW), Some(0));
        adc.write(ONETIME_SAMPLE, channel_0_at_0_db | START, voltage);
        assert_eq!(adc.peek(INT_RAW), Some(UNIT[0] | UNIT[1]));
        assert_eq!((adc.peek(DATA_1), adc.peek(DATA_2)), (Some(500), Some(1_025)));
        adc.write(INT_CLR, UNIT[0], voltage);
        adc.write(ONETIME_SAMPLE, UNIT[0] | START, voltage);
        assert_eq!(adc.peek(INT_RAW), Some(UNIT[1]), "start has not fallen");
        assert!(!adc.interrupt());
        adc.write(INT_ENA, UNIT[1], voltage);
        assert!(adc.interrupt());
    }
}
