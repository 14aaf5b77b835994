//! The kernel's clock: instants and spans in ticks of 62.5 ns.
//!
//! A tick is the period of the ESP32-C3's SYSTIMER (16 MHz, technical reference manual, chapter
//! "System Timer"), so neither reading the clock nor setting an alarm converts anything. 64 bits
//! of it last 36,000 years: the clock does not wrap.

use crate::port::{self, TICKS_PER_SECOND};
use core::ops::{Add, Sub};

/// A point of device time: ticks since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

/// A length of device time in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Instant {
    /// Now.
    ///
    /// # Context
    /// Any.
    #[must_use]
    pub fn now() -> Self {
        Self(port::now())
    }

    /// Ticks since boot.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of ticks.
    pub(crate) const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// A span of whole microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(TICKS_PER_SECOND as u64 / 1_000_000))
    }

    /// A span of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(TICKS_PER_SECOND as u64 / 1_000))
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(TICKS_PER_SECOND as u64))
    }

    /// The length in ticks.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// The length in whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / (TICKS_PER_SECOND as u64 / 1_000)
    }
}

impl Add<Span> for Instant {
    type Output = Instant;
    fn add(self, span: Span) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }
}

impl Sub for Instant {
    type Output = Span;
    fn sub(self, earlier: Instant) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}
