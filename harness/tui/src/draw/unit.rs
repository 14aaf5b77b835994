//! Everything about the thread that was chosen, over the screen: its figures, and the functions that were
//! on its stack when it was deepest.

use ramscope_model::{
    Certainty, Device, PeakChain, ShownFrame, Took, Unit, UnitKey, bytes, counted, grouped,
    is_allocator, shown_frames,
};
use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::app::App;
use crate::draw::pieces::{fitted, percent, seconds};
use crate::draw::threads;
use crate::palette::Palette;
use crate::scene::Scene;

const WIDTH_MAX: u16 = 120;
const TOOK_WIDTH: usize = 9;
/// Functions that led to an allocation, the innermost ones.
const FUNCTIONS_MAX: usize = 4;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, app: &App) {
    let (Some(unit), Some(first)) = (app.chosen.unit(), app.chosen.first_line()) else { return };
    let Some(unit) = scene.device.unit_by_key(unit) else { return };
    let palette = app.palette;
    let width = area.width.saturating_sub(4).min(WIDTH_MAX);
    let lines = lines(unit, scene, usize::from(width) - 4, palette);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let height = height.min(area.height.saturating_sub(2));
    let [row] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(area);
    let [popup] = Layout::horizontal([Constraint::Length(width)]).flex(Flex::Center).areas(row);
    let room = usize::from(height) - 2;
    let first = first.min(lines.len().saturating_sub(room));
    let more = lines.len().saturating_sub(first + room);
    let below = match more {
        0 => " Up/Down another thread  Esc closes it ".to_owned(),
        more => format!(" {} more: PgDn  Esc closes it ", counted(more as u64, "line")),
    };
    let title = format!(" {} ", fitted(&unit.name, usize::from(width) - 4));
    let block = Block::bordered()
        .title(Span::styled(title, palette.heading()))
        .title_bottom(Line::from(below).right_aligned());
    frame.render_widget(Clear, popup);
    let text: Vec<Line<'_>> = lines.into_iter().skip(first).take(room).collect();
    frame.render_widget(Paragraph::new(text).block(block), popup);
}

fn lines(unit: &Unit, scene: &Scene<'_>, width: usize, palette: Palette) -> Vec<Line<'static>> {
    let facts = [
        ("state", state(unit, scene.device)),
        ("stack", stack(unit)),
        ("heap", heap(unit)),
        ("processor", processor(unit)),
        ("made", made(unit, scene.device)),
    ];
    let mut lines: Vec<Line<'static>> = facts
        .into_iter()
        .map(|(name, text)| {
            let text = fitted(&text, width.saturating_sub(11));
            Line::from(vec![
                Span::styled(format!("  {name:<10} "), palette.quiet()),
                Span::raw(text),
            ])
        })
        .collect();
    lines.push(Line::default());
    lines.extend(calls(unit, scene, width, palette));
    lines.extend(held(unit, scene, width, palette));
    lines
}

/// What it held when most of the heap was in use, and which calls had led to it.
fn held(unit: &Unit, scene: &Scene<'_>, width: usize, palette: Palette) -> Vec<Line<'static>> {
    let device = scene.device;
    let is_its = |chain: &&PeakChain| {
        let owner = chain.owner.map(|(_, id)| UnitKey { boot: chain.unit.boot, id });
        owner.unwrap_or(chain.unit) == unit.key
    };
    let mut chains: Vec<&PeakChain> = device.peak_chains().iter().filter(is_its).collect();
    let Some(first) = chains.first() else { return Vec::new() };
    let all: u64 = chains.iter().map(|chain| chain.bytes).sum();
    let at = seconds(first.at);
    let heading = format!("  what it held at the heap's peak, {at}: {}", bytes(all));
    let mut lines = vec![Line::default(), Line::styled(heading, palette.heading())];
    chains.sort_by_key(|chain| std::cmp::Reverse(chain.bytes));
    for chain in chains {
        let place = device.place_name(chain.site).unwrap_or_default();
        let guess = if chain.certainty == Certainty::Guess { "guess: " } else { "" };
        let functions: Vec<String> = chain
            .callers
            .iter()
            .filter_map(|pc| scene.symbols.function_at(*pc))
            .map(|symbol| symbol.function)
            .filter(|name| !is_allocator(name))
            .take(FUNCTIONS_MAX)
            .collect();
        lines.push(Line::from(vec![
            Span::raw(format!("{:>TOOK_WIDTH$}  ", bytes(chain.bytes))),
            Span::raw(fitted(&place, width.saturating_sub(TOOK_WIDTH + 2))),
        ]));
        if !functions.is_empty() {
            let text = format!("{:TOOK_WIDTH$}  {guess}{}", "", functions.join(" < "));
            lines.push(Line::styled(fitted(&text, width), palette.quiet()));
        }
    }
    lines
}

fn state(unit: &Unit, device: &Device) -> String {
    let since = unit.end.map_or(unit.since, |end| end.at);
    let state = threads::state(unit, device);
    format!("{state} since {}; {}, priority {}", seconds(since), unit.kind, unit.priority)
}

fn stack(unit: &Unit) -> String {
    let stack = &unit.stack;
    if stack.sampled_at.is_none() {
        return "never sampled".to_owned();
    }
    let share = percent(stack.peak, stack.bytes).unwrap_or(0);
    let asked = match stack.requested_bytes {
        asked if asked > 0 && asked != stack.bytes => {
            format!("; {} asked for", bytes(asked.into()))
        }
        _ => String::new(),
    };
    format!(
        "now {}, deepest {} of {} ({share} %), {} left{asked}",
        grouped(stack.used.into()),
        grouped(stack.peak.into()),
        bytes(stack.bytes.into()),
        grouped(stack.margin().into()),
    )
}

fn heap(unit: &Unit) -> String {
    let heap = &unit.heap;
    match heap.sampled_at {
        None => "never sampled".to_owned(),
        Some(_) => format!(
            "now {} in {}, at most {}",
            bytes(heap.current.into()),
            counted(heap.blocks.into(), "block"),
            bytes(heap.peak.into())
        ),
    }
}

fn processor(unit: &Unit) -> String {
    let cpu = &unit.cpu;
    match cpu.sampled_at {
        None => "never sampled".to_owned(),
        Some(_) => format!(
            "{}.{} % since boot, {}",
            cpu.share / 100,
            cpu.share % 100 / 10,
            if cpu.switches == 1 {
                "1 switch".to_owned()
            } else {
                format!("{} switches", grouped(cpu.switches.into()))
            },
        ),
    }
}

fn made(unit: &Unit, device: &Device) -> String {
    let place =
        device.place_name(unit.site).map_or_else(String::new, |place| format!(" at {place}"));
    let parent = device.name_of(unit.parent);
    format!("by {parent}{place}, first seen at {}", seconds(unit.first_seen))
}

/// The functions on its stack when it was deepest, innermost first.
fn calls(unit: &Unit, scene: &Scene<'_>, width: usize, palette: Palette) -> Vec<Line<'static>> {
    let known = scene.device.deepest_calls().iter().find(|calls| calls.unit == unit.key);
    let Some(calls) = known else {
        let text = "  its calls are not known: nobody followed them";
        return vec![Line::styled(text, palette.quiet())];
    };
    let frames = shown_frames(scene.symbols, calls);
    let sum = calls.bytes().map_or_else(String::new, |all| format!(": {}", bytes(all.into())));
    let heading = format!("  when its stack was deepest, innermost first{sum}");
    let mut lines = vec![Line::styled(heading, palette.heading())];
    lines.extend(frames.iter().map(|frame| frame_line(frame, width, palette)));
    lines
}

fn frame_line(frame: &ShownFrame, width: usize, palette: Palette) -> Line<'static> {
    let style = match frame.took {
        Took::Inlined => palette.quiet(),
        Took::Bytes(_) | Took::Unknown => Style::new(),
    };
    // Of what is too long the end says more than the beginning.
    let place = frame.place.as_deref().map_or("", |place| end_of(place, "/", width / 2));
    let name = width.saturating_sub(TOOK_WIDTH + 4 + place.chars().count());
    Line::from(vec![
        Span::styled(format!("{:>TOOK_WIDTH$}  ", frame.took.text()), style),
        Span::styled(
            format!("{:<name$}  ", fitted(end_of(&frame.function, "::", name), name)),
            style,
        ),
        Span::styled(place.to_owned(), palette.quiet()),
    ])
}

/// The end of a path, from one of its parts on.
fn end_of<'a>(path: &'a str, separator: &str, width: usize) -> &'a str {
    let mut rest = path;
    while rest.chars().count() > width
        && let Some((_, shorter)) = rest.split_once(separator)
    {
        rest = shorter;
    }
    rest
}
