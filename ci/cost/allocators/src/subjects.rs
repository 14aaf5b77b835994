//! Who is measured, each behind the same two operations.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::size_of;
use core::ptr::{NonNull, slice_from_raw_parts_mut};

use embedded_alloc::{LlffHeap, TlsfHeap};
use ramscope_kernel::heap::{self, Heap, OwnerIndex, OwnerKind, OwnerTag};
use rlsf::Tlsf;
use talc::{ErrOnOom, Span, Talc};

/// An allocator over one area.
pub trait Subject: Sized {
    /// As the table names it.
    const NAME: &'static str;
    /// Bytes of its own beside the area.
    const CONTROL_BYTES: usize = size_of::<Self>();

    /// One that has given nothing away yet.
    ///
    /// # Safety
    /// The area is nobody else's.
    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self;

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// # Safety
    /// `pointer` came from [`Subject::take`] with this layout, and is not used any more.
    unsafe fn give(&mut self, pointer: NonNull<u8>, layout: Layout);

    /// Whether it holds so many blocks, and is in order, as far as it can tell.
    fn is_sound(&self, _blocks: u32) -> bool {
        true
    }
}

/// Ours, with the accounts of owners.
pub struct Ours {
    owner: OwnerIndex,
    heap: Heap,
}

impl Subject for Ours {
    const NAME: &'static str = "ramscope";
    const CONTROL_BYTES: usize = heap::CONTROL_BYTES;

    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self {
        let mut heap = Heap::new();
        // SAFETY: as promised by the caller.
        unsafe { heap.add_area(area, bytes) }.expect("an area of its own");
        let owner = heap.owner_add(OwnerTag { kind: OwnerKind::Thread, unit: 2 });
        Self { heap, owner: owner.expect("the first of many") }
    }

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.heap.try_allocate(layout, self.owner, 1)
    }

    unsafe fn give(&mut self, pointer: NonNull<u8>, _: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { self.heap.try_free(pointer) };
    }

    fn is_sound(&self, blocks: u32) -> bool {
        self.heap.check().is_ok() && self.heap.totals().used_blocks == blocks
    }
}

/// Ours, without the accounts.
pub struct Unaccounted(heap::Unaccounted);

impl Subject for Unaccounted {
    const NAME: &'static str = "ramscope, accounts off";
    const CONTROL_BYTES: usize = heap::CONTROL_BYTES;

    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self {
        // SAFETY: as promised by the caller.
        Self(unsafe { heap::Unaccounted::over(area, bytes) }.expect("an area of its own"))
    }

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.allocate(layout, OwnerIndex::KERNEL, 1)
    }

    unsafe fn give(&mut self, pointer: NonNull<u8>, _: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { self.0.free(pointer) };
    }
}

/// Sixteen classes by sixteen.
pub struct Rlsf(Tlsf<'static, u32, u32, 16, 16>);

impl Subject for Rlsf {
    const NAME: &'static str = "rlsf 0.2.3";

    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self {
        let mut tlsf = Tlsf::new();
        let area = slice_from_raw_parts_mut(area.as_ptr(), bytes);
        // SAFETY: as promised by the caller; an address that is not null makes none.
        let taken = unsafe { tlsf.insert_free_block_ptr(NonNull::new_unchecked(area)) };
        taken.expect("the area is large enough");
        Self(tlsf)
    }

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.allocate(layout)
    }

    unsafe fn give(&mut self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { self.0.deallocate(pointer, layout.align()) }
    }
}

/// Without a lock.
pub struct TalcRaw(Talc<ErrOnOom>);

impl Subject for TalcRaw {
    const NAME: &'static str = "talc 4.4.3";

    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self {
        let mut talc = Talc::new(ErrOnOom);
        // SAFETY: as promised by the caller.
        unsafe { talc.claim(Span::from_base_size(area.as_ptr(), bytes)) }.expect("large enough");
        Self(talc)
    }

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: no trace asks for zero bytes.
        unsafe { self.0.malloc(layout) }.ok()
    }

    unsafe fn give(&mut self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { self.0.free(pointer, layout) }
    }
}

/// A two-level fit behind a critical section.
pub struct EmbeddedTlsf(TlsfHeap);

impl Subject for EmbeddedTlsf {
    const NAME: &'static str = "embedded-alloc 0.6 tlsf";

    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self {
        let heap = TlsfHeap::empty();
        // SAFETY: as promised by the caller.
        unsafe { heap.init(area.addr().get(), bytes) };
        Self(heap)
    }

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: no trace asks for zero bytes.
        NonNull::new(unsafe { self.0.alloc(layout) })
    }

    unsafe fn give(&mut self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { self.0.dealloc(pointer.as_ptr(), layout) }
    }
}

/// A list of holes behind a critical section.
pub struct EmbeddedList(LlffHeap);

impl Subject for EmbeddedList {
    const NAME: &'static str = "embedded-alloc 0.6 llff";

    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self {
        let heap = LlffHeap::empty();
        // SAFETY: as promised by the caller.
        unsafe { heap.init(area.addr().get(), bytes) };
        Self(heap)
    }

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: no trace asks for zero bytes.
        NonNull::new(unsafe { self.0.alloc(layout) })
    }

    unsafe fn give(&mut self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { self.0.dealloc(pointer.as_ptr(), layout) }
    }
}

/// A list of holes.
pub struct LinkedList(linked_list_allocator::Heap);

impl Subject for LinkedList {
    const NAME: &'static str = "linked_list_allocator 0.10.6";

    unsafe fn over(area: NonNull<u8>, bytes: usize) -> Self {
        // SAFETY: as promised by the caller.
        Self(unsafe { linked_list_allocator::Heap::new(area.as_ptr(), bytes) })
    }

    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.allocate_first_fit(layout).ok()
    }

    unsafe fn give(&mut self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { self.0.deallocate(pointer, layout) }
    }
}
