//! What programs and other modules call, by name.
//!
//! | name | takes | answer |
//! |---|---|---|
//! | `measure` | input: trigger pin u8, echo pin u8, temperature i16 in tenths of a degree; output: 16 bytes that the caller keeps for the next call, zeros at first | millimetres |
//! | `distance` | an echo in microseconds, a temperature in tenths of a degree | millimetres |
//!
//! What the caller keeps: the instant of the last trigger, u64, by which the next one waits until the
//! sound is gone; and of the last reading how far it may be off in millimetres, u32, and the echo in
//! microseconds, u32. So the module itself remembers nothing, and two sensors do not disturb each other.
//!
//! A negative answer is that of [`errno`], or one of [`Fault`] less [`FAULT_BASE`].

use ramscope_module_abi as abi;
use ramscope_module_abi::Status;
use ramscope_module_abi::packed::{Pack, Unpack, errno};

use crate::sensor::{Fault, Level, Sensor, Wiring};
use crate::sound::{Micros, Temperature};

/// The faults are -201 to -205, in the order of [`Fault`].
pub const FAULT_BASE: isize = 200;

/// Bytes that the caller keeps.
const KEPT_BYTES: usize = 16;
/// Shorter waits keep the processor: the next tick would be too late.
const SLEEP_FROM: Micros = Micros(1000);

/// The module needs nothing until somebody measures.
pub(crate) fn init() -> Result<(), Status> {
    Ok(())
}

/// Nothing is left behind.
pub(crate) fn deinit() {}

/// Measures once.
pub(crate) fn measure(input: &[u8], kept: &mut [u8]) -> isize {
    let mut unpack = Unpack::of(input);
    let arguments = (unpack.u8(), unpack.u8(), unpack.i16());
    let (Some(trigger), Some(echo), Some(tenths)) = arguments else { return -errno::EINVAL };
    let Some(last) = Unpack::of(kept).u64().filter(|_| kept.len() >= KEPT_BYTES) else {
        return -errno::EINVAL;
    };
    let is_there = abi::pin_read(echo).is_ok() && abi::pin_write(trigger, abi::Level::Low).is_ok();
    if !is_there {
        return -errno::ENODEV;
    }
    let pins = Pins { trigger, echo };
    let mut sensor = match last {
        0 => Sensor::new(pins),
        last => Sensor::resume(pins, Micros(last)),
    };
    sensor.set_air(Temperature::from_tenths(i32::from(tenths)));
    let measured = sensor.measure();
    let mut pack = Pack::into(kept);
    let reading = measured.map(|reading| (reading.uncertainty.0, reading.echo.0));
    let (uncertainty, echo_us) = reading.unwrap_or((0, 0));
    let _ = pack.u64(sensor.last_trigger().map_or(0, |at| at.0));
    let _ = pack.u32(uncertainty).and_then(|()| pack.u32(echo_us as u32));
    measured.map_or_else(code, |reading| reading.distance.0 as isize)
}

/// How far away something is whose echo lasts so long.
pub(crate) fn distance([echo_us, tenths, _, _]: [usize; 4]) -> isize {
    let air = Temperature::from_tenths(tenths.cast_signed() as i32);
    isize::try_from(air.distance(Micros(echo_us as u64)).0).unwrap_or(isize::MAX)
}

/// The answer of a fault.
#[must_use]
pub const fn code(fault: Fault) -> isize {
    let number = match fault {
        Fault::StuckHigh => 1,
        Fault::NoAnswer => 2,
        Fault::NothingInRange => 3,
        Fault::TooNear => 4,
        Fault::Disturbed => 5,
    };
    -(FAULT_BASE + number)
}

/// Two pins of the board, which were there when the measurement began.
struct Pins {
    trigger: u8,
    echo: u8,
}

impl Wiring for Pins {
    fn trigger(&mut self, level: Level) {
        let level = match level {
            Level::Low => abi::Level::Low,
            Level::High => abi::Level::High,
        };
        let _ = abi::pin_write(self.trigger, level);
    }

    fn echo(&mut self) -> Level {
        match abi::pin_read(self.echo) {
            Ok(abi::Level::High) => Level::High,
            Ok(abi::Level::Low) | Err(abi::NoPin) => Level::Low,
        }
    }

    fn now(&mut self) -> Micros {
        Micros(abi::now_us())
    }

    fn wait(&mut self, time: Micros) {
        if time >= SLEEP_FROM {
            // Who is asked to end measures to the end: it is over within a third of a second.
            let _ = abi::sleep_us(time.0);
        } else {
            abi::spin_us(time.0 as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_without_pins_has_no_sensor() {
        assert_eq!(measure(&[4, 5, 200, 0], &mut [0; 16]), -errno::ENODEV);
    }

    #[test]
    fn arguments_that_are_missing_are_refused() {
        assert_eq!(measure(&[4, 5, 200], &mut [0; 16]), -errno::EINVAL);
        assert_eq!(measure(&[4, 5, 200, 0], &mut [0; 15]), -errno::EINVAL);
    }

    #[test]
    fn a_distance_is_worked_out_without_a_sensor() {
        assert_eq!(distance([5824, 200, 0, 0]), 1000);
        assert_eq!(distance([5824, (-5_isize).cast_unsigned(), 0, 0]), 964);
    }

    #[test]
    fn every_fault_has_an_answer_of_its_own() {
        let faults = [
            Fault::StuckHigh,
            Fault::NoAnswer,
            Fault::NothingInRange,
            Fault::TooNear,
            Fault::Disturbed,
        ];
        assert_eq!(faults.map(code), [-201, -202, -203, -204, -205]);
    }
}
