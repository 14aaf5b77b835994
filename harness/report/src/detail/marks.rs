//! What changed in the heap from one mark to the next, by owner and place.

use ramscope_model::{Device, counted};

use super::heading;
use crate::columns::{Cell, Columns};
use crate::layout::{Difference, differences};
use crate::style::{Meaning, Style, clean};

/// Changes between two marks that are listed, those that grew most first.
const CHANGES_MAX: usize = 16;

pub(super) fn marks(device: &Device, style: Style) -> String {
    let parts: Vec<String> =
        differences(device).iter().map(|difference| part(difference, style)).collect();
    match parts.is_empty() {
        true => String::new(),
        false => heading("heap between marks", style) + &parts.concat(),
    }
}

fn part(difference: &Difference, style: Style) -> String {
    let mut columns = Columns::default();
    columns.text(format!("  {}", clean(&difference.sentence)));
    if !difference.rows.is_empty() {
        let headings = [
            Cell::right("bytes"),
            Cell::right("blocks"),
            Cell::left("owner"),
            Cell::left("allocated at"),
        ];
        columns.row(headings.map(|cell| cell.meaning(Meaning::Heading)));
    }
    for [owner, place, bytes, blocks] in difference.rows.iter().take(CHANGES_MAX) {
        columns.row([
            Cell::right(format!("     {bytes}")),
            Cell::right(blocks.clone()),
            Cell::left(clean(owner)),
            Cell::left(clean(place)).meaning(Meaning::Quiet),
        ]);
    }
    if let more @ 1.. = difference.rows.len().saturating_sub(CHANGES_MAX) {
        columns.text(format!("     and {}", counted(more as u64, "other change")));
    }
    columns.render(style)
}
