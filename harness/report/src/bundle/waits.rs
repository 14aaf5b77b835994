//! Who waits for what, held by whom: as text, and as a graph for Graphviz.

use ramscope_model::{Device, Object, Unit};
use ramscope_wire::{State, UnitId};

use crate::figures::seconds;
use crate::style::clean;

/// The objects that somebody waits for or holds.
fn busy(device: &Device) -> impl Iterator<Item = &Object> {
    device
        .objects()
        .filter(|object| object.holder.is_some() || !object.waiters.is_empty() || object.poisoned)
}

/// The graph in words.
pub(super) fn text(device: &Device) -> String {
    let mut text = String::new();
    for object in busy(device) {
        let holder = match object.holder {
            Some(holder) if is_suspended(device, holder) => {
                format!("held by {}, which is suspended", device.name_of(holder))
            }
            Some(holder) => format!("held by {}", device.name_of(holder)),
            None if object.poisoned => "poisoned: its holder was torn down".to_owned(),
            None => "held by nobody".to_owned(),
        };
        text += &clean(&format!("{} {} is {holder}", object.kind, object.name));
        text.push('\n');
        for waiter in &object.waiters {
            let place = device.site(waiter.site);
            let place = place.map(|place| format!(" in {}:{}", place.file, place.line));
            let (name, since) = (device.name_of(waiter.unit), seconds(waiter.since));
            let line = format!("  {name} waits since {since}{}", place.unwrap_or_default());
            text += &clean(&line);
            text.push('\n');
        }
    }
    if let Some(cycle) = device.lock_cycle() {
        let names: Vec<String> = cycle.iter().map(|unit| device.name_of(*unit)).collect();
        let first = names.first().cloned().unwrap_or_default();
        text += &clean(&format!("a circle: {} -> {first}", names.join(" -> ")));
        text.push('\n');
    }
    if text.is_empty() {
        text = "Nothing is held, and nobody waits for a lock.\n".to_owned();
    }
    text.push('\n');
    text.extend(device.live_units().filter(|unit| is_blocked(unit)).map(|unit| {
        let (name, why) = (clean(&unit.name), unit.why);
        format!("{name} is blocked ({why}) since {}\n", seconds(unit.since))
    }));
    for unit in device.live_units() {
        let Some(suspended) = &unit.suspended else { continue };
        let place = device.site(suspended.site);
        let place = place.map(|place| format!(" in {}:{}", place.file, place.line));
        let (name, since, by) = (&unit.name, seconds(suspended.at), &suspended.by);
        let line =
            format!("{name} is suspended since {since} by {by}{}", place.unwrap_or_default());
        text += &clean(&line);
        text.push('\n');
    }
    if device.losses().any() {
        text += "\nTelemetry was lost, so this may be incomplete.\n";
    }
    text
}

fn is_suspended(device: &Device, unit: UnitId) -> bool {
    device.unit(unit).is_some_and(|unit| unit.state == State::Suspended)
}

fn is_blocked(unit: &Unit) -> bool {
    unit.key.id != UnitId::KERNEL && unit.state == State::Blocked
}

/// The graph: a unit points to what it waits for, an object to who holds it.
pub(super) fn dot(device: &Device) -> String {
    let mut dot = "digraph waits {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n".to_owned();
    for unit in device.live_units().filter(|unit| unit.key.id != UnitId::KERNEL) {
        let label = quoted(&format!("{}\n{}", unit.name, unit.state));
        dot += &format!("  unit{} [shape=box, label={label}];\n", unit.key.id);
    }
    for object in busy(device) {
        let id = object.id;
        let label = quoted(&format!("{} {}", object.kind, object.name));
        dot += &format!("  object{id} [shape=ellipse, label={label}];\n");
        if let Some(holder) = object.holder {
            dot += &format!("  object{id} -> unit{holder} [label=\"held by\"];\n");
        }
        for waiter in &object.waiters {
            let since = quoted(&format!("since {}", seconds(waiter.since)));
            dot += &format!("  unit{} -> object{id} [label={since}];\n", waiter.unit);
        }
    }
    dot + "}\n"
}

/// A text as Graphviz takes it.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(clean).collect();
    let escaped = lines.iter().map(|line| line.replace('\\', "\\\\").replace('"', "\\\""));
    format!("\"{}\"", escaped.collect::<Vec<_>>().join("\\n"))
}
