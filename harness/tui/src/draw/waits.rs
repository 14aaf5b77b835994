//! Locks, queues and other objects: who has each, and who waits for it since when, in their order.
//!
//! An object has a row from its first use on, so that rows do not come and go with who waits; where there is
//! not room for all, those that somebody waits for come first. A circle of waits stands above them.

use ramscope_model::{Device, Object, grouped};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::draw::pieces::{seconds, titled};
use crate::draw::table::{Column, draw_headings, line};
use crate::palette::Palette;
use crate::scene::Scene;

/// From this width on names get more room.
const WIDE: u16 = 100;

/// With the rule; none if no object was ever used.
pub(super) fn rows_wanted(scene: &Scene<'_>) -> u16 {
    match used(scene.device).count() {
        0 => 0,
        objects => u16::try_from(objects + 1).unwrap_or(u16::MAX),
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, palette: Palette) {
    let body = titled(frame, area, "waits", palette);
    let device = scene.device;
    if used(device).next().is_none() {
        let text = " no lock, queue or other object has been used";
        return frame.render_widget(Line::styled(text, palette.quiet()), body);
    }
    let columns = columns(area.width);
    draw_headings(frame, Rect { height: 1, ..area }, &columns, palette);
    let circle = device.lock_cycle().map(|units| circle(device, &units, palette));
    let room = usize::from(body.height).saturating_sub(usize::from(circle.is_some()));
    let objects = chosen(device, room);
    let rows = objects.iter().map(|object| line(&columns, &cells(device, object, palette)));
    for (row, line) in body.rows().zip(circle.into_iter().chain(rows)) {
        frame.render_widget(line, row);
    }
}

fn columns(width: u16) -> Vec<Column> {
    let (name, kind, holder, figure) =
        if width < WIDE { (14, 10, 11, 7) } else { (24, 14, 18, 10) };
    let fixed = 1 + name + kind + holder + 2 * figure + 2;
    vec![
        Column::left("", name),
        Column::left("kind", kind),
        Column::left("held by", holder),
        Column::right("taken", figure),
        Column::right("waited", figure),
        Column::left("", 2),
        Column::left("who waits, in order, since", usize::from(width).saturating_sub(fixed)),
    ]
}

/// Objects that units took or waited for.
fn used(device: &Device) -> impl Iterator<Item = &Object> {
    let is_used = |object: &&Object| object.acquisitions > 0 || object.contentions > 0;
    device.objects().filter(is_used)
}

/// As many as there is room for, in the order in which they came to be.
fn chosen(device: &Device, room: usize) -> Vec<&Object> {
    let mut objects: Vec<&Object> = used(device).collect();
    objects.sort_by_key(|object| (object.waiters.is_empty(), object.contentions == 0));
    objects.truncate(room);
    objects.sort_by_key(|object| object.id);
    objects
}

fn cells(device: &Device, object: &Object, palette: Palette) -> Vec<(String, Style)> {
    let (plain, quiet) = (Style::new(), palette.quiet());
    let holder = match (object.holder, object.value) {
        _ if object.poisoned => ("poisoned".to_owned(), palette.bad()),
        (Some(holder), _) => (device.name_of(holder), plain),
        (None, Some(value)) => (format!("has {value}"), quiet),
        (None, None) => ("-".to_owned(), quiet),
    };
    let waiters = object.waiters.iter();
    let waiters = waiters.map(|w| format!("{} {}", device.name_of(w.unit), seconds(w.since)));
    let waiters = waiters.collect::<Vec<_>>().join(", ");
    let waits = match waiters.is_empty() {
        true => ("-".to_owned(), quiet),
        false => (waiters, plain),
    };
    vec![
        (object.name.clone(), palette.heading()),
        (object.kind.to_string(), quiet),
        holder,
        (grouped(object.acquisitions), plain),
        (grouped(object.contentions), plain),
        (String::new(), plain),
        waits,
    ]
}

fn circle(device: &Device, units: &[ramscope_wire::UnitId], palette: Palette) -> Line<'static> {
    let names: Vec<String> = units.iter().map(|unit| device.name_of(*unit)).collect();
    let first = names.first().cloned().unwrap_or_default();
    let text = format!(" a circle: {} waits for {first}", names.join(" waits for "));
    Line::styled(text, palette.bad())
}
