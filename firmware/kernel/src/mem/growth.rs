//! Growth: areas that the heap takes when it is full, and gives back when they are empty.
//!
//! A board may hold memory back from its heap: its reserve. What nobody needed is then one piece for
//! whoever comes, and a report on the heap says how far a program really got. The rules are those of
//! MicroPython's split heap on the ESP32. Growing comes last, after an allocation failed and a
//! collection did not help. A further area is as large as all that is there, so each growth doubles the
//! heap, or as large as the request needs, or as much as there is ([`area_bytes`]). A collection gives
//! back every such area that is empty: here that means that no block of it is used, which MicroPython's
//! own test only nearly does. No block spans two areas, so the largest allocation is the larger one of the
//! largest free block and what [`max_new_split`] promises, less [`overhead`](area_bytes).
//!
//! Invariants:
//! 1. Bytes in the reserve are no part of the heap's total: `mem_alloc() + (mem_free() - max_new_split())`
//!    is the total, before and after each growth.
//! 2. The areas of the start stay, and keep their numbers; those that were taken come behind them.
//! 3. What an injected fault refuses makes no collection and no growth: the program is to see it.
//!
//! Everything here takes time that grows with [`AREAS_MAX`] at most.
#![expect(unsafe_code, reason = "hands the board's memory to the heap")]

use crate::collect;
use crate::heap::{AREAS_MAX, HEADER_BYTES};
use crate::kernel::{self, Kernel};
use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

/// How often the heap has grown, and what it could still get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// Areas that were taken since boot.
    pub taken: u32,
    /// Areas that were given back since.
    pub given_back: u32,
    /// Bytes of the areas that are taken now, with what the heap keeps in them for itself.
    pub bytes: u32,
    /// [`max_new_split`].
    pub max_new_split: u32,
}

/// Bytes of the largest piece that the heap could still get for a further area: MicroPython's `max new
/// split`.
#[must_use]
pub fn max_new_split() -> u32 {
    kernel::with(|kernel| kernel.max_new_split())
}

/// How often the heap has grown, and what it could still get.
#[must_use]
pub fn growth() -> Growth {
    kernel::with(|kernel| {
        let taken = kernel.heap.extents().skip(kernel.areas_of_the_start());
        let [taken_so_far, given_back] = kernel.account.grown;
        Growth {
            taken: taken_so_far.into(),
            given_back: given_back.into(),
            bytes: taken.map(|area| area.len() as u32).sum(),
            max_new_split: kernel.max_new_split(),
        }
    })
}

/// How large an area a request of so many bytes gets: `None` if there is not enough.
///
/// It needs the request and its tables, for which MicroPython reckons with 13 of 512 bytes and at least 2048;
/// it gets as much as the heap has, if there is that much.
#[must_use]
pub const fn area_bytes(request: u32, total: u32, available: u32) -> Option<u32> {
    const TABLES_BYTES_MIN: u64 = 2048;
    let request = request as u64;
    let tables = request * 13 / 512;
    let needed = request + if tables > TABLES_BYTES_MIN { tables } else { TABLES_BYTES_MIN };
    if needed > available as u64 {
        return None;
    }
    // It is at most what is available.
    let needed = needed as u32;
    let wanted = if needed > total { needed } else { total };
    Some(if wanted < available { wanted } else { available })
}

/// The largest piece of some memory in which none of `taken` lies.
fn largest_gap(
    memory: impl Iterator<Item = Range<usize>>,
    taken: &[Range<usize>],
) -> Option<Range<usize>> {
    let gaps = memory.flat_map(|piece| {
        let ends = taken.iter().map(|area| area.end).filter(|end| piece.contains(end));
        let inside = |start: &usize| !taken.iter().any(|area| area.contains(start));
        let starts = Some(piece.start).into_iter().chain(ends).filter(inside);
        // Collected by hand: a closure in a closure cannot borrow both.
        let mut largest = piece.end..piece.end;
        for start in starts {
            let next = taken.iter().map(|area| area.start).filter(|at| *at > start);
            let gap = start..next.fold(piece.end, usize::min);
            if gap.len() > largest.len() {
                largest = gap;
            }
        }
        Some(largest)
    });
    gaps.max_by_key(ExactSizeIterator::len).filter(|gap| !gap.is_empty())
}

/// Makes room for what was refused, and asks again: first by a collection, then by a further area. Answers
/// what was refused if neither is possible.
#[cold]
#[inline(never)]
pub(crate) fn with_more_room<T, E>(
    layout: Layout,
    refused: E,
    mut ask: impl FnMut() -> Result<T, E>,
    is_full: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut answer = Err(refused);
    let ways: [fn(Layout) -> bool; 2] = [|_| collect::after_failure(), grow];
    for make_room in ways {
        match &answer {
            Err(no) if is_full(no) && !take_asked() => {}
            _ => return answer,
        }
        if make_room(layout) {
            answer = ask();
        }
    }
    answer
}

/// Whether the last failure was one that the host had asked for.
pub(super) fn take_asked() -> bool {
    kernel::with(|kernel| core::mem::take(&mut kernel.collector.failure_was_asked))
}

fn grow(layout: Layout) -> bool {
    kernel::with(|kernel| kernel.grow(layout))
}

impl Kernel {
    fn areas_of_the_start(&self) -> usize {
        self.facts().heap_areas.len()
    }

    pub(super) fn max_new_split(&self) -> u32 {
        self.largest_of_reserve().map_or(0, |piece| piece.len() as u32)
    }

    fn largest_of_reserve(&self) -> Option<Range<usize>> {
        let mut taken = [const { 0..0 }; AREAS_MAX];
        let mut count = 0;
        for (place, area) in taken.iter_mut().zip(self.heap.extents()) {
            *place = area;
            count += 1;
        }
        if count == AREAS_MAX {
            return None;
        }
        let reserve = self.facts().heap_reserve.iter().map(|region| {
            let start = region.start().addr();
            start..start + region.bytes()
        });
        largest_gap(reserve, &taken[..count])
    }

    /// Takes an area in which a block of this layout fits, if there is one; says whether it did.
    fn grow(&mut self, layout: Layout) -> bool {
        // What is too small for this request and empty makes room for a larger one.
        self.give_back_areas();
        let align = if layout.align() > HEADER_BYTES as usize { layout.align() } else { 0 };
        let Ok(request) = u32::try_from(layout.size().saturating_add(align)) else { return false };
        let Some(piece) = self.largest_of_reserve() else { return false };
        let total = self.heap.totals().total;
        let Some(bytes) = area_bytes(request, total, piece.len() as u32) else { return false };
        let start = core::ptr::with_exposed_provenance_mut(piece.start);
        let Some(start) = NonNull::new(start) else { return false };
        // SAFETY: the board gave its reserve to nobody but the heap, which does not have this part of it.
        let added = unsafe { self.heap.add_area(start, bytes as usize) }.is_ok();
        let taken = &mut self.account.grown[0];
        *taken = taken.saturating_add(u16::from(added));
        added
    }

    /// Gives every area back to the reserve that came from there and is empty.
    pub(crate) fn give_back_areas(&mut self) {
        let kept = self.areas_of_the_start();
        let gone = self.heap.remove_empty_areas(kept);
        let given_back = &mut self.account.grown[1];
        *given_back = given_back.saturating_add(gone as u16);
    }

    /// What the board calls the memory that an address is in.
    pub(crate) fn area_name(&self, address: usize) -> &'static str {
        let facts = self.facts();
        let mut regions = facts.heap_areas.iter().chain(facts.heap_reserve);
        let holds = |region: &&crate::port::Region| {
            address.wrapping_sub(region.start().addr()) < region.bytes()
        };
        regions.find(holds).map_or("", |region| region.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u32 = 1024;

    #[test]
    fn x43_an_area_doubles_the_heap_or_is_what_the_request_needs_or_all_there_is() {
        assert_eq!(area_bytes(100, 56 * KIB, 110_592), Some(56 * KIB), "doubled");
        assert_eq!(area_bytes(80 * KIB, 56 * KIB, 110_592), Some(80 * KIB + 2080), "13 of 512");
        assert_eq!(area_bytes(60 * KIB, 56 * KIB, 110_592), Some(60 * KIB + 2048), "at least");
        assert_eq!(area_bytes(100, 300 * KIB, 66_320), Some(66_320), "all there is");
        assert_eq!(area_bytes(64 * KIB, 300 * KIB, 66_320), None, "the tables have no room");
        assert_eq!(area_bytes(66_320 - 2048, 0, 66_320), Some(66_320), "just enough");
        assert_eq!(area_bytes(66_320 - 2047, 0, 66_320), None);
        assert_eq!(area_bytes(u32::MAX, 0, u32::MAX), None);
    }

    #[test]
    fn the_largest_gap_lies_before_between_or_behind_what_is_taken() {
        let memory = || [100..200, 300..340].into_iter();
        let gap = |taken: &[Range<usize>]| largest_gap(memory(), taken);
        assert_eq!(gap(&[]), Some(100..200));
        assert_eq!(gap(&[0..50, 100..140]), Some(140..200));
        assert_eq!(gap(&[160..200, 100..110]), Some(110..160));
        assert_eq!(gap(&[0..0, 100..190]), Some(300..340));
        assert_eq!(gap(&[100..200, 300..340]), None);
    }
}
