//! The table of modules.

use ramscope_model::Device;

use crate::columns::{Cell, Columns};
use crate::modules::{HEADINGS, is_figure, others, rows};
use crate::style::{Meaning, Style, clean};

/// The modules, if there are any.
pub(super) fn modules(device: &Device, style: Style) -> String {
    if device.modules().is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    let cell = |column: usize, text: &str| match is_figure(column) {
        true => Cell::right(clean(text)),
        false => Cell::left(clean(text)),
    };
    let headings = HEADINGS.iter().enumerate().map(|(column, text)| cell(column, text));
    columns.row(headings.map(|cell| cell.meaning(Meaning::Heading)));
    for row in rows(device) {
        columns.row(row.iter().enumerate().map(|(column, text)| cell(column, text)));
    }
    if let Some(others) = others(device) {
        columns.text(others);
    }
    columns.render(style)
}
