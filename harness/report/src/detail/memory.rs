//! The heap and whatever else the device told about itself.

use ramscope_model::{Device, Heap, Owner, bytes, counted, grouped};
use ramscope_wire::{OwnerKind, UnitId};

use crate::detail::heading;
use crate::figures::{seconds, unit_name, used_of};
use crate::layout;
use crate::style::{Meaning, Style, clean};

/// So many owners are named, and the rest is summed.
const OWNERS_MAX: usize = 12;

pub(super) fn heap(device: &Device, style: Style) -> String {
    let heap = device.heap();
    if heap.sampled_at.is_none() {
        return String::new();
    }
    let mut text = heading("heap", style);
    for line in heap_lines(heap) {
        text += &format!("   {line}\n");
    }
    for line in layout::lines(device) {
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
            used_of(heap.peak, heap.total_max),
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
    let others = device.owners().map(|owner| (owner_name(device, owner), owner.heap.current));
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

fn owner_name(device: &Device, owner: &Owner) -> String {
    match (owner.kind, owner.unit) {
        (kind, UnitId::KERNEL) => kind.to_string(),
        (OwnerKind::Timer, _) => {
            format!("timer {}", clean(&device.owner_name((owner.kind, owner.unit))))
        }
        (kind, unit) => format!("{kind} {unit}"),
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
    lines.extend(unmodelled(device));
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

/// Registers that are named; how many more there are is told.
const UNMODELLED_SHOWN_MAX: usize = 5;

/// The registers that the machine keeps as plain storage, because it knows no more of them.
fn unmodelled(device: &Device) -> Vec<String> {
    let all = device.unmodelled();
    let mut lines: Vec<String> = all
        .iter()
        .take(UNMODELLED_SHOWN_MAX)
        .map(|access| {
            format!(
                "register 0x{:08x} is not modelled (first used at 0x{:08x})",
                access.address, access.pc
            )
        })
        .collect();
    if all.len() > UNMODELLED_SHOWN_MAX {
        let more = all.len() - UNMODELLED_SHOWN_MAX;
        lines.push(format!(
            "{more} more registers are not modelled: plain storage, all in the JSON"
        ));
    }
    lines
}
