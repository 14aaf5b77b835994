//! Three habits that YAML allows, or npm's `yaml` forgives, and our parser refuses: a tab between
//! a colon and its value, a closing bracket that stands as far left as its key, and a character that
//! is written as JSON does, as the escapes of two surrogates.
//!
//! When the parser refuses one, the text is changed at that place and read again, so nothing but the
//! refused place is ever touched. Places are translated back afterwards.

use saphyr_parser::ScanError;
use std::borrow::Cow;

use super::Place;

/// How often a text is mended; each time costs a reading.
const MENDS_MAX: usize = 64;

/// A text with what was done to it.
pub(super) struct Mended<'text> {
    text: Cow<'text, str>,
    /// Where characters were inserted, or taken away, and how many.
    shifts: Vec<(Place, i32)>,
    mends: usize,
}

impl<'text> Mended<'text> {
    pub(super) const fn new(text: &'text str) -> Self {
        Self { text: Cow::Borrowed(text), shifts: Vec::new(), mends: 0 }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Removes the reason of `error`, if it is one of the two; then reading again may get further.
    pub(super) fn mend(&mut self, error: &ScanError) -> bool {
        if self.mends == MENDS_MAX {
            return false;
        }
        self.mends += 1;
        let Some(at) = self.byte_at(error.marker().line(), error.marker().col()) else {
            return false;
        };
        if error.info().contains("must be followed by a valid YAML whitespace") {
            self.untab(at)
        } else if error.info().contains("invalid indentation") {
            self.indent_bracket(at)
        } else if error.info().contains("invalid Unicode character escape") {
            self.join_surrogates(at)
        } else {
            false
        }
    }

    /// Where a place of the mended text is in the original.
    pub(super) fn original(&self, place: Place) -> Place {
        let before =
            |shift: &&(Place, i32)| shift.0.line == place.line && shift.0.column < place.column;
        let shifted: i32 = self.shifts.iter().filter(before).map(|(_, by)| by).sum();
        Place { column: place.column.saturating_add_signed(-shifted).max(1), ..place }
    }

    /// Turns the tabs just before `at` into blanks.
    fn untab(&mut self, at: usize) -> bool {
        let before = self.text[..at].trim_end_matches([' ', '\t']).len();
        let gap = &self.text[before..at];
        if !gap.contains('\t') || !self.text[..before].ends_with(':') {
            return false;
        }
        let blanks = " ".repeat(gap.len());
        self.text.to_mut().replace_range(before..at, &blanks);
        true
    }

    /// Moves a closing bracket that begins its line to the right.
    fn indent_bracket(&mut self, at: usize) -> bool {
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let indent = &self.text[line_start..at];
        let begins_line = indent.bytes().all(|byte| byte == b' ');
        if !begins_line || !self.text[at..].starts_with([']', '}']) {
            return false;
        }
        let line = self.text[..line_start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let place = Place::at(line, indent.len());
        if self.shifts.iter().any(|(blank, _)| blank.line == place.line) {
            return false;
        }
        self.shifts.push((place, 1));
        self.text.to_mut().insert(at, ' ');
        true
    }

    /// Writes the first two surrogates after the quote at `at` as the one escape that YAML has for
    /// their character. One without the other is U+FFFD, which is what an encoder makes of it.
    fn join_surrogates(&mut self, at: usize) -> bool {
        let Some((start, high)) = first_surrogate(&self.text, at) else {
            return false;
        };
        let low = escaped_unit(&self.text[start + ESCAPE_BYTES..])
            .filter(|unit| (0xdc00..0xe000).contains(unit) && high < 0xdc00);
        let (length, escape) = match low {
            Some(low) => {
                let character = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                (2 * ESCAPE_BYTES, format!("\\U{character:08x}"))
            }
            None => (ESCAPE_BYTES, "\\ufffd".to_owned()),
        };
        if low.is_some() {
            let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
            let line = self.text[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
            let column = self.text[line_start..start].chars().count();
            self.shifts.push((Place::at(line, column), -2));
        }
        self.text.to_mut().replace_range(start..start + length, &escape);
        true
    }

    fn byte_at(&self, line: usize, column_from_zero: usize) -> Option<usize> {
        let mut start = 0;
        for _ in 1..line {
            start += self.text[start..].find('\n')? + 1;
        }
        let rest = &self.text[start..];
        Some(start + rest.char_indices().nth(column_from_zero).map_or(rest.len(), |(at, _)| at))
    }
}

/// `\\uXXXX`.
const ESCAPE_BYTES: usize = 6;

/// The first escape of a surrogate in the double-quoted text that begins at `at`, and its number.
fn first_surrogate(text: &str, at: usize) -> Option<(usize, u32)> {
    let mut place = at + 1;
    loop {
        let rest = text.get(place..)?;
        if let Some(unit) = escaped_unit(rest)
            && (0xd800..0xe000).contains(&unit)
        {
            return Some((place, unit));
        }
        let mut characters = rest.chars();
        place += match characters.next()? {
            '"' => return None,
            '\\' => 1 + characters.next()?.len_utf8(),
            other => other.len_utf8(),
        };
    }
}

/// The number that an escape of four digits stands for.
fn escaped_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    u32::from_str_radix(digits, 16).ok()
}
