//! What the device printed, and the line that a person types.

use std::collections::VecDeque;

use ramscope_model::{Line as ConsoleLine, counted};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::app::{App, ConsoleExtent, Scroll};
use crate::draw::pieces::{over_rule_to, seconds, titled, wrapped};
use crate::palette::Palette;
use crate::scene::Scene;

/// The column of a line's instant.
const INSTANT_WIDTH: usize = 12;
const PROMPT: &str = " > ";

/// How many lines of the device a pane of this area shows.
pub(super) fn lines_in(area: Rect) -> u64 {
    area.height.saturating_sub(2).into()
}

/// The lines that can be scrolled through, with pages of `page` lines.
pub(super) fn extent(scene: &Scene<'_>, page: u64) -> ConsoleExtent {
    let first = scene.console.dropped();
    ConsoleExtent { first, end: first + scene.console.lines().len() as u64, page }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, app: &App) {
    let palette = app.palette;
    let extent = extent(scene, lines_in(area));
    let body = titled(frame, area, "console", palette);
    let end = app.scroll.end(extent);
    if end < extent.end {
        let text = format!("{} below: PgDn", counted(extent.end - end, "line"));
        over_rule_to(frame, Rect { height: 1, ..area }, area.width - 1, &text, palette.doubt());
    }
    let output = Rect { height: body.height.saturating_sub(1), ..body };
    for (row, line) in output.rows().zip(rows(scene, end, app, output)) {
        frame.render_widget(line, row);
    }
    let input = Rect::new(body.x, body.bottom() - 1, body.width, 1);
    draw_input(frame, input, app);
}

/// The rows up to the line `end`, filled from below: long lines take more than one.
fn rows(scene: &Scene<'_>, end: u64, app: &App, area: Rect) -> VecDeque<Line<'static>> {
    let height = usize::from(area.height);
    let skipped = extent(scene, 1).end - end;
    let partial = scene.console.partial().filter(|_| app.scroll == Scroll::Follow);
    let lines = scene.console.lines().rev();
    let lines = lines.skip(usize::try_from(skipped).unwrap_or(usize::MAX));
    let mut rows = VecDeque::new();
    for line in partial.into_iter().chain(lines.cloned()) {
        for row in in_rows(&line, area.width, app.palette).into_iter().rev() {
            rows.push_front(row);
        }
        if rows.len() >= height {
            break;
        }
    }
    let surplus = rows.len().saturating_sub(height);
    rows.drain(..surplus);
    rows
}

fn in_rows(line: &ConsoleLine, width: u16, palette: Palette) -> Vec<Line<'static>> {
    let room = usize::from(width).saturating_sub(INSTANT_WIDTH + 3);
    let pieces = wrapped(&line.text, room).into_iter().enumerate();
    let rows = pieces.map(|(index, piece)| {
        let at = if index == 0 { seconds(line.at) } else { String::new() };
        Line::from(vec![
            Span::styled(format!("{at:>INSTANT_WIDTH$}  "), palette.quiet()),
            Span::raw(piece),
        ])
    });
    rows.collect()
}

fn draw_input(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let text = app.editor.text();
    let palette = app.palette;
    if !app.typing {
        let hint = match text.is_empty() {
            true => "i or Enter to type a command, such as help or mem",
            false => text.as_str(),
        };
        frame.render_widget(Span::styled(format!("{PROMPT}{hint}"), palette.quiet()), area);
        return;
    }
    let room = usize::from(area.width).saturating_sub(PROMPT.len() + 1);
    let hidden = app.editor.cursor().saturating_sub(room);
    let shown: String = text.chars().skip(hidden).take(room).collect();
    let line = Line::from(vec![Span::styled(PROMPT, palette.key()), Span::raw(shown)]);
    frame.render_widget(line, area);
    let column = PROMPT.len() + app.editor.cursor() - hidden;
    let column = u16::try_from(column).unwrap_or(0);
    frame.set_cursor_position(Position::new(area.x + column, area.y));
}
