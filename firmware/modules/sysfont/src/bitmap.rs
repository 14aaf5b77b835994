//! A picture of one bit a pixel, in memory of the caller's.
//!
//! A byte holds eight pixels below each other, bit 0 at the top; bytes follow each other from left to
//! right, then the next eight rows. It is how SSD1306-like displays want it, and what MicroPython calls
//! `framebuf.MONO_VLSB`.

use crate::face::Face;

/// Rows in a byte.
const BAND: u32 = 8;

/// A bitmap over the caller's bytes.
#[derive(Debug)]
pub struct Bitmap<'a> {
    bytes: &'a mut [u8],
    width: u32,
    height: u32,
}

/// What a pixel becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Set.
    Set,
    /// Cleared.
    Clear,
    /// The other one.
    Invert,
}

impl<'a> Bitmap<'a> {
    /// The bytes that a bitmap takes; `None` if there are not so many addresses.
    #[must_use]
    pub const fn bytes_for(width: u32, height: u32) -> Option<usize> {
        (height.div_ceil(BAND) as usize).checked_mul(width as usize)
    }

    /// A bitmap over `bytes`, as they are; `None` if they are too few.
    #[must_use]
    pub fn over(bytes: &'a mut [u8], width: u32, height: u32) -> Option<Self> {
        (bytes.len() >= Self::bytes_for(width, height)?).then_some(Self { bytes, width, height })
    }

    /// Whether a pixel is set; outside none is.
    #[must_use]
    pub fn is_set(&self, x: u32, y: u32) -> bool {
        self.place(x, y).is_some_and(|(at, bit)| self.bytes[at] & bit != 0)
    }

    /// Clears every pixel.
    pub fn clear(&mut self) {
        self.bytes.fill(0);
    }

    /// Changes a pixel, if it is one of the bitmap's.
    pub fn put(&mut self, x: u32, y: u32, ink: Ink) {
        let Some((at, bit)) = self.place(x, y) else { return };
        match ink {
            Ink::Set => self.bytes[at] |= bit,
            Ink::Clear => self.bytes[at] &= !bit,
            Ink::Invert => self.bytes[at] ^= bit,
        }
    }

    /// Draws a line of text with its left upper corner at (`x`, `y`), and says where the next
    /// character would stand.
    pub fn text(&mut self, text: &str, face: Face, x: u32, y: u32, ink: Ink) -> u32 {
        face.draw(text, |dx, dy| self.square(x, y, (dx, dy), face.scale(), ink));
        text.chars().fold(x, |x, character| x.saturating_add(face.advance(character)))
    }

    fn square(&mut self, x: u32, y: u32, (dx, dy): (u32, u32), side: u32, ink: Ink) {
        let (left, top) = (x.saturating_add(dx), y.saturating_add(dy));
        let (right, bottom) = (left.saturating_add(side), top.saturating_add(side));
        for y in top..bottom.min(self.height) {
            for x in left..right.min(self.width) {
                self.put(x, y, ink);
            }
        }
    }

    fn place(&self, x: u32, y: u32) -> Option<(usize, u8)> {
        let inside = x < self.width && y < self.height;
        let at = (y / BAND) as usize * self.width as usize + x as usize;
        inside.then_some((at, 1 << (y % BAND)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::Spacing;

    fn picture(bitmap: &Bitmap<'_>) -> Vec<String> {
        let row =
            |y| (0..bitmap.width).map(|x| if bitmap.is_set(x, y) { '#' } else { '.' }).collect();
        (0..bitmap.height).map(row).collect()
    }

    fn check(text: &str, face: Face, width: u32, height: u32, expected: &[&str]) {
        let mut bytes = vec![0; Bitmap::bytes_for(width, height).unwrap()];
        let mut bitmap = Bitmap::over(&mut bytes, width, height).unwrap();
        bitmap.text(text, face, 0, 0, Ink::Set);
        assert_eq!(picture(&bitmap), expected);
    }

    #[test]
    fn a_text_is_drawn_as_its_picture() {
        check(
            "Hi!",
            Face::new(Spacing::Proportional),
            11,
            8,
            &[
                "#...#..#..#",
                "#...#.....#",
                "#...#.##..#",
                "#####..#..#",
                "#...#..#..#",
                "#...#..#...",
                "#...#.###.#",
                "...........",
            ],
        );
    }

    #[test]
    fn a_scaled_pixel_is_a_square() {
        let face = Face::new(Spacing::Proportional).scaled(2);
        check("'", face, 3, 9, &["##.", "##.", "##.", "##.", "...", "...", "...", "...", "..."]);
    }

    #[test]
    fn what_does_not_fit_is_cut_at_the_edges() {
        check("W", Face::default(), 3, 2, &["#..", "#.."]);
        let mut bytes = [0; 3];
        let mut bitmap = Bitmap::over(&mut bytes, 3, 8).unwrap();
        bitmap.text("WW", Face::default().scaled(9), u32::MAX - 3, u32::MAX, Ink::Set);
        bitmap.put(u32::MAX, 0, Ink::Set);
        assert_eq!(bytes, [0; 3]);
    }

    #[test]
    fn inverting_twice_leaves_what_was_there() {
        let mut bytes = [0b1010_0101; 12];
        let mut bitmap = Bitmap::over(&mut bytes, 12, 8).unwrap();
        for _ in 0..2 {
            bitmap.text("ok", Face::default(), 0, 0, Ink::Invert);
        }
        assert_eq!(bytes, [0b1010_0101; 12]);
    }

    #[test]
    fn too_few_bytes_are_refused() {
        assert!(Bitmap::over(&mut [0; 15], 8, 9).is_none());
        assert!(Bitmap::over(&mut [0; 16], 8, 9).is_some());
        assert!(Bitmap::over(&mut [0; 16], u32::MAX, u32::MAX).is_none());
    }
}
