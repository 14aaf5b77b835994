//! Text, in the shapes of somebody's font.

use crate::bus::{Bus, BusFailed};
use crate::color::Color;
use crate::display::Display;
use crate::geometry::Rectangle;

/// Columns of a character, with the gap behind it.
pub const CELL_WIDTH: u32 = 6;
/// Rows of a character.
pub const CELL_HEIGHT: u32 = 8;
/// Columns that a font draws.
pub const GLYPH_COLUMNS: usize = 5;

/// The shapes of characters: five columns of eight pixels, bit 0 of each at the top.
pub trait Font {
    /// The columns of a character.
    fn columns(&self, character: char) -> [u8; GLYPH_COLUMNS];
}

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The letters.
    pub ink: Color,
    /// What is behind them, within their cells.
    pub paper: Color,
    /// The side of the square that a pixel of the font becomes; 0 counts as 1.
    pub scale: u8,
}

impl Style {
    /// Letters of the font's own size.
    #[must_use]
    pub const fn new(ink: Color, paper: Color) -> Self {
        Self { ink, paper, scale: 1 }
    }
}

impl<B: Bus> Display<B> {
    /// Writes a line with its left upper corner at (`x`, `y`), and says in which column the next character
    /// would begin.
    ///
    /// # Errors
    /// If the wire fails.
    pub fn write(
        &mut self,
        font: &impl Font,
        text: &str,
        (x, y): (i32, i32),
        style: Style,
    ) -> Result<i32, BusFailed> {
        let scale = u32::from(style.scale.max(1));
        let mut left = x;
        for character in text.chars() {
            let columns = font.columns(character);
            let cell = Rectangle::new(left, y, CELL_WIDTH * scale, CELL_HEIGHT * scale);
            self.paint(cell, |column, row| {
                let bits = columns.get((column / scale) as usize).copied().unwrap_or(0);
                if bits >> (row / scale) & 1 != 0 { style.ink } else { style.paper }
            })?;
            left = left.saturating_add_unsigned(CELL_WIDTH * scale);
        }
        Ok(left)
    }
}
