//! Writing a text that reads back as what was meant.

use core::fmt;

use crate::item::is_forbidden;
use crate::value::unquoted;

/// Why something was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The name or key would read back as something else.
    Name,
    /// The value or comment has a line end or another control character.
    Character,
    /// Who takes the text takes no more.
    Full,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name would read back as another",
            Self::Character => "a control character stands in it",
            Self::Full => "no more room",
        })
    }
}

impl From<fmt::Error> for Refused {
    fn from(_: fmt::Error) -> Self {
        Self::Full
    }
}

/// Writes sections, pairs and comments as lines.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
}

impl<W: fmt::Write> Writer<W> {
    /// Writes to `to`.
    pub const fn new(to: W) -> Self {
        Self { to }
    }

    /// `[name]`.
    ///
    /// # Errors
    /// If it would not read back.
    pub fn section(&mut self, name: &str) -> Result<(), Refused> {
        if name.is_empty()
            || name.trim() != name
            || name.contains(['[', ']'])
            || name.contains(is_forbidden)
        {
            return Err(Refused::Name);
        }
        Ok(writeln!(self.to, "[{name}]")?)
    }

    /// `key = value`, the value in quotes where it needs them.
    ///
    /// # Errors
    /// If it would not read back.
    pub fn pair(&mut self, key: &str, value: &str) -> Result<(), Refused> {
        check_key(key)?;
        check_value(value)?;
        Ok(writeln!(self.to, "{key} = {}", Quoted(value))?)
    }

    /// `; text`.
    ///
    /// # Errors
    /// If it is more than a line.
    pub fn comment(&mut self, text: &str) -> Result<(), Refused> {
        check_value(text)?;
        Ok(writeln!(self.to, "; {text}")?)
    }

    /// An empty line.
    ///
    /// # Errors
    /// If there is no room.
    pub fn gap(&mut self) -> Result<(), Refused> {
        Ok(writeln!(self.to)?)
    }
}

/// A value as it stands in a file.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        match value.trim() != value || unquoted(value).is_some() {
            true => write!(f, "\"{value}\""),
            false => f.write_str(value),
        }
    }
}

pub(crate) fn check_key(key: &str) -> Result<(), Refused> {
    let reads_as_other = key.starts_with(['[', ';', '#']) || key.contains(['=', ':']);
    let is_wrong =
        key.is_empty() || key.trim() != key || reads_as_other || key.contains(is_forbidden);
    if is_wrong { Err(Refused::Name) } else { Ok(()) }
}

pub(crate) fn check_value(value: &str) -> Result<(), Refused> {
    if value.contains(is_forbidden) { Err(Refused::Character) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn written(value: &str) -> String {
        let mut text = String::new();
        Writer::new(&mut text).pair("key", value).unwrap();
        text
    }

    #[test]
    fn what_was_written_reads_back() {
        let values = [
            "",
            " ",
            "plain",
            " before",
            "behind ",
            "\"",
            "\"\"",
            "\"\"\"",
            "\"quoted\"",
            "a \"b\"",
            "; no comment",
            "[no section]",
            "a = b",
            "tab\there",
            "\ttab",
            "ümlaut °",
            "'",
        ];
        for value in values {
            let text = written(value);
            let document = Document::<1>::read(text.as_bytes()).unwrap();
            assert_eq!(document.get("", "key").unwrap().text(), value, "{text:?}");
        }
    }

    #[test]
    fn quotes_stand_only_where_they_are_needed() {
        assert_eq!(written("a b"), "key = a b\n");
        assert_eq!(written("a "), "key = \"a \"\n");
        assert_eq!(written("\"a\""), "key = \"\"a\"\"\n");
    }

    #[test]
    fn what_would_read_back_as_something_else_is_refused() {
        let mut text = String::new();
        let mut writer = Writer::new(&mut text);
        for key in ["", " a", "a ", "a=b", "a:b", "[a", ";a", "#a", "a\nb", "\u{feff}a"] {
            assert_eq!(writer.pair(key, "1"), Err(Refused::Name), "{key:?}");
        }
        for name in ["", " a", "a]", "[a", "a\rb"] {
            assert_eq!(writer.section(name), Err(Refused::Name), "{name:?}");
        }
        assert_eq!(writer.pair("a", "1\n[b]"), Err(Refused::Character));
        assert_eq!(writer.comment("a\nb = 1"), Err(Refused::Character));
        assert_eq!(text, "");
    }

    #[test]
    fn a_document_of_all_that_a_writer_can_write_reads_back() {
        let mut text = String::new();
        let mut writer = Writer::new(&mut text);
        writer.comment("settings").unwrap();
        writer.pair("name", "Rover ").unwrap();
        writer.gap().unwrap();
        writer.section("left wheel").unwrap();
        writer.pair("trim", "-3").unwrap();
        assert_eq!(text, "; settings\nname = \"Rover \"\n\n[left wheel]\ntrim = -3\n");
        let document = Document::<4>::read(text.as_bytes()).unwrap();
        assert_eq!(document.get("", "name").unwrap().text(), "Rover ");
        assert_eq!(document.get("left wheel", "trim").unwrap().integer(), Some(-3));
    }
}
