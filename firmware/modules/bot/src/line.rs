//! A line of text in memory of its own: what is said is put together without asking the heap.

/// Bytes of a line at most.
const BYTES: usize = 120;

/// What a sentence is about.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// Nothing in particular.
    Nothing,
    /// Somebody or something by name.
    Name(&'a str),
    /// How many.
    Number(i32),
}

/// A line. What does not fit is left out.
///
/// It has digits of its own: what the library formats with is as large as a tenth of the robot.
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
    pub fn of(sentence: &str, about: About<'_>) -> Self {
        let mut line = Self::new();
        let Some((before, behind)) = sentence.split_once('#') else {
            line.push(sentence);
            return line;
        };
        line.push(before);
        match about {
            About::Nothing => {}
            About::Name(name) => line.push(name),
            About::Number(number) => line.push_number(number),
        }
        line.push(behind);
        line
    }

    /// Adds a number in decimal digits.
    pub fn push_number(&mut self, number: i32) {
        let mut digits = [0; 10];
        let mut rest = number.unsigned_abs();
        let mut first = digits.len();
        // The largest number has ten digits.
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            first = at;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.push("-");
        }
        self.push(core::str::from_utf8(digits.get(first..).unwrap_or(&[])).unwrap_or(""));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_about_something() {
        assert_eq!(Line::of("I have gone # mm.", About::Number(-25)).text(), "I have gone -25 mm.");
        assert_eq!(Line::of("Done.", About::Name("nothing")).text(), "Done.");
    }

    #[test]
    fn numbers_have_their_digits() {
        for number in [0, 7, -7, 10, 1_000_000_000, i32::MAX, i32::MIN] {
            assert_eq!(Line::of("#", About::Number(number)).text(), number.to_string());
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_at_a_whole_character() {
        let line = Line::of("#", About::Name(&"ü".repeat(70)));
        assert_eq!(line.text(), "ü".repeat(60));
        let mut line = Line::of("#", About::Name(&"x".repeat(119)));
        line.push("ü");
        assert_eq!(line.text().len(), 119);
        line.push("y!");
        assert_eq!(line.text().len(), 120);
    }
}
