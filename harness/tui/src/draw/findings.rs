//! What is wrong, in sentences: findings of the run, and why the machine stopped if it did.

use ramscope_model::Finding;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::draw::pieces::{seconds, titled, wrapped};
use crate::palette::Palette;
use crate::scene::{MachineState, Scene};

/// The most findings that are shown; the newest ones.
const SHOWN_MAX: usize = 4;

/// The height for all that is to be said, within a fifth of `rows`; zero if there is nothing.
pub(super) fn rows_wanted(scene: &Scene<'_>, width: u16, rows: u16) -> u16 {
    match lines(scene, width, Palette::PLAIN).len() {
        0 => 0,
        lines => u16::try_from(lines + 1).unwrap_or(u16::MAX).min((rows / 5).max(4)),
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    if area.height == 0 {
        return;
    }
    let title = match scene.device.findings().len() {
        0 => "stopped".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings, the newest first"),
    };
    let body = titled(frame, area, &title, palette);
    for (row, line) in body.rows().zip(lines(scene, area.width, palette)) {
        frame.render_widget(line, row);
    }
}

fn lines(scene: &Scene<'_>, width: u16, palette: Palette) -> Vec<Line<'static>> {
    let stopped = match scene.machine {
        MachineState::Stopped(reason) => Some((reason.clone(), palette.bad())),
        _ => None,
    };
    let newest = scene.device.findings().iter().rev().take(SHOWN_MAX);
    let findings = newest.map(|finding| {
        let sentence = finding.sentence(scene.symbols);
        let text = format!("{}  {sentence}", seconds(finding.at));
        (text, style(finding, palette))
    });
    let texts = stopped.into_iter().chain(findings);
    texts.flat_map(|(text, style)| in_lines(&text, width, style)).collect()
}

fn style(finding: &Finding, palette: Palette) -> Style {
    match finding.kind().fails_by_default() {
        true => palette.bad(),
        false => palette.doubt(),
    }
}

fn in_lines(text: &str, width: u16, style: Style) -> Vec<Line<'static>> {
    let lines = wrapped(text, usize::from(width).saturating_sub(4));
    let with_mark = lines.into_iter().enumerate().map(|(index, line)| {
        let mark = if index == 0 { " ! " } else { "   " };
        Line::from(Span::styled(format!("{mark}{line}"), style))
    });
    with_mark.collect()
}
