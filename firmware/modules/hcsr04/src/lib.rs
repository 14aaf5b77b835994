//! The ultrasonic distance sensor HC-SR04.
//!
//! The problem: the sensor answers a pulse on one pin with a pulse on another, and how long that one
//! lasts is the way of the sound. It has no protocol and no checksum: a broken wire, nothing in range, a
//! thread that was displaced at the wrong moment and a still echoing room all look like a distance. So a
//! measurement here ends with a distance and how far it may be off, or with the one reason why not.
//!
//! ```text
//! trigger  __|~~|____________________________________   10 us or more
//! burst    ______8 periods of 40 kHz_________________   0.2 ms
//! echo     __________________|~~~~~~~~~~~|___________   there and back; 38 ms if nothing answers
//! ```
//!
//! Facts of the sensor: HC-SR04 user's manual (Elecfreaks; Cytron Technologies, "Product User's Manual
//! HC-SR04", 2013): a trigger of 10 us, 2 cm to 4 m, a cycle of at least 60 ms, 58 us a centimetre. The
//! 38 ms without an echo are what sensors do; clones wait longer. The speed of sound in air is the usual
//! linear approximation around 20 C, 331.3 m/s + 0.606 m/s a degree.
//!
//! Invariants:
//! 1. A measurement ends: every wait has a bound, whatever the echo pin does.
//! 2. Two triggers are at least [`CYCLE`] apart, so no echo is taken for that of another.
//! 3. A distance that somebody gets is right to within its `uncertainty`; if that exceeds what the
//!    caller accepts, the reading is refused.
#![cfg_attr(not(test), no_std)]

pub mod exports;
pub mod median;
pub mod sensor;
pub mod sound;

pub use median::Median;
pub use sensor::{CYCLE, Fault, Level, Reading, Sensor, Wiring};
pub use sound::{Micros, Millimetres, Temperature};

ramscope_module_abi::module! {
    name: "hcsr04",
    version: (1, 0, 0),
    dependencies: [],
    exports: [
        bytes "measure" => exports::measure,
        numbers "distance" => exports::distance,
    ],
    init: exports::init,
    deinit: exports::deinit,
}

#[cfg(test)]
mod fake;
