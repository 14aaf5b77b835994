//! A quantity over device time in bounded memory.
//!
//! A run can last for days of device time, and a chart has a few hundred columns. So samples are
//! gathered in points, each of which keeps the smallest, the largest and the last of its samples;
//! when the points are full, neighbours are merged and every later point holds twice as many
//! samples. A peak is never lost by that, only the exact instant between its neighbours.
//!
//! Invariants:
//! 1. There are at most [`Series::POINTS_MAX`] points, in the order of time.
//! 2. The extremes of the points are the extremes of all samples, and the last point's `last` is
//!    the last sample.

use ramscope_time::Instant;

/// Samples of one quantity, thinned out as they grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    points: Vec<Point>,
    samples_per_point: u64,
    samples_in_last: u64,
}

/// A stretch of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The instant of its first sample.
    pub from: Instant,
    /// The instant of its last sample.
    pub to: Instant,
    /// Its smallest sample.
    pub min: u32,
    /// Its largest sample.
    pub max: u32,
    /// Its last sample.
    pub last: u32,
}

impl Series {
    /// The most points that a series holds.
    pub const POINTS_MAX: usize = 512;

    /// A series without samples.
    #[must_use]
    pub const fn new() -> Self {
        Self { points: Vec::new(), samples_per_point: 1, samples_in_last: 0 }
    }

    /// Adds the sample `value` of the instant `at`, which is not before the ones that it has.
    pub fn push(&mut self, at: Instant, value: u32) {
        match self.points.last_mut() {
            Some(last) if self.samples_in_last < self.samples_per_point => {
                last.absorb(Point::new(at, value));
                self.samples_in_last += 1;
            }
            _ => self.begin_point(Point::new(at, value)),
        }
    }

    /// The points in the order of time.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The last sample.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.points.last().map(|point| point.last)
    }

    /// The largest sample.
    #[must_use]
    pub fn max(&self) -> Option<u32> {
        self.points.iter().map(|point| point.max).max()
    }

    /// Whether it has no samples.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    fn begin_point(&mut self, point: Point) {
        if self.points.len() == Self::POINTS_MAX {
            self.halve();
        }
        self.points.push(point);
        self.samples_in_last = 1;
    }

    /// Merges neighbours; the number of points is even here.
    fn halve(&mut self) {
        let merged = self.points.chunks(2).map(|pair| {
            let mut point = pair[0];
            pair[1..].iter().for_each(|&second| point.absorb(second));
            point
        });
        self.points = merged.collect();
        self.samples_per_point = self.samples_per_point.saturating_mul(2);
    }
}

const _: () = assert!(Series::POINTS_MAX.is_multiple_of(2));

impl Default for Series {
    fn default() -> Self {
        Self::new()
    }
}

impl Point {
    const fn new(at: Instant, value: u32) -> Self {
        Self { from: at, to: at, min: value, max: value, last: value }
    }

    fn absorb(&mut self, later: Self) {
        self.to = self.to.max(later.to);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.last = later.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = u32>) -> Series {
        let mut series = Series::new();
        for (index, value) in values.into_iter().enumerate() {
            series.push(Instant::from_picos(index as u64), value);
        }
        series
    }

    #[test]
    fn a_short_series_keeps_every_sample() {
        let series = series([3, 1, 2]);
        let values: Vec<u32> = series.points().iter().map(|point| point.last).collect();
        assert_eq!(values, [3, 1, 2]);
    }

    #[test]
    fn a_long_series_is_bounded_and_keeps_its_extremes() {
        let mut values = vec![500; 1_000_000];
        values[123_456] = 9_999;
        values[654_321] = 1;
        *values.last_mut().unwrap() = 77;
        let series = series(values);
        assert!(series.points().len() <= Series::POINTS_MAX);
        assert_eq!(series.max(), Some(9_999));
        assert_eq!(series.points().iter().map(|point| point.min).min(), Some(1));
        assert_eq!(series.last(), Some(77));
    }

    #[test]
    fn points_stay_in_the_order_of_time_without_gaps() {
        let series = series(0..10_000);
        for pair in series.points().windows(2) {
            assert_eq!(pair[0].to.as_picos() + 1, pair[1].from.as_picos());
        }
    }
}
