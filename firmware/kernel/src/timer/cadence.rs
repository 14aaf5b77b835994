//! When a timer fires next: exact, whatever its period divides into.
//!
//! A period of a third of a second is no whole number of ticks. What does not divide is carried to
//! the next period, so a timer with `freq(3)` fires exactly three times in each second, for ever:
//! deadlines are absolute and nothing is rounded twice.

use crate::port::TICKS_PER_SECOND;

/// The shortest period. Below it the expiry's own handler would leave little of the processor to
/// anybody: it takes some hundred instructions of the 3,200 that the ESP32-C3 does in 20 us.
pub const PERIOD_TICKS_MIN: u64 = TICKS_PER_SECOND as u64 / 50_000;

/// Periods that are skipped in one step; a bound for the products below.
const STEP_MAX: u64 = 1 << 24;

/// The distance of a timer's instants: `whole + part / of` ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cadence {
    whole: u64,
    part: u32,
    of: u32,
    /// What earlier periods left over, in parts; less than `of`.
    carry: u32,
}

impl Cadence {
    /// Of a timer that was never set up.
    pub(crate) const NONE: Self = Self { whole: u64::MAX, part: 0, of: 1, carry: 0 };

    /// A period of `count / per_second` seconds; `None` if it is shorter than [`PERIOD_TICKS_MIN`].
    ///
    /// `per_second` is not 0.
    pub(crate) const fn new(count: u32, per_second: u32) -> Option<Self> {
        let ticks = count as u64 * TICKS_PER_SECOND as u64;
        let (whole, part) = (ticks / per_second as u64, ticks % per_second as u64);
        if whole < PERIOD_TICKS_MIN {
            return None;
        }
        Some(Self { whole, part: part as u32, of: per_second, carry: 0 })
    }

    /// The period in ticks, rounded down.
    pub(crate) const fn ticks(&self) -> u64 {
        self.whole
    }

    /// The instant after `at`.
    pub(crate) const fn next(&mut self, at: u64) -> u64 {
        let whole = at.saturating_add(self.whole);
        let missing = self.of - self.carry;
        if self.part < missing {
            self.carry += self.part;
            return whole;
        }
        self.carry = self.part - missing;
        whole.saturating_add(1)
    }

    /// The first instant after `now`, and how many were skipped, if `at` is the next one and has
    /// passed already. A division for each power of the period that `now` is away: two in practice.
    pub(crate) const fn catch_up(&mut self, mut at: u64, now: u64) -> (u64, u32) {
        let mut skipped = 0_u64;
        while at <= now {
            // Not more than have passed: a period is less than one tick longer than `whole`.
            let steps = (now - at) / (self.whole + 1);
            let steps = if steps < STEP_MAX { steps } else { STEP_MAX };
            if steps == 0 {
                at = self.next(at);
                skipped += 1;
            } else {
                let parts = steps * self.part as u64 + self.carry as u64;
                at += steps * self.whole + parts / self.of as u64;
                self.carry = (parts % self.of as u64) as u32;
                skipped += steps;
            }
        }
        (at, if skipped > u32::MAX as u64 { u32::MAX } else { skipped as u32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = TICKS_PER_SECOND as u64;

    #[test]
    fn a_third_of_a_second_three_million_times_is_a_million_seconds() {
        let mut cadence = Cadence::new(1, 3).unwrap();
        let end = (0..3_000_000).fold(0, |at, _| cadence.next(at));
        assert_eq!(end, 1_000_000 * SECOND);
    }

    #[test]
    fn what_is_too_short_is_refused() {
        assert_eq!(Cadence::new(19, 1_000_000), None);
        assert_eq!(Cadence::new(0, 1_000), None);
        assert_eq!(Cadence::new(20, 1_000_000).unwrap().ticks(), PERIOD_TICKS_MIN);
    }

    #[test]
    fn catching_up_ends_where_going_step_by_step_ends() {
        for (count, per_second) in [(1, 3), (100, 1_000), (1, 49_999), (7, 11), (20, 1_000_000)] {
            for late in [0, 1, 319, 320, 321, 5_333_333, 5_333_334, 90 * SECOND + 17] {
                let mut jumps = Cadence::new(count, per_second).unwrap();
                let mut walks = jumps;
                let start = jumps.next(1_000);
                assert_eq!(walks.next(1_000), start);
                let now = start + late;
                let (mut at, mut skipped) = (start, 0);
                while at <= now {
                    at = walks.next(at);
                    skipped += 1;
                }
                assert_eq!(
                    jumps.catch_up(start, now),
                    (at, skipped),
                    "{count}/{per_second} {late}"
                );
                assert_eq!(jumps, walks);
            }
        }
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut cadence = Cadence::new(u32::MAX, 1).unwrap();
        assert_eq!(cadence.next(u64::MAX - 5), u64::MAX);
    }
}
