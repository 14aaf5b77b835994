//! The pins from outside: driving, reading, and stopping where one changes.
//!
//! What stands around the chip may answer a pin at once: a wire from one pin to another does. So a
//! run can stop at the instruction that changed one, and whoever knows the wires looks again.

use super::Machine;
use crate::devices::adc;
use crate::devices::analog::Analog;
use crate::devices::gpio::{self, PinState};

/// A voltage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millivolts(
    /// Thousandths of a volt.
    pub u16,
);

/// Pins whose changes stop a run, and what they were when it last looked. It belongs to the host:
/// the firmware's future does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PinWatch {
    pins: u32,
    seen: PinState,
}

impl Machine {
    /// Drives pin `pin` of an ESP32-C3 from outside to a level, or lets go of it; a pin that
    /// nobody drives is at the level of its pull. An enabled output is stronger.
    ///
    /// # Panics
    /// If the chip has no such pin.
    pub fn drive_pin(&mut self, pin: u8, level: Option<bool>) {
        let pin = checked(pin);
        if let Some(devices) = self.devices.esp32c3_mut() {
            devices.gpio.drive(pin, level);
        }
        self.attention = true;
    }

    /// The pins of an ESP32-C3 that an ADC can measure.
    pub const ANALOG_PINS: std::ops::Range<u8> = 0..adc::PINS as u8;

    /// Gives pin `pin` of an ESP32-C3 a voltage from outside, for its ADC, or takes it away: then
    /// the ADC measures the pin's level. An enabled output is stronger. It says nothing of the
    /// level, which [`drive_pin`](Self::drive_pin) does.
    ///
    /// # Panics
    /// If no ADC can measure the pin.
    pub fn drive_analog(&mut self, pin: u8, voltage: Option<Millivolts>) {
        assert!(Self::ANALOG_PINS.contains(&pin), "pins 0 to 5 have an ADC, not {pin}");
        if let Some(devices) = self.devices.esp32c3_mut() {
            devices.adc.drive(usize::from(pin), voltage);
        }
    }

    /// The registers behind the internal bus, which only the ROM's functions reach.
    pub(crate) fn analog_registers(&mut self) -> &mut Analog {
        &mut self.devices.esp32c3_mut().expect("only an ESP32-C3 has this ROM").analog
    }

    /// Whether pin `pin` is high.
    ///
    /// # Panics
    /// If the chip has no such pin.
    #[must_use]
    pub fn pin(&self, pin: u8) -> bool {
        let pin = checked(pin);
        self.devices.esp32c3().is_some_and(|devices| devices.gpio.level(pin))
    }

    /// The level to which the firmware drives pin `pin`, if it does.
    ///
    /// # Panics
    /// If the chip has no such pin.
    #[must_use]
    pub fn pin_output(&self, pin: u8) -> Option<bool> {
        let pin = checked(pin);
        self.devices.esp32c3().and_then(|devices| devices.gpio.output(pin))
    }

    /// Asks [`run`](Self::run) to return right after an instruction that changes the level or the
    /// output of one of these pins, one bit each; 0 asks for nothing.
    pub fn watch_pins(&mut self, pins: u32) {
        self.pin_watch = PinWatch { pins, seen: self.pin_state(pins) };
    }

    /// What can be seen of some pins from outside, one bit each: to be compared with what was seen before.
    #[must_use]
    pub fn pin_state(&self, pins: u32) -> PinState {
        self.devices.esp32c3().map(|devices| devices.gpio.state(pins)).unwrap_or_default()
    }

    /// Whether a watched pin has changed since the last look.
    pub(super) fn watched_pins_changed(&mut self) -> bool {
        let PinWatch { pins, seen } = self.pin_watch;
        if pins == 0 {
            return false;
        }
        self.pin_watch.seen = self.pin_state(pins);
        self.pin_watch.seen != seen
    }
}

fn checked(pin: u8) -> usize {
    assert!(usize::from(pin) < gpio::PINS, "the chip has pins 0 to 21, not {pin}");
    usize::from(pin)
}
