//! One line after the other: what it is, or why it is nothing.

use core::fmt;

use crate::value::Value;

/// The number of a line, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line(
    /// 1 is the first.
    pub u32,
);

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// `[name]`.
    Section(&'a str),
    /// `key = value`.
    Pair(&'a str, Value<'a>),
    /// Nothing, or a comment.
    Nothing,
}

/// Why a text was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line.
    pub line: Line,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is neither a section nor a pair nor a comment.
    NoSign,
    /// Nothing stands before the sign.
    NoKey,
    /// A section's bracket is not closed, or something stands behind it.
    Bracket,
    /// A section has no name.
    NoName,
    /// It is not UTF-8, or has a control character other than tab, or a byte-order mark.
    Character,
    /// The key or section stands above already.
    Twice(Line),
    /// More pairs or sections than there is room for.
    Full,
    /// The value is not of the kind that was asked for.
    Value,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line.0)?;
        match self.what {
            What::NoSign => f.write_str("neither [section] nor key = value"),
            What::NoKey => f.write_str("no key before the sign"),
            What::Bracket => f.write_str("a section is [name] and nothing else"),
            What::NoName => f.write_str("a section without a name"),
            What::Character => f.write_str("not a line of text"),
            What::Twice(Line(first)) => write!(f, "stands in line {first} already"),
            What::Full => f.write_str("more entries than there is room for"),
            What::Value => f.write_str("a value of another kind is wanted"),
        }
    }
}

/// The lines of a text. A line ends with a line feed or with carriage return and line feed.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    rest: Option<&'a [u8]>,
    line: u32,
}

impl<'a> Items<'a> {
    /// The lines of `text`, which need not be one. A byte-order mark at its begin does not count.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        Self { rest: Some(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)), line: 0 }
    }

    /// Takes the next line without its end.
    fn next_line(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (line, after) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(at) => (rest.get(..at)?, rest.get(at + 1..)),
            None => (rest, None),
        };
        // Behind the last line feed there is no line.
        self.rest = after.filter(|after| !after.is_empty());
        self.line = self.line.saturating_add(1);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = (Line, Result<Item<'a>, Problem>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.next_line()?;
        let line = Line(self.line);
        Some((line, read(bytes).map_err(|what| Problem { line, what })))
    }
}

fn read(bytes: &[u8]) -> Result<Item<'_>, What> {
    let text = core::str::from_utf8(bytes).map_err(|_| What::Character)?;
    if text.contains(is_forbidden) {
        return Err(What::Character);
    }
    let text = text.trim();
    match text.chars().next() {
        None | Some(';' | '#') => Ok(Item::Nothing),
        Some('[') => section(text),
        Some(_) => pair(text),
    }
}

/// Control characters but tab, and the mark that means something only where a text begins.
pub(crate) fn is_forbidden(character: char) -> bool {
    (character.is_control() && character != '\t') || character == '\u{feff}'
}

fn section(text: &str) -> Result<Item<'_>, What> {
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let name = inside.ok_or(What::Bracket)?.trim();
    match name {
        "" => Err(What::NoName),
        _ if name.contains(['[', ']']) => Err(What::Bracket),
        _ => Ok(Item::Section(name)),
    }
}

fn pair(text: &str) -> Result<Item<'_>, What> {
    let (key, value) = text.split_once(['=', ':']).ok_or(What::NoSign)?;
    match key.trim() {
        "" => Err(What::NoKey),
        key => Ok(Item::Pair(key, Value::read(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<Item<'_>, What>) {
        let all: Vec<_> = Items::of(line.as_bytes()).collect();
        let expected = expected.map_err(|what| Problem { line: Line(1), what });
        assert_eq!(all, [(Line(1), expected)], "{line:?}");
    }

    #[test]
    fn a_line_is_a_section_a_pair_or_nothing() {
        check("[motor]", Ok(Item::Section("motor")));
        check("  [ left wheel ]\t", Ok(Item::Section("left wheel")));
        check("speed=40", Ok(Item::Pair("speed", Value::read("40"))));
        check(" max speed : 40 ", Ok(Item::Pair("max speed", Value::read("40"))));
        check("time = 12:30", Ok(Item::Pair("time", Value::read("12:30"))));
        check("empty =", Ok(Item::Pair("empty", Value::read(""))));
        check("; a comment = no pair", Ok(Item::Nothing));
        check("# so is this", Ok(Item::Nothing));
        check("   ", Ok(Item::Nothing));
    }

    #[test]
    fn a_comment_begins_only_at_the_begin_of_a_line() {
        check("colour = #FF0000 ; red", Ok(Item::Pair("colour", Value::read("#FF0000 ; red"))));
    }

    #[test]
    fn what_is_neither_is_refused_with_a_reason() {
        check("speed", Err(What::NoSign));
        check("= 40", Err(What::NoKey));
        check("[motor", Err(What::Bracket));
        check("[motor] left", Err(What::Bracket));
        check("[a]]", Err(What::Bracket));
        check("[ ]", Err(What::NoName));
        check("bell = \u{7}", Err(What::Character));
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_line() {
        let text = b"a = 1\r\n\xFF\xFE = 2\nb = 3\n";
        let problems: Vec<_> = Items::of(text).filter_map(|(_, item)| item.err()).collect();
        assert_eq!(problems, [Problem { line: Line(2), what: What::Character }]);
        assert_eq!(problems[0].to_string(), "line 2: not a line of text");
    }

    #[test]
    fn line_ends_of_both_kinds_and_none_at_the_end_count_alike() {
        let count = |text: &str| Items::of(text.as_bytes()).count();
        assert_eq!(count("a=1\nb=2"), 2);
        assert_eq!(count("a=1\r\nb=2\r\n"), 2);
        assert_eq!(count("\n\n"), 2);
        assert_eq!(count(""), 1, "an empty text is one empty line");
        assert_eq!(count("\u{feff}[a]"), 1);
    }
}
