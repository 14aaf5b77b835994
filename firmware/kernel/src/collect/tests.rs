//! What a mark reaches, as claims on heaps of the host; whole collections run on the engine.
#![expect(unsafe_code, reason = "gives memory to a heap, and writes words into its blocks")]

extern crate std;

use super::marker::{Marker, Scan, Watch};
use crate::heap::{Cursor, Heap, OwnerIndex, OwnerKind, OwnerTag, Owners, Reached, Swept, Visited};
use core::alloc::Layout;
use core::ptr::NonNull;
use std::vec::Vec;

const WORD: usize = size_of::<usize>();

/// A heap with a unit that was torn down, and a root that is as long as one wants.
struct World {
    heap: Heap,
    dead: OwnerIndex,
    roots: Vec<usize>,
}

/// Counts what is reached for the first time.
#[derive(Default)]
struct Count {
    reached: u32,
    again: u32,
}

impl Watch for Count {
    fn reached(&mut self, _: &Reached, _: usize, _: usize) -> Scan {
        self.reached += 1;
        Scan::Contents
    }

    fn scan_again(&mut self, _: &Reached) -> Scan {
        self.again += 1;
        Scan::Contents
    }
}

impl World {
    fn new() -> Self {
        let mut heap = Heap::new();
        for bytes in [60_000, 8_000] {
            let memory: &'static mut [u64] = std::vec![0; bytes / 8].leak();
            // SAFETY: the memory is nobody else's, for ever.
            unsafe { heap.add_area(NonNull::from(&mut memory[0]).cast(), bytes) }.unwrap();
        }
        let dead = heap.owner_add(OwnerTag { kind: OwnerKind::Thread, unit: 7 }).unwrap();
        Self { heap, dead, roots: Vec::new() }
    }

    /// A block of so many words of the unit that will have been torn down.
    fn block(&mut self, words: usize) -> usize {
        let layout = Layout::array::<usize>(words).unwrap();
        let block = self.heap.allocate(layout, self.dead, 0).unwrap();
        for word in 0..words {
            put(block.as_ptr().addr() + word * WORD, 0);
        }
        block.as_ptr().expose_provenance()
    }

    /// Takes all that is free, as blocks to which nobody points.
    fn fill(&mut self) {
        while self.heap.allocate(Layout::new::<u64>(), self.dead, 0).is_ok() {}
    }

    /// Marks from the roots, a few words at a time.
    fn mark(&mut self, fuel: u32) -> Count {
        let mut cursor = Cursor::START;
        while !matches!(self.heap.index_next(&mut cursor), Visited::End) {}
        let mut marker = Marker::new();
        marker.begin(&self.heap);
        let range = self.roots.as_ptr_range();
        let range = range.start.expose_provenance()..range.end.expose_provenance();
        // SAFETY: the roots stay while they are scanned.
        unsafe { marker.scan(range) };
        let mut count = Count::default();
        while !marker.step(&mut self.heap, &mut count, fuel) {}
        count
    }

    /// Marks, and gives back what was not reached; how many bytes that were and how many stay.
    fn collect(&mut self, fuel: u32) -> (u32, u32) {
        self.heap.owner_quarantine(self.dead);
        self.mark(fuel);
        let owners = self.heap.owners_in_quarantine();
        let (mut freed, mut kept) = (0, 0);
        let mut cursor = Cursor::START;
        loop {
            match self.heap.sweep_next(&mut cursor, owners) {
                Swept::Passed => {}
                Swept::Kept(bytes) => kept += bytes,
                Swept::Freed { bytes, .. } => freed += bytes,
                Swept::End => break,
            }
        }
        assert_eq!(self.heap.check(), Ok(()));
        (freed, kept)
    }
}

fn put(at: usize, word: usize) {
    // SAFETY: a word of a block that the test has.
    unsafe { core::ptr::with_exposed_provenance_mut::<usize>(at).write(word) };
}

#[test]
fn what_nothing_points_to_goes_back_and_its_owner_too() {
    let mut world = World::new();
    let used = world.heap.totals().used;
    for words in [1, 3, 40, 900] {
        world.block(words);
    }
    let (freed, kept) = world.collect(16);
    assert_eq!((kept, world.heap.totals().used), (0, used));
    assert!(freed >= 944 * WORD as u32);
    assert!(world.heap.owner(world.dead).is_none(), "its entry serves another one now");
}

#[test]
fn x49_a_word_anywhere_in_a_block_or_right_behind_it_keeps_it() {
    const WORDS: usize = 300;
    for offset in [0, 1, 7, WORD, WORDS * WORD - 1, WORDS * WORD] {
        let mut world = World::new();
        let (before, block, after) = (world.block(1), world.block(WORDS), world.block(1));
        world.roots.push(block + offset);
        let (_, kept) = world.collect(5);
        let bytes = (WORDS * WORD) as u32;
        assert!((bytes..bytes + 32).contains(&kept), "offset {offset} of {before:#x} {after:#x}");
    }
}

#[test]
fn words_that_point_to_no_block_keep_nothing() {
    let mut world = World::new();
    let block = world.block(4);
    let area = world.heap.areas().next().unwrap().1;
    world.roots.extend([0, 1, usize::MAX, block - 8, area.start, area.end, area.end - 16]);
    assert_eq!(world.collect(3).1, 0);
}

/// Circles keep nobody alive; what is reached keeps what it points to, however far.
#[test]
fn m03_a_chain_stays_from_its_root_on_and_a_circle_without_one_goes() {
    let mut world = World::new();
    let chain: Vec<usize> = (0..500).map(|_| world.block(2)).collect();
    for pair in chain.windows(2) {
        put(pair[0] + WORD, pair[1] + 3);
    }
    let (one, other) = (world.block(2), world.block(2));
    put(one, other);
    put(other, one);
    world.roots.push(chain[100]);
    assert_eq!(world.mark(7).reached, 400);
    let (freed, kept) = world.collect(7);
    let block = 2 * WORD as u32 + 8;
    // The last one before the end of an area has what is too little for another.
    assert!(freed.abs_diff(102 * block) <= 8 && kept.abs_diff(400 * block) <= 8);
}

/// More wait to be scanned than the stack of the marker takes, several levels deep.
#[test]
fn what_found_no_room_to_wait_is_scanned_later() {
    let mut world = World::new();
    let root = world.block(30);
    let mut count = 1;
    for branch in 0..30 {
        let middle = world.block(20);
        put(root + branch * WORD, middle);
        count += 1;
        for twig in 0..20 {
            let leaf = world.block(2);
            let end = world.block(1);
            put(middle + twig * WORD, leaf);
            put(leaf, end);
            count += 2;
        }
    }
    // All of the leaves at once, the last level behind them.
    world.roots.push(root);
    let marked = world.mark(9);
    assert_eq!(marked.reached, count);

    let mut wide = World::new();
    let root = wide.block(400);
    for place in 0..400 {
        let (leaf, end) = (wide.block(2), wide.block(1));
        put(root + place * WORD, leaf);
        put(leaf, end);
    }
    wide.roots.push(root);
    let marked = wide.mark(9);
    assert_eq!((marked.reached, marked.again), (801, 0));
    // Where no free block has room for the bits, a walk finds them.
    wide.fill();
    let marked = wide.mark(9);
    assert_eq!(marked.reached, 801);
    assert!(marked.again > 0, "the stack was too small for that");
}

/// However little is done at a time, the same is reached: checked against a walk of its own over random
/// graphs.
#[test]
fn what_is_reached_is_what_a_simple_walk_reaches() {
    let mut random = 0x1234_5678_u32;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random as usize % below
    };
    for round in 0..40 {
        let mut world = World::new();
        let blocks: Vec<(usize, usize)> =
            (0..120).map(|_| next(30) + 1).map(|words| (world.block(words), words)).collect();
        let mut edges = std::vec![Vec::new(); blocks.len()];
        for _ in 0..next(400) {
            let (from, to) = (next(blocks.len()), next(blocks.len()));
            let place = next(blocks[from].1);
            let target = blocks[to].0 + next(blocks[to].1 * WORD);
            edges[from].retain(|(at, _)| *at != place);
            edges[from].push((place, to));
            put(blocks[from].0 + place * WORD, target);
        }
        let mut waiting: Vec<usize> = (0..next(5)).map(|_| next(blocks.len())).collect();
        world.roots = waiting.iter().map(|index| blocks[*index].0).collect();
        let mut reached = std::vec![false; blocks.len()];
        while let Some(index) = waiting.pop() {
            if !core::mem::replace(&mut reached[index], true) {
                waiting.extend(edges[index].iter().map(|(_, to)| *to));
            }
        }
        if round % 4 == 0 {
            world.fill();
        }
        let _ = world.mark(1 + next(50) as u32);
        assert!(world.heap.lends_starts());
        for (index, (block, _)) in blocks.iter().enumerate() {
            let is = world.heap.is_reached(*block);
            assert_eq!(is, Some(reached[index]), "block {index} of round {round}");
        }
    }
}

#[test]
fn a_set_of_owners_has_those_that_were_added() {
    let mut world = World::new();
    let more: Vec<OwnerIndex> = (0..60)
        .map(|unit| world.heap.owner_add(OwnerTag { kind: OwnerKind::Thread, unit }).unwrap())
        .collect();
    for owner in more.iter().step_by(3) {
        world.heap.allocate(Layout::new::<u64>(), *owner, 0).unwrap();
        world.heap.owner_quarantine(*owner);
    }
    let quarantined: Owners = world.heap.owners_in_quarantine();
    assert_eq!(quarantined.count(), 20);
    for (index, owner) in more.iter().enumerate() {
        assert_eq!(quarantined.contains(*owner), index % 3 == 0, "{owner:?}");
    }
    let roots = world.heap.owners_that_are_roots();
    assert!(roots.contains(OwnerIndex::KERNEL) && !roots.contains(more[0]));
}
