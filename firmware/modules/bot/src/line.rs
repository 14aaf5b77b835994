//! A line of text in memory of its own: what is said is put together without asking the heap.

use core::fmt;

/// Bytes of a line at most.
const BYTES: usize = 120;

/// A line. What does not fit is left out.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    bytes: [u8; BYTES],
    filled: usize,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; BYTES], filled: 0 }
    }

    /// A sentence, with `about` where it has its `#`.
    #[must_use]
    pub fn of(sentence: &str, about: &dyn fmt::Display) -> Self {
        let mut line = Self::new();
        match sentence.split_once('#') {
            Some((before, behind)) => {
                line.push(before);
                // A line that is full takes no more, which is what its reader sees.
                let _ = fmt::write(&mut line, format_args!("{about}"));
                line.push(behind);
            }
            None => line.push(sentence),
        }
        line
    }

    /// Adds as many whole characters as fit.
    pub fn push(&mut self, text: &str) {
        let room = BYTES - self.filled;
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let Some(place) = self.bytes.get_mut(self.filled..self.filled + end) else { return };
        if let Some(fits) = text.as_bytes().get(..end) {
            place.copy_from_slice(fits);
            self.filled += end;
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        // Only whole characters are added.
        let filled = self.bytes.get(..self.filled).unwrap_or(&[]);
        core::str::from_utf8(filled).unwrap_or("")
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_about_something() {
        assert_eq!(Line::of("I have gone # mm.", &-25).text(), "I have gone -25 mm.");
        assert_eq!(Line::of("Done.", &"nothing").text(), "Done.");
    }

    #[test]
    fn what_does_not_fit_is_left_out_at_a_whole_character() {
        let line = Line::of("#", &"ü".repeat(70));
        assert_eq!(line.text(), "ü".repeat(60));
        let mut line = Line::of("#", &"x".repeat(119));
        line.push("ü");
        assert_eq!(line.text().len(), 119);
        line.push("y!");
        assert_eq!(line.text().len(), 120);
    }
}
