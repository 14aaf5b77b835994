//! How the heap's memory is divided, as text: areas, free blocks by size, and a map by owner.
//!
//! A map is lines of 64 letters, each for as many bytes as the map says; its letters are owners, `.` is
//! free. It is drawn from the stretches that the device told, so it is exact where those are.

use ramscope_model::{
    AreaPicture, Device, HeapMap, Mark, Shape, Shows, Square, bytes, counted, grouped,
};
use ramscope_wire::BlockState;

use crate::columns::{Cell, Columns};
use crate::figures::seconds;
use crate::style::{Style, clean};

/// Letters in a line of a map.
pub(crate) const LINE_LETTERS: u32 = 64;
/// Lines that a map has at most, for its largest area.
pub(crate) const LINES_MAX: u32 = 16;
/// Letters of owners, the one that holds most first.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Areas, fragmentation and free blocks by size, a line each.
pub(crate) fn lines(device: &Device) -> Vec<String> {
    let layout = device.heap_layout();
    let Some(shape) = layout.shape() else { return Vec::new() };
    let mut lines = vec![fragmented(device, shape)];
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

/// How much of what is free is of no use for a large request, and how much the heap could still grow.
pub(crate) fn fragmented(device: &Device, shape: &Shape) -> String {
    let worst = device.heap_layout().worst();
    let worst = worst.filter(|worst| worst.fragmentation() > shape.fragmentation());
    let worst = worst.map_or_else(String::new, |worst| {
        format!(", at worst {} at {}", share(worst.fragmentation()), seconds(worst.at))
    });
    let further = match shape.max_new_split {
        0 => String::new(),
        split => format!("; a further area could have {}", bytes(split.into())),
    };
    format!(
        "fragmented: {} of {} free ({}) lie outside of their area's largest free block{worst}{further}",
        bytes(shape.fragmented.into()),
        bytes(shape.free.into()),
        share(shape.fragmentation()),
    )
}

/// What changed from one mark to another: a sentence, and owner, place, bytes and blocks of each.
pub(crate) struct Difference {
    pub(crate) sentence: String,
    pub(crate) rows: Vec<[String; 4]>,
}

/// The changes from each complete mark to the next one.
pub(crate) fn differences(device: &Device) -> Vec<Difference> {
    let marks = device.heap_layout().marks().iter().filter(|mark| mark.is_complete());
    let marks: Vec<&Mark> = marks.collect();
    marks.windows(2).map(|pair| difference(device, pair[0], pair[1])).collect()
}

fn difference(device: &Device, from: &Mark, to: &Mark) -> Difference {
    let grown = i64::from(to.bytes) - i64::from(from.bytes);
    let sentence = format!(
        "from `{}` at {} to `{}` at {}: {} B, now {} in {}",
        from.name,
        seconds(from.at),
        to.name,
        seconds(to.at),
        signed(grown),
        bytes(to.bytes.into()),
        counted(to.blocks.into(), "block"),
    );
    let rows = from.changes_to(to).into_iter().map(|change| {
        let place = device.place_name(change.site).unwrap_or_default();
        [device.owner_name(change.owner), place, signed(change.bytes), signed(change.blocks)]
    });
    Difference { sentence, rows: rows.collect() }
}

fn signed(change: i64) -> String {
    let sign = match change {
        0 => "",
        ..0 => "-",
        _ => "+",
    };
    format!("{sign}{}", grouped(change.unsigned_abs()))
}

/// Hundredths of a per cent.
pub(crate) fn share(basis_points: u32) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

pub(crate) fn size_of_class(class: usize) -> String {
    match 16_u64 << class {
        small @ ..1024 => format!("{small} B"),
        large => format!("{} KiB", large / 1024),
    }
}

/// A map of the heap with its legend and its stretches; empty if the device told none.
pub(crate) fn map(device: &Device) -> String {
    let Some(map) = device.heap_layout().map() else { return String::new() };
    let letter_bytes = device.heap_layout().square_bytes(LINE_LETTERS * LINES_MAX);
    let mut text = format!(
        "\nmap at {}, one letter is {}: the owner of the longest piece in it, small where a part is free\n",
        seconds(map.at),
        bytes(letter_bytes.into()),
    );
    for area in map.picture(letter_bytes) {
        text += &drawn(&area, letter_bytes);
    }
    for (index, (owner, held)) in map.owners().iter().enumerate() {
        let letter = letter(index);
        let name = clean(&device.owner_name(*owner));
        text += &format!("  {letter}  {name:<16} {:>12}\n", bytes(*held));
    }
    text + "  .  free, ! in quarantine\n\n" + &runs(device, map)
}

pub(crate) fn letter(index: usize) -> char {
    LETTERS.get(index).map_or('#', |letter| char::from(*letter))
}

/// The letter of a square: small where a part of it is free.
pub(crate) fn drawn_as(square: Square) -> char {
    let letter = match square.shows {
        Shows::Free => return '.',
        Shows::Quarantined => return '!',
        Shows::Owner(index) => letter(index),
    };
    if square.has_free { letter.to_ascii_lowercase() } else { letter }
}

/// The lines of one piece of memory.
fn drawn(area: &AreaPicture, letter_bytes: u32) -> String {
    let letters: Vec<char> = area.squares.iter().copied().map(drawn_as).collect();
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
            text += &format!("  0x{:08x} {line}\n", area.start + number * line_bytes);
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

    #[test]
    fn a_letter_is_small_where_a_part_is_free() {
        let square = |shows, has_free| Square { shows, has_free };
        let squares = vec![
            square(Shows::Owner(0), false),
            square(Shows::Owner(1), true),
            square(Shows::Owner(26), false),
            square(Shows::Free, true),
            square(Shows::Quarantined, false),
        ];
        let area = AreaPicture { start: 0x1000, squares };
        assert_eq!(drawn(&area, 64), "  0x00001000 Ab#.!\n");
    }

    #[test]
    fn sizes_are_told_in_kib_from_there_on() {
        assert_eq!([0, 5, 6, 15].map(size_of_class), ["16 B", "512 B", "1 KiB", "512 KiB"]);
    }

    #[test]
    fn a_change_has_its_sign() {
        assert_eq!([-1_234, 0, 5].map(signed), ["-1,234", "0", "+5"]);
    }
}
