//! The threads: one row each, with what they do, a bar of their stack and its figures.
//!
//! Rows stand in the order in which threads came to be; one that broke keeps its place for a while.
//! Threads that ended well follow, dimmed, the newest first, so that a short-lived thread stays in
//! its place too; earlier ones of its name share a row. The kernel and the interrupt handlers have
//! the last rows.

mod chosen;

use ramscope_model::{Device, Ending, Stack, Unit, UnitKey, grouped};
use ramscope_wire::{EndReason, State, UnitId, Why};
use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::draw::pieces::{fitted, over_rule, over_rule_to, percent, titled};
use crate::palette::Palette;
use crate::scene::Scene;
use chosen::{Threads, is_thread};

/// A stack that was ever used to this share, in per cent, is marked.
const TIGHT_PERCENT: u32 = 90;
const FIGURE_WIDTH: usize = 7;
const SHARE_WIDTH: usize = 6;
const CPU_WIDTH: usize = 7;

/// What a row is about, which decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Live,
    Over,
    /// Over, and not in the way that it should be.
    Broken,
    /// Not a thread, but it has a stack too.
    Other,
}

impl Standing {
    fn of(unit: &Unit) -> Self {
        match unit.end.map(|end| end.how) {
            None => Self::Live,
            Some(Ending::Reset | Ending::Ended(EndReason::Returned | EndReason::Exited)) => {
                Self::Over
            }
            Some(Ending::Ended(_)) => Self::Broken,
        }
    }
}

struct Row<'a> {
    standing: Standing,
    name: String,
    /// How many threads it stands for, if they are several.
    count: String,
    priority: String,
    state: String,
    stack: &'a Stack,
    now: Option<u32>,
    /// In hundredths of a per cent.
    cpu: Option<u32>,
}

/// Widths of the columns that depend on the screen's.
#[derive(Clone, Copy)]
struct Columns {
    name: usize,
    state: usize,
    bar: usize,
}

impl Columns {
    const PRIORITY: usize = 4;

    fn of(width: u16) -> Self {
        let (name, state) = if width < 100 { (13, 14) } else { (20, 22) };
        let fixed = 1 + name + Self::PRIORITY + state + 3 * FIGURE_WIDTH + SHARE_WIDTH + CPU_WIDTH;
        Self { name, state, bar: usize::from(width).saturating_sub(fixed + 1) }
    }

    fn bar_start(self) -> usize {
        1 + self.name + Self::PRIORITY + self.state
    }
}

/// Rows for threads that have ended, beside those of one thread of each name.
const ENDED_ROWS: usize = 2;

/// How many rows would be good to have, with the rule. It hardly changes while short-lived threads of
/// the same name come and go.
pub(super) fn rows_wanted(scene: &Scene<'_>) -> u16 {
    let device = scene.device;
    let threads = || device.units().iter().filter(is_thread);
    let names: BTreeSet<&str> = threads().map(Unit::base_name).collect();
    let has_ended = threads().any(Unit::is_over);
    let ended = if has_ended { ENDED_ROWS } else { 0 };
    let threads = (names.len() + ended).max(Threads::of(device).present.len());
    let kernel = usize::from(device.unit(UnitId::KERNEL).is_some());
    let rows = 1 + threads + kernel + usize::from(has_interrupts(device));
    u16::try_from(rows.max(2)).unwrap_or(u16::MAX)
}

/// The units that have a row in this area, from top to bottom.
pub(super) fn units(device: &Device, area: Rect) -> Vec<UnitKey> {
    let (_, rows, _) = rows(device, usize::from(area.height.saturating_sub(1)));
    rows.iter().map(|units| nearest(units).key).collect()
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, app: &App) {
    let palette = app.palette;
    let body = titled(frame, area, "threads", palette);
    let columns = Columns::of(area.width);
    draw_headings(frame, Rect { height: 1, ..area }, columns, palette);
    let chosen = app.chosen.unit();
    let lines = lines(scene.device, usize::from(body.height), (columns, chosen), palette);
    if lines.is_empty() {
        frame.render_widget(Span::styled(" none has been heard of yet", palette.quiet()), body);
    }
    for (row, line) in body.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

fn draw_headings(frame: &mut Frame<'_>, rule: Rect, columns: Columns, palette: Palette) {
    let quiet = palette.quiet();
    let at = |column: usize| u16::try_from(column).unwrap_or(u16::MAX);
    let start = columns.bar_start();
    over_rule_to(frame, rule, at(1 + columns.name + 3), "pri", quiet);
    let state = start - columns.state;
    over_rule(frame, rule, at(state - 1), &[Span::styled("state", quiet)]);
    let legend = [
        Span::styled("█", palette.used()),
        Span::styled("now ", quiet),
        Span::styled("▒", palette.peak()),
        Span::styled("peak", quiet),
    ];
    over_rule(frame, rule, at(start - 1), &legend);
    let mut end = start + columns.bar;
    for (heading, width) in [
        ("now", FIGURE_WIDTH),
        ("peak", FIGURE_WIDTH),
        ("size", FIGURE_WIDTH),
        ("peak%", SHARE_WIDTH),
        ("cpu", CPU_WIDTH),
    ] {
        end += width;
        over_rule_to(frame, rule, at(end), heading, quiet);
    }
}

/// The last rows, those of threads, and a line about threads that are left out.
type Rows<'a> = (Vec<Row<'a>>, Vec<Vec<&'a Unit>>, Option<String>);

fn rows(device: &Device, room: usize) -> Rows<'_> {
    let threads = Threads::of(device);
    // The kernel's row says the least, so it is the first to go.
    let kernel = kernel(device).filter(|_| threads.present.len() + 2 <= room);
    let bottom: Vec<Row<'_>> = kernel.into_iter().chain(interrupts(device)).collect();
    let (units, left_out) = threads.chosen(room.saturating_sub(bottom.len()));
    (bottom, units, left_out)
}

fn lines(
    device: &Device,
    room: usize,
    (columns, chosen): (Columns, Option<UnitKey>),
    palette: Palette,
) -> Vec<Line<'static>> {
    let (bottom, units, left_out) = rows(device, room);
    let rows = units.iter().map(|units| {
        let mut line = Row::of_all(units, device).line(columns, palette);
        if chosen == Some(nearest(units).key) {
            line.spans[0] = Span::styled(">", palette.key());
        }
        line
    });
    let mut lines: Vec<_> = rows.collect();
    lines.extend(left_out.map(|text| Line::styled(format!(" {text}"), palette.quiet())));
    lines.extend(bottom.iter().map(|row| row.line(columns, palette)));
    lines
}

/// Of several threads the one whose stack came nearest to its end.
fn nearest<'a>(units: &[&'a Unit]) -> &'a Unit {
    let nearer = |a: &&Unit, b: &&Unit| {
        let peak_of =
            |unit: &Unit, of: &Unit| u64::from(unit.stack.peak) * u64::from(of.stack.bytes);
        peak_of(a, b).cmp(&peak_of(b, a))
    };
    units.iter().copied().max_by(nearer).expect("a row is about something")
}

fn kernel(device: &Device) -> Option<Row<'_>> {
    let unit = device.unit(UnitId::KERNEL)?;
    Some(Row {
        standing: Standing::Other,
        name: "kernel".to_owned(),
        priority: String::new(),
        state: "idle time".to_owned(),
        ..Row::of(unit, device)
    })
}

fn has_interrupts(device: &Device) -> bool {
    device.interrupts().stack.bytes > 0
}

fn interrupts(device: &Device) -> Option<Row<'_>> {
    let interrupts = device.interrupts();
    has_interrupts(device).then(|| Row {
        standing: Standing::Other,
        name: "interrupts".to_owned(),
        count: String::new(),
        priority: String::new(),
        state: format!("{} taken", grouped(interrupts.entries.into())),
        stack: &interrupts.stack,
        now: None,
        cpu: None,
    })
}

impl<'a> Row<'a> {
    /// A row for threads that ended in the same way, with the stack that came nearest to its end.
    fn of_all(units: &[&'a Unit], device: &Device) -> Self {
        let nearest = nearest(units);
        let row = Self::of(nearest, device);
        match units.len() {
            1 => row,
            count => {
                Self { name: nearest.base_name().to_owned(), count: format!(" ({count})"), ..row }
            }
        }
    }

    fn of(unit: &'a Unit, device: &Device) -> Self {
        let standing = Standing::of(unit);
        let is_live = standing == Standing::Live;
        Self {
            standing,
            name: unit.name.clone(),
            count: String::new(),
            priority: unit.priority.to_string(),
            state: state(unit, device),
            stack: &unit.stack,
            now: is_live.then_some(unit.stack.used),
            cpu: (is_live && unit.cpu.sampled_at.is_some()).then_some(unit.cpu.recent_share),
        }
    }

    fn line(&self, columns: Columns, palette: Palette) -> Line<'static> {
        let Columns { name, state, bar } = columns;
        let (name_style, state_style) = match self.standing {
            Standing::Live => (palette.heading(), Style::new()),
            Standing::Over => (palette.quiet(), palette.quiet()),
            Standing::Broken => (palette.bad(), palette.bad()),
            Standing::Other => (Style::new(), palette.quiet()),
        };
        let fit = |text: &str, width: usize| format!("{:<width$}", fitted(text, width - 1));
        let mut line = Line::from(" ");
        // A long name gives way to the number behind it.
        let base = fitted(&self.name, (name - 1).saturating_sub(self.count.len()));
        line.push_span(Span::styled(fit(&format!("{base}{}", self.count), name), name_style));
        line.push_span(Span::styled(format!("{:>3} ", self.priority), palette.quiet()));
        line.push_span(Span::styled(fit(&self.state, state), state_style));
        line.extend(self.bar(bar, palette));
        line.extend(self.figures(palette));
        line
    }

    fn bar(&self, width: usize, palette: Palette) -> [Span<'static>; 3] {
        let cells = |bytes: u32| {
            let cells = (u64::from(bytes) * width as u64).div_ceil(self.stack.bytes.max(1).into());
            usize::try_from(cells).unwrap_or(width).min(width)
        };
        let now = cells(self.now.unwrap_or(0));
        let peak = cells(self.stack.peak).max(now);
        let dimmed = |style| match self.standing {
            Standing::Over => palette.quiet(),
            _ => style,
        };
        [
            Span::styled("█".repeat(now), dimmed(palette.used())),
            Span::styled("▒".repeat(peak - now), dimmed(palette.peak())),
            Span::styled("·".repeat(width - peak), palette.quiet()),
        ]
    }

    fn figures(&self, palette: Palette) -> Vec<Span<'static>> {
        let is_known = self.stack.bytes > 0;
        let figure = |value: Option<u32>| {
            let value = value.filter(|_| is_known);
            let text = value.map_or_else(|| "-".to_owned(), short);
            format!("{text:>FIGURE_WIDTH$}")
        };
        let share = percent(self.stack.peak, self.stack.bytes);
        let is_tight = share.is_some_and(|share| share >= TIGHT_PERCENT);
        let share = match share {
            None => "-".to_owned(),
            // An overflow can be far below its stack.
            Some(1_000..) => ">999%".to_owned(),
            Some(share) => format!("{share}%"),
        };
        let mark = if is_tight { "!" } else { "" };
        let share_style = match (is_tight, self.standing) {
            (true, _) => palette.doubt(),
            (false, Standing::Over) => palette.quiet(),
            _ => Style::new(),
        };
        let cpu = self.cpu.map_or_else(
            || "-".to_owned(),
            |share| format!("{}.{}%", share / 100, share % 100 / 10),
        );
        let quiet = palette.quiet();
        let plain = if self.standing == Standing::Over { quiet } else { Style::new() };
        vec![
            Span::styled(figure(self.now), plain),
            Span::styled(figure(Some(self.stack.peak)), plain),
            Span::styled(figure(Some(self.stack.bytes)), quiet),
            Span::styled(format!("{:>SHARE_WIDTH$}", format!("{mark}{share}")), share_style),
            Span::styled(format!("{cpu:>CPU_WIDTH$}"), plain),
        ]
    }
}

/// A number of bytes that leaves a blank in its column.
fn short(bytes: u32) -> String {
    match bytes {
        0..100_000 => grouped(bytes.into()),
        _ => format!("{}k", bytes / 1_000),
    }
}

/// What a thread does, in a word or two.
pub(super) fn state(unit: &Unit, device: &Device) -> String {
    if let Some(end) = unit.end {
        return match end.how {
            Ending::Ended(EndReason::Failed) => format!("failed ({})", end.code),
            how => how.to_string(),
        };
    }
    match (unit.state, unit.why) {
        (State::Suspended, _) => match &unit.suspended {
            Some(suspended) => format!("suspended by {}", suspended.by),
            None => unit.state.to_string(),
        },
        (State::Blocked, why @ (Why::Lock | Why::Queue)) => {
            format!("{why} {}", awaited(unit, device))
        }
        (State::Blocked, why) if why != Why::None => why.to_string(),
        (state, _) => state.to_string(),
    }
}

/// The name of the object that a unit waits for; empty if it is not known.
fn awaited(unit: &Unit, device: &Device) -> String {
    let told = device.object(unit.waits_for);
    let queued = || {
        let mut objects = device.objects();
        objects.find(|object| object.waiters.iter().any(|w| w.unit == unit.key.id))
    };
    told.or_else(queued).map_or_else(String::new, |object| object.name.clone())
}
