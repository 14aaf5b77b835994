//! A whole text, checked, that can be asked.

use crate::item::{Item, Items, Line, Problem, What};
use crate::value::Value;

/// The section of the keys before the first section.
const UNNAMED: &str = "";

#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    line: Line,
    section: &'a str,
    /// `None` is the section's own line.
    pair: Option<(&'a str, Value<'a>)>,
}

/// The entries of a text: at most `N` sections and pairs together.
///
/// It exists only if the text has no problem, so asking cannot meet one but in a value's kind.
#[derive(Clone, Debug)]
pub struct Document<'a, const N: usize> {
    entries: [Option<Entry<'a>>; N],
}

impl<'a, const N: usize> Document<'a, N> {
    /// Reads a text.
    ///
    /// # Errors
    /// The first problem, with its line.
    pub fn read(text: &'a [u8]) -> Result<Self, Problem> {
        let mut document = Self { entries: [None; N] };
        let mut section = UNNAMED;
        let mut count = 0;
        for (line, item) in Items::of(text) {
            let pair = match item? {
                Item::Nothing => continue,
                Item::Section(name) => {
                    section = name;
                    None
                }
                Item::Pair(key, value) => Some((key, value)),
            };
            let problem = |what| Problem { line, what };
            let same = document.find(section, pair.map(|(key, _)| key));
            if let Some(first) = same {
                return Err(problem(What::Twice(first.line)));
            }
            let place = document.entries.get_mut(count).ok_or(problem(What::Full))?;
            *place = Some(Entry { line, section, pair });
            count += 1;
        }
        Ok(document)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().map_while(Option::as_ref)
    }

    fn find(&self, section: &str, key: Option<&str>) -> Option<&Entry<'a>> {
        self.entries().find(|entry| {
            let same_key = match (entry.pair, key) {
                (Some((known, _)), Some(key)) => known.eq_ignore_ascii_case(key),
                (None, None) => true,
                _ => false,
            };
            entry.section == section && same_key
        })
    }

    /// The value of a key, if it stands in the text.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> Option<Value<'a>> {
        self.find(section, Some(key)).and_then(|entry| entry.pair).map(|(_, value)| value)
    }

    /// What `kind` reads from the value of a key; `fallback` if the key is not there.
    ///
    /// # Errors
    /// If the value is there but of another kind: a misspelt number is not a default.
    pub fn get_as<T>(
        &self,
        section: &str,
        key: &str,
        fallback: T,
        kind: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Result<T, Problem> {
        let Some(Entry { line, pair: Some((_, value)), .. }) = self.find(section, Some(key)) else {
            return Ok(fallback);
        };
        kind(*value).ok_or(Problem { line: *line, what: What::Value })
    }

    /// The names of the sections, in order; keys before the first have none.
    pub fn sections(&self) -> impl Iterator<Item = &'a str> {
        self.entries().filter(|entry| entry.pair.is_none()).map(|entry| entry.section)
    }

    /// The pairs of a section, in order, with their lines.
    pub fn pairs(&self, section: &str) -> impl Iterator<Item = (Line, &'a str, Value<'a>)> {
        let of_section = self.entries().filter(move |entry| entry.section == section);
        of_section.filter_map(|entry| entry.pair.map(|(key, value)| (entry.line, key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"name = Rover\n\n[motor]\n; percent\nspeed = 40\nTRIM = -3\n\n[eye]\nspeed = fast\n";

    fn document() -> Document<'static, 8> {
        Document::read(TEXT).unwrap()
    }

    fn check_refused(text: &str, line: u32, what: What) {
        let refused = Document::<4>::read(text.as_bytes()).unwrap_err();
        assert_eq!(refused, Problem { line: Line(line), what }, "{text:?}");
    }

    #[test]
    fn a_key_is_found_in_its_own_section_only() {
        let document = document();
        assert_eq!(document.get("motor", "Speed").map(Value::text), Some("40"));
        assert_eq!(document.get("eye", "speed").map(Value::text), Some("fast"));
        assert_eq!(document.get("", "name").map(Value::text), Some("Rover"));
        assert_eq!(document.get("Motor", "speed"), None, "sections are told apart by case");
        assert_eq!(document.get("motor", "name"), None);
    }

    #[test]
    fn a_missing_key_has_a_default_but_a_wrong_value_has_a_line() {
        let document = document();
        assert_eq!(document.get_as("motor", "trim", 0, Value::integer), Ok(-3));
        assert_eq!(document.get_as("motor", "gear", 1, Value::integer), Ok(1));
        let wrong = document.get_as("eye", "speed", 0, Value::integer).unwrap_err();
        assert_eq!(wrong.to_string(), "line 9: a value of another kind is wanted");
    }

    #[test]
    fn sections_and_pairs_come_in_the_order_of_the_text() {
        let document = document();
        assert!(document.sections().eq(["motor", "eye"]));
        let keys: Vec<_> = document.pairs("motor").map(|(line, key, _)| (line.0, key)).collect();
        assert_eq!(keys, [(5, "speed"), (6, "TRIM")]);
    }

    #[test]
    fn what_stands_twice_names_both_lines() {
        check_refused("a = 1\nb = 2\nA = 3", 3, What::Twice(Line(1)));
        check_refused("[a]\n[b]\n[a]", 3, What::Twice(Line(1)));
        let problem = Document::<4>::read(b"a=1\na=2").unwrap_err();
        assert_eq!(problem.to_string(), "line 2: stands in line 1 already");
    }

    #[test]
    fn a_text_with_too_many_entries_is_refused_where_they_begin() {
        check_refused("a=1\nb=2\nc=3\nd=4\n\ne=5", 6, What::Full);
        assert!(Document::<4>::read(b"[s]\nb=2\nc=3\nd=4\n; e").is_ok());
    }
}
