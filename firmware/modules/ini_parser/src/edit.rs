//! Changing one value and nothing else.

use core::fmt::Write;

use crate::item::{Item, Items};
use crate::write::{Quoted, Refused, check_key, check_value};

/// Where a value is to be, in bytes of the text.
enum Place {
    /// Instead of a line of it, from its begin to before its end.
    Instead(usize, usize),
    /// On a line of its own at the end of its section, which is there.
    Behind(usize),
    /// In a new section at the end.
    New,
}

/// Writes `text` to `out` with the value of one key changed, or the key added: at the end of its
/// section, or in a new section at the end. Comments, order, line ends and lines that cannot be read
/// stay as they are. An added line ends as the text's first one does.
///
/// # Errors
/// If the name, key or value would not read back, or `out` takes no more; what it took until then is
/// not the text.
pub fn set(
    text: &str,
    section: &str,
    key: &str,
    value: &str,
    out: &mut dyn Write,
) -> Result<(), Refused> {
    check_key(key)?;
    check_value(value)?;
    let is_section = section.is_empty() || reads_as_section(section);
    if !is_section {
        return Err(Refused::Name);
    }
    let end = line_end(text);
    let value = Quoted(value);
    match find(text, section, key) {
        Place::Instead(from, to) => {
            out.write_str(text.get(..from).unwrap_or(""))?;
            write!(out, "{key} = {value}")?;
            out.write_str(text.get(to..).unwrap_or(""))?;
        }
        Place::Behind(at) => {
            let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
            whole_lines(before, end, out)?;
            write!(out, "{key} = {value}{end}")?;
            out.write_str(after)?;
        }
        Place::New => {
            whole_lines(text, end, out)?;
            write!(out, "[{section}]{end}{key} = {value}{end}")?;
        }
    }
    Ok(())
}

/// Writes a text whose last line may lack its end, and that.
fn whole_lines(text: &str, end: &str, out: &mut dyn Write) -> core::fmt::Result {
    out.write_str(text)?;
    match text.chars().next_back() {
        None | Some('\n' | '\u{feff}') => Ok(()),
        Some('\r') => out.write_str("\n"),
        Some(_) => out.write_str(end),
    }
}

fn find(text: &str, wanted: &str, key: &str) -> Place {
    // Nothing is in the unnamed section of a text that begins with a byte-order mark but the mark.
    let mark = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let mut behind = wanted.is_empty().then_some(mark);
    let mut section = "";
    let mut at = mark;
    let lines = text.get(mark..).unwrap_or("").split_inclusive('\n');
    for (raw, (_, item)) in lines.zip(Items::of(text.as_bytes())) {
        match item {
            Ok(Item::Section(name)) => section = name,
            Ok(Item::Pair(known, _)) if section == wanted && known.eq_ignore_ascii_case(key) => {
                return Place::Instead(at, at + raw.trim_end_matches(['\r', '\n']).len());
            }
            _ => {}
        }
        at += raw.len();
        // An empty line at the end of a section is the gap before the next.
        let is_there = section == wanted && !raw.trim().is_empty();
        behind = if is_there { Some(at) } else { behind };
    }
    behind.map_or(Place::New, Place::Behind)
}

fn reads_as_section(name: &str) -> bool {
    struct Nowhere;
    impl Write for Nowhere {
        fn write_str(&mut self, _: &str) -> core::fmt::Result {
            Ok(())
        }
    }
    crate::write::Writer::new(Nowhere).section(name).is_ok()
}

fn line_end(text: &str) -> &'static str {
    let first = text.split_inclusive('\n').next().unwrap_or("");
    if first.ends_with("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn check(text: &str, at: (&str, &str, &str), expected: &str) {
        let mut out = String::new();
        let (section, key, value) = at;
        set(text, section, key, value, &mut out).unwrap();
        assert_eq!(out, expected);
        let document = Document::<8>::read(out.as_bytes()).unwrap();
        assert_eq!(document.get(section, key).unwrap().text(), value);
    }

    #[test]
    fn a_value_is_changed_in_its_place() {
        check(
            "; mine\n[motor]\n  Speed : 40\ntrim=1\n",
            ("motor", "speed", "50"),
            "; mine\n[motor]\nspeed = 50\ntrim=1\n",
        );
        check("a=1\r\nb=2\r\n", ("", "a", " "), "a = \" \"\r\nb=2\r\n");
        check("a=1", ("", "a", "2"), "a = 2");
    }

    #[test]
    fn a_new_key_is_added_at_the_end_of_its_section() {
        check("[a]\nx=1\n\n[b]\ny=2\n", ("a", "z", "3"), "[a]\nx=1\nz = 3\n\n[b]\ny=2\n");
        check("[a]\r\nx=1", ("a", "z", "3"), "[a]\r\nx=1\r\nz = 3\r\n");
        check("[a]\nx=1\n", ("", "z", "3"), "z = 3\n[a]\nx=1\n");
        check("\u{feff}[a]\n", ("", "z", "3"), "\u{feff}z = 3\n[a]\n");
    }

    #[test]
    fn a_new_section_is_added_at_the_end() {
        check("", ("a", "x", "1"), "[a]\nx = 1\n");
        check("y=2", ("a", "x", "1"), "y=2\n[a]\nx = 1\n");
    }

    #[test]
    fn nothing_is_written_of_what_would_not_read_back() {
        let mut out = String::new();
        assert_eq!(set("", "a]", "x", "1", &mut out), Err(Refused::Name));
        assert_eq!(set("", "a", "x=", "1", &mut out), Err(Refused::Name));
        assert_eq!(set("", "a", "x", "1\n", &mut out), Err(Refused::Character));
        assert_eq!(out, "");
    }
}
