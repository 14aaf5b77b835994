//! The pieces that several parts of the screen are made of.

use ramscope_model::grouped;
use ramscope_time::Instant;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::palette::Palette;

/// A part's first row: a rule with its title. Gives the area below it.
pub(super) fn titled(frame: &mut Frame<'_>, area: Rect, title: &str, palette: Palette) -> Rect {
    let rule = "─".repeat(usize::from(area.width));
    let row = Rect { height: 1, ..area };
    frame.render_widget(Span::styled(rule, palette.quiet()), row);
    over_rule(frame, row, 1, &[Span::styled(title, palette.heading())]);
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// Writes on a rule from a column on, with a blank on both sides.
pub(super) fn over_rule(frame: &mut Frame<'_>, rule: Rect, column: u16, spans: &[Span<'_>]) {
    let mut line = Line::from(" ");
    line.extend(spans.iter().cloned());
    line.push_span(" ");
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
    let x = rule.x + column.min(rule.width);
    let right = rule.right().saturating_sub(x);
    frame.render_widget(line, Rect::new(x, rule.y, width.min(right), 1));
}

/// Writes a heading on a rule so that it ends right above a column's end.
pub(super) fn over_rule_to(frame: &mut Frame<'_>, rule: Rect, end: u16, text: &str, style: Style) {
    let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    if let Some(column) = end.checked_sub(width + 1) {
        over_rule(frame, rule, column, &[Span::styled(text.to_owned(), style)]);
    }
}

/// A text cut to a width; a cut is marked.
pub(super) fn fitted(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some(_) if width == 0 => String::new(),
        Some(_) => text.chars().take(width - 1).chain(['…']).collect(),
    }
}

/// A text in lines of at most `width` characters, cut at blanks where there are some.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut rest: Vec<char> = text.chars().collect();
    let mut lines = Vec::new();
    while rest.len() > width {
        let blank = rest[..=width].iter().rposition(|c| *c == ' ');
        // A blank in the first half would leave a ragged hole.
        let cut = blank.filter(|&at| at > width / 2).unwrap_or(width);
        let tail = rest.split_off(cut);
        lines.push(rest.into_iter().collect());
        rest = tail.into_iter().skip_while(|c| *c == ' ').collect();
    }
    lines.push(rest.into_iter().collect());
    lines
}

/// A part of a whole in whole per cent.
pub(super) fn percent(part: u32, whole: u32) -> Option<u32> {
    (whole > 0).then(|| (u64::from(part) * 100 / u64::from(whole)) as u32)
}

/// `1,204.35 s`: hundredths of seconds, so that the figure has a steady width.
pub(super) fn seconds(at: Instant) -> String {
    let hundredths = at.as_picos() / (ramscope_time::PICOS_PER_SECOND / 100);
    format!("{}.{:02} s", grouped(hundredths / 100), hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_breaks_at_blanks_and_nothing_of_it_is_lost() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(fitted("sampler", 7), "sampler");
        assert_eq!(fitted("sampler", 4), "sam…");
        assert_eq!(fitted("sampler", 0), "");
    }

    #[test]
    fn time_has_hundredths() {
        let at = Instant::from_picos(1_234_567_800_000_000);
        assert_eq!(seconds(at), "1,234.56 s");
    }
}
