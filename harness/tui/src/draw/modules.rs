//! The modules: what each has, what its import took on the way, and what keeps it.
//!
//! Rows stand in the order of imports. One that is gone stays, quietly, with what came back.

use ramscope_model::{Device, Module, counted, grouped};
use ramscope_wire::{ModulePhaseKind, ModuleState};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::draw::pieces::titled;
use crate::draw::table::{Column, draw_headings, line};
use crate::palette::Palette;
use crate::scene::Scene;

/// From this width on there is room for each phase.
const WIDE: u16 = 120;

/// With the rule; none if no module was ever imported.
pub(super) fn rows_wanted(scene: &Scene<'_>) -> u16 {
    match scene.device.modules().len() {
        0 => 0,
        rows => u16::try_from(rows + 1).unwrap_or(u16::MAX),
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    let body = titled(frame, area, "modules", palette);
    let device = scene.device;
    if device.modules().is_empty() {
        let text = " no module has been imported: type `import NAME`";
        return frame.render_widget(Line::styled(text, palette.quiet()), body);
    }
    let columns = columns(area.width);
    draw_headings(frame, Rect { height: 1, ..area }, &columns, palette);
    for (row, line) in body.rows().zip(lines(device, area.width, body.height.into(), palette)) {
        frame.render_widget(line, row);
    }
}

fn columns(width: u16) -> Vec<Column> {
    let mut columns = vec![Column::left("", 14), Column::left("version", 9)];
    if width >= WIDE {
        columns.extend(["read", "link", "init"].map(|phase| Column::right(phase, 17)));
    }
    columns.push(Column::right("import peak", 12));
    columns.push(Column::right("has", 9));
    // Room between figures and words.
    columns.push(Column::left("", 2));
    let used: usize = columns.iter().map(|column| column.width).sum();
    columns.push(Column::left("kept by", usize::from(width).saturating_sub(used + 2)));
    columns
}

fn lines(device: &Device, width: u16, room: usize, palette: Palette) -> Vec<Line<'static>> {
    let modules = device.modules();
    let columns = columns(width);
    let shown = if modules.len() > room { room.saturating_sub(1) } else { modules.len() };
    // The last ones are those that somebody watches.
    let left_out = modules.len() - shown;
    let mut lines: Vec<_> = Vec::new();
    if left_out > 0 {
        let text = format!(" {} before", counted(left_out as u64, "module"));
        lines.push(Line::styled(text, palette.quiet()));
    }
    let rows = modules[left_out..].iter().map(|it| line(&columns, &cells(it, width, palette)));
    lines.extend(rows);
    lines
}

fn cells(module: &Module, width: u16, palette: Palette) -> Vec<(String, Style)> {
    let quiet = palette.quiet();
    let is_gone = module.end.is_some();
    let plain = if is_gone { quiet } else { Style::new() };
    let name = if is_gone { quiet } else { palette.heading() };
    let mut cells = vec![(module.name.clone(), name), (module.version_text(), quiet)];
    if width >= WIDE {
        let kinds = [ModulePhaseKind::Read, ModulePhaseKind::Link, ModulePhaseKind::Initialise];
        cells.extend(kinds.map(|kind| (phase(module, kind), quiet)));
    }
    cells.push((grouped(module.import_peak().into()), plain));
    cells.push((grouped(module.resident().into()), plain));
    let left = module.end.is_some_and(|(_, end)| end.leftover > 0);
    let style = match module.state {
        _ if left => palette.doubt(),
        ModuleState::Held if !is_gone => palette.doubt(),
        _ => quiet,
    };
    cells.extend([(String::new(), quiet), (fate(module), style)]);
    cells
}

/// What a phase took, and what it gave back.
fn phase(module: &Module, kind: ModulePhaseKind) -> String {
    let found = module.phases.iter().find(|phase| phase.phase == kind);
    found.map_or_else(
        || "-".to_owned(),
        |phase| match (phase.taken, phase.given_back) {
            (0, 0) => "0".to_owned(),
            (taken, 0) => format!("+{}", grouped(taken.into())),
            (0, given) => format!("-{}", grouped(given.into())),
            (taken, given) => format!("+{} -{}", grouped(taken.into()), grouped(given.into())),
        },
    )
}

fn fate(module: &Module) -> String {
    if let Some((_, end)) = module.end {
        let left = match end.leftover {
            0 => String::new(),
            left => format!(", {} LEFT BEHIND", grouped(left.into())),
        };
        return format!("gone: {} B came back{left}", grouped(end.freed.into()));
    }
    let pins: Vec<String> =
        module.pins.iter().map(|pin| format!("{} {}", pin.kind, pin.holder)).collect();
    match (module.state, module.last) {
        (ModuleState::Free, _) => "nothing: goes with the next collection".to_owned(),
        (ModuleState::Held, _) if !pins.is_empty() => pins.join(", "),
        (state, Some(last)) => format!("{state}, {}", counted(last.pins.into(), "pin")),
        (state, None) => state.to_string(),
    }
}
