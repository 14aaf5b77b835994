//! The help that lies over the screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::palette::Palette;

const KEYS: [(&str, &str); 16] = [
    ("q, Ctrl-C", "quit"),
    ("Space", "pause device time, or let it go on"),
    (".", "pause, and let the device run for 100 ms, one sample"),
    ("+ -", "faster, slower: 0.1x to 100x of real time, and max"),
    ("Tab", "threads, timers, waits, modules, layout of the heap"),
    ("Up Down", "choose a thread; Enter shows its deepest calls, Esc closes"),
    ("d", "what the displays around the chip show"),
    ("r", "power the machine off and on"),
    ("i, Enter", "type a line to the device; Enter sends, Esc leaves"),
    ("PgUp PgDn", "scroll the console"),
    ("g, G", "the console's first line, its last line"),
    ("", ""),
    ("bars", "█ stack in use now  ▒ deepest use  · never used"),
    ("timers", "dropped: queue full  late: after it was stopped"),
    ("waits", "who waits since when, the first to be served first"),
    ("chart", "area: heap in use  line: its peak since boot"),
];

const WIDTH: u16 = 70;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, palette: Palette) {
    let height = KEYS.len() as u16 + 4;
    let [row] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    let [popup] = Layout::horizontal([Constraint::Length(WIDTH)]).flex(Flex::Center).areas(row);
    let mut lines: Vec<Line<'_>> = vec![Line::default()];
    lines.extend(KEYS.iter().map(|(key, does)| {
        Line::from(vec![Span::styled(format!("  {key:<11}"), palette.key()), Span::raw(*does)])
    }));
    let block = Block::bordered()
        .title(Span::styled(" help ", palette.heading()))
        .title_bottom(Line::from(" any key closes it ").right_aligned());
    frame.render_widget(Clear, popup);
    frame.render_widget(Paragraph::new(lines).block(block), popup);
}
