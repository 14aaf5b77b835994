//! How the heap is divided: its areas, its free blocks by size, and the map by owner.
//!
//! The map gets what the areas leave. Its squares grow until all of it fits, so nothing is cut; its
//! letters are owners, small where a part of a square is free.

use ramscope_model::{AreaPicture, Device, HeapLayout, HeapMap, Shape, Shows, Square, grouped};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::draw::pieces::{fitted, seconds, titled};
use crate::palette::Palette;
use crate::scene::Scene;

/// Letters in a line of the map, behind its address.
const LINE_SQUARES: u32 = 64;
/// Lines of the map that are asked for, and that a very tall screen has at most.
const MAP_ROWS: u16 = 8;
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// With the rule; none if the device told nothing of it.
pub(super) fn rows_wanted(scene: &Scene<'_>) -> u16 {
    let layout = scene.device.heap_layout();
    let shape = u16::from(layout.shape().is_some());
    let map = layout.map().map_or(0, |_| MAP_ROWS + 1);
    match shape + map {
        0 => 0,
        rows => rows + 1 + shape + layout.areas().len() as u16,
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    let device = scene.device;
    let layout = device.heap_layout();
    let title = match layout.map() {
        Some(map) => format!("layout, map at {}", seconds(map.at)),
        None => "layout".to_owned(),
    };
    let body = titled(frame, area, &title, palette);
    if layout.shape().is_none() && layout.map().is_none() {
        let text = " the device has not told how its heap is divided: type `mem`";
        return frame.render_widget(Line::styled(text, palette.quiet()), body);
    }
    let mut lines = figures(layout, body.width.into(), palette);
    let room = usize::from(body.height).saturating_sub(lines.len() + 1);
    match layout.map() {
        Some(map) => lines.extend(map_lines(device, map, room, body.width.into(), palette)),
        None => lines.push(Line::styled(" type `map` for a map by owner", palette.quiet())),
    }
    for (row, line) in body.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

/// Fragmentation, free blocks by size, and a line for each area.
fn figures(layout: &HeapLayout, width: usize, palette: Palette) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(shape) = layout.shape() {
        let share = shape.fragmentation();
        let text = format!(
            " fragmented {}.{:02} %: {} of {} B free are not in the largest blocks",
            share / 100,
            share % 100,
            grouped(shape.fragmented.into()),
            grouped(shape.free.into()),
        );
        lines.push(Line::raw(fitted(&text, width)));
        lines.push(Line::styled(fitted(&histogram(shape), width), palette.quiet()));
    }
    lines.extend(layout.areas().iter().map(|area| {
        let text = format!(
            " {:<12} {:>9} used of {:>9} B, largest free {:>9}",
            fitted(&area.name, 12),
            grouped(area.used.into()),
            grouped(area.bytes.into()),
            grouped(area.largest_free.into()),
        );
        Line::raw(fitted(&text, width))
    }));
    lines
}

/// How many free blocks there are of each size.
fn histogram(shape: &Shape) -> String {
    let sizes = shape.free_by_size.iter().enumerate().filter(|(_, count)| **count > 0);
    let sizes: Vec<String> = sizes
        .map(|(class, count)| match 16_u64 << class {
            small @ ..1024 => format!("{small}: {count}"),
            large => format!("{}K: {count}", large / 1024),
        })
        .collect();
    format!(" free blocks by least size  {}", sizes.join("  "))
}

/// The map in at most so many rows, and below it who is who.
fn map_lines(
    device: &Device,
    map: &HeapMap,
    rows: usize,
    width: usize,
    palette: Palette,
) -> Vec<Line<'static>> {
    let line_count = |area: &AreaPicture| area.squares.len().div_ceil(LINE_SQUARES as usize);
    let mut square_bytes = device.heap_layout().square_bytes(LINE_SQUARES * u32::from(MAP_ROWS));
    let mut picture = map.picture(square_bytes);
    // Each area needs a row however large squares are, so more areas than rows end the search.
    while picture.iter().map(line_count).sum::<usize>() > rows.max(picture.len()) {
        square_bytes = square_bytes.saturating_mul(2);
        picture = map.picture(square_bytes);
    }
    let mut lines: Vec<Line<'static>> = Vec::new();
    for area in &picture {
        for (number, squares) in area.squares.chunks(LINE_SQUARES as usize).enumerate() {
            let address = area.start + number as u32 * LINE_SQUARES * square_bytes;
            lines.push(map_line(address, squares, palette));
        }
    }
    lines.truncate(rows);
    let owners = map.owners().into_iter().enumerate();
    let owners =
        owners.map(|(index, (owner, _))| format!("{} {}", letter(index), device.owner_name(owner)));
    let owners: Vec<String> = owners.collect();
    let legend = format!(
        " 1 = {} B  . free  ! kept back  {}",
        grouped(square_bytes.into()),
        owners.join("  ")
    );
    lines.push(Line::styled(fitted(&legend, width), palette.quiet()));
    lines
}

fn map_line(address: u32, squares: &[Square], palette: Palette) -> Line<'static> {
    let mut line = Line::from(Span::styled(format!(" 0x{address:08x} "), palette.quiet()));
    for same in squares.chunk_by(|a, b| a.shows == b.shows) {
        let text: String = same.iter().copied().map(drawn_as).collect();
        let style = match same[0].shows {
            Shows::Free => palette.quiet(),
            Shows::Quarantined => palette.doubt(),
            Shows::Owner(index) => owner_style(index, palette),
        };
        line.push_span(Span::styled(text, style));
    }
    line
}

/// The largest owners differ in colour too; the letter alone says who it is.
fn owner_style(index: usize, palette: Palette) -> ratatui::style::Style {
    match index % 3 {
        0 => palette.used(),
        1 => palette.peak(),
        _ => palette.good(),
    }
}

fn letter(index: usize) -> char {
    LETTERS.get(index).map_or('#', |letter| char::from(*letter))
}

fn drawn_as(square: Square) -> char {
    let letter = match square.shows {
        Shows::Free => return '.',
        Shows::Quarantined => return '!',
        Shows::Owner(index) => letter(index),
    };
    if square.has_free { letter.to_ascii_lowercase() } else { letter }
}
