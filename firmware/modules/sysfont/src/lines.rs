//! Where a text that is too long for its line breaks.

use crate::face::Face;

/// The lines of a text, none wider than asked for but where one character alone is.
///
/// A line ends at a line feed, otherwise after the last word that fits; a word that fits in no line is
/// cut. Spaces at a break belong to no line.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: Option<&'a str>,
    face: Face,
    width: u32,
}

impl<'a> Lines<'a> {
    /// Breaks `text` into lines of at most `width` pixels.
    #[must_use]
    pub const fn new(text: &'a str, face: Face, width: u32) -> Self {
        Self { rest: Some(text), face, width }
    }

    /// The bytes of the longest beginning of `line` that fits, and at least one character.
    fn fitting(&self, line: &str) -> usize {
        let mut right = 0_u32;
        for (at, character) in line.char_indices() {
            let alone = self.face.width(character.encode_utf8(&mut [0; 4]));
            if at > 0 && right.saturating_add(alone) > self.width {
                return at;
            }
            right = right.saturating_add(self.face.advance(character));
        }
        line.len()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let (line, after) = match rest.split_once('\n') {
            Some((line, after)) => (line, Some(after)),
            None => (rest, None),
        };
        let fits = self.fitting(line);
        if fits == line.len() {
            self.rest = after;
            return Some(line.trim_end_matches(' '));
        }
        // Slices that may not be are asked for, not taken: the panic of a slice is larger than this.
        let (before, behind) = line.split_at_checked(fits)?;
        let at = match before.rfind(' ') {
            // The break may be right behind what fits.
            _ if behind.starts_with(' ') => fits,
            Some(space) if space > 0 => space,
            _ => fits,
        };
        self.rest = Some(rest.get(at..)?.trim_start_matches(' '));
        Some(line.get(..at)?.trim_end_matches(' '))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, columns: u32, expected: &[&str]) {
        let face = Face::default();
        let lines: Vec<&str> = Lines::new(text, face, columns * 6).collect();
        assert_eq!(lines, expected, "{text:?} in {columns} columns");
    }

    #[test]
    fn a_line_breaks_after_the_last_word_that_fits() {
        check("Press A to select program", 10, &["Press A to", "select", "program"]);
        check("one two", 7, &["one two"]);
        check("one two", 6, &["one", "two"]);
    }

    #[test]
    fn a_word_that_fits_in_no_line_is_cut() {
        check("ultrasonic", 4, &["ultr", "ason", "ic"]);
        check("an ultrasonic eye", 5, &["an", "ultra", "sonic", "eye"]);
    }

    #[test]
    fn a_line_feed_ends_a_line_and_may_leave_it_empty() {
        check("a\n\nb", 10, &["a", "", "b"]);
        check("", 10, &[""]);
        check("a\n", 10, &["a", ""]);
    }

    #[test]
    fn a_line_without_room_for_one_character_still_ends() {
        check("abc", 0, &["a", "b", "c"]);
        check("ä ö", 0, &["ä", "ö"]);
    }

    #[test]
    fn lines_hold_every_character_but_spaces_and_are_no_wider_than_asked() {
        let text = "  the quick  brown fox, jumps über\nthe lazy    dog ";
        for columns in 1..60 {
            let face = Face::default();
            let lines: Vec<&str> = Lines::new(text, face, columns * 6).collect();
            let visible =
                |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
            assert_eq!(visible(&lines.concat()), visible(text), "{columns}");
            assert!(lines.iter().all(|line| face.width(line) <= columns * 6), "{columns}");
        }
    }
}
