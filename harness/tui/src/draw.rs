//! The screen as a function of what there is to see and what a person has chosen.

mod areas;
mod chart;
mod console;
mod display;
mod findings;
mod footer;
mod header;
mod heap;
mod help;
mod layout;
mod modules;
mod pieces;
mod table;
mod threads;
mod timers;
mod unit;
mod waits;

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect, Size};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::app::{App, Sight, View};
use crate::scene::Scene;
use areas::Areas;

/// The smallest screen that shows everything.
pub const SIZE_MIN: Size = Size::new(80, 24);

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>, app: &App) {
    let area = frame.area();
    if is_too_small(area.as_size()) {
        return draw_too_small(frame, area);
    }
    let areas = Areas::of(area, scene, app.view);
    header::draw(frame, areas.header, scene, app);
    heap::draw(frame, areas.heap, scene, app.palette);
    for (view, area) in areas.views.into_iter().filter(|(_, area)| area.height > 0) {
        match view {
            View::Threads => threads::draw(frame, area, scene, app),
            View::Timers => timers::draw(frame, area, scene, app.palette),
            View::Waits => waits::draw(frame, area, scene, app.palette),
            View::Modules => modules::draw(frame, area, scene, app.palette),
            View::Layout => layout::draw(frame, area, scene, app.palette),
        }
    }
    findings::draw(frame, areas.findings, scene, app.palette);
    console::draw(frame, areas.console, scene, app);
    footer::draw(frame, areas.footer, app);
    unit::draw(frame, area, scene, app);
    if app.display {
        display::draw(frame, area, scene, app.palette);
    }
    if app.help {
        help::draw(frame, area, app.palette);
    }
}

/// What can be scrolled through and chosen on a screen of this size.
#[must_use]
pub fn sight(size: Size, scene: &Scene<'_>, app: &App) -> Sight {
    if is_too_small(size) {
        return Sight { console: console::extent(scene, 1), units: Vec::new() };
    }
    let area = Rect::from((ratatui::layout::Position::ORIGIN, size));
    let areas = Areas::of(area, scene, app.view);
    let threads = areas.views.iter().find(|(view, _)| *view == View::Threads);
    Sight {
        console: console::extent(scene, console::lines_in(areas.console)),
        units: threads.map_or_else(Vec::new, |(_, area)| threads::units(scene.device, *area)),
    }
}

const fn is_too_small(size: Size) -> bool {
    size.width < SIZE_MIN.width || size.height < SIZE_MIN.height
}

fn draw_too_small(frame: &mut Frame<'_>, area: Rect) {
    let Size { width, height } = SIZE_MIN;
    let lines = vec![
        Line::from("too small"),
        Line::from(format!("needs {width}x{height}")),
        Line::from(format!("this is {}x{}", area.width, area.height)),
        Line::from("q quits"),
    ];
    let text = Paragraph::new(lines).alignment(Alignment::Center);
    let [middle] =
        Layout::vertical([Constraint::Length(4)]).flex(ratatui::layout::Flex::Center).areas(area);
    frame.render_widget(text, middle);
}

#[cfg(test)]
mod tests;
