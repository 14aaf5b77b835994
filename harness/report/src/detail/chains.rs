//! Who called whom when the tightest stacks were deepest: a line each, or all functions with their bytes.

use ramscope_model::{Judged, Took};

use super::heading;
use crate::columns::{Cell, Columns};
use crate::frames::{Deepest, deepest};
use crate::style::{Meaning, Style};

/// So many units have a line, those with the least margin.
const UNITS_MAX: usize = 4;
/// So many functions stand on a line, the innermost ones.
const FUNCTIONS_MAX: usize = 6;
/// So many units have a table of their functions, those with the least margin.
const TABLES_MAX: usize = 16;

/// A line each.
pub(super) fn chains(judged: &Judged, style: Style) -> String {
    let lines: String = named(judged)
        .take(UNITS_MAX)
        .map(|deepest| format!("   {}: {}\n", deepest.name, line(judged, &deepest)))
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => heading("deepest calls, innermost first", style) + &lines,
    }
}

fn named(judged: &Judged) -> impl Iterator<Item = Deepest<'_>> {
    let all = deepest(judged.feed.device()).into_iter();
    all.filter(|deepest| deepest.has_names(judged))
}

/// The functions that were really called.
fn line(judged: &Judged, deepest: &Deepest<'_>) -> String {
    let frames = deepest.frames(judged).into_iter().filter(|frame| frame.took != Took::Inlined);
    let mut names: Vec<String> = frames.map(|frame| frame.function).collect();
    names.dedup();
    let more = names.len().saturating_sub(FUNCTIONS_MAX);
    names.truncate(FUNCTIONS_MAX);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(" < ")
}

/// Every function of every stack, innermost first, with the bytes that it took.
pub(super) fn tables(judged: &Judged, style: Style) -> String {
    let all: Vec<Deepest<'_>> = named(judged).collect();
    if all.is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    for deepest in all.iter().take(TABLES_MAX) {
        let name = style.paint(Meaning::Heading, &deepest.name);
        columns.text(format!("{name}  {}", deepest.figures()));
        for frame in deepest.frames(judged) {
            let meaning = match frame.took {
                Took::Inlined => Meaning::Quiet,
                Took::Bytes(_) | Took::Unknown => Meaning::Normal,
            };
            columns.row([
                Cell::right(frame.took.text()).meaning(meaning),
                Cell::left(frame.function).meaning(meaning),
                Cell::left(frame.place.unwrap_or_default()).meaning(Meaning::Quiet),
            ]);
        }
    }
    if let more @ 1.. = all.len().saturating_sub(TABLES_MAX) {
        columns.text(format!("and {} more, all in the JSON report", more));
    }
    heading("deepest calls, innermost first, with what each took of the stack: exact", style)
        + &columns.render(style)
}
