//! Maps of the heap as text: whose each stretch of memory is, or MicroPython's picture of its blocks.
//!
//! A map is lines of 64 letters, each for as many bytes as the map says. Lines of free memory only are
//! counted, not drawn. A line is looked at anew when its turn comes, because a line that is written may
//! wait for room on the console, and programs run meanwhile: so each line is true at one instant, and
//! they are not all of the same.

use super::survey::{Survey, survey};
use crate::heap::{AREAS_MAX, Block, OWNERS_MAX, OwnerIndex, UNIT_BYTES};
use crate::kernel;
use crate::println;
use crate::sample;
use core::ops::Range;

/// Letters in a line.
pub const LINE_LETTERS: usize = 64;

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// A letter for each stretch of so many bytes: the owner of the longest piece in it.
    Owners {
        /// Bytes of a letter, a multiple of 16.
        letter_bytes: u32,
    },
    /// MicroPython's: a letter for each 16 bytes, `h` where a block begins, `=` where it goes on, `.`
    /// where it is free.
    Blocks,
}

impl Picture {
    const fn letter_bytes(self) -> u32 {
        match self {
            Self::Owners { letter_bytes } => letter_bytes,
            Self::Blocks => UNIT_BYTES,
        }
    }

    const fn line_bytes(self) -> u32 {
        self.letter_bytes() * LINE_LETTERS as u32
    }
}

/// The letter of free memory.
const FREE: u8 = b'.';
/// The letter of what waits for a collection.
const QUARANTINED: u8 = b'!';
/// The letter of owners beyond the alphabet.
const OTHERS: u8 = b'#';

/// The letter of an owner: `K` the kernel, `P` permanent, the rest of the alphabet for others.
#[must_use]
pub fn owner_letter(owner: OwnerIndex) -> char {
    const OTHER_LETTERS: &[u8] = b"ABCDEFGHIJLMNOQRSTUVWXYZ";
    let letter = match owner {
        OwnerIndex::KERNEL => b'K',
        OwnerIndex::PERMANENT => b'P',
        OwnerIndex { .. } => {
            OTHER_LETTERS.get(usize::from(owner.get()) - 2).copied().unwrap_or(OTHERS)
        }
    };
    char::from(letter)
}

/// A line of a map while it is filled.
pub(super) struct Line {
    picture: Picture,
    /// The address of its first letter, and the one after its last.
    from: usize,
    to: usize,
    letters: [u8; LINE_LETTERS],
    /// The longest piece in each letter so far, and all used bytes in it.
    longest: [u16; LINE_LETTERS],
    used: [u16; LINE_LETTERS],
}

impl Line {
    pub(super) fn new(picture: Picture, from: usize, to: usize) -> Self {
        Self {
            picture,
            from,
            to: to.min(from + picture.line_bytes() as usize),
            letters: [FREE; LINE_LETTERS],
            longest: [0; LINE_LETTERS],
            used: [0; LINE_LETTERS],
        }
    }

    /// Draws a block, or the part of it that lies in the line. Says whether more may lie in it.
    pub(super) fn draw(&mut self, block: &Block) -> bool {
        let end = block.start + block.bytes as usize;
        let (low, high) = (block.start.max(self.from), end.min(self.to));
        if low < high && !block.free {
            let size = self.picture.letter_bytes() as usize;
            let first = (low - self.from) / size;
            let last = (high - 1 - self.from) / size;
            for letter in first..=last {
                let start = self.from + letter * size;
                let piece = high.min(start + size) - low.max(start);
                self.draw_letter(letter, piece as u16, block, start);
            }
        }
        end < self.to
    }

    fn draw_letter(&mut self, letter: usize, piece: u16, block: &Block, start: usize) {
        self.used[letter] = self.used[letter].saturating_add(piece);
        let begins_here = block.start >= start;
        let (drawn, wins) = match self.picture {
            Picture::Blocks => (if begins_here { b'h' } else { b'=' }, begins_here),
            Picture::Owners { .. } if block.quarantined => (QUARANTINED, false),
            Picture::Owners { .. } => (owner_letter(block.owner) as u8, false),
        };
        if wins || piece > self.longest[letter] {
            self.longest[letter] = piece;
            self.letters[letter] = drawn;
        }
    }

    /// The letters; of a map of owners small ones where a part is free.
    pub(super) fn text(&mut self) -> &str {
        let size = self.picture.letter_bytes();
        let count = (self.to - self.from).div_ceil(size as usize);
        if matches!(self.picture, Picture::Owners { .. }) {
            for (letter, used) in self.letters.iter_mut().zip(self.used) {
                if u32::from(used) < size {
                    letter.make_ascii_lowercase();
                }
            }
        }
        core::str::from_utf8(&self.letters[..count]).expect("all letters are ASCII")
    }

    fn is_free(&self) -> bool {
        self.used.iter().all(|used| *used == 0)
    }
}

/// Writes a map of all areas.
///
/// # Context
/// Thread. May block on the console.
pub fn write_map(picture: Picture) {
    for number in 0..AREAS_MAX {
        let area = kernel::with(|kernel| kernel.heap.areas().nth(number));
        if let Some((_, area)) = area {
            write_area(picture, &area);
        }
    }
}

#[inline(never)]
fn write_area(picture: Picture, area: &Range<usize>) {
    match picture {
        Picture::Blocks => println!("GC memory layout; from {:#x}:", area.start),
        Picture::Owners { .. } => println!("area from {:#x}:", area.start),
    }
    let mut free_lines = 0;
    for from in area.clone().step_by(picture.line_bytes() as usize) {
        let mut line = Line::new(picture, from, area.end);
        if fill(&mut line) == Survey::Restless {
            return println!("(the heap changes too fast for the rest)");
        }
        if line.is_free() && line.text().len() == LINE_LETTERS {
            free_lines += 1;
            continue;
        }
        write_free_lines(picture, free_lines, from - area.start);
        free_lines = 0;
        println!("{:08x}: {}", from - area.start, line.text());
    }
    // Only a line that is shorter than the others is drawn although it is free, and it is the last.
    let end = (area.end - area.start).next_multiple_of(picture.line_bytes() as usize);
    write_free_lines(picture, free_lines, end);
}

#[inline(never)]
fn fill(line: &mut Line) -> Survey {
    survey(
        line,
        |line, _| *line = Line::new(line.picture, line.from, line.to),
        |line, _, _, block| line.draw(block) || block.start < line.from,
    )
}

/// As MicroPython does, where there is more than one; one is drawn. `end` is the offset behind them.
#[inline(never)]
fn write_free_lines(picture: Picture, count: u32, end: usize) {
    match count {
        0 => {}
        1 => {
            let letters = core::str::from_utf8(&[FREE; LINE_LETTERS]).unwrap_or("");
            println!("{:08x}: {letters}", end - picture.line_bytes() as usize);
        }
        _ => println!("       ({count} lines all free)"),
    }
}

/// Writes which letter is whose.
///
/// # Context
/// Thread. May block on the console.
pub fn write_legend(letter_bytes: u32) {
    println!(
        "one letter is {letter_bytes} B: the owner of the longest piece in it, small where a part is free"
    );
    for index in 0..OWNERS_MAX as u16 {
        let owner = OwnerIndex::new(index);
        let found = kernel::with(|kernel| {
            let totals = kernel.heap.owner(owner)?;
            Some((totals, kernel.owner_name(totals.tag)))
        });
        let Some((totals, name)) = found.filter(|(totals, _)| totals.current > 0) else { continue };
        let letter = owner_letter(owner);
        let kind = sample::wire_owner(totals.tag.kind);
        println!("{letter} {kind:<9} {name:<12} {:>7} B", totals.current);
    }
    println!("{} free, {} quarantined", char::from(FREE), char::from(QUARANTINED));
}

#[cfg(test)]
mod tests {
    use super::*;

    extern crate std;
    use std::string::{String, ToString};

    /// Draws blocks of these sizes, from address 0x1000 on; `true`: used by the kernel.
    fn drawn(picture: Picture, blocks: &[(u32, bool)]) -> String {
        let total: u32 = blocks.iter().map(|(bytes, _)| bytes).sum();
        let mut line = Line::new(picture, 0x1000, 0x1000 + total as usize);
        let mut start = 0x1000;
        for &(bytes, used) in blocks {
            let owner = OwnerIndex::KERNEL;
            let block = Block { start, bytes, owner, site: 0, free: !used, quarantined: false };
            let _ = line.draw(&block);
            start += bytes as usize;
        }
        line.text().to_string()
    }

    #[test]
    fn micropythons_picture_shows_where_blocks_begin() {
        let blocks = [(16, true), (48, true), (32, false), (24, true), (40, false)];
        assert_eq!(drawn(Picture::Blocks, &blocks), "hh==..h=..");
    }

    #[test]
    fn a_letter_is_small_where_a_part_is_free() {
        let picture = Picture::Owners { letter_bytes: 64 };
        assert_eq!(drawn(picture, &[(64, true), (32, true), (32, false), (64, false)]), "Kk.");
    }

    #[test]
    fn each_owner_has_its_letter() {
        let letters: String = (0..30).map(|at| owner_letter(OwnerIndex::new(at))).collect();
        assert_eq!(letters, "KPABCDEFGHIJLMNOQRSTUVWXYZ####");
    }
}
