//! The table of modules.

use ramscope_model::Device;

use super::text::text;
use crate::modules::{HEADINGS, is_figure, others, rows};

/// The modules, if there are any.
pub(super) fn modules(device: &Device) -> String {
    if device.modules().is_empty() {
        return String::new();
    }
    let class = |column: usize| if is_figure(column) { " class=\"n\"" } else { "" };
    let head: String = HEADINGS
        .iter()
        .enumerate()
        .map(|(column, heading)| format!("<th{}>{heading}</th>", class(column)))
        .collect();
    let rows: String = rows(device)
        .iter()
        .map(|row| {
            let cells = row.iter().enumerate();
            let cells =
                cells.map(|(column, cell)| format!("<td{}>{}</td>", class(column), text(cell)));
            format!("<tr>{}</tr>", cells.collect::<String>())
        })
        .collect();
    let others = others(device).map(|others| format!("<p class=\"none\">{others}</p>"));
    format!(
        "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{}",
        others.unwrap_or_default()
    )
}
