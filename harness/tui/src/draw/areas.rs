//! Who gets which part of the screen.
//!
//! Everything fits into 24 rows, and what is left over on a larger screen goes where it helps most:
//! to the chart, to threads that there are, and to the console. Heights depend on how many units
//! and findings there ever were, which only grows, so nothing jumps when a thread comes or goes. One
//! view has the middle; a tall screen shows the other ones below it, if they have anything to show.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::View;
use crate::draw::{findings, layout, modules, threads, timers, waits};
use crate::scene::Scene;

/// The parts of the screen, from top to bottom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) heap: Rect,
    /// What was chosen, and then the others, which are of no height on a low screen.
    pub(super) views: [(View, Rect); 5],
    /// Of no height as long as there is nothing to say.
    pub(super) findings: Rect,
    pub(super) console: Rect,
    pub(super) footer: Rect,
}

const HEADER_ROWS: u16 = 2;
const FOOTER_ROWS: u16 = 1;
/// A rule above five numbers and one owner more.
const HEAP_ROWS_MIN: u16 = 7;
/// Where findings need room: a rule and four numbers.
const HEAP_ROWS_SQUEEZED: u16 = 5;
const HEAP_ROWS_MAX: u16 = 16;
/// A rule, some lines, and the line that is typed.
const CONSOLE_ROWS_MIN: u16 = 5;
const CONSOLE_ROWS_SQUEEZED: u16 = 4;

impl Areas {
    /// Divides an area that is at least as large as `SIZE_MIN`.
    pub(super) fn of(area: Rect, scene: &Scene<'_>, chosen: View) -> Self {
        let rows = area.height.saturating_sub(HEADER_ROWS + FOOTER_ROWS);
        let findings = findings::rows_wanted(scene, area.width, rows);
        let squeezed = findings > 0 && rows < 30;
        let console_min = if squeezed { CONSOLE_ROWS_SQUEEZED } else { CONSOLE_ROWS_MIN };
        let heap = match squeezed {
            true => HEAP_ROWS_SQUEEZED,
            // Timers and waits need rows, too.
            false if has_room_for_all(area) && others(scene) > 0 => {
                (rows / 4).clamp(HEAP_ROWS_MIN, HEAP_ROWS_MAX)
            }
            false => (rows / 3).clamp(HEAP_ROWS_MIN, HEAP_ROWS_MAX),
        };
        let room = rows.saturating_sub(heap + findings + console_min);
        let (second, third) = (chosen.next(), chosen.next().next());
        let (fourth, fifth) = (third.next(), third.next().next());
        let views = [chosen, second, third, fourth, fifth];
        let middle = View::ALL.iter().map(|view| rows_wanted(*view, scene)).max().unwrap_or(0);
        let middle = match has_room_for_all(area) {
            // Each has its own rows.
            true => rows_wanted(chosen, scene).max(2),
            false => middle,
        };
        let middle = middle.min(room.min((rows / 2).max(9)));
        let mut left = room - middle;
        let more = [views[1], views[2], views[3], views[4]].map(|view| {
            let wanted = rows_wanted(view, scene).min(OTHER_ROWS_MAX);
            let given = if has_room_for_all(area) && wanted <= left { wanted } else { 0 };
            left -= given;
            given
        });
        let [header, heap, first, second, third, fourth, fifth, findings, console, footer] =
            Layout::vertical([
                Constraint::Length(HEADER_ROWS),
                Constraint::Length(heap),
                Constraint::Length(middle),
                Constraint::Length(more[0]),
                Constraint::Length(more[1]),
                Constraint::Length(more[2]),
                Constraint::Length(more[3]),
                Constraint::Length(findings),
                Constraint::Fill(1),
                Constraint::Length(FOOTER_ROWS),
            ])
            .areas(area);
        let places = [first, second, third, fourth, fifth];
        let views = std::array::from_fn(|at| (views[at], places[at]));
        Self { header, heap, views, findings, console, footer }
    }
}

/// From this height on every view has its own place.
const TALL: u16 = 36;
/// Rows of a view that was not chosen.
const OTHER_ROWS_MAX: u16 = 8;

const fn has_room_for_all(area: Rect) -> bool {
    area.height >= TALL
}

/// Rows of what is not about threads.
fn others(scene: &Scene<'_>) -> u16 {
    let others = [View::Timers, View::Waits, View::Modules, View::Layout];
    others.iter().map(|view| rows_wanted(*view, scene)).sum()
}

/// With the rule; none if there is nothing to show.
fn rows_wanted(view: View, scene: &Scene<'_>) -> u16 {
    match view {
        View::Threads => threads::rows_wanted(scene),
        View::Timers => timers::rows_wanted(scene),
        View::Waits => waits::rows_wanted(scene),
        View::Modules => modules::rows_wanted(scene),
        View::Layout => layout::rows_wanted(scene),
    }
}
