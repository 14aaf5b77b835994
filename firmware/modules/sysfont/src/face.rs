//! How glyphs stand in a row: spacing and scale, the width of a text, its pixels.

use crate::drawings::{GLYPH_HEIGHT, GLYPH_WIDTH};
use crate::glyph::Glyph;

/// Empty columns between two glyphs.
const GAP: u32 = 1;
/// The columns of a space where each glyph is as wide as its ink.
const SPACE_COLUMNS: u32 = 2;

/// How much room a glyph has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spacing {
    /// Each the same, so that columns of figures stand below each other.
    #[default]
    Fixed,
    /// As much as its ink needs.
    Proportional,
}

/// The font at a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Face {
    spacing: Spacing,
    scale: u32,
}

impl Default for Face {
    fn default() -> Self {
        Self::new(Spacing::Fixed)
    }
}

impl Face {
    /// The largest scale: a glyph is then as wide as most displays.
    pub const SCALE_MAX: u32 = 32;

    /// The font at its own size.
    #[must_use]
    pub const fn new(spacing: Spacing) -> Self {
        Self { spacing, scale: 1 }
    }

    /// Each pixel becomes a square of `scale` by `scale`; 0 counts as 1, and more than
    /// [`SCALE_MAX`](Self::SCALE_MAX) as that.
    #[must_use]
    pub const fn scaled(self, scale: u32) -> Self {
        let scale = match scale {
            0 => 1,
            1..=Self::SCALE_MAX => scale,
            _ => Self::SCALE_MAX,
        };
        Self { scale, ..self }
    }

    /// The side of the square that a pixel of the drawing becomes.
    #[must_use]
    pub const fn scale(self) -> u32 {
        self.scale
    }

    /// The height of a line, in pixels.
    #[must_use]
    pub const fn height(self) -> u32 {
        GLYPH_HEIGHT * self.scale
    }

    /// Pixels from the left edge of a character to that of the next.
    #[must_use]
    pub fn advance(self, character: char) -> u32 {
        let (first, last) = self.columns(Glyph::of(character));
        (last - first + GAP) * self.scale
    }

    /// The width of a text in one line, without a gap after its last character.
    ///
    /// It saturates: such a line fits nowhere anyway.
    #[must_use]
    pub fn width(self, text: &str) -> u32 {
        let advances = text.chars().map(|character| self.advance(character));
        let sum = advances.fold(0, u32::saturating_add);
        sum.saturating_sub(GAP * self.scale)
    }

    /// Gives `square` the left upper corner of each pixel that is set, seen from that of the text,
    /// column by column. Each is a square of [`scale`](Self::scale) pixels.
    pub fn draw(self, text: &str, mut square: impl FnMut(u32, u32)) {
        let mut left = 0_u32;
        for character in text.chars() {
            let glyph = Glyph::of(character);
            let (first, end) = self.columns(glyph);
            for column in first..end {
                let x = left.saturating_add((column - first) * self.scale);
                for row in (0..GLYPH_HEIGHT).filter(|row| glyph.is_set(column, *row)) {
                    square(x, row * self.scale);
                }
            }
            left = left.saturating_add(self.advance(character));
        }
    }

    /// The columns of a glyph that count, to before the last.
    fn columns(self, glyph: Glyph) -> (u32, u32) {
        match (self.spacing, glyph.inked()) {
            (Spacing::Fixed, _) => (0, GLYPH_WIDTH),
            (Spacing::Proportional, Some((first, last))) => (first, last + 1),
            (Spacing::Proportional, None) => (0, SPACE_COLUMNS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: Face = Face::new(Spacing::Fixed);
    const PROPORTIONAL: Face = Face::new(Spacing::Proportional);

    #[test]
    fn a_text_of_fixed_width_is_as_wide_as_its_characters_are_many() {
        assert_eq!(FIXED.width(""), 0);
        assert_eq!(FIXED.width("i"), 5);
        assert_eq!(FIXED.width("iW"), 11);
        assert_eq!(FIXED.scaled(3).width("iW"), 33);
        assert_eq!(FIXED.width("grün"), 23, "a letter of two bytes is one character");
    }

    #[test]
    fn a_proportional_text_is_as_wide_as_its_ink() {
        assert_eq!(PROPORTIONAL.width("!"), 1);
        assert_eq!(PROPORTIONAL.width("!!"), 3);
        assert_eq!(PROPORTIONAL.width("! !"), 6);
        assert_eq!(PROPORTIONAL.width("MM"), FIXED.width("MM"));
    }

    #[test]
    fn nothing_is_drawn_beyond_the_width() {
        for face in [FIXED, PROPORTIONAL, FIXED.scaled(2), PROPORTIONAL.scaled(4)] {
            for text in ["|", "Hello, world", "ß→°", "\n\u{0}"] {
                let (mut right, mut bottom) = (0, 0);
                face.draw(text, |x, y| {
                    right = right.max(x + face.scale());
                    bottom = bottom.max(y + face.scale());
                });
                assert!(right <= face.width(text), "{text}: {right}");
                assert!(bottom <= face.height());
            }
        }
    }

    #[test]
    fn a_scale_is_kept_within_reason() {
        assert_eq!(FIXED.scaled(0), FIXED);
        assert_eq!(FIXED.scaled(u32::MAX).scale(), Face::SCALE_MAX);
    }

    #[test]
    fn the_width_of_a_very_long_text_saturates_instead_of_overflowing() {
        let advance = u64::from(FIXED.scaled(Face::SCALE_MAX).advance('x'));
        let text = "x".repeat(1000);
        assert_eq!(u64::from(FIXED.scaled(Face::SCALE_MAX).width(&text)), advance * 1000 - 32);
    }
}
