//! How the heap's memory is divided, as text: areas, free blocks by size, and a map by owner.
//!
//! A map is lines of 64 letters, each for as many bytes as the map says; its letters are owners, `.` is
//! free. It is drawn from the stretches that the device told, so it is exact where those are.

use ramscope_model::{Device, HeapMap, Run, bytes, grouped};
use ramscope_wire::{BlockState, OwnerKind, UnitId};

use crate::columns::{Cell, Columns};
use crate::figures::seconds;
use crate::style::{Style, clean};

/// Letters in a line of a map.
const LINE_LETTERS: u32 = 64;
/// Lines that a map has at most, for its largest area.
const LINES_MAX: u32 = 16;
/// Letters of owners, the one that holds most first.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Who owns something.
type Owner = (OwnerKind, UnitId);

/// Areas, fragmentation and free blocks by size, a line each.
pub(crate) fn lines(device: &Device) -> Vec<String> {
    let layout = device.heap_layout();
    let Some(shape) = layout.shape() else { return Vec::new() };
    let mut lines = Vec::new();
    let worst = layout.worst().filter(|worst| worst.fragmentation() > shape.fragmentation());
    let worst = worst.map_or_else(String::new, |worst| {
        format!(", at worst {} at {}", share(worst.fragmentation()), seconds(worst.at))
    });
    lines.push(format!(
        "fragmented: {} of {} free ({}) lie outside of their area's largest free block{worst}",
        bytes(shape.fragmented.into()),
        bytes(shape.free.into()),
        share(shape.fragmentation()),
    ));
    let areas = layout.areas().iter().map(|area| {
        let name = clean(&area.name);
        let (free, largest) = (bytes(area.free.into()), bytes(area.largest_free.into()));
        format!("{name} {free} free of {}, largest {largest}", bytes(area.bytes.into()))
    });
    lines.push(format!("areas: {}", areas.collect::<Vec<_>>().join("; ")));
    let classes = shape.free_by_size.iter().enumerate().filter(|(_, count)| **count > 0);
    let classes: Vec<String> =
        classes.map(|(class, count)| format!("{count} of {}", size_of_class(class))).collect();
    if !classes.is_empty() {
        lines.push(format!("free blocks of at least this size: {}", classes.join(", ")));
    }
    lines
}

/// Hundredths of a per cent.
fn share(basis_points: u32) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

fn size_of_class(class: usize) -> String {
    match 16_u64 << class {
        small @ ..1024 => format!("{small} B"),
        large => format!("{} KiB", large / 1024),
    }
}

/// A map of the heap with its legend and its stretches; empty if the device told none.
pub(crate) fn map(device: &Device) -> String {
    let Some(map) = device.heap_layout().map() else { return String::new() };
    let owners = by_bytes(map);
    let largest = device.heap_layout().areas().iter().map(|area| area.bytes).max().unwrap_or(0);
    let letter_bytes = largest.div_ceil(LINE_LETTERS * LINES_MAX).next_power_of_two().max(16);
    let mut text = format!(
        "\nmap at {}, one letter is {}: the owner of the longest piece in it, small where a part is free\n",
        seconds(map.at),
        bytes(letter_bytes.into()),
    );
    for stretch in stretches(map) {
        text += &drawn(stretch, &owners, letter_bytes);
    }
    for (index, (owner, held)) in owners.iter().enumerate() {
        let letter = char::from(letter(index));
        let name = clean(&device.owner_name(*owner));
        text += &format!("  {letter}  {name:<16} {:>12}\n", bytes(*held));
    }
    text + "  .  free, ! in quarantine\n\n" + &runs(device, map)
}

fn letter(index: usize) -> u8 {
    LETTERS.get(index).copied().unwrap_or(b'#')
}

/// Who holds how much of a map, the most first.
fn by_bytes(map: &HeapMap) -> Vec<(Owner, u64)> {
    let mut owners: Vec<(Owner, u64)> = Vec::new();
    for run in map.runs.iter().filter(|run| run.state != BlockState::Free) {
        match owners.iter_mut().find(|(owner, _)| *owner == run.owner) {
            Some((_, held)) => *held += u64::from(run.bytes),
            None => owners.push((run.owner, run.bytes.into())),
        }
    }
    owners.sort_by_key(|(owner, held)| (std::cmp::Reverse(*held), *owner));
    owners
}

/// The runs of each piece of memory without a gap: an area each.
fn stretches(map: &HeapMap) -> impl Iterator<Item = &[Run]> {
    map.runs.chunk_by(|a, b| a.start.wrapping_add(a.bytes) == b.start)
}

/// The lines of one piece of memory.
fn drawn(runs: &[Run], owners: &[(Owner, u64)], letter_bytes: u32) -> String {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return String::new() };
    let bytes = last.start + last.bytes - first.start;
    let count = bytes.div_ceil(letter_bytes) as usize;
    let mut letters = vec![(b'.', 0_u32, 0_u32); count];
    for run in runs.iter().filter(|run| run.state != BlockState::Free) {
        let index = owners.iter().position(|(owner, _)| *owner == run.owner);
        let drawn = match run.state {
            BlockState::Quarantined => b'!',
            _ => letter(index.unwrap_or(usize::MAX)),
        };
        let (from, to) = (run.start - first.start, run.start - first.start + run.bytes);
        for at in from / letter_bytes..to.div_ceil(letter_bytes) {
            let piece = to.min((at + 1) * letter_bytes) - from.max(at * letter_bytes);
            let (shown, longest, used) = &mut letters[at as usize];
            *used += piece;
            if piece > *longest {
                (*shown, *longest) = (drawn, piece);
            }
        }
    }
    let letters = letters.iter().map(|&(letter, _, used)| match used < letter_bytes {
        true => char::from(letter.to_ascii_lowercase()),
        false => char::from(letter),
    });
    let letters: Vec<char> = letters.collect();
    let line_bytes = letter_bytes * LINE_LETTERS;
    let lines: Vec<&[char]> = letters.chunks(LINE_LETTERS as usize).collect();
    let is_free = |line: &[char]| line.iter().all(|letter| *letter == '.');
    let mut number = 0_u32;
    let mut text = String::new();
    for same in lines.chunk_by(|a, b| is_free(a) && is_free(b)) {
        if same.len() > 1 {
            text += &format!("             ({} lines all free)\n", same.len());
        } else {
            let line: String = same[0].iter().collect();
            text += &format!("  0x{:08x} {line}\n", first.start + number * line_bytes);
        }
        number += same.len() as u32;
    }
    text
}

/// Every stretch as a row.
fn runs(device: &Device, map: &HeapMap) -> String {
    let mut columns = Columns::default();
    columns.row([
        Cell::left("from"),
        Cell::right("bytes"),
        Cell::right("blocks"),
        Cell::left("owner"),
        Cell::left("allocated at"),
    ]);
    for run in &map.runs {
        let owner = match run.state {
            BlockState::Free => "free".to_owned(),
            BlockState::Quarantined => format!("{} (quarantined)", device.owner_name(run.owner)),
            _ => device.owner_name(run.owner),
        };
        columns.row([
            Cell::left(format!("0x{:08x}", run.start)),
            Cell::right(grouped(run.bytes.into())),
            Cell::right(run.blocks.to_string()),
            Cell::left(clean(&owner)),
            Cell::left(clean(&device.place_name(run.site).unwrap_or_default())),
        ]);
    }
    columns.render(Style::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_wire::SiteId;

    fn run(start: u32, bytes: u32, state: BlockState, unit: u32) -> Run {
        let owner = (OwnerKind::Thread, UnitId(unit));
        Run { start, bytes, blocks: 1, state, owner, site: SiteId::NONE }
    }

    #[test]
    fn a_letter_is_of_the_longest_piece_and_small_where_a_part_is_free() {
        let runs = [
            run(0x1000, 128, BlockState::Used, 5),
            run(0x1080, 48, BlockState::Used, 6),
            run(0x10b0, 16, BlockState::Free, 0),
            run(0x10c0, 64, BlockState::Free, 0),
            run(0x1100, 64, BlockState::Quarantined, 6),
        ];
        let owners = [((OwnerKind::Thread, UnitId(5)), 128), ((OwnerKind::Thread, UnitId(6)), 112)];
        assert_eq!(drawn(&runs, &owners, 64), "  0x00001000 AAb.!\n");
    }

    #[test]
    fn sizes_are_told_in_kib_from_there_on() {
        assert_eq!([0, 5, 6, 15].map(size_of_class), ["16 B", "512 B", "1 KiB", "512 KiB"]);
    }
}
