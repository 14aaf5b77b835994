//! Where a debugger finds the threads, without a word of RAM and without an instruction.
//!
//! The kernel's own structures have no fixed layout, and should not: so the image carries the
//! offsets of what a debugger wants to know, as the compiler has chosen them. Only reading is meant.
//!
//! Whoever explores schedules wants to know at which instructions another unit could have the turn. That
//! is so where the bit of the running slot's priority is set in the ready queues' bitmap; so the table
//! says where these three are as well.

use crate::heap::{Heap, OWNERS_MAX};
use crate::kernel::Kernel;
use crate::sched::{Scheduler, THREADS_MAX};
use crate::thread::Thread;
use core::mem::offset_of;

/// The table behind the symbol `RAMSCOPE_UNITS`: where the slots of threads are and, as offsets in
/// bytes into a slot, what is in them. A slot whose block is 0 is empty, but for the kernel's own
/// context and main, units 0 and 1.
#[repr(C)]
pub struct UnitTable {
    threads: *const u8,
    slots: u32,
    slot_bytes: u32,
    unit: u32,
    /// The saved context of a thread that does not run; stale in the one that does.
    context: u32,
    /// The address of the name's bytes, then their number, as compilers lay a `&str` out.
    name: u32,
    stack_low: u32,
    stack_bytes: u32,
    block: u32,
    /// [`TURNS`]: the words below are there.
    turns: u32,
    /// 16 bits, one for each priority at which somebody is ready.
    ready: *const u8,
    /// A byte: the slot that runs.
    running: *const u8,
    /// The scheduler's slots; the first one's byte that says at which priority it is.
    priorities: *const u8,
    priority_stride: u32,
    /// [`OWNERS`]: the words below are there.
    owners: u32,
    /// The entries of owners, by the index that a block's header has.
    holders: *const u8,
    holder_count: u32,
    holder_bytes: u32,
    /// A byte: what kind of owner it is, in the order of telemetry's words.
    holder_kind: u32,
    holder_unit: u32,
    /// What the index in a header is xored with.
    owner_seal: u32,
}

/// Says that a [`UnitTable`] tells who owns blocks of the heap.
const OWNERS: u32 = u32::from_le_bytes(*b"ownr");

/// Says that a [`UnitTable`] tells where the turns of equals are decided.
const TURNS: u32 = u32::from_le_bytes(*b"turn");

#[expect(unsafe_code, reason = "a table with an address")]
// SAFETY: the address is never followed here.
unsafe impl Sync for UnitTable {}

impl UnitTable {
    /// The table of an instance.
    #[must_use]
    pub const fn of(kernel: *const Kernel) -> Self {
        let sched = kernel.cast::<u8>().wrapping_add(offset_of!(Kernel, sched));
        Self {
            threads: kernel.cast::<u8>().wrapping_add(offset_of!(Kernel, threads)),
            slots: THREADS_MAX as u32,
            slot_bytes: size_of::<Thread>() as u32,
            unit: offset_of!(Thread, unit) as u32,
            context: offset_of!(Thread, context) as u32,
            name: offset_of!(Thread, name) as u32,
            stack_low: offset_of!(Thread, stack.low) as u32,
            stack_bytes: offset_of!(Thread, stack.bytes) as u32,
            block: offset_of!(Thread, block) as u32,
            turns: TURNS,
            ready: sched.wrapping_add(Scheduler::READY_BITS),
            running: sched.wrapping_add(Scheduler::RUNNING),
            priorities: sched.wrapping_add(Scheduler::PRIORITIES),
            priority_stride: Scheduler::PRIORITY_STRIDE as u32,
            owners: OWNERS,
            holders: kernel.cast::<u8>().wrapping_add(offset_of!(Kernel, heap) + Heap::HOLDERS),
            holder_count: OWNERS_MAX as u32,
            holder_bytes: Heap::HOLDER_BYTES as u32,
            holder_kind: Heap::HOLDER_KIND as u32,
            holder_unit: Heap::HOLDER_UNIT as u32,
            owner_seal: Heap::OWNER_SEAL,
        }
    }
}
