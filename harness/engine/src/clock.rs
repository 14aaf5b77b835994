//! From CPU cycles to device time.
//!
//! Firmware may change the CPU clock at any instruction, so the relation is a line that is redrawn
//! at each change: `instant = start + (cycle - start_cycle) * period`. Every clock of the chip has
//! a period of whole picoseconds here, so no rounding ever accumulates.

use ramscope_time::{Instant, Span};

/// Period of the 40 MHz crystal.
pub(crate) const XTAL_PERIOD_PS: u64 = 25_000;
/// Period of the 80 MHz peripheral bus. It does not follow the CPU clock below 80 MHz here.
pub(crate) const APB_PERIOD_PS: u64 = 12_500;
/// Period of the internal fast oscillator: 17.5 MHz, rounded to a picosecond.
pub(crate) const RC_FAST_PERIOD_PS: u64 = 57_143;
/// Period of the internal slow oscillator: 136 kHz, rounded to a picosecond.
pub(crate) const RC_SLOW_PERIOD_PS: u64 = 7_352_941;

/// The CPU clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Clock {
    period_ps: u64,
    start_cycle: u64,
    start: Instant,
}

impl Clock {
    /// A clock whose cycle 0 is power-on.
    pub(crate) fn new(period_ps: u64) -> Self {
        Self { period_ps, start_cycle: 0, start: Instant::ZERO }
    }

    /// Picoseconds a cycle.
    pub(crate) fn period_ps(&self) -> u64 {
        self.period_ps
    }

    /// Cycles a second, rounded to the nearest.
    pub(crate) fn hz(&self) -> u32 {
        let picos = ramscope_time::PICOS_PER_SECOND;
        ((picos + self.period_ps / 2) / self.period_ps) as u32
    }

    /// The instant at which a cycle starts; cycles only ever grow.
    pub(crate) fn instant(&self, cycle: u64) -> Instant {
        let cycles = cycle - self.start_cycle;
        self.start + Span::from_picos(cycles.saturating_mul(self.period_ps))
    }

    /// The first cycle that does not start before `instant`.
    pub(crate) fn cycle_at(&self, instant: Instant) -> u64 {
        let span = instant.since(self.start).as_picos();
        self.start_cycle.saturating_add(span.div_ceil(self.period_ps))
    }

    /// From `cycle` on a cycle takes `period_ps`.
    pub(crate) fn change(&mut self, cycle: u64, period_ps: u64) {
        *self = Self { period_ps, start_cycle: cycle, start: self.instant(cycle) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_clock_keeps_the_instant() {
        let mut clock = Clock::new(12_500);
        clock.change(1_000, 6_250);
        assert_eq!(clock.instant(1_000), Instant::from_picos(12_500_000));
        assert_eq!(clock.instant(1_001), Instant::from_picos(12_506_250));
        assert_eq!(clock.hz(), 160_000_000);
    }

    #[test]
    fn an_instant_within_a_cycle_belongs_to_the_next() {
        let clock = Clock::new(6_250);
        assert_eq!(clock.cycle_at(Instant::from_picos(6_250)), 1);
        assert_eq!(clock.cycle_at(Instant::from_picos(6_251)), 2);
        assert_eq!(clock.cycle_at(Instant::ZERO), 0);
    }

    #[test]
    fn the_fast_oscillator_is_rounded() {
        assert_eq!(Clock::new(RC_FAST_PERIOD_PS).hz(), 17_499_956);
    }
}
