//! The heap over time in braille: what is in use as an area, its peak as a line above.
//!
//! A cell of braille is two dots wide and four high. A column of dots stands for a stretch of
//! time and shows the most that was in use in it, so that no short peak is missing.

use ramscope_model::Point;
use ramscope_time::{Instant, Span};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::palette::Palette;

/// Two series over the same time and on the same scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeapChart<'a> {
    pub(super) used: &'a [Point],
    pub(super) peak: &'a [Point],
    pub(super) from: Instant,
    pub(super) to: Instant,
    /// What the top edge stands for.
    pub(super) top: u32,
    pub(super) palette: Palette,
}

/// The bits of a cell's dots, by column and then by row from the top (Unicode, block "Braille
/// Patterns").
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
const BLANK: u32 = 0x2800;

impl Widget for HeapChart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let columns = usize::from(area.width) * 2;
        let rows = u32::from(area.height) * 4;
        let used = self.heights(self.used, columns, rows);
        let peak = self.heights(self.peak, columns, rows);
        for (x, y) in cells(area) {
            let of_cell = |heights: &[Option<u32>]| {
                let at = usize::from(x - area.x) * 2;
                [heights[at], heights[at + 1]]
            };
            let below = rows - 4 * u32::from(y - area.y + 1);
            let area_dots = dots(of_cell(&used), below, |row, height| row < height);
            let line_dots = dots(of_cell(&peak), below, |row, height| row + 1 == height);
            let style = match area_dots {
                0 => self.palette.peak(),
                _ => self.palette.used(),
            };
            if let Some(symbol) = char::from_u32(BLANK | area_dots | line_dots)
                && (area_dots | line_dots) != 0
            {
                buffer[(x, y)].set_char(symbol).set_style(style);
            }
        }
    }
}

impl HeapChart<'_> {
    /// For each column of dots how many dots high the series is; `None` before its first sample.
    fn heights(&self, points: &[Point], columns: usize, rows: u32) -> Vec<Option<u32>> {
        let mut next = 0;
        let mut last = None;
        let mut heights = Vec::with_capacity(columns);
        for column in 0..columns {
            let until = self.instant_at(column + 1, columns);
            let mut most = last;
            while let Some(point) = points.get(next).filter(|point| point.from <= until) {
                most = most.max(Some(point.max));
                if point.to > until {
                    break;
                }
                last = Some(point.last);
                next += 1;
            }
            heights.push(most.map(|value| self.height(value, rows)));
        }
        heights
    }

    fn instant_at(&self, column: usize, columns: usize) -> Instant {
        let span = u128::from(self.to.since(self.from).as_picos());
        let picos = span * column as u128 / columns.max(1) as u128;
        self.from + Span::from_picos(picos as u64)
    }

    /// Rounded up, so that what is there is seen.
    fn height(&self, value: u32, rows: u32) -> u32 {
        let dots = (u64::from(value) * u64::from(rows)).div_ceil(u64::from(self.top.max(1)));
        dots.min(u64::from(rows)) as u32
    }
}

fn cells(area: Rect) -> impl Iterator<Item = (u16, u16)> {
    area.positions().map(|position| (position.x, position.y))
}

/// The dots of a cell whose lowest dot is the row `below`: those that `is_set` by row and height.
fn dots(heights: [Option<u32>; 2], below: u32, is_set: impl Fn(u32, u32) -> bool) -> u32 {
    let mut bits = 0;
    for (column, height) in heights.into_iter().enumerate() {
        for row in 0..4 {
            if height.is_some_and(|height| is_set(below + row, height)) {
                bits |= DOTS[column][3 - row as usize];
            }
        }
    }
    bits
}

/// A round number that leaves some air above `value`.
pub(super) fn round_top(value: u32) -> u32 {
    const STEPS: [u64; 8] = [10, 15, 20, 30, 40, 50, 60, 80];
    let least = u64::from(value) + u64::from(value) / 20;
    let tops = (1..=9).flat_map(|power| STEPS.map(|step| step * 10_u64.pow(power)));
    let top = tops.into_iter().find(|&top| top >= least);
    top.and_then(|top| u32::try_from(top).ok()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(picos: u64, value: u32) -> Point {
        let at = Instant::from_picos(picos);
        Point { from: at, to: at, min: value, max: value, last: value }
    }

    fn check(points: &[Point], top: u32, expected: &[&str]) {
        let height = u16::try_from(expected.len()).unwrap();
        let area = Rect::new(0, 0, 4, height);
        let mut buffer = Buffer::empty(area);
        let chart = HeapChart {
            used: points,
            peak: &[],
            from: Instant::ZERO,
            to: Instant::from_picos(8),
            top,
            palette: Palette::PLAIN,
        };
        chart.render(area, &mut buffer);
        assert_eq!(buffer, Buffer::with_lines(expected.iter().copied()));
    }

    #[test]
    fn a_constant_is_a_flat_area() {
        check(&[point(0, 4)], 8, &["    ", "⣿⣿⣿⣿"]);
    }

    #[test]
    fn a_sample_holds_until_the_next_one() {
        check(&[point(0, 8), point(5, 2)], 8, &["⣿⣿⡇ ", "⣿⣿⣧⣤"]);
    }

    #[test]
    fn nothing_is_drawn_before_the_first_sample() {
        check(&[point(5, 4)], 4, &["  ⣿⣿"]);
    }

    #[test]
    fn a_peak_between_two_columns_is_seen() {
        let mut thinned = point(3, 0);
        thinned.max = 4;
        check(&[point(0, 0), thinned], 4, &[" ⡇  "]);
    }

    #[test]
    fn the_top_is_round_and_above() {
        for (value, top) in [(0, 100), (99, 150), (30_728, 40_000), (356_984, 400_000)] {
            assert_eq!(round_top(value), top);
        }
        assert_eq!(round_top(u32::MAX), u32::MAX);
    }
}
