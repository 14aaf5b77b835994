//! The threads: one row each, with what they do, a bar of their stack and its figures.
//!
//! Rows stand in the order in which threads came to be; one that broke keeps its place. Threads that
//! ended well follow, dimmed, the newest first, so that a short-lived thread stays in its place
//! too. The kernel and the interrupt handlers have the last rows.

use ramscope_model::{Device, Ending, Stack, Unit, grouped};
use ramscope_wire::{EndReason, State, UnitId, Why};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::draw::pieces::{fitted, over_rule, over_rule_to, percent, titled};
use crate::palette::Palette;
use crate::scene::Scene;

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

struct Row<'a> {
    standing: Standing,
    name: String,
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

/// How many rows there would be at most, with the rule.
pub(super) fn rows_wanted(scene: &Scene<'_>) -> u16 {
    let rows = scene.device.units().len() + usize::from(has_interrupts(scene.device)) + 1;
    u16::try_from(rows.max(2)).unwrap_or(u16::MAX)
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    let body = titled(frame, area, "threads", palette);
    let columns = Columns::of(area.width);
    draw_headings(frame, Rect { height: 1, ..area }, columns, palette);
    let lines = lines(scene.device, usize::from(body.height), columns, palette);
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

fn lines(device: &Device, room: usize, columns: Columns, palette: Palette) -> Vec<Line<'static>> {
    let (present, over) = threads(device);
    // The kernel's row says the least, so it is the first to go.
    let kernel = kernel(device).filter(|_| present.len() + 2 <= room);
    let bottom: Vec<Row<'_>> = kernel.into_iter().chain(interrupts(device)).collect();
    let room = room.saturating_sub(bottom.len());
    let (rows, left_out) = chosen(present, over, room);
    let draw = |row: &Row<'_>| row.line(columns, palette);
    let mut lines: Vec<_> = rows.iter().map(draw).collect();
    lines.extend(left_out.map(|text| Line::styled(format!(" {text}"), palette.quiet())));
    lines.extend(bottom.iter().map(draw));
    lines
}

/// The rows that there is room for, and a line about those left out. Where the room does not
/// even hold one ended thread beside the line, the line is left out.
fn chosen<'a>(
    present: Vec<Row<'a>>,
    over: Vec<Row<'a>>,
    room: usize,
) -> (Vec<Row<'a>>, Option<String>) {
    let (present_count, total) = (present.len(), present.len() + over.len());
    let mut rows: Vec<_> = present.into_iter().chain(over).collect();
    if total <= room {
        return (rows, None);
    }
    if room == present_count || room == present_count + 1 {
        rows.truncate(room);
        return (rows, None);
    }
    let keep = room.saturating_sub(1);
    while rows.len() > keep {
        // Broken threads go last: they are what somebody looks for.
        let expendable = rows.iter().rposition(|row| row.standing != Standing::Broken);
        rows.remove(expendable.unwrap_or(rows.len() - 1));
    }
    let text = match room < present_count {
        true => format!("… {} more threads", total - keep),
        false => format!("… {} more that have ended", total - keep),
    };
    (rows, Some(text))
}

/// Threads that live or broke, in the order in which they were first heard of; then those that ended
/// well, the newest first.
fn threads(device: &Device) -> (Vec<Row<'_>>, Vec<Row<'_>>) {
    let threads = device.units().iter();
    let threads = threads.filter(|unit| unit.key.id != UnitId::KERNEL);
    let rows = threads.map(|unit| Row::of(unit, device));
    let (mut over, present): (Vec<_>, Vec<_>) =
        rows.partition(|row| row.standing == Standing::Over);
    over.reverse();
    (present, over)
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
        priority: String::new(),
        state: format!("{} taken", grouped(interrupts.entries.into())),
        stack: &interrupts.stack,
        now: None,
        cpu: None,
    })
}

impl<'a> Row<'a> {
    fn of(unit: &'a Unit, device: &Device) -> Self {
        let standing = match unit.end.map(|end| end.how) {
            None => Standing::Live,
            Some(how) if is_as_it_should_be(how) => Standing::Over,
            Some(_) => Standing::Broken,
        };
        let is_live = standing == Standing::Live;
        Self {
            standing,
            name: unit.name.clone(),
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
        line.push_span(Span::styled(fit(&self.name, name), name_style));
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
            let text = value.map_or_else(|| "-".to_owned(), |value| grouped(value.into()));
            format!("{text:>FIGURE_WIDTH$}")
        };
        let share = percent(self.stack.peak, self.stack.bytes);
        let is_tight = share.is_some_and(|share| share >= TIGHT_PERCENT);
        let share = share.map_or_else(|| "-".to_owned(), |share| format!("{share}%"));
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

fn is_as_it_should_be(how: Ending) -> bool {
    let good = [EndReason::Returned, EndReason::Exited];
    match how {
        Ending::Ended(reason) => good.contains(&reason),
        Ending::Reset => true,
    }
}

/// What a thread does, in a word or two.
fn state(unit: &Unit, device: &Device) -> String {
    if let Some(end) = unit.end {
        return match end.how {
            Ending::Ended(EndReason::Failed) => format!("failed ({})", end.code),
            how => how.to_string(),
        };
    }
    match (unit.state, unit.why) {
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
