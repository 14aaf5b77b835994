//! The axis of device time that all charts of a run share.
//!
//! A chart is drawn in whole units of time, and the browser stretches it to the page: so a chart is
//! text that does not depend on any width, and zooming is a change of the window that is looked at.

use ramscope_time::Instant;

/// From device time to places in a chart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Picoseconds in a unit.
    pub(super) unit_ps: u64,
    /// Units from power-on to the end of the run.
    pub(super) width: u64,
}

const MICROSECOND_PS: u64 = 1_000_000;
/// Browsers keep places as single-precision numbers, which count to so many exactly.
const UNITS_MAX: u64 = 1 << 24;

impl Scale {
    /// The axis of a run that ended at `end`.
    pub(super) fn of(end: Instant) -> Self {
        let end_ps = end.as_picos().max(1);
        let unit_ps = end_ps.div_ceil(UNITS_MAX).max(MICROSECOND_PS);
        Self { unit_ps, width: end_ps.div_ceil(unit_ps) }
    }

    /// The unit that an instant lies in.
    pub(super) fn x(self, at: Instant) -> u64 {
        (at.as_picos() / self.unit_ps).min(self.width)
    }

    /// The place of a unit in hundredths of a per cent of the whole, as CSS takes it: `12.34%`.
    pub(super) fn percent(self, x: u64) -> String {
        let share = u128::from(x) * 10_000 / u128::from(self.width);
        format!("{}.{:02}%", share / 100, share % 100)
    }

    /// A few round instants: their units and what to write there.
    pub(super) fn ticks(self) -> Vec<(u64, String)> {
        const TICKS_MAX: u64 = 6;
        let end_ps = self.unit_ps * self.width;
        let powers = (0..=19).map(|power| 10_u64.pow(power));
        let mut steps = powers.flat_map(|power| [1, 2, 5].map(|n| power.saturating_mul(n)));
        let step = steps.find(|step| end_ps / step <= TICKS_MAX).unwrap_or(u64::MAX);
        (0..=end_ps / step).map(|n| (n * step / self.unit_ps, tick_text(n * step, step))).collect()
    }
}

/// An instant in seconds with as many decimals as a step between ticks needs.
fn tick_text(at_ps: u64, step_ps: u64) -> String {
    const SECOND_PS: u64 = 1_000_000_000_000;
    let (mut decimals, mut unit) = (0_usize, SECOND_PS);
    while unit > step_ps && unit > 1 {
        unit /= 10;
        decimals += 1;
    }
    let seconds = at_ps / SECOND_PS;
    match decimals {
        0 => format!("{seconds} s"),
        _ => format!("{seconds}.{:0decimals$} s", at_ps % SECOND_PS / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_run_is_the_end_of_its_axis() {
        for picos in [0, 1, 999_999, 5_000_000_000_000, u64::MAX / 2] {
            let end = Instant::from_picos(picos);
            let scale = Scale::of(end);
            assert!(scale.x(end) <= scale.width && scale.width <= UNITS_MAX, "{scale:?}");
            assert_eq!(scale.percent(scale.width), "100.00%");
        }
    }

    #[test]
    fn ticks_are_round_and_few() {
        let texts = |millis: u64| -> Vec<String> {
            let scale = Scale::of(Instant::from_picos(millis * 1_000_000_000));
            scale.ticks().into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts(5_000), ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s"]);
        assert_eq!(texts(250), ["0.00 s", "0.05 s", "0.10 s", "0.15 s", "0.20 s", "0.25 s"]);
    }
}
