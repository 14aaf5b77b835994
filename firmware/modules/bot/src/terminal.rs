//! The screen's text: what was written last, in colour, scrolling.
//!
//! The text is kept, so that a face or a map may cover it and go away again, and so that only what changed
//! is sent to the slow display.

/// Characters a line: 128 pixels of six each.
pub const COLUMNS: usize = 21;
/// Lines: 160 pixels of eight each, less the two of the head.
pub const ROWS: usize = 18;

/// A colour of the display: five bits of red, six of green, five of blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Color(
    /// `rrrrrggg gggbbbbb`.
    pub u16,
);

impl Color {
    /// No light.
    pub const BLACK: Self = Self(0);
    /// All of it.
    pub const WHITE: Self = Self(0xFFFF);
    /// For what went wrong.
    pub const RED: Self = Self(0xF800);
    /// For what went well.
    pub const GREEN: Self = Self(0x07E0);
    /// For questions.
    pub const YELLOW: Self = Self(0xFFE0);
    /// For heads.
    pub const CYAN: Self = Self(0x07FF);
}

/// A line as it stands on the screen.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The basic plane is all that a font has drawings of.
    text: [u16; COLUMNS],
    /// The colour of the line.
    pub color: Color,
    is_changed: bool,
}

const EMPTY: Row = Row { text: [b' ' as u16; COLUMNS], color: Color::WHITE, is_changed: true };

impl Row {
    /// The characters, spaces behind the text included.
    pub fn characters(&self) -> impl Iterator<Item = char> {
        self.text
            .iter()
            .map(|unit| char::from_u32(u32::from(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

/// The screen's lines.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// A ring.
    rows: [Row; ROWS],
    /// Where in the ring the topmost line is.
    first: usize,
    /// Lines that are written; the next one comes behind them.
    filled: usize,
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    /// An empty screen.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: [EMPTY; ROWS], first: 0, filled: 0 }
    }

    /// Writes a text from a new line on. A line breaks at a space where there is one; when the screen is
    /// full the oldest line goes.
    pub fn write(&mut self, text: &str, color: Color) {
        for line in text.lines() {
            let mut rest = line;
            loop {
                let (now, after) = broken(rest);
                self.push(now, color);
                match after {
                    "" => break,
                    after => rest = after,
                }
            }
        }
    }

    /// Empties the screen.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// All lines are to be sent again: something covered them.
    pub fn uncover(&mut self) {
        self.rows.iter_mut().for_each(|row| row.is_changed = true);
    }

    /// The next line that is not yet on the display, from the top, and its number; it counts as sent.
    pub fn take_changed(&mut self) -> Option<(usize, Row)> {
        let first = self.first;
        let is_changed =
            |line: &usize| self.rows.get(at(first, *line)).is_some_and(|row| row.is_changed);
        let line = (0..ROWS).find(is_changed)?;
        let row = self.rows.get_mut(at(first, line))?;
        row.is_changed = false;
        Some((line, *row))
    }

    fn push(&mut self, line: &str, color: Color) {
        if self.filled == ROWS {
            self.first = at(self.first, 1);
            self.uncover();
            self.filled -= 1;
        }
        if let Some(row) = self.rows.get_mut(at(self.first, self.filled)) {
            *row = Row { color, ..EMPTY };
            let units =
                line.chars().map(|letter| u16::try_from(u32::from(letter)).unwrap_or(0xFFFD));
            row.text.iter_mut().zip(units).for_each(|(place, unit)| *place = unit);
        }
        self.filled += 1;
    }

    /// The lines that are written.
    pub fn written(&self) -> impl Iterator<Item = &Row> {
        let (end, begin) = self.rows.split_at(self.first);
        begin.iter().chain(end).take(self.filled)
    }
}

/// The place in the ring of a line behind another place.
const fn at(first: usize, line: usize) -> usize {
    (first + line) % ROWS
}

/// The part of a line that fits, and what is left without the space at the break.
fn broken(line: &str) -> (&str, &str) {
    let Some((end, _)) = line.char_indices().nth(COLUMNS) else { return (line, "") };
    let (fits, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    if let Some(rest) = rest.strip_prefix(' ') {
        return (fits, rest);
    }
    match fits.rsplit_once(' ') {
        Some((before, _)) if !before.is_empty() => {
            let rest = line.get(before.len() + 1..).unwrap_or("");
            (before, rest)
        }
        _ => (fits, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], expected: &[&str]) {
        let mut terminal = Terminal::new();
        texts.iter().for_each(|text| terminal.write(text, Color::GREEN));
        let line = |row: &Row| row.characters().collect::<String>().trim_end().to_owned();
        let lines: Vec<String> = terminal.written().map(line).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_are_cut() {
        check(&["Press A to select program"], &["Press A to select", "program"]);
        check(&["123456789012345678901 next"], &["123456789012345678901", "next"]);
        check(&["12345678901234567890123"], &["123456789012345678901", "23"]);
        check(&["a\nb", "", "ü"], &["a", "b", "ü"]);
    }

    #[test]
    fn a_full_screen_scrolls() {
        let texts: Vec<String> = (0..ROWS + 2).map(|n| n.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        check(&texts, &texts[2..]);
    }

    #[test]
    fn only_changed_lines_are_sent() {
        let mut terminal = Terminal::new();
        while terminal.take_changed().is_some() {}
        terminal.write("here", Color::RED);
        let (index, row) = terminal.take_changed().unwrap();
        assert_eq!((index, row.color), (0, Color::RED));
        assert!(terminal.take_changed().is_none());
        terminal.uncover();
        assert!(terminal.take_changed().is_some());
    }
}
