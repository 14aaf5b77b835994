//! One glyph, and which character has which.

use crate::drawings::{
    FIRST, FURTHER, FURTHER_AT, GLYPH_HEIGHT, GLYPH_WIDTH, GLYPHS, LAST, MISSING_AT,
};

/// The drawing of a character: five columns, bit 0 of each at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyph {
    columns: [u8; GLYPH_WIDTH as usize],
}

/// The drawings lie in memory once: a constant would be copied to where it is used.
static DRAWINGS: [Glyph; MISSING_AT + 1] = GLYPHS;

impl Glyph {
    pub(crate) const fn from_columns(columns: [u8; GLYPH_WIDTH as usize]) -> Self {
        Self { columns }
    }

    /// The drawing of `character`; a frame if it has none.
    #[must_use]
    pub fn of(character: char) -> Self {
        DRAWINGS[index(character).unwrap_or(MISSING_AT)]
    }

    /// The columns from left to right, bit 0 of each at the top.
    #[must_use]
    pub const fn columns(self) -> [u8; GLYPH_WIDTH as usize] {
        self.columns
    }

    /// Whether a pixel is set; outside of the glyph none is.
    #[must_use]
    pub fn is_set(self, column: u32, row: u32) -> bool {
        let bits = self.columns.get(column as usize).copied().unwrap_or(0);
        row < GLYPH_HEIGHT && bits >> row & 1 != 0
    }

    /// The columns that have a pixel set, from the first to the last; `None` for a space.
    #[must_use]
    pub fn inked(self) -> Option<(u32, u32)> {
        let first = self.columns.iter().position(|bits| *bits != 0)?;
        let last = self.columns.iter().rposition(|bits| *bits != 0)?;
        Some((first as u32, last as u32))
    }
}

/// Whether `character` has a drawing of its own.
#[must_use]
pub fn has_glyph(character: char) -> bool {
    index(character).is_some()
}

fn index(character: char) -> Option<usize> {
    match character {
        FIRST..=LAST => Some(character as usize - FIRST as usize),
        _ => FURTHER.binary_search(&character).ok().map(|place| FURTHER_AT + place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_ascii_character_has_a_drawing_of_its_own() {
        let all: Vec<Glyph> = (FIRST..=LAST).map(Glyph::of).collect();
        for (index, glyph) in all.iter().enumerate() {
            assert!(!all[..index].contains(glyph), "{:?} looks like another", (FIRST..).nth(index));
            assert_ne!(*glyph, DRAWINGS[MISSING_AT]);
        }
        assert_eq!(all[0].inked(), None, "a space has no ink");
    }

    #[test]
    fn characters_beyond_ascii_are_in_order_and_found() {
        assert!(FURTHER.is_sorted(), "they are searched by halves");
        for character in FURTHER {
            assert!(has_glyph(character));
            assert_ne!(Glyph::of(character), DRAWINGS[MISSING_AT]);
        }
    }

    #[test]
    fn a_character_without_a_drawing_is_a_frame() {
        for character in ['\n', '\u{7f}', '漢', char::MAX] {
            assert!(!has_glyph(character));
            assert_eq!(Glyph::of(character).columns(), [0x7F, 0x41, 0x41, 0x41, 0x7F]);
        }
    }

    #[test]
    fn only_letters_with_a_tail_reach_below_the_base_line() {
        let below = |c: &char| Glyph::of(*c).columns().iter().any(|bits| bits & 0x80 != 0);
        let tails: String = (FIRST..=LAST).filter(below).collect();
        assert_eq!(tails, ",;_gjpqy");
    }
}
