//! Texts and regular expressions to look for in what a device says.
//!
//! A plain text is found wherever it stands, also across line ends. A regular expression sees
//! one line at a time, without its end, because it has to give the same answer however the
//! bytes were cut into pieces, and a pattern such as `heap \d+` is true of half a line already. The
//! last line counts too, once [`TextSearch::finish`] says that no more of it comes.
//!
//! Invariants:
//! 1. The answer depends on the bytes only, never on how they were cut into pieces.
//! 2. At most [`TextSearch::LINE_BYTES_MAX`] bytes of a line are remembered; what is longer is looked
//!    at in pieces of that length.
//! 3. Time is linear in the bytes for any pattern: `regex-lite` does not backtrack.

use core::fmt;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::matcher::search::Search;

/// What to look for. A value that exists can be searched for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TextPattern {
    /// These characters.
    Literal(String),
    /// A regular expression of the crate `regex-lite`; letters and digits are those of ASCII.
    Regex(String),
}

/// A search in a stream of bytes.
#[derive(Clone, Debug)]
pub struct TextSearch {
    how: How,
    /// How many bytes were taken so far.
    received: u64,
}

#[derive(Clone, Debug)]
enum How {
    Literal(Search),
    Lines { regex: Regex, line: Vec<u8> },
}

/// Where something was found.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMatch {
    /// How many of the bytes just fed were taken; the rest has to be fed again to look further.
    pub taken: usize,
    /// The offset in the stream after the match, or after the line that holds it.
    pub end: u64,
    /// The text that matched.
    pub text: String,
}

/// Why a text is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRegex(String);

impl TextPattern {
    /// A regular expression.
    ///
    /// # Errors
    /// If it is none.
    pub fn regex(expression: &str) -> Result<Self, NoRegex> {
        match compile(expression) {
            Ok(_) => Ok(Self::Regex(expression.to_owned())),
            Err(error) => Err(NoRegex(error)),
        }
    }
}

fn compile(expression: &str) -> Result<Regex, String> {
    Regex::new(expression).map_err(|error| error.to_string())
}

impl TextSearch {
    /// How many bytes of one line are looked at together.
    pub const LINE_BYTES_MAX: usize = 16 << 10;

    /// A search at the beginning of a stream.
    #[must_use]
    pub fn new(pattern: &TextPattern) -> Self {
        let how = match pattern {
            TextPattern::Literal(text) => How::Literal(Search::new(text.as_bytes())),
            TextPattern::Regex(expression) => match compile(expression) {
                Ok(regex) => How::Lines { regex, line: Vec::new() },
                // A pattern out of a damaged capture; as a plain text it does no harm.
                Err(_) => How::Literal(Search::new(expression.as_bytes())),
            },
        };
        Self { how, received: 0 }
    }

    /// Takes bytes up to the first match, or all of them. An empty text matches after each byte.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<TextMatch> {
        if bytes.is_empty() {
            return None;
        }
        let found = match &mut self.how {
            How::Literal(search) => search
                .run(bytes)
                .map(|taken| (taken.max(1), String::from_utf8_lossy(&search.pattern).into_owned())),
            How::Lines { regex, line } => feed_lines(regex, line, bytes),
        };
        let taken = found.as_ref().map_or(bytes.len(), |(taken, _)| *taken);
        self.received += taken as u64;
        found.map(|(taken, text)| TextMatch { taken, end: self.received, text })
    }

    /// Looks at the last line, which nothing ended.
    pub fn finish(&mut self) -> Option<TextMatch> {
        let How::Lines { regex, line } = &mut self.how else {
            return None;
        };
        if line.is_empty() {
            return None;
        }
        let text = found_in(regex, &std::mem::take(line))?;
        Some(TextMatch { taken: 0, end: self.received, text })
    }
}

/// The number of bytes up to the end of the first line that matches, and what matched.
fn feed_lines(regex: &Regex, line: &mut Vec<u8>, bytes: &[u8]) -> Option<(usize, String)> {
    let mut taken = 0;
    while taken < bytes.len() {
        let room = TextSearch::LINE_BYTES_MAX - line.len();
        let rest = &bytes[taken..];
        let window = &rest[..rest.len().min(room)];
        let newline = window.iter().position(|&byte| byte == b'\n');
        let piece = newline.map_or(window.len(), |at| at + 1);
        line.extend_from_slice(&window[..piece]);
        taken += piece;
        if newline.is_none() && line.len() < TextSearch::LINE_BYTES_MAX {
            return None;
        }
        let whole = std::mem::take(line);
        if let Some(text) = found_in(regex, &whole) {
            return Some((taken, text));
        }
    }
    None
}

/// What of a line matches; its end is not part of it.
fn found_in(regex: &Regex, line: &[u8]) -> Option<String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    regex.find(&text).map(|found| found.as_str().to_owned())
}

/// `"text"` or `/expression/`.
impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => write!(f, "{text:?}"),
            Self::Regex(expression) => write!(f, "/{expression}/"),
        }
    }
}

impl fmt::Display for NoRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoRegex {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends and texts of all matches, which must be the same for any cut into pieces.
    fn check(pattern: &TextPattern, stream: &str, expected: &[(u64, &str)]) {
        for size in 1..=stream.len().max(1) {
            let mut search = TextSearch::new(pattern);
            let mut found = Vec::new();
            for mut piece in stream.as_bytes().chunks(size) {
                while let Some(hit) = search.feed(piece) {
                    piece = &piece[hit.taken..];
                    found.push((hit.end, hit.text));
                }
            }
            found.extend(search.finish().map(|hit| (hit.end, hit.text)));
            let found: Vec<_> = found.iter().map(|(end, text)| (*end, text.as_str())).collect();
            assert_eq!(found, expected, "{pattern} in pieces of {size}");
        }
    }

    #[test]
    fn a_text_is_found_across_lines() {
        let text = TextPattern::Literal("b\nc".into());
        check(&text, "ab\ncd\nb\nc", &[(4, "b\nc"), (9, "b\nc")]);
    }

    #[test]
    fn an_expression_sees_whole_lines_only() {
        let number = TextPattern::regex(r"heap \d+").unwrap();
        check(&number, "heap 12\r\nheap x\nheap 345", &[(9, "heap 12"), (24, "heap 345")]);
        check(&TextPattern::regex("^$").unwrap(), "a\n\nb\n", &[(3, "")]);
    }

    #[test]
    fn a_line_without_an_end_is_looked_at_in_pieces() {
        let mut search = TextSearch::new(&TextPattern::regex("y").unwrap());
        let long = vec![b'x'; 3 * TextSearch::LINE_BYTES_MAX];
        assert_eq!(search.feed(&long), None);
        assert_eq!(search.feed(b"y\n").map(|hit| hit.text), Some("y".into()));
    }

    #[test]
    fn an_expression_that_is_none_says_why() {
        assert!(TextPattern::regex("(").is_err());
    }
}
