//! Two habits that YAML allows, or npm's `yaml` forgives, and our parser refuses: a tab between
//! a colon and its value, and a closing bracket that stands as far left as its key.
//!
//! When the parser refuses one, the text is changed by one blank at that place and read again, so
//! nothing but the refused place is ever touched. Places are translated back afterwards.

use saphyr_parser::ScanError;
use std::borrow::Cow;

use super::Place;

/// How often a text is mended; each time costs a reading.
const MENDS_MAX: usize = 64;

/// A text with what was done to it.
pub(super) struct Mended<'text> {
    text: Cow<'text, str>,
    /// Before which characters a blank was inserted, in places of the original.
    inserted: Vec<Place>,
    mends: usize,
}

impl<'text> Mended<'text> {
    pub(super) const fn new(text: &'text str) -> Self {
        Self { text: Cow::Borrowed(text), inserted: Vec::new(), mends: 0 }
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
        } else {
            false
        }
    }

    /// Where a place of the mended text is in the original.
    pub(super) fn original(&self, place: Place) -> Place {
        let before = |blank: &&Place| blank.line == place.line && blank.column < place.column;
        let blanks = self.inserted.iter().filter(before).count();
        let blanks = u32::try_from(blanks).expect("no more than mends");
        Place { column: place.column - blanks, ..place }
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
        if self.inserted.iter().any(|blank| blank.line == place.line) {
            return false;
        }
        self.inserted.push(place);
        self.text.to_mut().insert(at, ' ');
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
