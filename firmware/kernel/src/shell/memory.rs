//! The console's words about memory: `mem`, `map` and `threshold`.

use crate::heap::{OWNERS_MAX, OwnerIndex, SIZE_CLASSES, Shape};
use crate::kernel;
use crate::mem::{self, MARKS_MAX, Picture};
use crate::println;
use crate::sample;

/// Bytes of a letter of `map`, if nothing else is said.
const LETTER_BYTES: u32 = 512;

/// `mem [info [1] | mark NAME | diff NAME | forget NAME]`.
pub(super) fn mem(rest: &str) {
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let rest = rest.trim();
    match word {
        "" => table(),
        "info" => info(rest),
        "mark" => mark(rest),
        "diff" => {
            if let Err(error) = mem::write_diff(rest) {
                println!("mem diff {rest}: {}", Trouble(error));
            }
        }
        "forget" => {
            if !mem::forget(rest) {
                println!("mem forget {rest}: there is no such mark");
            }
        }
        _ => println!("mem takes nothing, info, info 1, mark NAME, diff NAME or forget NAME"),
    }
}

/// Why there is no mark.
struct Trouble(crate::Error);

impl core::fmt::Display for Trouble {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        use crate::Error;
        match self.0 {
            Error::Empty => f.write_str("there is no such mark"),
            Error::Full => write!(f, "there are {MARKS_MAX} already: `mem forget` one"),
            Error::Invalid => f.write_str("a name has 1 to 16 bytes"),
            Error::TimedOut => f.write_str("the heap changes too fast"),
            Error::Poisoned => f.write_str("the heap is damaged"),
            error => error.fmt(f),
        }
    }
}

#[inline(never)]
fn mark(name: &str) {
    match mem::mark(name) {
        Ok(()) => println!("mem mark {name}: {} B in use", mem::used_bytes()),
        Err(error) => println!("mem mark {name}: {}", Trouble(error)),
    }
}

#[inline(never)]
fn info(rest: &str) {
    let Some(info) = mem::mem_info() else {
        return println!("the heap changes too fast, or is damaged");
    };
    // Three lines, of which each is written whole.
    let text = info.lines();
    text.into_iter().for_each(|line| println!("{line}"));
    if !rest.is_empty() {
        mem::write_map(Picture::Blocks);
    }
}

/// `map [BYTES]`.
pub(super) fn map(rest: &str) {
    let letter_bytes = match rest {
        "" => LETTER_BYTES,
        number => match number.parse::<u32>() {
            Ok(bytes) if (16..=32768).contains(&bytes) && bytes.is_multiple_of(16) => bytes,
            _ => return println!("map takes the bytes of a letter: a multiple of 16 up to 32768"),
        },
    };
    mem::write_map(Picture::Owners { letter_bytes });
    mem::write_legend(letter_bytes);
    crate::mem::tell::map();
}

/// `threshold [N]`.
pub(super) fn threshold(rest: &str) {
    if !rest.is_empty() {
        match rest.parse() {
            Ok(bytes) => mem::set_threshold(bytes),
            Err(_) => return println!("threshold takes bytes, or -1 for none"),
        }
    }
    println!("threshold {}", mem::threshold());
}

#[inline(never)]
fn table() {
    let totals = mem::totals();
    println!(
        "heap: total {} B, used {} B, free {} B, peak {} B, largest free {} B, {} blocks",
        totals.total,
        totals.used,
        totals.free,
        totals.peak_used,
        totals.largest_free,
        totals.used_blocks
    );
    println!("owner                 unit     now    peak  blocks");
    for index in 0..OWNERS_MAX as u16 {
        let found = kernel::with(|kernel| {
            let owner = kernel.heap.owner(OwnerIndex::new(index))?;
            Some((owner, kernel.owner_name(owner.tag)))
        });
        if let Some((owner, name)) = found {
            let kind = sample::wire_owner(owner.tag.kind);
            let note = if owner.quarantined { "  quarantined" } else { "" };
            println!(
                "{kind:<9} {name:<12}{:>5} {:>7} {:>7} {:>7}{note}",
                owner.tag.unit, owner.current, owner.peak, owner.blocks
            );
        }
    }
    if let Some(shape) = mem::shape() {
        layout(&shape);
    }
}

/// Areas, fragmentation, and free blocks by size.
#[inline(never)]
fn layout(shape: &Shape) {
    let share = shape.fragmentation();
    println!(
        "fragmented: {} B of {} B free ({}.{:02} %) lie outside of their area's largest free block",
        shape.fragmented(),
        shape.free(),
        share / 100,
        share % 100
    );
    println!("area           total    used    free  largest");
    for area in shape.areas() {
        let name = kernel::with(|kernel| kernel.area_name(area.start));
        println!(
            "{name:<12} {:>7} {:>7} {:>7} {:>8}",
            area.bytes, area.used, area.free, area.largest_free
        );
    }
    let growth = mem::growth();
    if growth.max_new_split > 0 || growth.taken > 0 {
        println!(
            "max new split: {} B; areas taken: {}, given back: {}",
            growth.max_new_split, growth.taken, growth.given_back
        );
    }
    println!("free blocks of at least ... B, and less than the next:");
    for class in 0..SIZE_CLASSES {
        let count = shape.free_by_size[class];
        if count > 0 {
            println!("{:>9} B {count:>6}", 16_u32 << class);
        }
    }
}
