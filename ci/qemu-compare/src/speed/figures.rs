//! Times, and how they read.

use super::script::Plan;
use std::time::Instant;

/// The durations of the same work, in seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    /// Times some work, unless it fails.
    pub(super) fn add<E>(&mut self, work: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let start = Instant::now();
        work()?;
        self.0.push(start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Times `count` pieces of work and notes what one of them takes.
    pub(super) fn add_share(&mut self, count: u32, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        self.0.push(start.elapsed().as_secs_f64() / f64::from(count));
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The one in the middle; the slower of two.
    pub(super) fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn ends(&self) -> (f64, f64) {
        let sorted = self.sorted();
        let end = |time: Option<&f64>| time.copied().unwrap_or(f64::NAN);
        (end(sorted.first()), end(sorted.last()))
    }
}

/// What the figure should be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Aim {
    /// At least this many million instructions a second.
    Rate(u32),
    /// At most this many milliseconds.
    Millis(f64),
    /// At least this often a second.
    EachSecond(u32),
}

impl Aim {
    /// The aim, and whether it is met.
    pub(super) fn judge(self, plan: &Plan, times: &Times) -> String {
        let median = times.median();
        let (told, met) = match self {
            Aim::Rate(aim) => {
                (format!("{aim} M/s"), millions_a_second(plan, median) >= f64::from(aim))
            }
            Aim::Millis(aim) => (format!("below {aim} ms"), median * 1e3 < aim),
            Aim::EachSecond(aim) => {
                let figure = format!("{:.0} a second; ", 1.0 / median);
                let verdict = if 1.0 / median >= f64::from(aim) { "met" } else { "MISSED" };
                return format!("{figure}aim: {aim}: {verdict}");
            }
        };
        format!("aim: {told}: {}", if met { "met" } else { "MISSED" })
    }
}

fn millions_a_second(plan: &Plan, seconds: f64) -> f64 {
    plan.instructions as f64 / seconds / 1e6
}

/// Instructions a second, for the front of a remark.
pub(super) fn rate(plan: &Plan, times: &Times) -> String {
    format!("{:>5.0} M/s; ", millions_a_second(plan, times.median()))
}

/// One line of the report.
pub(super) fn line(name: &str, times: &Times, remark: &str) {
    let (fastest, slowest) = times.ends();
    let text = format!(
        "    {name:<27} {:>9}  ({} to {})",
        duration(times.median()),
        duration(fastest),
        duration(slowest)
    );
    println!("{}", format!("{text:<66}  {remark}").trim_end());
}

/// Three digits and a unit.
fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "us"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

/// The host's processor, as far as it tells.
pub(super) fn host() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("processor of unknown make", |(_, name)| name);
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {count} at once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_mind_an_outlier() {
        assert_eq!(Times(vec![3.0, 1.0, 99.0]).median(), 3.0);
        assert_eq!(Times(vec![3.0, 1.0, 99.0]).ends(), (1.0, 99.0));
    }

    #[test]
    fn a_duration_has_three_digits() {
        assert_eq!(duration(0.000_31), "310 us");
        assert_eq!(duration(0.031_4), "31.4 ms");
        assert_eq!(duration(2.5), "2.50 s");
    }
}
