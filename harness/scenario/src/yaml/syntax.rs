//! The parser's complaints, as sentences for somebody who does not know YAML's grammar.

use saphyr_parser::ScanError;

use super::{Place, YamlError};
use crate::rule::Rule;

/// Parts of the parser's messages, and what to say instead. The first that fits counts.
const SENTENCES: &[(&str, &str)] = &[
    (
        "mapping values are not allowed",
        "a `key: value` cannot stand here; check the indentation, and quote a text that holds `: `",
    ),
    ("did not find expected key", "this line fits none of the indentations above it"),
    ("did not find expected '-' indicator", "this line fits none of the indentations above it"),
    ("did not find expected ',' or '}'", "a `{` is not closed, or a comma is missing, before this"),
    ("did not find expected ',' or ']'", "a `[` is not closed, or a comma is missing, before this"),
    ("found unexpected end of stream", "the quote that opens here is never closed"),
    (
        "invalid indentation in quoted scalar",
        "the quote that opens here is not closed on its line, and the next line is not indented",
    ),
    (
        "unknown escape character",
        "a backslash escape that YAML does not have; single quotes keep `\\`",
    ),
    ("invalid Unicode character escape", "an escape that stands for no character"),
];

/// Turns a complaint into a sentence. A tab that indents gets the tab's own place.
pub(super) fn explain(error: &ScanError, text: &str) -> YamlError {
    let info = error.info();
    let place = Place::at(error.marker().line(), error.marker().col());
    if info.contains("tab")
        && let Some(place) = indenting_tab(text, place.line)
    {
        let message = "a tab indents this line; YAML wants spaces there".into();
        return YamlError { rule: Rule::YamlTab, place, message };
    }
    if info.contains("unknown anchor") {
        let message = "this alias names an anchor that is not defined above it".into();
        return YamlError { rule: Rule::UnknownAnchor, place, message };
    }
    let known = SENTENCES.iter().find(|(part, _)| info.contains(part));
    let message = match known {
        Some((_, sentence)) => (*sentence).into(),
        None => format!("this is not YAML: {info}"),
    };
    YamlError { rule: Rule::YamlSyntax, place, message }
}

/// Refuses an unquoted text that begins with a character that is reserved, which our parser lets
/// through inside brackets.
pub(super) fn refuse_indicator(text: &str, place: Place) -> Result<(), YamlError> {
    let Some(first @ ('|' | '>' | '%' | '@' | '`')) = text.chars().next() else {
        return Ok(());
    };
    let message = format!("an unquoted text cannot begin with `{first}`; quote it");
    Err(YamlError { rule: Rule::YamlSyntax, place, message })
}

/// What kind of collection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opens {
    /// A list.
    List,
    /// A map.
    Map,
}

/// Refuses a block list or map that a tab separates from its dash; to YAML that is indentation.
pub(super) fn refuse_tab_before(line: &str, place: Place, opens: Opens) -> Result<(), YamlError> {
    if !line.contains('\t') {
        return Ok(());
    }
    let column = usize::try_from(place.column).unwrap_or(usize::MAX) - 1;
    let end = match opens {
        // The place of a list is that of its first item, behind the list's own dash.
        Opens::List => own_dash(line, column).unwrap_or(column),
        Opens::Map => column,
    };
    let before: String = line.chars().take(end).collect();
    let is_block = !line.chars().nth(column).is_some_and(|c| c == '[' || c == '{');
    let only_indicators = before.chars().all(|c| matches!(c, '-' | '?' | ' ' | '\t'));
    let Some(tab) = before.find('\t').filter(|_| is_block && only_indicators) else {
        return Ok(());
    };
    let gap = before[..tab].trim_end_matches(' ').len();
    let message = "a tab indents what follows; YAML wants spaces there".into();
    Err(YamlError {
        rule: Rule::YamlTab,
        place: Place { column: to_column(gap), length: 1, ..place },
        message,
    })
}

/// The column of the dash before a list's first item, if it stands in the same line.
pub(super) fn own_dash(line: &str, column: usize) -> Option<usize> {
    let before: String = line.chars().take(column).collect();
    before.trim_end().strip_suffix('-').map(|before| before.chars().count())
}

/// A carriage return that no line feed follows. YAML ends a line there and npm's `yaml` does not, so a
/// file with one means something else to wokwi-cli, if anything.
pub(super) fn lone_carriage_return(text: &str) -> Option<YamlError> {
    let at =
        text.match_indices('\r').map(|(at, _)| at).find(|at| !text[at + 1..].starts_with('\n'))?;
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[..at].bytes().filter(|&byte| byte == b'\n').count() + 1;
    let place = Place::at(line, text[line_start..at].chars().count());
    let message = "a carriage return without a line feed, which is no end of a line to wokwi-cli";
    Some(YamlError { rule: Rule::YamlSyntax, place, message: message.into() })
}

fn to_column(from_zero: usize) -> u32 {
    u32::try_from(from_zero).unwrap_or(u32::MAX - 1) + 1
}

/// The first tab in the indentation of `line` or a later line; the parser may have noticed it at
/// the beginning of a text that spans lines.
fn indenting_tab(text: &str, line: u32) -> Option<Place> {
    let first = usize::try_from(line).ok()?.saturating_sub(1);
    text.lines().enumerate().skip(first).find_map(|(index, line)| {
        let content = line.trim_start_matches([' ', '\t']);
        let indent = &line[..line.len() - content.len()];
        let tab = indent.find('\t').filter(|_| !content.is_empty())?;
        Some(Place::at(index + 1, tab))
    })
}
