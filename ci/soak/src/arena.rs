//! The memory that the heap gets: areas of unlike sizes, with gaps between them.
#![expect(unsafe_code, reason = "gives memory to a heap")]

use ramscope_kernel::heap::Heap;
use std::ptr::NonNull;

/// As the largest alignment that the heap honours, so that offsets do not depend on the host.
#[repr(align(4096))]
struct Memory([u8; AREAS_BYTES]);

/// Where each area begins, and how long it is.
const AREAS: [(usize, usize); 3] = [(0, 160 * 1024), (165_000, 40_003), (210_000, 1_500)];
const AREAS_BYTES: usize = 212_992;

/// The bytes of all areas.
pub(crate) const GIVEN: usize = AREAS[0].1 + AREAS[1].1 + AREAS[2].1;

/// Lives as long as the heap that uses it.
pub(crate) struct Arena(Box<Memory>);

impl Arena {
    pub(crate) fn new() -> Self {
        Self(Box::new(Memory([0; AREAS_BYTES])))
    }

    /// A heap over all of it.
    pub(crate) fn heap(&mut self) -> Heap {
        let start = NonNull::from(&mut self.0.0).cast::<u8>();
        let mut heap = Heap::new();
        for (from, bytes) in AREAS {
            // SAFETY: the table's areas lie within the memory.
            let area = unsafe { start.add(from) };
            // SAFETY: nobody else uses the memory, and who has the heap has the arena too.
            unsafe { heap.add_area(area, bytes) }.expect("areas that fit and do not overlap");
        }
        heap
    }

    /// Where a pointer is, the same on every host.
    pub(crate) fn offset(&self, pointer: NonNull<u8>) -> usize {
        pointer.addr().get().wrapping_sub(std::ptr::from_ref(&*self.0).addr())
    }
}
