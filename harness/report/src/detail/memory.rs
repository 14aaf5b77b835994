//! Stacks, heap and whatever else the device told about itself.

use ramscope_model::{Device, Ending, Heap, Unit, bytes, counted, grouped};
use ramscope_wire::{EndReason, OwnerKind, State, UnitId};

use crate::columns::{Cell, Columns};
use crate::detail::heading;
use crate::figures::{bar, seconds, share, unit_name, used_of};
use crate::style::{Meaning, Style, clean};

/// A program may make thousands of units; these many are shown, and the rest is counted.
const UNITS_MAX: usize = 64;
const OWNERS_MAX: usize = 12;

pub(super) fn units(device: &Device, style: Style) -> String {
    if device.units().is_empty() {
        return format!(" {}\n", style.paint(Meaning::Doubt, "no telemetry of units arrived"));
    }
    let mut columns = Columns::default();
    columns.row(headings());
    for unit in device.units().iter().take(UNITS_MAX) {
        columns.row(unit_row(unit));
    }
    if let Some(more) = device.units().len().checked_sub(UNITS_MAX + 1) {
        columns.text(format!("and {}", counted(more as u64 + 1, "other unit")));
    }
    columns.render(style)
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

fn unit_row(unit: &Unit) -> Vec<Cell> {
    let (state, meaning) = state_of(unit);
    let mut cells = vec![
        Cell::left(clean(&unit_name(unit))),
        Cell::left(unit.kind.to_string()),
        Cell::left(state).meaning(meaning),
    ];
    cells.extend(stack_cells(unit));
    let heap = unit.heap.sampled_at.map(|_| &unit.heap);
    let figure = |value: Option<u32>| match value {
        Some(value) => Cell::right(bytes(value.into())),
        None => Cell::right("-"),
    };
    cells.push(figure(heap.map(|heap| heap.current)));
    cells.push(figure(heap.map(|heap| heap.peak)));
    match unit.cpu.sampled_at {
        Some(_) => {
            cells.push(Cell::right(share(unit.cpu.share)));
            cells.push(Cell::right(grouped(unit.cpu.switches.into())));
        }
        None => cells.extend([Cell::right("-"), Cell::right("-")]),
    }
    cells
}

fn stack_cells(unit: &Unit) -> [Cell; 3] {
    let stack = &unit.stack;
    match stack.sampled_at {
        Some(_) => [
            Cell::right(used_of(stack.peak, stack.bytes)),
            Cell::left(bar(stack.peak, stack.bytes)),
            Cell::right(bytes(stack.margin().into())),
        ],
        None => [Cell::right("-"), Cell::left(""), Cell::right("-")],
    }
}

/// What a unit does, or how it ended.
fn state_of(unit: &Unit) -> (String, Meaning) {
    use ramscope_wire::Why;
    match unit.end {
        Some(end) => (end.how.to_string(), meaning_of_end(end.how)),
        None if unit.state == State::Blocked && unit.why != Why::None => {
            (format!("{}: {}", unit.state, unit.why), Meaning::Normal)
        }
        None => (unit.state.to_string(), Meaning::Normal),
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

pub(super) fn heap(device: &Device, style: Style) -> String {
    let heap = device.heap();
    if heap.sampled_at.is_none() {
        return String::new();
    }
    let mut text = heading("heap", style);
    for line in heap_lines(heap) {
        text += &format!("   {line}\n");
    }
    let owners = owners(device);
    if !owners.is_empty() {
        text += &format!("   by owner: {}\n", owners.join(", "));
    }
    text
}

fn heap_lines(heap: &Heap) -> [String; 2] {
    let quarantined = match heap.quarantined {
        0 => String::new(),
        some => format!(", {} quarantined", bytes(some.into())),
    };
    [
        format!(
            "peak {} at {}; now {} in {}{quarantined}",
            used_of(heap.peak, heap.total),
            seconds(heap.peak_at),
            bytes(heap.used.into()),
            counted(heap.used_blocks.into(), "block"),
        ),
        format!(
            "largest free block {}, never below {} in a sample; {} free in {}",
            bytes(heap.largest_free.into()),
            bytes(heap.largest_free_min.into()),
            bytes(heap.free.into()),
            counted(heap.free_blocks.into(), "block"),
        ),
    ]
}

/// Who holds how much now, the most first.
fn owners(device: &Device) -> Vec<String> {
    let units = device.units().iter().map(|unit| (clean(&unit_name(unit)), unit.heap.current));
    let others =
        device.owners().map(|owner| (owner_name(owner.kind, owner.unit), owner.heap.current));
    let mut holders: Vec<(String, u32)> =
        units.chain(others).filter(|(_, held)| *held > 0).collect();
    holders.sort_by(|(a_name, a), (b_name, b)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
    let rest: u64 = holders.iter().skip(OWNERS_MAX).map(|(_, held)| u64::from(*held)).sum();
    let mut texts: Vec<String> = holders
        .iter()
        .take(OWNERS_MAX)
        .map(|(name, held)| format!("{name} {}", bytes(u64::from(*held))))
        .collect();
    if rest > 0 {
        texts.push(format!("others {}", bytes(rest)));
    }
    texts
}

fn owner_name(kind: OwnerKind, unit: UnitId) -> String {
    match unit {
        UnitId::KERNEL => kind.to_string(),
        unit => format!("{kind} {unit}"),
    }
}

/// Interrupts, programs, losses, registers: a line each, where there is something to say.
pub(super) fn rest(device: &Device, style: Style) -> String {
    let mut lines = Vec::new();
    let handlers = device.interrupts();
    if handlers.stack.sampled_at.is_some() {
        lines.push(format!(
            "interrupts: stack peak {}, {} taken",
            used_of(handlers.stack.peak, handlers.stack.bytes),
            grouped(handlers.entries.into()),
        ));
    }
    lines.extend(device.programs().iter().map(|run| {
        let end = match run.ended {
            Some((at, true)) => format!("ended well at {}", seconds(at)),
            Some((at, false)) => format!("ended badly at {}", seconds(at)),
            None => "still running at the end".to_owned(),
        };
        let name = clean(&run.name);
        format!("program {name}: started at {}, {end}", seconds(run.started))
    }));
    lines.push(losses(device, style));
    lines.extend(device.unmodelled().iter().map(|access| {
        format!(
            "register 0x{:08x} is not modelled (first used at 0x{:08x})",
            access.address, access.pc
        )
    }));
    lines.extend(device.notes().iter().map(|note| format!("note: {}", clean(note))));
    lines.iter().map(|line| format!(" {line}\n")).collect()
}

fn losses(device: &Device, style: Style) -> String {
    let losses = device.losses();
    if !losses.any() {
        return "telemetry: nothing lost".to_owned();
    }
    let text = format!(
        "telemetry: {} lost, {} damaged",
        counted(losses.records_lost(), "record"),
        counted(losses.damaged_bytes, "byte"),
    );
    style.paint(Meaning::Doubt, &text)
}
