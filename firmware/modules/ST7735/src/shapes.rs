//! Lines, frames, circles and pictures of one bit a pixel.

use crate::bus::{Bus, BusFailed};
use crate::color::Color;
use crate::display::Display;
use crate::geometry::Rectangle;

/// A place on the plane: column and row.
pub type Point = (i32, i32);

/// Lines farther out than this are drawn only so far: the glass is much nearer.
const FAR: i32 = 4096;

impl<B: Bus> Display<B> {
    /// Draws a line from one place to another, both included (Bresenham's algorithm). Stretches of one
    /// row or column are sent as one rectangle.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn line(&mut self, from: Point, to: Point, color: Color) -> Result<(), BusFailed> {
        let near = |(x, y): Point| (x.clamp(-FAR, FAR), y.clamp(-FAR, FAR));
        let ((x, y), (to_x, to_y)) = (near(from), near(to));
        let (wide, high) = ((to_x - x).abs(), (to_y - y).abs());
        let (right, down) = ((to_x - x).signum(), (to_y - y).signum());
        let is_flat = wide >= high;
        let (long, short) = if is_flat { (wide, high) } else { (high, wide) };
        let mut error = long / 2;
        let (mut begin, mut at) = ((x, y), (x, y));
        for _ in 0..long {
            let before = at;
            error -= short;
            let aside = error < 0;
            if is_flat || aside {
                at.0 += right;
            }
            if !is_flat || aside {
                at.1 += down;
            }
            if aside {
                error += long;
                self.fill(spanned(begin, before), color)?;
                begin = at;
            }
        }
        self.fill(spanned(begin, at), color)
    }

    /// Draws the edge of a rectangle, one pixel wide, inside of it.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn frame(&mut self, rectangle: Rectangle, color: Color) -> Result<(), BusFailed> {
        let Rectangle { left, top, width, height } = rectangle;
        if width == 0 || height == 0 {
            return Ok(());
        }
        let right = left.saturating_add_unsigned(width - 1);
        let bottom = top.saturating_add_unsigned(height - 1);
        self.fill(Rectangle::new(left, top, width, 1), color)?;
        self.fill(Rectangle::new(left, bottom, width, 1), color)?;
        self.fill(Rectangle::new(left, top, 1, height), color)?;
        self.fill(Rectangle::new(right, top, 1, height), color)
    }

    /// Fills a circle around a place. A radius of 0 is one pixel.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn disc(&mut self, (x, y): Point, radius: u32, color: Color) -> Result<(), BusFailed> {
        let radius = radius.min(FAR as u32) as i32;
        let reach = radius * radius + radius;
        let mut half = radius;
        for row in 0..=radius {
            while half * half + row * row > reach {
                half -= 1;
            }
            let width = 2 * half.unsigned_abs() + 1;
            let left = x.saturating_sub(half);
            self.fill(Rectangle::new(left, y.saturating_sub(row), width, 1), color)?;
            if row > 0 {
                self.fill(Rectangle::new(left, y.saturating_add(row), width, 1), color)?;
            }
        }
        Ok(())
    }

    /// Draws a picture of one bit a pixel: rows from top to bottom, each of whole bytes, the highest bit
    /// at the left. Bytes that are missing are zeros.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn picture(
        &mut self,
        place: Rectangle,
        bits: &[u8],
        (set, clear): (Color, Color),
    ) -> Result<(), BusFailed> {
        let row_bytes = place.width.div_ceil(8) as usize;
        self.paint(place, |column, row| {
            let at = row as usize * row_bytes + (column / 8) as usize;
            let byte = bits.get(at).copied().unwrap_or(0);
            if byte << (column % 8) & 0x80 != 0 { set } else { clear }
        })
    }
}

/// The rectangle between two places of one row or column, both included.
fn spanned(from: Point, to: Point) -> Rectangle {
    let (left, top) = (from.0.min(to.0), from.1.min(to.1));
    Rectangle::new(left, top, from.0.abs_diff(to.0) + 1, from.1.abs_diff(to.1) + 1)
}
