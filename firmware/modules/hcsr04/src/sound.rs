//! From the time that sound takes to the way that it went.

use core::ops::{Add, Sub};

/// A length of time in millionths of a second, or a point of it on the clock of the wiring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(
    /// Microseconds.
    pub u64,
);

impl Micros {
    /// Thousandths of a second.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1000)
    }
}

impl Add for Micros {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Micros {
    type Output = Self;

    /// From a later point back to an earlier one; a clock that went backwards measures nothing.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millimetres(
    /// Thousandths of a metre.
    pub u32,
);

/// The temperature of the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Temperature {
    tenths: i32,
}

impl Temperature {
    /// What the manual's 58 us a centimetre are true for, nearly.
    pub const ROOM: Self = Self::from_tenths(200);

    /// Tenths of a degree Celsius, kept within what the sensor works at: -15 C to 70 C.
    #[must_use]
    pub const fn from_tenths(tenths: i32) -> Self {
        let tenths = match tenths {
            ..-150 => -150,
            701.. => 700,
            _ => tenths,
        };
        Self { tenths }
    }

    /// The speed of sound in millimetres a second.
    #[must_use]
    pub const fn speed_of_sound(self) -> u32 {
        // 331.3 m/s + 0.606 m/s a degree; with the bounds above it is far from zero.
        (331_300 + 606 * self.tenths / 10).unsigned_abs()
    }

    /// How far away something is whose echo lasts `there_and_back`, to the nearest millimetre.
    #[must_use]
    pub const fn distance(self, there_and_back: Micros) -> Millimetres {
        let twice = (there_and_back.0).saturating_mul(self.speed_of_sound() as u64);
        let rounded = twice.saturating_add(1_000_000) / 2_000_000;
        Millimetres(if rounded > u32::MAX as u64 { u32::MAX } else { rounded as u32 })
    }

    /// How long the echo from a distance lasts, to the nearest microsecond.
    #[must_use]
    pub const fn echo(self, distance: Millimetres) -> Micros {
        let speed = self.speed_of_sound() as u64;
        Micros((distance.0 as u64 * 2_000_000 + speed / 2) / speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centimetre_is_58_microseconds_in_a_room() {
        assert_eq!(Temperature::ROOM.echo(Millimetres(10)), Micros(58));
        assert_eq!(Temperature::ROOM.echo(Millimetres(1000)), Micros(5824));
    }

    #[test]
    fn sound_is_slower_in_the_cold() {
        for (tenths, speed) in [(0, 331_300), (200, 343_420), (-150, 322_210), (700, 373_720)] {
            assert_eq!(Temperature::from_tenths(tenths).speed_of_sound(), speed);
        }
        let echo = Micros(5824);
        assert_eq!(Temperature::from_tenths(0).distance(echo), Millimetres(965));
        assert_eq!(Temperature::ROOM.distance(echo), Millimetres(1000));
    }

    #[test]
    fn a_temperature_that_no_air_has_is_kept_within_bounds() {
        assert_eq!(Temperature::from_tenths(i32::MIN), Temperature::from_tenths(-150));
        assert_eq!(Temperature::from_tenths(i32::MAX), Temperature::from_tenths(700));
    }

    #[test]
    fn distance_and_echo_are_each_others_inverse() {
        for tenths in [-150, 0, 215, 700] {
            let air = Temperature::from_tenths(tenths);
            for millimetres in 0..5000 {
                let back = air.distance(air.echo(Millimetres(millimetres)));
                assert_eq!(back, Millimetres(millimetres));
            }
        }
    }

    #[test]
    fn a_time_without_end_is_a_distance_without_end() {
        assert_eq!(Temperature::ROOM.distance(Micros(u64::MAX)), Millimetres(u32::MAX));
        assert_eq!(Micros(u64::MAX) + Micros(1), Micros(u64::MAX));
        assert_eq!(Micros(1) - Micros(2), Micros(0));
    }
}
