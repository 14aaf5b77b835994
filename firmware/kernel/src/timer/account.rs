//! Who pays for what a timer's callback allocates: the timer.
//!
//! All callbacks run in one unit, so that a callback which keeps memory looked like any other one. While a
//! timer's callback runs, the unit's account is therefore the timer's, and its closure is paid from there,
//! too; what is handed on from there stays on it until it is freed. The timer's own block belongs to all
//! timers together: it must outlive a callback that is torn down.
//!
//! Accounts are entries of the heap's ledger, which threads and modules need as well. So at most
//! [`ACCOUNTS_MAX`] timers have one at a time; further ones share one, as all did before.

use super::TIMERS_MAX;
use super::table::TimerIndex;
use crate::heap::{OwnerIndex, OwnerKind, OwnerTag};
use crate::kernel::Kernel;

/// Timers with an account of their own.
pub(crate) const ACCOUNTS_MAX: u8 = 32;

/// What a timer has of the heap besides its own block: its closure, and what its callbacks allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Bytes now, headers included.
    pub current: u32,
    /// The most bytes at once.
    pub peak: u32,
}

/// The name of the timer of this number, of which an account is; empty if it is gone.
pub(crate) fn name_of(kernel: &mut Kernel, number: u32) -> &'static str {
    (0..TIMERS_MAX as u8)
        .find_map(|index| {
            let block = kernel.timers.find(TimerIndex(index))?;
            (block.object.0 == number).then_some(block.name)
        })
        .unwrap_or("")
}

/// What a timer holds.
pub(super) fn held(kernel: &mut Kernel, index: TimerIndex) -> Option<Held> {
    let owner = of(kernel, index)?;
    let owner = kernel.heap.owner(owner)?;
    Some(Held { current: owner.current, peak: owner.peak })
}

/// Opens an account for a new timer, if one can be had.
pub(super) fn open(kernel: &mut Kernel, index: TimerIndex) {
    if kernel.timers.accounts == ACCOUNTS_MAX {
        return;
    }
    let unit = kernel.timers.block(index).object.0;
    let owner = kernel.heap.owner_add(OwnerTag { kind: OwnerKind::Timer, unit }).ok();
    kernel.timers.accounts += u8::from(owner.is_some());
    kernel.timers.block(index).owner = owner;
}

/// The timer goes: its entry goes with its last byte.
pub(super) fn close(kernel: &mut Kernel, index: TimerIndex) {
    if let Some(owner) = kernel.timers.block(index).owner.take() {
        kernel.timers.accounts -= 1;
        kernel.heap.owner_release(owner);
    }
}

/// Who pays for what the callback of a timer allocates; nobody special where it has no account.
pub(crate) fn of(kernel: &mut Kernel, index: TimerIndex) -> Option<OwnerIndex> {
    kernel.timers.find(index)?.owner
}

/// The callback of a timer was torn down: what it allocated is quarantined, and nothing more is booked
/// there.
pub(crate) fn quarantine(kernel: &mut Kernel, index: TimerIndex) {
    let owner = kernel.timers.find(index).and_then(|block| block.owner.take());
    if let Some(owner) = owner {
        kernel.timers.accounts -= 1;
        kernel.heap.owner_quarantine(owner);
    }
}
