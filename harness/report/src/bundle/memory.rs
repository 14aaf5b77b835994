//! Who owned how much of the heap at the end, and what memory there is.

use ramscope_model::{Device, bytes, grouped};
use ramscope_wire::UnitId;

use crate::columns::{Cell, Columns};
use crate::figures::{seconds, unit_name};
use crate::layout;
use crate::style::{Style, clean};

/// The heap by owner, and the regions of memory.
pub(super) fn memory(device: &Device) -> String {
    let heap = device.heap();
    let Some(sampled_at) = heap.sampled_at else {
        return "No sample of the heap arrived.\n".to_owned() + &regions(device);
    };
    let totals = format!(
        "heap at {}: {} of {} in use in {} blocks, peak {} at {}\n\
         {} free in {} blocks, the largest {} (least {}); {} in quarantine\n\n",
        seconds(sampled_at),
        grouped(heap.used.into()),
        bytes(heap.total.into()),
        grouped(heap.used_blocks.into()),
        bytes(heap.peak.into()),
        seconds(heap.peak_at),
        bytes(heap.free.into()),
        grouped(heap.free_blocks.into()),
        bytes(heap.largest_free.into()),
        bytes(heap.largest_free_min.into()),
        bytes(heap.quarantined.into()),
    );
    let mut layout = layout::lines(device).join("\n");
    if !layout.is_empty() {
        layout += "\n\n";
    }
    totals + &layout + &owners(device) + &layout::map(device) + &regions(device)
}

fn owners(device: &Device) -> String {
    let units = device.units().iter().filter(|unit| unit.key.id != UnitId::KERNEL);
    let units = units.map(|unit| (unit_name(unit), &unit.heap));
    let others = device.owners().map(|owner| match owner.unit {
        UnitId::KERNEL => (owner.kind.to_string(), &owner.heap),
        number => (format!("{} {number}", owner.kind), &owner.heap),
    });
    let mut rows: Vec<_> = units
        .chain(others)
        .filter(|(_, heap)| heap.sampled_at.is_some() && heap.peak > 0)
        .collect();
    rows.sort_by_key(|(_, heap)| std::cmp::Reverse((heap.current, heap.peak)));
    let mut columns = Columns::default();
    columns.row([
        Cell::left("owner"),
        Cell::right("now"),
        Cell::right("blocks"),
        Cell::right("peak"),
    ]);
    for (name, heap) in rows {
        columns.row([
            Cell::left(clean(&name)),
            Cell::right(bytes(heap.current.into())),
            Cell::right(grouped(heap.blocks.into())),
            Cell::right(bytes(heap.peak.into())),
        ]);
    }
    columns.render(Style::Plain)
}

fn regions(device: &Device) -> String {
    if device.regions().is_empty() {
        return String::new();
    }
    let mut columns = Columns::default();
    columns.row(["region", "from", "bytes", "use"].map(Cell::left));
    for region in device.regions() {
        columns.row([
            Cell::left(clean(&region.name)),
            Cell::left(format!("0x{:08x}", region.base)),
            Cell::right(grouped(region.bytes.into())),
            Cell::left(region.kind.to_string()),
        ]);
    }
    format!("\n{}", columns.render(Style::Plain))
}
