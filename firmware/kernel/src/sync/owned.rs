//! What an object begins with whose holders run no less urgently than who waits for them: mutexes, values
//! that are made once, reader-writer locks.
//!
//! All of them give the scheduler core the same handle, an [`Ownable`], which says who waits, in the order
//! of urgency, and who has it. The core has the protocol and never follows a name; here is the way from
//! names to objects, and what is done along chains of holders that wait themselves.
//!
//! Invariants, besides those of [`sync`](super):
//! 1. The name of a queue in which a slot waits with [`Why::Mutex`](crate::sched::Why) is the address of
//!    something that begins as an [`Owned`] does.
#![expect(unsafe_code, reason = "finds objects by their names")]

use super::head::{Head, Headed, waited_for};
use super::races;
use crate::kernel::{self, Kernel};
use crate::port;
use crate::sched::{Attention, Inheritance, Mutexes, Ownable, QueueName, Slot, Wake};
use core::ptr;
use ramscope_wire::ObjectKind;

/// See the module's text.
#[repr(C)]
pub(crate) struct Owned {
    pub(super) head: Head,
    pub(super) ownable: Ownable,
}

// SAFETY: `repr(C)`, and the head is the first field.
unsafe impl Headed for Owned {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

impl Owned {
    pub(super) const fn new(
        kind: ObjectKind,
        name: &'static str,
        inheritance: Inheritance,
    ) -> Self {
        Self { head: Head::new(kind, name), ownable: Ownable::new(inheritance) }
    }
}

/// The way from the name of a queue to the object, for the scheduler core.
pub(super) struct Names;

impl Mutexes for Names {
    fn mutex(&mut self, name: QueueName) -> &mut Ownable {
        let owned: *mut Owned = ptr::with_exposed_provenance_mut(name);
        // SAFETY: invariant 1; a frame borrows the object that waits or calls, and sections keep no
        // reference to its state over a call of the core (see `Masked::get`).
        unsafe { &mut (*owned).ownable }
    }
}

/// What the scheduler core keeps of the object that `slot` waits for, if that has holders who inherit.
pub(crate) fn ownable_of(kernel: &Kernel, slot: Slot) -> Option<&Ownable> {
    use crate::sched::{State, Why};
    let State::Blocked(Why::Mutex) = kernel.sched.state(slot) else { return None };
    let owned: *const Owned = ptr::with_exposed_provenance(kernel.sched.queue_of(slot)?);
    // SAFETY: invariant 1; the slot's frame borrows the object, and the kernel's reference shows that
    // it is held and that nobody changes it.
    Some(unsafe { &(*owned).ownable })
}

/// Goes along a chain of owners to its end, one link a section. The kernel is held before and
/// afterwards, but not between two links; meanwhile no other thread runs, though the running one waits.
#[cold]
#[inline(never)]
pub(crate) fn settle() {
    while kernel::work_on(|kernel| {
        kernel.holds_still = kernel.sched.settle_one(&mut Names);
        kernel.holds_still
    }) {
        port::let_go(true);
        port::hold();
    }
}

/// Goes one link along a chain of owners, for what began in a handler: there priorities are lowered
/// only, so that it does no harm if a thread runs meanwhile. The clock sees to the next link.
#[inline]
pub(crate) fn settle_in_handler(kernel: &mut Kernel) {
    if kernel.sched.attention.any(Attention::UNSETTLED) && kernel.sched.settle_one(&mut Names) {
        kernel.sched.attention.raise(Attention::ALARM);
    }
}

/// Ends the wait of a slot that waits for a mutex or its like without getting it.
pub(crate) fn give_up(kernel: &mut Kernel, slot: Slot, wake: Wake) {
    if let Some(head) = waited_for(kernel, slot) {
        head.one_fewer(kernel);
    }
    if wake == Wake::Granted {
        races::woke(kernel, slot);
    }
    kernel.sched.give_up_owning(slot, wake, &mut Names);
    settle_in_handler(kernel);
}

/// Wakes all that wait for a mutex or its like whose owner is gone.
pub(crate) fn release_poisoned(kernel: &mut Kernel, name: QueueName) {
    while let Some(slot) = Names.mutex(name).first_waiter() {
        give_up(kernel, slot, Wake::Poisoned);
    }
    Names.mutex(name).forget_owner();
}
