//! Device time: one clock for everything that happens on a target.
//!
//! A run is a pure function of image, scenario and seed, so nothing after the backend may look at
//! the host's clock. Device time has types of its own for that reason: an [`Instant`] is a point,
//! a [`Span`] a length, both whole picoseconds in a `u64`, which is exact at 40, 80, 160 and
//! 16 MHz and lasts 213 days. Neither converts to or from `std::time`.
//!
//! Invariants:
//! 1. An instant counts from power-on and is not reset by a reboot of the device.
//! 2. Arithmetic saturates: a deadline past the end of time is the end of time.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// Picoseconds in one second.
pub const PICOS_PER_SECOND: u64 = 1_000_000_000_000;

/// A point of device time: picoseconds since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A length of device time in picoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Instant {
    /// Power-on.
    pub const ZERO: Self = Self(0);
    /// The end of device time, used as "no deadline".
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `picos` picoseconds after power-on.
    #[must_use]
    pub const fn from_picos(picos: u64) -> Self {
        Self(picos)
    }

    /// Picoseconds since power-on.
    #[must_use]
    pub const fn as_picos(self) -> u64 {
        self.0
    }

    /// Seconds since power-on, for charts; not exact.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / PICOS_PER_SECOND as f64
    }

    /// The span from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `picos` picoseconds.
    #[must_use]
    pub const fn from_picos(picos: u64) -> Self {
        Self(picos)
    }

    /// A span of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos.saturating_mul(1_000))
    }

    /// A span of `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000_000))
    }

    /// A span of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000_000))
    }

    /// A span of `seconds` seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(PICOS_PER_SECOND))
    }

    /// The span of `ticks` ticks of a clock of `hz` hertz, rounded down to a picosecond.
    ///
    /// # Panics
    /// If `hz` is zero.
    #[must_use]
    pub const fn from_ticks(ticks: u64, hz: u32) -> Self {
        let picos = ticks as u128 * PICOS_PER_SECOND as u128 / hz as u128;
        if picos > u64::MAX as u128 { Self(u64::MAX) } else { Self(picos as u64) }
    }

    /// The length in picoseconds.
    #[must_use]
    pub const fn as_picos(self) -> u64 {
        self.0
    }

    /// The length in whole nanoseconds, rounded down.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0 / 1_000
    }

    /// The length in whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The length in seconds, for charts; not exact.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / PICOS_PER_SECOND as f64
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Instant {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Instant {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Three decimals in the largest unit that leaves a whole part: `5.012 s`, `12.500 ms`, `0 s`.
fn write_picos(picos: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (unit, name) = match picos {
        0 => return f.pad("0 s"),
        p if p >= PICOS_PER_SECOND => (PICOS_PER_SECOND, "s"),
        p if p >= 1_000_000_000 => (1_000_000_000, "ms"),
        p if p >= 1_000_000 => (1_000_000, "us"),
        p if p >= 1_000 => (1_000, "ns"),
        p => return f.pad(&format!("{p} ps")),
    };
    let thousandths = (picos as u128 * 1_000 / unit as u128) as u64;
    f.pad(&format!("{}.{:03} {name}", thousandths / 1_000, thousandths % 1_000))
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_picos(self.0, f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_picos(self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(picos: u64, expected: &str) {
        assert_eq!(Span::from_picos(picos).to_string(), expected);
    }

    #[test]
    fn text_uses_the_largest_unit_with_a_whole_part() {
        check(0, "0 s");
        check(999, "999 ps");
        check(6_250, "6.250 ns");
        check(12_500_000_000, "12.500 ms");
        check(5_012_345_678_901, "5.012 s");
    }

    #[test]
    fn ticks_of_the_chips_clocks_are_exact() {
        assert_eq!(Span::from_ticks(1, 160_000_000).as_picos(), 6_250);
        assert_eq!(Span::from_ticks(1, 16_000_000).as_picos(), 62_500);
        assert_eq!(Span::from_ticks(u64::MAX, 1).as_picos(), u64::MAX);
    }

    #[test]
    fn a_deadline_past_the_end_of_time_is_the_end_of_time() {
        assert_eq!(Instant::MAX + Span::from_seconds(1), Instant::MAX);
    }
}
