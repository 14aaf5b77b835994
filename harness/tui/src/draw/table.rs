//! Rows of texts in columns whose headings stand on the rule above them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::draw::pieces::{fitted, over_rule, over_rule_to};
use crate::palette::Palette;

/// Where the texts of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A column: its heading, its width with the blank that follows or precedes its text, and its side.
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) width: usize,
    pub(super) side: Side,
}

impl Column {
    pub(super) const fn left(heading: &'static str, width: usize) -> Self {
        Self { heading, width, side: Side::Left }
    }

    pub(super) const fn right(heading: &'static str, width: usize) -> Self {
        Self { heading, width, side: Side::Right }
    }
}

/// Writes the headings on a rule, but for the first: its place is the title's.
pub(super) fn draw_headings(
    frame: &mut Frame<'_>,
    rule: Rect,
    columns: &[Column],
    palette: Palette,
) {
    let mut start = 1;
    for (index, Column { heading, width, side }) in columns.iter().enumerate() {
        let end = start + *width as u16;
        match side {
            _ if index == 0 || heading.is_empty() => {}
            Side::Left => {
                over_rule(frame, rule, start - 1, &[Span::styled(*heading, palette.quiet())]);
            }
            Side::Right => over_rule_to(frame, rule, end, heading, palette.quiet()),
        }
        start = end;
    }
}

/// A row of texts, each in its style and cut to its column.
pub(super) fn line(columns: &[Column], cells: &[(String, Style)]) -> Line<'static> {
    let mut line = Line::from(" ");
    for (Column { width, side, .. }, (text, style)) in columns.iter().zip(cells) {
        let width = *width;
        let text = fitted(text, width.saturating_sub(1));
        let text = match side {
            Side::Left => format!("{text:<width$}"),
            Side::Right => format!("{text:>width$}"),
        };
        line.push_span(Span::styled(text, *style));
    }
    line
}
