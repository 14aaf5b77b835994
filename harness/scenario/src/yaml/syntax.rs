//! The parser's complaints, as sentences for somebody who does not know YAML's grammar.

use saphyr_parser::ScanError;

use super::{Place, YamlError};
use crate::problem::Rule;

/// Parts of the parser's messages, and what to say instead. The first that fits counts.
const SENTENCES: &[(&str, &str)] = &[
    (
        "mapping values are not allowed",
        "a `key: value` cannot stand here; check the indentation, and quote a text that holds `: `",
    ),
    (
        "did not find expected key",
        "this line fits none of the indentations above it",
    ),
    (
        "did not find expected '-' indicator",
        "this line fits none of the indentations above it",
    ),
    (
        "did not find expected ',' or '}'",
        "a `{` is not closed, or a comma is missing, before this",
    ),
    (
        "did not find expected ',' or ']'",
        "a `[` is not closed, or a comma is missing, before this",
    ),
    (
        "found unexpected end of stream",
        "the quote that opens here is never closed",
    ),
    (
        "invalid indentation in quoted scalar",
        "the lines of this quoted text must be indented",
    ),
    (
        "unknown escape character",
        "a backslash escape that YAML does not have; single quotes keep `\\`",
    ),
    (
        "invalid Unicode character escape",
        "an escape that stands for no character",
    ),
];

/// Turns a complaint into a sentence. A tab that indents gets the tab's own place.
pub(super) fn explain(error: &ScanError, text: &str) -> YamlError {
    let info = error.info();
    let place = Place::at(error.marker().line(), error.marker().col());
    if info.contains("tab")
        && let Some(place) = indenting_tab(text, place.line)
    {
        let message = "a tab indents this line; YAML wants spaces there".into();
        return YamlError {
            rule: Rule::YamlTab,
            place,
            message,
        };
    }
    if info.contains("unknown anchor") {
        let message = "this alias names an anchor that is not defined above it".into();
        return YamlError {
            rule: Rule::UnknownAnchor,
            place,
            message,
        };
    }
    let known = SENTENCES.iter().find(|(part, _)| info.contains(part));
    let message = match known {
        Some((_, sentence)) => (*sentence).into(),
        None => format!("this is not YAML: {info}"),
    };
    YamlError {
        rule: Rule::YamlSyntax,
        place,
        message,
    }
}

/// The first tab in the indentation of `line` or a later line; the parser may have noticed it at
/// the beginning of a text that spans lines.
fn indenting_tab(text: &str, line: u32) -> Option<Place> {
    let first = usize::try_from(line).ok()?.saturating_sub(1);
    text.lines()
        .enumerate()
        .skip(first)
        .find_map(|(index, line)| {
            let content = line.trim_start_matches([' ', '\t']);
            let indent = &line[..line.len() - content.len()];
            let tab = indent.find('\t').filter(|_| !content.is_empty())?;
            Some(Place::at(index + 1, tab))
        })
}
