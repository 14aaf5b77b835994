//! What a timer is to do: MicroPython's keyword arguments of `init`, as a builder.

use super::Timer;
use super::cadence::Cadence;
use crate::error::Error;
use crate::thread::Outcome;
use ramscope_wire::TimerMode;

/// Thousandths of a hertz in one.
const MILLIHERTZ: u32 = 1_000;

/// How often a timer fires in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// 0: no frequency at all.
    millihertz: u32,
}

impl From<u32> for Frequency {
    /// So many hertz; what does not fit is far above what a timer can do.
    fn from(hertz: u32) -> Self {
        Self { millihertz: hertz.saturating_mul(MILLIHERTZ) }
    }
}

impl From<f32> for Frequency {
    /// So many hertz, rounded to a thousandth; what is no frequency is refused by `init`.
    fn from(hertz: f32) -> Self {
        // The conversion saturates, and gives 0 for what is negative or no number.
        Self { millihertz: (hertz * MILLIHERTZ as f32 + 0.5) as u32 }
    }
}

/// What [`Timer::init`] is told; MicroPython's defaults: periodic, the longest period, no callback.
///
/// # Examples
/// ```no_run
/// # use ramscope_kernel::{timer::{Config, Timer}, println, Error};
/// let timer = Timer::new(1)?;
/// timer.init(Config::periodic().period(100).callback(|_| println!("tick")))?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<F = fn(&Timer)> {
    mode: TimerMode,
    period: u32,
    tick_hz: u32,
    frequency: Option<Frequency>,
    pub(super) callback: Option<F>,
}

impl Config {
    /// A timer that fires again and again.
    #[must_use]
    pub const fn periodic() -> Self {
        let (period, tick_hz) = (u32::MAX, 1_000);
        Self { mode: TimerMode::Periodic, period, tick_hz, frequency: None, callback: None }
    }

    /// A timer that fires once.
    #[must_use]
    pub const fn one_shot() -> Self {
        Self { mode: TimerMode::OneShot, ..Self::periodic() }
    }
}

impl<F> Config<F> {
    /// How long until the timer fires, and between two times: milliseconds, unless
    /// [`tick_hz`](Self::tick_hz) says otherwise.
    #[must_use]
    pub fn period(self, period: u32) -> Self {
        Self { period, ..self }
    }

    /// How many units of the period are a second.
    #[must_use]
    pub fn tick_hz(self, tick_hz: u32) -> Self {
        Self { tick_hz, ..self }
    }

    /// How often the timer fires in a second; it wins over the period.
    #[must_use]
    pub fn freq(self, frequency: impl Into<Frequency>) -> Self {
        Self { frequency: Some(frequency.into()), ..self }
    }

    /// What is called each time, with the timer, in the unit of the callbacks.
    #[must_use]
    pub fn callback<G, R>(self, callback: G) -> Config<G>
    where
        G: Fn(&Timer) -> R + Send + 'static,
        R: Outcome,
    {
        let Self { mode, period, tick_hz, frequency, .. } = self;
        Config { mode, period, tick_hz, frequency, callback: Some(callback) }
    }

    pub(super) const fn mode(&self) -> TimerMode {
        self.mode
    }

    /// The distance of the instants, checked.
    pub(super) fn cadence(&self) -> Result<Cadence, Error> {
        let (count, per_second) = match self.frequency {
            Some(Frequency { millihertz }) => (MILLIHERTZ, millihertz),
            None => (self.period, self.tick_hz),
        };
        match per_second {
            0 => Err(Error::Invalid),
            _ => Cadence::new(count, per_second).ok_or(Error::TooShort),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks<F>(config: &Config<F>) -> Result<u64, Error> {
        config.cadence().map(|cadence| cadence.ticks())
    }

    #[test]
    fn a_period_is_in_units_of_the_tick_rate() {
        assert_eq!(ticks(&Config::periodic().period(100)), Ok(1_600_000));
        assert_eq!(ticks(&Config::periodic().period(100).tick_hz(100)), Ok(16_000_000));
        assert_eq!(ticks(&Config::periodic()), Ok(u64::from(u32::MAX) * 16_000));
    }

    #[test]
    fn a_frequency_wins_over_the_period() {
        assert_eq!(ticks(&Config::periodic().period(1).freq(50)), Ok(320_000));
        assert_eq!(ticks(&Config::periodic().freq(0.5)), Ok(32_000_000));
    }

    #[test]
    fn what_is_no_period_is_refused() {
        assert_eq!(ticks(&Config::periodic().period(0)), Err(Error::TooShort));
        assert_eq!(ticks(&Config::periodic().freq(50_001)), Err(Error::TooShort));
        assert_eq!(ticks(&Config::periodic().freq(f32::INFINITY)), Err(Error::TooShort));
        assert_eq!(ticks(&Config::periodic().tick_hz(0)), Err(Error::Invalid));
        assert_eq!(ticks(&Config::periodic().freq(0)), Err(Error::Invalid));
        assert_eq!(ticks(&Config::periodic().freq(-1.0)), Err(Error::Invalid));
        assert_eq!(ticks(&Config::periodic().freq(f32::NAN)), Err(Error::Invalid));
    }
}
