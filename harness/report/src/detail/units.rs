//! The table of units: what each has used of its stack, of the heap and of the processor.
//!
//! A program may make a short-lived thread a second. Those of one name that all ended well in the
//! same way say little one by one, so together they are one row, with the worst of their peaks and
//! the sum of what adds up. Whatever did not end well keeps a row of its own.

use ramscope_model::{Device, Ending, Unit, UnitKey, basis_points, bytes, counted, grouped};
use ramscope_wire::{EndReason, State, UnitKind, Why};
use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{Cell, Columns};
use crate::figures::{bar, in_boot, nearer, share, unit_name, used_of};
use crate::style::{Meaning, Style, clean};

/// A program may make thousands of units; these many rows are shown, and the rest is counted.
const ROWS_MAX: usize = 64;
/// From so many on they are one row; fewer are told faster than folded.
const FOLD_MIN: usize = 3;

pub(super) fn units(device: &Device, style: Style) -> String {
    if device.units().is_empty() {
        return format!(" {}\n", style.paint(Meaning::Doubt, "no telemetry of units arrived"));
    }
    let rows = rows(device);
    let mut columns = Columns::default();
    columns.row(headings());
    for row in rows.iter().take(ROWS_MAX) {
        columns.row(cells(row));
    }
    let left_out: usize = rows.iter().skip(ROWS_MAX).map(Vec::len).sum();
    if left_out > 0 {
        columns.text(format!("and {}", counted(left_out as u64, "other unit")));
    }
    columns.render(style)
}

/// What units have in common that can be one row: boot, name, kind and how they ended.
type Likeness<'a> = (u32, &'a str, UnitKind, EndReason);

/// The units of a row; never none.
pub(crate) type Row<'a> = Vec<&'a Unit>;

/// The units of each row; a row stands where its first unit came to be.
pub(crate) fn rows(device: &Device) -> Vec<Row<'_>> {
    let broken: BTreeSet<UnitKey> = device.findings().iter().filter_map(|f| f.unit).collect();
    let likeness = |unit| likeness(unit).filter(|_| !broken.contains(&unit.key));
    let units = device.units();
    let mut alike: BTreeMap<Likeness<'_>, Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        if let Some(likeness) = likeness(unit) {
            alike.entry(likeness).or_default().push(unit);
        }
    }
    let row_of = |unit| match likeness(unit).map(|likeness| &alike[&likeness]) {
        Some(row) if row.len() >= FOLD_MIN => core::ptr::eq(row[0], unit).then(|| row.clone()),
        _ => Some(vec![unit]),
    };
    units.iter().filter_map(row_of).collect()
}

/// What a unit shares with others, if it ended well.
fn likeness(unit: &Unit) -> Option<Likeness<'_>> {
    let end = unit.end.filter(|end| end.quarantined_bytes == 0)?;
    match end.how {
        Ending::Ended(how @ (EndReason::Returned | EndReason::Exited)) => {
            Some((unit.key.boot, unit.base_name(), unit.kind, how))
        }
        Ending::Ended(_) | Ending::Reset => None,
    }
}

fn headings() -> [Cell; 10] {
    let cells = [
        Cell::left("unit"),
        Cell::left("kind"),
        Cell::left("state"),
        Cell::right("stack peak"),
        Cell::left(""),
        Cell::right("left"),
        Cell::right("heap now"),
        Cell::right("heap peak"),
        Cell::right("cpu"),
        Cell::right("switches"),
    ];
    cells.map(|cell| cell.meaning(Meaning::Heading))
}

/// The row of a unit, or of several that are alike.
fn cells(units: &[&Unit]) -> Vec<Cell> {
    let (state, meaning) = state_of(units[0]);
    let mut cells = vec![
        Cell::left(clean(&name_of(units))),
        Cell::left(units[0].kind.to_string()),
        Cell::left(state).meaning(meaning),
    ];
    cells.extend(stack_cells(units));
    cells.extend(heap_cells(units));
    cells.extend(cpu_cells(units));
    cells
}

pub(crate) fn name_of(units: &[&Unit]) -> String {
    match units {
        [unit] => unit_name(unit),
        units => in_boot(format!("{} ({})", units[0].base_name(), units.len()), units[0]),
    }
}

/// Of several units that one whose stack came nearest to its end.
fn stack_cells(units: &[&Unit]) -> [Cell; 3] {
    let sampled = units.iter().copied().filter(|unit| unit.stack.sampled_at.is_some());
    match sampled.reduce(nearer).map(|unit| &unit.stack) {
        Some(stack) => [
            Cell::right(used_of(stack.peak, stack.bytes)),
            Cell::left(bar(stack.peak, stack.bytes)),
            Cell::right(bytes(stack.margin().into())),
        ],
        None => [Cell::right("-"), Cell::left(""), Cell::right("-")],
    }
}

/// The sum of what is held now, and the highest peak.
fn heap_cells(units: &[&Unit]) -> [Cell; 2] {
    let sampled = || units.iter().map(|unit| &unit.heap).filter(|heap| heap.sampled_at.is_some());
    match sampled().map(|heap| heap.peak).max() {
        Some(peak) => {
            let now: u64 = sampled().map(|heap| u64::from(heap.current)).sum();
            [Cell::right(bytes(now)), Cell::right(bytes(peak.into()))]
        }
        None => [Cell::right("-"), Cell::right("-")],
    }
}

/// The share of the time up to the last sample of any of them, and the sum of switches.
fn cpu_cells(units: &[&Unit]) -> [Cell; 2] {
    let sampled = || units.iter().map(|unit| &unit.cpu).filter(|cpu| cpu.sampled_at.is_some());
    match sampled().map(|cpu| cpu.boot_ticks).max() {
        Some(boot_ticks) => {
            let ticks = sampled().map(|cpu| cpu.ticks).fold(0, u64::saturating_add);
            let switches: u64 = sampled().map(|cpu| u64::from(cpu.switches)).sum();
            [Cell::right(share(basis_points(ticks, boot_ticks))), Cell::right(grouped(switches))]
        }
        None => [Cell::right("-"), Cell::right("-")],
    }
}

/// What a unit does, or how it ended.
pub(crate) fn state_of(unit: &Unit) -> (String, Meaning) {
    match unit.end {
        Some(end) => (end.how.to_string(), meaning_of_end(end.how)),
        None if unit.state == State::Blocked && unit.why != Why::None => {
            (format!("{}: {}", unit.state, unit.why), Meaning::Normal)
        }
        None => match &unit.suspended {
            Some(suspended) => (format!("suspended by {}", suspended.by), Meaning::Doubt),
            None => (unit.state.to_string(), Meaning::Normal),
        },
    }
}

const fn meaning_of_end(how: Ending) -> Meaning {
    match how {
        Ending::Ended(EndReason::Returned | EndReason::Exited) => Meaning::Quiet,
        Ending::Ended(EndReason::Failed | EndReason::Unknown(_)) | Ending::Reset => Meaning::Doubt,
        Ending::Ended(
            EndReason::Panicked | EndReason::Overflowed | EndReason::Faulted | EndReason::Refused,
        ) => Meaning::Bad,
    }
}
