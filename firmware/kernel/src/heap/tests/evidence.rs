//! What the heap tells of itself: tours, shapes, and the diagnosis of pointers that it refuses.

use super::*;

/// A heap with three blocks of 64 B payload, of owners of their own, sites 1 to 3.
fn three(arena: &Arena) -> (Heap, [NonNull<u8>; 3], [OwnerIndex; 3]) {
    let mut heap = arena.heap_of(&[4096], 0);
    let owners = [2, 3, 4].map(|unit| heap.owner_add(thread(unit)).unwrap());
    let mut site = 0;
    let pointers = owners.map(|owner| {
        site += 1;
        heap.allocate(bytes(64), owner, site).unwrap()
    });
    (heap, pointers, owners)
}

fn diagnose(heap: &mut Heap, pointer: NonNull<u8>) -> Diagnosis {
    let reason = give_back(heap, pointer).unwrap_err();
    heap.diagnose(pointer.addr().get(), reason)
}

/// Writes `bytes` bytes beyond the end of a payload of 64.
fn overrun(pointer: NonNull<u8>, bytes: usize) {
    // SAFETY: within the arena, as the blocks of `three` lie one after the other.
    let end = unsafe { pointer.add(64) };
    // SAFETY: as above.
    unsafe { end.write_bytes(0xEE, bytes) };
}

#[test]
fn a_block_freed_twice_names_who_had_it() {
    for merged in [false, true] {
        let arena = Arena::new(4096);
        let (mut heap, pointers, owners) = three(&arena);
        if merged {
            give_back(&mut heap, pointers[0]).unwrap();
        }
        give_back(&mut heap, pointers[1]).unwrap();
        let found = diagnose(&mut heap, pointers[1]);
        assert_eq!(found.reason, BadPointer::AlreadyFree);
        assert_eq!(found.claim, Some(Claim { owner: owners[1], site: 2 }), "merged: {merged}");
        assert!(found.block.unwrap().free);
    }
}

#[test]
fn an_overrun_names_the_writer_and_the_victim() {
    let arena = Arena::new(4096);
    let (mut heap, pointers, owners) = three(&arena);
    overrun(pointers[1], 4);
    // The writer's own block is freed, or the victim's: both tell the same.
    for pointer in [pointers[1], pointers[2]] {
        let found = diagnose(&mut heap, pointer);
        assert_eq!(found.reason, BadPointer::Damaged);
        assert_eq!(found.claim, Some(Claim { owner: owners[1], site: 2 }));
        let victim = Some(Claim { owner: owners[2], site: 3 });
        let at = pointers[2].addr().get() - 8;
        assert_eq!(found.overwritten, Some(Overwritten { at, victim }));
    }
}

#[test]
fn an_overrun_that_took_the_whole_header_still_names_the_writer() {
    let arena = Arena::new(4096);
    let (mut heap, pointers, owners) = three(&arena);
    overrun(pointers[0], 24);
    let found = diagnose(&mut heap, pointers[1]);
    assert_eq!(found.claim, Some(Claim { owner: owners[0], site: 1 }));
    assert_eq!(found.overwritten.unwrap().victim, None);
    // Blocks that were not hit are still given back.
    give_back(&mut heap, pointers[2]).unwrap();
}

#[test]
fn a_pointer_into_a_block_names_whose_it_is_and_a_foreign_one_nobodys() {
    let arena = Arena::new(4096);
    let (mut heap, pointers, owners) = three(&arena);
    // SAFETY: within the block.
    let inner = unsafe { pointers[2].add(16) };
    let found = diagnose(&mut heap, inner);
    assert_eq!(found.reason, BadPointer::NotABlockStart);
    assert_eq!(found.claim, Some(Claim { owner: owners[2], site: 3 }));
    let mut local = 0_u64;
    let found = diagnose(&mut heap, NonNull::from(&mut local).cast());
    assert_eq!((found.reason, found.claim), (BadPointer::Foreign, None));
    check(&heap);
}

#[test]
fn a_tour_in_pieces_of_any_size_sees_what_a_walk_sees() {
    let arena = Arena::new(32768);
    let mut heap = arena.heap_of(&[16384, 8192], 1024);
    for size in [1, 700, 8, 3000, 16, 513, 5000, 64, 3] {
        let pointer = allocate(&mut heap, size);
        if size % 2 == 0 {
            give_back(&mut heap, pointer).unwrap();
        }
    }
    let areas: Vec<AreaId> = heap.areas().map(|(area, _)| area).collect();
    let walked: Vec<Block> = areas.into_iter().flat_map(|area| heap.blocks(area)).collect();
    for piece in 1..=walked.len() + 1 {
        let (mut tour, mut seen) = (Tour::default(), Vec::new());
        while heap.go_on(&mut tour, piece, |_, block| seen.push(*block)) == Stage::More {}
        assert_eq!(seen, walked, "{piece} at a time");
    }
}

#[test]
fn a_shape_adds_up_to_the_totals() {
    let arena = Arena::new(32768);
    let mut heap = arena.heap_of(&[16384, 8192], 1024);
    let held: Vec<_> = (0..20).map(|step| allocate(&mut heap, step * 37)).collect();
    for pointer in held.into_iter().step_by(3) {
        give_back(&mut heap, pointer).unwrap();
    }
    let (mut tour, mut shape) = (Tour::default(), Shape::default());
    let stage = heap.go_on(&mut tour, usize::MAX, |area, block| shape.see(area, block));
    assert_eq!(stage, Stage::Over);
    let totals = heap.totals();
    let sum = |figure: fn(&AreaFigures) -> u32| shape.areas().iter().map(figure).sum::<u32>();
    assert_eq!(sum(|area| area.bytes), totals.total);
    assert_eq!((sum(|area| area.used), sum(|area| area.free)), (totals.used, totals.free));
    assert_eq!(sum(|area| area.free_blocks), totals.free_blocks);
    assert_eq!(sum(|area| area.used_blocks), totals.used_blocks);
    assert_eq!(shape.free_by_size.iter().sum::<u32>(), totals.free_blocks);
    assert_eq!(shape.largest_free() - 8, totals.largest_free);
    assert!(shape.fragmented() > 0);
}

#[test]
fn a_tour_stops_where_a_header_is_none() {
    let arena = Arena::new(4096);
    let (heap, pointers, _) = three(&arena);
    overrun(pointers[1], 4);
    let mut seen = 0;
    let stage = heap.go_on(&mut Tour::default(), usize::MAX, |_, _| seen += 1);
    assert_eq!(stage, Stage::Broken(pointers[2].addr().get() - 8));
    assert_eq!(seen, 2);
}

/// The reference: what is taken, by address; all that lies between is free, in one piece each.
#[derive(Default)]
struct Reference(std::collections::BTreeMap<usize, u32>);

impl Reference {
    /// The blocks that an area of these addresses must have, each with whether it is free.
    fn layout(&self, area: core::ops::Range<usize>) -> Vec<(usize, u32, bool)> {
        let mut blocks = Vec::new();
        let mut at = area.start;
        let end = [(&area.end, &0)];
        for (&start, &bytes) in self.0.iter().chain(end) {
            if start > at {
                blocks.push((at, (start - at) as u32, true));
            }
            if bytes > 0 {
                blocks.push((start, bytes, false));
            }
            at = start + bytes as usize;
        }
        blocks
    }
}

#[test]
fn x43_an_area_can_be_taken_out_again_when_it_is_one_free_block() {
    let arena = Arena::new(3 * 4096);
    let mut heap = arena.heap_of(&[4096, 2048, 1024], 64);
    let total = heap.totals().total;
    let extents: Vec<_> = heap.extents().collect();
    assert_eq!(extents.iter().map(ExactSizeIterator::len).collect::<Vec<_>>(), [4096, 2048, 1024]);
    let layout = Layout::from_size_align(1200, 8).unwrap();
    let blocks: Vec<_> =
        (0..4).map(|_| heap.allocate(layout, OwnerIndex::KERNEL, 0).unwrap()).collect();
    let inside = |area: &core::ops::Range<usize>| {
        blocks.iter().copied().find(|block| area.contains(&block.addr().get()))
    };
    let (first, second) = (inside(&extents[0]).unwrap(), inside(&extents[1]).unwrap());
    assert_eq!(heap.remove_empty_areas(1), 1, "the third is too small for any of them");
    heap.check().unwrap();
    // SAFETY: allocated above, and used by nobody.
    unsafe { heap.free(second) }.unwrap();
    assert_eq!(heap.remove_empty_areas(1), 1);
    heap.check().unwrap();
    assert_eq!(heap.extents().collect::<Vec<_>>(), extents[..1]);
    // SAFETY: as above.
    assert_eq!(unsafe { heap.free(second) }, Err(BadPointer::Foreign), "it is nobody's now");
    // SAFETY: as above.
    unsafe { heap.free(first) }.unwrap();
    assert_eq!(heap.remove_empty_areas(1), 0, "the first stays");
    for extent in [&extents[2], &extents[1]] {
        let start = NonNull::new(core::ptr::with_exposed_provenance_mut(extent.start)).unwrap();
        // SAFETY: the arena's, and not the heap's any more.
        unsafe { heap.add_area(start, extent.len()) }.unwrap();
    }
    heap.check().unwrap();
    assert_eq!(heap.totals().total, total);
}

#[test]
fn x42_the_layout_that_a_trace_leaves_is_that_of_a_reference_model_after_each_operation() {
    let arena = Arena::new(16384);
    let mut heap = arena.heap_of(&[16384], 0);
    let (id, area) = heap.areas().next().unwrap();
    let mut reference = Reference::default();
    let mut slots = [None; 48];
    let mut random = 0x1234_5678_u32;
    for _ in 0..4000 {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let slot = random as usize % slots.len();
        if let Some(pointer) = slots[slot].take() {
            let freed = give_back(&mut heap, pointer).unwrap();
            assert_eq!(reference.0.remove(&(pointer.addr().get() - 8)), Some(freed.bytes));
        } else if let Ok(pointer) =
            heap.allocate(bytes(random as usize / 64 % 700), OwnerIndex::KERNEL, 0)
        {
            reference.0.insert(pointer.addr().get() - 8, heap.bytes_of(pointer));
            slots[slot] = Some(pointer);
        }
        let layout: Vec<_> =
            heap.blocks(id).map(|block| (block.start, block.bytes, block.free)).collect();
        assert_eq!(layout, reference.layout(area.clone()));
    }
    assert!(reference.0.len() > 10, "the trace leaves a ragged heap");
}
