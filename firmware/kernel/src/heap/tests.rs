//! What the heap promises, as claims; a random model and the traces stand in files of their own.
#![expect(unsafe_code, reason = "gives memory to a heap, and frees what it handed out")]

extern crate std;

mod evidence;
mod model;
mod traces;

use core::alloc::Layout;
use core::ptr::NonNull;
use std::vec::Vec;

use super::*;

/// Memory for one area, aligned so that figures do not depend on the host's allocator.
struct Arena {
    start: NonNull<u8>,
    layout: Layout,
}

impl Arena {
    fn new(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes, 2 * ALIGN_MAX).unwrap();
        // SAFETY: no test asks for an arena without bytes.
        let start = unsafe { std::alloc::alloc_zeroed(layout) };
        Self { start: NonNull::new(start).unwrap(), layout }
    }

    /// The same memory as several areas, `gap` bytes apart.
    fn heap_of(&self, parts: &[usize], gap: usize) -> Heap {
        let mut heap = Heap::new();
        let mut from = 0;
        for &bytes in parts {
            assert!(from + bytes <= self.layout.size());
            // SAFETY: within the arena, by the line above.
            let start = unsafe { self.start.add(from) };
            // SAFETY: the arena is nobody else's, and outlives the heap in every test.
            unsafe { heap.add_area(start, bytes) }.unwrap();
            from += bytes + gap;
        }
        heap
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { std::alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 8).unwrap()
}

fn give_back(heap: &mut Heap, pointer: NonNull<u8>) -> Result<Freed, BadPointer> {
    // SAFETY: tests do not use what they freed.
    unsafe { heap.free(pointer) }
}

fn allocate(heap: &mut Heap, size: usize) -> NonNull<u8> {
    heap.allocate(bytes(size), OwnerIndex::KERNEL, 0).unwrap()
}

fn thread(unit: u32) -> OwnerTag {
    OwnerTag { kind: OwnerKind::Thread, unit }
}

fn check(heap: &Heap) {
    heap.check().unwrap();
    let totals = heap.totals();
    let by_owner: u32 = heap.owners().map(|(_, owner)| owner.current).sum();
    assert_eq!(by_owner, totals.used);
    assert_eq!(totals.used, totals.total - totals.free);
}

#[test]
fn a_new_heap_has_nothing_to_give() {
    let mut heap = Heap::new();
    let refused = heap.allocate(bytes(1), OwnerIndex::KERNEL, 0).unwrap_err();
    assert_eq!(refused, OutOfMemory { wanted_bytes: 1, largest_free_bytes: 0, free_bytes: 0 });
    check(&heap);
}

#[test]
fn a_fresh_area_spends_its_map_and_its_end_mark() {
    let arena = Arena::new(65536);
    let heap = arena.heap_of(&[65536], 0);
    let totals = heap.totals();
    assert_eq!(totals.total, 65536 - 65536 / 512 - 8);
    assert_eq!((totals.used, totals.free), (0, totals.total));
    assert_eq!((totals.free_blocks, totals.used_blocks), (1, 0));
    assert_eq!(totals.largest_free, totals.total - 8);
    check(&heap);
}

#[test]
fn everything_given_back_is_one_block_again() {
    let arena = Arena::new(8192);
    let mut heap = arena.heap_of(&[8192], 0);
    let before = heap.totals();
    for order in 0..6 {
        let mut held: Vec<_> = (0..3).map(|index| allocate(&mut heap, 100 * index)).collect();
        held.rotate_left(order % 3);
        if order >= 3 {
            held.reverse();
        }
        for pointer in held {
            give_back(&mut heap, pointer).unwrap();
            check(&heap);
        }
        assert_eq!(heap.totals().free_blocks, 1);
        assert_eq!(heap.totals().largest_free, before.largest_free);
    }
}

#[test]
fn blocks_are_counted_whole() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    for (size, whole) in [(0, 16), (1, 16), (8, 16), (9, 24), (16, 24), (100, 112)] {
        let pointer = allocate(&mut heap, size);
        assert_eq!(heap.totals().used, whole);
        let freed = give_back(&mut heap, pointer);
        assert_eq!(freed, Ok(Freed { bytes: whole, owner: OwnerIndex::KERNEL }));
    }
}

#[test]
fn a_used_block_names_its_owner_and_site() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let owner = heap.owner_add(thread(7)).unwrap();
    let pointer = heap.allocate(bytes(40), owner, 0x2BCD).unwrap();
    let block = heap.block_of(pointer.addr().get() + 39).unwrap();
    assert_eq!(block.payload(), pointer.addr().get());
    assert_eq!((block.bytes, block.owner, block.site), (48, owner, 0x2BCD));
    assert!(!block.free && !block.quarantined);
}

#[test]
fn a_double_free_is_refused_even_after_merges() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let held = [0; 3].map(|_| allocate(&mut heap, 64));
    for pointer in held {
        give_back(&mut heap, pointer).unwrap();
        for again in held.into_iter().take_while(|&other| other <= pointer) {
            assert_eq!(give_back(&mut heap, again), Err(BadPointer::AlreadyFree));
        }
    }
    check(&heap);
}

#[test]
fn a_double_free_into_a_larger_used_block_is_refused() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let held = [0; 3].map(|_| allocate(&mut heap, 64));
    for pointer in held {
        give_back(&mut heap, pointer).unwrap();
    }
    let large = allocate(&mut heap, 512);
    assert_eq!(large, held[0]);
    assert_eq!(give_back(&mut heap, held[1]), Err(BadPointer::NotABlockStart));
    assert_eq!(give_back(&mut heap, held[2]), Err(BadPointer::NotABlockStart));
    check(&heap);
}

#[test]
fn an_interior_pointer_is_refused() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let pointer = allocate(&mut heap, 256);
    for step in 1..256 {
        // SAFETY: within the payload.
        let inside = unsafe { pointer.add(step) };
        assert_eq!(give_back(&mut heap, inside), Err(BadPointer::NotABlockStart), "{step}");
    }
    check(&heap);
}

#[test]
fn a_pointer_from_elsewhere_is_refused() {
    let arena = Arena::new(8192);
    let other = Arena::new(64);
    let mut heap = arena.heap_of(&[2048, 2048], 512);
    let at = |step| arena.start.map_addr(|start| start.checked_add(step).unwrap());
    let (map, gap, past) = (at(0), at(2048 + 256), at(4608));
    for pointer in [map, gap, past, other.start, NonNull::dangling()] {
        assert_eq!(give_back(&mut heap, pointer), Err(BadPointer::Foreign), "{pointer:?}");
        assert_eq!(heap.block_of(pointer.addr().get()), None);
    }
}

#[test]
fn an_overrun_is_noticed_when_the_block_is_freed() {
    for right_is_free in [false, true] {
        for text in [0_u64, u64::MAX, u64::from_le_bytes(*b"overflow"), 0x40] {
            let arena = Arena::new(4096);
            let mut heap = arena.heap_of(&[4096], 0);
            let [left, right, _] = [0; 3].map(|_| allocate(&mut heap, 64));
            if right_is_free {
                give_back(&mut heap, right).unwrap();
            }
            // SAFETY: still within the arena.
            let right_header = unsafe { left.add(64) }.cast::<u64>();
            // SAFETY: the header of the right neighbour, which is aligned.
            unsafe { right_header.write(text) };
            let refused = give_back(&mut heap, left);
            assert_eq!(refused, Err(BadPointer::Damaged), "{text:#x}, right free: {right_is_free}");
        }
    }
}

#[test]
fn alignment_is_honoured_up_to_a_page() {
    let arena = Arena::new(65536);
    let mut heap = arena.heap_of(&[65536], 0);
    let mut held = Vec::new();
    for shift in 0..=12 {
        for size in [1, 24, 100] {
            let layout = Layout::from_size_align(size, 1 << shift).unwrap();
            let pointer = heap.allocate(layout, OwnerIndex::KERNEL, 0).unwrap();
            assert_eq!(pointer.addr().get() % layout.align(), 0);
            check(&heap);
            held.push(pointer);
        }
    }
    for pointer in held {
        give_back(&mut heap, pointer).unwrap();
        check(&heap);
    }
    assert_eq!(heap.totals().free_blocks, 1);
    let layout = Layout::from_size_align(8, 2 * ALIGN_MAX).unwrap();
    assert!(heap.allocate(layout, OwnerIndex::KERNEL, 0).is_err());
}

#[test]
fn areas_that_touch_are_never_merged() {
    let arena = Arena::new(8192);
    let mut heap = arena.heap_of(&[2048, 2048, 2048, 2048], 0);
    let totals = heap.totals();
    assert_eq!(totals.free_blocks, 4);
    let mut held = Vec::new();
    while let Ok(pointer) = heap.allocate(bytes(56), OwnerIndex::KERNEL, 0) {
        held.push(pointer);
    }
    check(&heap);
    for pointer in held {
        give_back(&mut heap, pointer).unwrap();
    }
    check(&heap);
    assert_eq!(heap.totals().free_blocks, 4);
    assert_eq!(heap.totals().largest_free, totals.largest_free);
}

#[test]
fn a_bad_area_is_refused() {
    let arena = Arena::new(8192);
    let mut heap = arena.heap_of(&[4096], 0);
    let at = |step| arena.start.map_addr(|start| start.checked_add(step).unwrap());
    let (inside, behind) = (at(4000), at(4096));
    // SAFETY: refused, so never used.
    let mut add = |start, bytes| unsafe { heap.add_area(start, bytes) };
    assert_eq!(add(inside, 512), Err(AreaError::Overlaps));
    assert_eq!(add(behind, 31), Err(AreaError::TooSmall));
    assert_eq!(add(behind, usize::MAX), Err(AreaError::OutOfReach));
    assert_eq!(add(behind, 32), Ok(AreaId(1)));
    assert_eq!(heap.totals().total, 4096 - 16 + 16);
    assert_eq!(heap.blocks(AreaId(1)).count(), 1);
    assert_eq!(heap.blocks(AreaId(2)).count(), 0);
    check(&heap);
}

#[test]
fn a_refusal_says_what_there_was() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let held = [0; 8].map(|_| allocate(&mut heap, 480));
    give_back(&mut heap, held[3]).unwrap();
    let totals = heap.totals();
    let refused = heap.allocate(bytes(481), OwnerIndex::KERNEL, 0).unwrap_err();
    assert_eq!(
        refused,
        OutOfMemory {
            wanted_bytes: 481,
            largest_free_bytes: totals.largest_free,
            free_bytes: totals.free
        }
    );
    assert_eq!(totals.largest_free, 480);
    assert!(heap.allocate(bytes(480), OwnerIndex::KERNEL, 0).is_ok());
    for size in [isize::MAX as usize - 7, 1 << 31, 1 << 30] {
        assert!(heap.allocate(bytes(size), OwnerIndex::KERNEL, 0).is_err());
    }
    check(&heap);
}

#[test]
fn peaks_are_kept_by_owner_and_by_window() {
    let arena = Arena::new(8192);
    let mut heap = arena.heap_of(&[8192], 0);
    let owner = heap.owner_add(thread(2)).unwrap();
    let first = heap.allocate(bytes(1000), owner, 0).unwrap();
    let second = heap.allocate(bytes(500), owner, 0).unwrap();
    give_back(&mut heap, first).unwrap();
    let peaks = |heap: &Heap| {
        let of_owner = heap.owner(owner).unwrap();
        let totals = heap.totals();
        assert_eq!(of_owner.current, totals.used);
        assert_eq!(of_owner.peak, totals.peak_used);
        assert_eq!(of_owner.peak_window, totals.peak_used_window);
        (of_owner.current, of_owner.peak, of_owner.peak_window)
    };
    assert_eq!(peaks(&heap), (512, 1520, 1520));
    heap.open_window();
    assert_eq!(peaks(&heap), (512, 1520, 512));
    give_back(&mut heap, second).unwrap();
    let third = heap.allocate(bytes(600), owner, 0).unwrap();
    assert_eq!(peaks(&heap), (608, 1520, 608));
    give_back(&mut heap, third).unwrap();
    heap.open_window();
    assert_eq!(peaks(&heap), (0, 1520, 0));
}

#[test]
fn an_entry_goes_when_the_unit_is_dead_and_its_bytes_are_zero() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let owner = heap.owner_add(thread(2)).unwrap();
    let pointer = heap.allocate(bytes(8), owner, 0).unwrap();
    heap.owner_release(owner);
    assert!(heap.owner(owner).unwrap().released);
    give_back(&mut heap, pointer).unwrap();
    assert_eq!(heap.owner(owner), None);
    let idle = heap.owner_add(thread(3)).unwrap();
    assert_eq!(idle, owner);
    heap.owner_release(idle);
    assert_eq!(heap.owner(idle), None);
    check(&heap);
}

#[test]
fn what_an_owner_without_an_entry_allocates_is_the_kernels() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let gone = heap.owner_add(thread(2)).unwrap();
    heap.owner_release(gone);
    let pointer = heap.allocate(bytes(8), gone, 0).unwrap();
    check(&heap);
    assert_eq!(give_back(&mut heap, pointer).unwrap().owner, OwnerIndex::KERNEL);
}

#[test]
fn kernel_and_permanent_cannot_die() {
    let mut heap = Heap::new();
    for owner in [OwnerIndex::KERNEL, OwnerIndex::PERMANENT] {
        heap.owner_release(owner);
        heap.owner_quarantine(owner);
        let totals = heap.owner(owner).unwrap();
        assert!(!totals.released && !totals.quarantined);
    }
}

#[test]
fn the_ledger_says_when_it_is_full() {
    let mut heap = Heap::new();
    for unit in 2..OWNERS_MAX as u32 {
        assert_eq!(heap.owner_add(thread(unit)).map(OwnerIndex::get), Ok(unit as u16));
    }
    assert_eq!(heap.owner_add(thread(99)), Err(OwnersFull));
    assert_eq!(heap.owners().count(), OWNERS_MAX);
}

#[test]
fn a_quarantined_block_is_only_reclaimed() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let owner = heap.owner_add(thread(2)).unwrap();
    let held = [0; 3].map(|_| heap.allocate(bytes(32), owner, 0).unwrap());
    heap.owner_quarantine(owner);
    assert!(heap.owner(owner).unwrap().quarantined);
    assert!(heap.block_of(held[0].addr().get()).unwrap().quarantined);
    assert_eq!(give_back(&mut heap, held[0]), Err(BadPointer::Quarantined));
    assert_eq!(heap.transfer(held[0], OwnerIndex::KERNEL), Err(BadPointer::Quarantined));
    check(&heap);
    for pointer in held {
        assert!(heap.owner(owner).is_some());
        // SAFETY: not used any more.
        unsafe { heap.reclaim(pointer) }.unwrap();
        check(&heap);
    }
    assert_eq!(heap.owner(owner), None);
}

#[test]
fn a_release_lifts_the_quarantine() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let owner = heap.owner_add(thread(2)).unwrap();
    let pointer = heap.allocate(bytes(32), owner, 0).unwrap();
    heap.owner_quarantine(owner);
    heap.owner_release(owner);
    give_back(&mut heap, pointer).unwrap();
    assert_eq!(heap.owner(owner), None);
}

#[test]
fn a_transfer_moves_the_bytes_and_nothing_else() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let from = heap.owner_add(thread(2)).unwrap();
    let to = heap.owner_add(thread(3)).unwrap();
    let pointer = heap.allocate(bytes(100), from, 9).unwrap();
    let before = heap.totals();
    assert_eq!(heap.transfer(pointer, to), Ok(Freed { bytes: 112, owner: from }));
    assert_eq!(heap.totals(), before);
    assert_eq!(heap.owner(from).unwrap().current, 0);
    assert_eq!(heap.owner(to).unwrap().current, 112);
    assert_eq!(heap.block_of(pointer.addr().get()).unwrap().site, 9);
    assert_eq!(heap.transfer(pointer, to).unwrap().owner, to);
    check(&heap);
}

#[test]
fn the_index_finds_what_a_walk_finds() {
    let arena = Arena::new(32768);
    let mut heap = arena.heap_of(&[16384, 8192], 1024);
    for size in [1, 700, 8, 8, 8, 3000, 16, 513, 5000, 64, 3] {
        let pointer = allocate(&mut heap, size);
        if size % 2 == 0 {
            give_back(&mut heap, pointer).unwrap();
        }
        allocate(&mut heap, 24);
    }
    let start = arena.start.addr().get();
    let walked: Vec<_> = (start..start + 32768).map(|address| heap.block_of(address)).collect();
    let index = heap.index();
    for (step, expected) in walked.into_iter().enumerate() {
        assert_eq!(index.block_of(start + step), expected, "{step}");
    }
}

#[test]
fn the_check_finds_what_was_broken() {
    let arena = Arena::new(4096);
    let mut heap = arena.heap_of(&[4096], 0);
    let pointer = allocate(&mut heap, 64);
    let right = allocate(&mut heap, 64);
    give_back(&mut heap, right).unwrap();
    check(&heap);
    let damage = [
        (-8, Broken::Tiling(pointer.addr().get() - 8)),
        (-4, Broken::Owner(pointer.addr().get() - 8)),
        (64 + 8, Broken::Listed(right.addr().get() - 8)),
    ];
    for (step, expected) in damage {
        // SAFETY: within the arena.
        let word = unsafe { pointer.offset(step) }.cast::<u32>();
        // SAFETY: within the arena, word-aligned.
        let before = unsafe { word.replace(0x7777_7770) };
        assert_eq!(heap.check(), Err(expected));
        // SAFETY: as above.
        unsafe { word.write(before) };
    }
    check(&heap);
}
