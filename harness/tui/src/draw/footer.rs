//! The keys that do something now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::{App, Pace};

const TYPING: [(&str, &str); 5] = [
    ("Enter", "send"),
    ("Esc", "leave"),
    ("Up/Down", "earlier lines"),
    ("PgUp/PgDn", "scroll"),
    ("Ctrl-C", "quit"),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let pause = match app.pace {
        Pace::Running | Pace::Still => "pause",
        Pace::Paused => "go on",
    };
    let watching = [
        ("q", "quit"),
        ("?", "help"),
        ("Space", pause),
        (".", "step"),
        ("+/-", "speed"),
        ("Tab", app.view.next().name()),
        ("i", "type"),
        ("PgUp", "back"),
    ];
    let keys: &[(&str, &str)] = if app.typing { &TYPING } else { &watching };
    let mut line = Line::default();
    for (key, does) in keys {
        line.push_span(Span::styled(format!(" {key}"), app.palette.key()));
        line.push_span(Span::styled(format!(" {does} "), app.palette.quiet()));
    }
    frame.render_widget(line, area);
}
