//! What the device printed, as lines with device instants.

use ramscope_time::Instant;
use std::collections::VecDeque;

/// The console's text so far; the oldest lines go first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    lines: VecDeque<Line>,
    dropped: u64,
    partial: Vec<u8>,
    partial_from: Option<Instant>,
}

/// A line that the device printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When its first byte arrived.
    pub at: Instant,
    /// Its text without its end. Bytes that are no UTF-8, and control characters, stand as the
    /// replacement character, so that no terminal obeys them.
    pub text: String,
}

impl Console {
    /// The most lines that are kept.
    pub const LINES_MAX: usize = 10_000;
    /// The most bytes of a line; a longer one is broken.
    pub const LINE_BYTES_MAX: usize = 4_096;

    pub(crate) fn push(&mut self, at: Instant, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.partial_from.get_or_insert(at);
                self.end_line();
                continue;
            }
            self.partial_from.get_or_insert(at);
            self.partial.push(byte);
            if self.partial.len() == Self::LINE_BYTES_MAX {
                self.end_line();
            }
        }
    }

    /// The complete lines that are kept, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.iter()
    }

    /// The line that has not ended yet, if any of it is there.
    #[must_use]
    pub fn partial(&self) -> Option<Line> {
        let at = self.partial_from?;
        (!self.partial.is_empty()).then(|| Line { at, text: printable(&self.partial) })
    }

    /// How many lines were dropped to make room.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn end_line(&mut self) {
        let at = self.partial_from.take().unwrap_or_default();
        let text = printable(&self.partial);
        self.partial.clear();
        if self.lines.len() == Self::LINES_MAX {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(Line { at, text });
    }
}

fn printable(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    text.chars()
        .map(|character| match character {
            '\t' => ' ',
            control if control.is_control() => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(picos: u64) -> Instant {
        Instant::from_picos(picos)
    }

    #[test]
    fn a_line_has_the_instant_of_its_first_byte() {
        let mut console = Console::default();
        console.push(at(1), b"he");
        console.push(at(2), b"llo\r\n\nwor");
        let lines: Vec<_> = console.lines().cloned().collect();
        assert_eq!(lines[0], Line { at: at(1), text: "hello".into() });
        assert_eq!(lines[1], Line { at: at(2), text: String::new() });
        assert_eq!(console.partial(), Some(Line { at: at(2), text: "wor".into() }));
    }

    #[test]
    fn control_characters_reach_no_terminal() {
        let mut console = Console::default();
        console.push(at(0), b"\x1b[2Jred\xff\n");
        assert_eq!(console.lines().next().unwrap().text, "\u{fffd}[2Jred\u{fffd}");
    }

    #[test]
    fn a_device_that_never_ends_its_line_takes_bounded_memory() {
        let mut console = Console::default();
        for _ in 0..(Console::LINES_MAX + 5) {
            console.push(at(0), &[b'x'; Console::LINE_BYTES_MAX]);
        }
        assert_eq!(console.lines().len(), Console::LINES_MAX);
        assert_eq!(console.dropped(), 5);
    }
}
