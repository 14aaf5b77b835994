//! What the rules are about.

use ramscope_scenario::{Example, Rule, Snippet, nearest};

use crate::columns::table_text;
use crate::failure::Failure;

/// How wide prose may be.
const COLUMNS_MAX: usize = 88;

/// A rule in full: what it is about, why, and an example.
pub(super) fn explain(id: &str) -> Result<String, Failure> {
    let Some(rule) = Rule::from_id(id) else {
        let hint = match nearest(id, Rule::ALL.iter().map(|rule| rule.id())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`ramscope lint --rules` lists them".to_owned(),
        };
        return Err(Failure::NoRule { id: id.to_owned(), hint });
    };
    let mut text = format!("{rule}\n\n{}", paragraph(rule.summary()));
    if !rule.explanation().is_empty() {
        text += &paragraph(rule.explanation());
    }
    if let Some(example) = rule.example() {
        text += &format!(
            "\nwrong:\n\n{}\nright:\n\n{}",
            piece(&example, example.wrong),
            piece(&example, example.right)
        );
    }
    Ok(text)
}

/// All rules with what they are about.
pub(super) fn table() -> String {
    let rows: Vec<[String; 2]> =
        Rule::ALL.iter().map(|rule| [rule.id().to_owned(), rule.summary().to_owned()]).collect();
    table_text(["rule", "what it is about"], &rows)
}

/// Prose, indented and broken between words.
fn paragraph(prose: &str) -> String {
    let mut text = String::new();
    let mut line = String::from(" ");
    for word in prose.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS_MAX {
            text += &format!("{line}\n");
            line = String::from(" ");
        }
        line.push(' ');
        line += word;
    }
    format!("{text}{line}\n")
}

/// An example in the place where it stands in a file.
fn piece(example: &Example, piece: &str) -> String {
    let inside = match example.snippet {
        Snippet::File => piece.to_owned(),
        Snippet::Step => format!("steps: [{piece}]"),
        Snippet::Ours if piece.starts_with('{') => format!("ramscope: {piece}"),
        Snippet::Ours => format!("ramscope: {{{piece}}}"),
    };
    inside.lines().map(|line| format!("    {line}\n")).collect()
}
