//! Rows in aligned columns, for lists.

use crate::output::print_text;

/// Rows in aligned columns under a heading.
pub(crate) fn table_text<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heading[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    let rows = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(heading)).chain(rows).collect()
}

/// Prints rows in aligned columns under a heading.
pub(crate) fn print_table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    print_text(&table_text(heading, rows));
}
