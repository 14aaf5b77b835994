//! Who gets which part of the screen.
//!
//! Everything fits into 24 rows, and what is left over on a larger screen goes where it helps most:
//! to the chart, to threads that there are, and to the console. Heights depend on how many units
//! and findings there ever were, which only grows, so nothing jumps when a thread comes or goes.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::draw::{findings, threads};
use crate::scene::Scene;

/// The parts of the screen, from top to bottom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) heap: Rect,
    pub(super) threads: Rect,
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
    pub(super) fn of(area: Rect, scene: &Scene<'_>) -> Self {
        let rows = area.height.saturating_sub(HEADER_ROWS + FOOTER_ROWS);
        let findings = findings::rows_wanted(scene, area.width, rows);
        let squeezed = findings > 0 && rows < 30;
        let console_min = if squeezed { CONSOLE_ROWS_SQUEEZED } else { CONSOLE_ROWS_MIN };
        let heap = match squeezed {
            true => HEAP_ROWS_SQUEEZED,
            false => (rows / 3).clamp(HEAP_ROWS_MIN, HEAP_ROWS_MAX),
        };
        let room = rows.saturating_sub(heap + findings + console_min);
        let threads = threads::rows_wanted(scene).min(room.min((rows / 2).max(9)));
        let [header, heap, threads, findings, console, footer] = Layout::vertical([
            Constraint::Length(HEADER_ROWS),
            Constraint::Length(heap),
            Constraint::Length(threads),
            Constraint::Length(findings),
            Constraint::Fill(1),
            Constraint::Length(FOOTER_ROWS),
        ])
        .areas(area);
        Self { header, heap, threads, findings, console, footer }
    }
}
