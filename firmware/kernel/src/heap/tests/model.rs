//! Random operations against a model that only knows who holds what.
//!
//! After each operation the identity holds, every invariant checks, no two blocks overlap, and
//! every block still has the bytes that its holder wrote.

use core::alloc::Layout;
use core::ptr::NonNull;

use proptest::prelude::*;

use super::std::vec::Vec;
use super::{
    ALIGN_MAX, Arena, BadPointer, Freed, HEADER_BYTES, Heap, OutOfMemory, OwnerIndex, Resized,
    check, give_back, thread,
};

const OWNERS: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Allocate { size: usize, align_shift: u32, owner: usize },
    Free { pick: usize },
    FreeTwice { pick: usize },
    FreeInside { pick: usize, step: usize },
    Transfer { pick: usize, to: usize },
    Resize { pick: usize, size: usize },
    OpenWindow,
    LargestFits,
}

fn operation() -> impl Strategy<Value = Operation> {
    let size = prop_oneof![4 => 0_usize..80, 3 => 80_usize..600, 1 => 600_usize..6000];
    let align_shift = prop_oneof![8 => 0_u32..4, 1 => 4_u32..13];
    let allocate = (size, align_shift, 0..OWNERS)
        .prop_map(|(size, align_shift, owner)| Operation::Allocate { size, align_shift, owner });
    let pick = any::<usize>();
    prop_oneof![
        12 => allocate,
        9 => pick.prop_map(|pick| Operation::Free { pick }),
        1 => pick.prop_map(|pick| Operation::FreeTwice { pick }),
        1 => (pick, any::<usize>()).prop_map(|(pick, step)| Operation::FreeInside { pick, step }),
        1 => (pick, 0..OWNERS).prop_map(|(pick, to)| Operation::Transfer { pick, to }),
        6 => (pick, 0_usize..700).prop_map(|(pick, size)| Operation::Resize { pick, size }),
        1 => Just(Operation::OpenWindow),
        1 => Just(Operation::LargestFits),
    ]
}

struct Held {
    pointer: NonNull<u8>,
    size: usize,
    block_bytes: u32,
    owner: usize,
    pattern: u8,
}

impl Held {
    fn fill(&self) {
        // SAFETY: the block is ours, and has at least so many bytes.
        unsafe { self.pointer.write_bytes(self.pattern, self.size) };
    }

    fn is_intact(&self) -> bool {
        // SAFETY: as above, and `fill` initialised it.
        let bytes = unsafe { core::slice::from_raw_parts(self.pointer.as_ptr(), self.size) };
        bytes.iter().all(|&byte| byte == self.pattern)
    }

    fn block(&self) -> core::ops::Range<usize> {
        let start = self.pointer.addr().get() - HEADER_BYTES as usize;
        start..start + self.block_bytes as usize
    }
}

struct Model {
    heap: Heap,
    owners: Vec<OwnerIndex>,
    held: Vec<Held>,
    peaks: [u32; OWNERS],
    peaks_window: [u32; OWNERS],
    peak_used: u32,
    patterns: u8,
}

impl Model {
    fn new(mut heap: Heap) -> Self {
        let units = 2..2 + OWNERS as u32;
        let owners = units.map(|unit| heap.owner_add(thread(unit)).unwrap()).collect();
        Self {
            heap,
            owners,
            held: Vec::new(),
            peaks: [0; OWNERS],
            peaks_window: [0; OWNERS],
            peak_used: 0,
            patterns: 0,
        }
    }

    fn step(&mut self, operation: Operation) {
        match operation {
            Operation::Allocate { size, align_shift, owner } => {
                let layout = Layout::from_size_align(size, 1 << align_shift).unwrap();
                self.allocate(layout, owner);
            }
            Operation::Free { pick } => self.free(pick),
            Operation::FreeTwice { pick } => self.free_twice(pick),
            Operation::FreeInside { pick, step } => self.free_inside(pick, step),
            Operation::Transfer { pick, to } => self.transfer(pick, to),
            Operation::Resize { pick, size } => self.resize(pick, size),
            Operation::OpenWindow => {
                self.heap.open_window();
                self.peaks_window = core::array::from_fn(|owner| self.current(owner));
            }
            Operation::LargestFits => self.largest_fits(),
        }
        self.check();
    }

    fn allocate(&mut self, layout: Layout, owner: usize) {
        match self.heap.allocate(layout, self.owners[owner], 3) {
            Ok(pointer) => self.hold(pointer, layout, owner),
            Err(OutOfMemory { wanted_bytes, largest_free_bytes, free_bytes }) => {
                assert_eq!(wanted_bytes as usize, layout.size());
                let totals = self.heap.totals();
                assert_eq!((largest_free_bytes, free_bytes), (totals.largest_free, totals.free));
                // A stricter alignment may have to skip that much.
                let slack = if layout.align() > 8 { layout.align() + 16 } else { 7 };
                assert!(layout.size() + slack > largest_free_bytes as usize);
            }
        }
    }

    fn hold(&mut self, pointer: NonNull<u8>, layout: Layout, owner: usize) {
        assert_eq!(pointer.addr().get() % layout.align().max(8), 0);
        let block = self.heap.block_of(pointer.addr().get()).unwrap();
        assert_eq!((block.owner, block.site, block.free), (self.owners[owner], 3, false));
        assert!(block.bytes as usize >= layout.size() + HEADER_BYTES as usize);
        assert!(block.bytes as usize <= layout.size().next_multiple_of(8).max(8) + 16);
        self.patterns = self.patterns.wrapping_add(1);
        let size = layout.size();
        let pattern = self.patterns;
        let held = Held { pointer, size, block_bytes: block.bytes, owner, pattern };
        held.fill();
        self.held.push(held);
    }

    fn take(&mut self, pick: usize) -> Option<Held> {
        let count = self.held.len();
        (count > 0).then(|| self.held.swap_remove(pick % count))
    }

    fn free(&mut self, pick: usize) {
        if let Some(held) = self.take(pick) {
            let freed = Freed { bytes: held.block_bytes, owner: self.owners[held.owner] };
            assert_eq!(give_back(&mut self.heap, held.pointer), Ok(freed));
        }
    }

    fn free_twice(&mut self, pick: usize) {
        if let Some(held) = self.take(pick) {
            give_back(&mut self.heap, held.pointer).unwrap();
            assert_eq!(give_back(&mut self.heap, held.pointer), Err(BadPointer::AlreadyFree));
        }
    }

    fn free_inside(&mut self, pick: usize, step: usize) {
        let Some(held) = self.held.get(pick % self.held.len().max(1)) else {
            return;
        };
        if held.size > 1 {
            // SAFETY: within the payload.
            let inside = unsafe { held.pointer.add(1 + step % (held.size - 1)) };
            let refused = give_back(&mut self.heap, inside);
            assert_eq!(refused, Err(BadPointer::NotABlockStart));
        }
    }

    fn transfer(&mut self, pick: usize, to: usize) {
        let count = self.held.len().max(1);
        if let Some(held) = self.held.get_mut(pick % count) {
            let moved = self.heap.transfer(held.pointer, self.owners[to]).unwrap();
            assert_eq!(moved.owner, self.owners[held.owner]);
            held.owner = to;
        }
    }

    /// A block that could not grow has no free neighbour that would do.
    fn resize(&mut self, pick: usize, size: usize) {
        let count = self.held.len().max(1);
        let Some(held) = self.held.get_mut(pick % count) else { return };
        // SAFETY: the model does not use what is beyond the new size.
        let resized = unsafe { self.heap.resize(held.pointer, size) }.unwrap();
        let owner = self.owners[held.owner];
        match resized {
            Resized::InPlace { owner: said, from_bytes, to_bytes } => {
                assert_eq!((said, from_bytes), (owner, held.block_bytes));
                assert!(to_bytes as usize >= size + HEADER_BYTES as usize);
                assert!(to_bytes as usize <= size.next_multiple_of(8).max(8) + 16);
                held.size = held.size.min(size);
                held.block_bytes = to_bytes;
                assert!(held.is_intact());
                held.size = size;
                held.fill();
            }
            Resized::NoRoom => {
                let right = self.heap.block_of(held.block().end + HEADER_BYTES as usize);
                let gain = right.map_or(0, |block| if block.free { block.bytes } else { 0 });
                assert!(size + HEADER_BYTES as usize > (held.block_bytes + gain) as usize);
            }
        }
    }

    /// What is said to be the largest that fits does, and eight bytes more do not.
    fn largest_fits(&mut self) {
        let largest = self.heap.totals().largest_free as usize;
        if largest > 0 {
            let more = Layout::from_size_align(largest + 1, 8).unwrap();
            assert!(self.heap.allocate(more, self.owners[0], 3).is_err());
            let layout = Layout::from_size_align(largest, 8).unwrap();
            let pointer = self.heap.allocate(layout, self.owners[0], 3).unwrap();
            self.hold(pointer, layout, 0);
        }
    }

    fn current(&self, owner: usize) -> u32 {
        let of_owner = self.held.iter().filter(|held| held.owner == owner);
        of_owner.map(|held| held.block_bytes).sum()
    }

    fn check(&mut self) {
        check(&self.heap);
        self.held.sort_by_key(|held| held.pointer);
        assert!(self.held.windows(2).all(|pair| pair[0].block().end <= pair[1].block().start));
        assert!(self.held.iter().all(Held::is_intact));
        for owner in 0..OWNERS {
            let current = self.current(owner);
            self.peaks[owner] = self.peaks[owner].max(current);
            self.peaks_window[owner] = self.peaks_window[owner].max(current);
            let totals = self.heap.owner(self.owners[owner]).unwrap();
            assert_eq!(
                (totals.current, totals.peak, totals.peak_window),
                (current, self.peaks[owner], self.peaks_window[owner])
            );
        }
        let totals = self.heap.totals();
        let used: u32 = self.held.iter().map(|held| held.block_bytes).sum();
        self.peak_used = self.peak_used.max(used);
        assert_eq!((totals.used, totals.peak_used), (used, self.peak_used));
        assert_eq!(totals.used_blocks as usize, self.held.len());
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_operations_keep_every_promise(operations in prop::collection::vec(operation(), 1..300)) {
        let arena = Arena::new(4 * ALIGN_MAX);
        let mut model = Model::new(arena.heap_of(&[9000, 513, 6000], 40));
        for operation in operations {
            model.step(operation);
        }
        while !model.held.is_empty() {
            model.step(Operation::Free { pick: 0 });
        }
        prop_assert_eq!(model.heap.totals().free_blocks, 3);
    }
}
