//! How fast device time goes, as a person chooses it.

use core::fmt;
use core::time::Duration;

use ramscope_time::Span;

/// Device time per host time, in steps that a key goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(usize);

/// Tenths of real time; past the last one there is no bound.
const TENTHS: [u32; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

impl Speed {
    /// A second of device time takes a second.
    pub const REAL_TIME: Self = Self(3);
    /// As fast as the machine goes.
    pub const MAX: Self = Self(TENTHS.len());

    /// The next one up; the fastest stays.
    #[must_use]
    pub fn faster(self) -> Self {
        Self(self.0 + 1).min(Self::MAX)
    }

    /// The next one down; the slowest stays.
    #[must_use]
    pub fn slower(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The device time that a stretch of host time is worth; `None` without a bound.
    #[must_use]
    pub fn device_time_in(self, host: Duration) -> Option<Span> {
        let tenths = *TENTHS.get(self.0)?;
        let picos = host.as_nanos() * u128::from(tenths) * 100;
        Some(Span::from_picos(u64::try_from(picos).unwrap_or(u64::MAX)))
    }

    /// Device time per host time; `None` without a bound.
    #[must_use]
    pub fn factor(self) -> Option<f64> {
        TENTHS.get(self.0).map(|&tenths| f64::from(tenths) / 10.0)
    }
}

/// `0.5x`, `1x`, `max`.
impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.factor() {
            Some(factor) => write!(f, "{factor}x"),
            None => f.write_str("max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_have_two_ends() {
        let slowest = (0..20).fold(Speed::REAL_TIME, |speed, _| speed.slower());
        assert_eq!(slowest.to_string(), "0.1x");
        let fastest = (0..20).fold(slowest, |speed, _| speed.faster());
        assert_eq!(fastest, Speed::MAX);
        assert_eq!(fastest.to_string(), "max");
        assert_eq!(fastest.slower().to_string(), "100x");
    }

    #[test]
    fn a_second_is_worth_what_the_speed_says() {
        let second = Duration::from_secs(1);
        assert_eq!(Speed::REAL_TIME.device_time_in(second), Some(Span::from_seconds(1)));
        assert_eq!(Speed::REAL_TIME.slower().device_time_in(second), Some(Span::from_millis(500)));
        assert_eq!(Speed::MAX.device_time_in(second), None);
    }
}
