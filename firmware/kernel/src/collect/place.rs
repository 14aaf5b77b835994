//! What an address is that a collection came upon, and whose: for saying what keeps a block or a unit.

use crate::heap::{Heap, Reached};
use crate::kernel::Kernel;
use crate::port::StackRange;
use crate::thread::Thread;
use ramscope_wire::{CollectPlace, UnitId};

/// What an address is, and whose.
pub(super) fn place_of(kernel: &Kernel, at: usize) -> (CollectPlace, UnitId) {
    let unit_of = |slot: usize| UnitId(kernel.threads[slot].unit);
    let collector = &kernel.collector;
    if collector.registers.contains(&at) {
        return (CollectPlace::Registers, unit_of(collector.caller.index()));
    }
    let has_it = |thread: &Thread| {
        let StackRange { low, bytes } = thread.stack;
        thread.end.is_none() && (low..low + bytes).contains(&at)
    };
    if let Some(slot) = kernel.threads.iter().position(has_it) {
        return (CollectPlace::Stack, unit_of(slot));
    }
    if let Some(block) = in_block(&kernel.heap, at) {
        let unit = kernel.heap.owner(block.owner).map_or(0, |totals| totals.tag.unit);
        return (CollectPlace::Heap, UnitId(unit));
    }
    let own = core::ptr::from_ref(kernel).addr();
    match () {
        () if collector.roots.contains(at) => (CollectPlace::Registered, UnitId::KERNEL),
        () if (own..own + size_of::<Kernel>()).contains(&at) => {
            (CollectPlace::Kernel, UnitId::KERNEL)
        }
        () => (CollectPlace::Statics, UnitId::KERNEL),
    }
}

/// The block that an address lies in.
fn in_block(heap: &Heap, at: usize) -> Option<Reached> {
    heap.is_reached(at).filter(|reached| *reached)?;
    heap.payload_at(at)
}
