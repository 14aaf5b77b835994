//! How large stacks are: asked for, granted, used, and what is left of them.

use super::check_headroom;
use crate::kernel;
use crate::sample;
use crate::sched::{Slot, State};
use crate::stack::{KERNEL_STACK_MAX, STACK_BYTES_DEFAULT, STACK_BYTES_MIN};

/// What is known of a thread's stack, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackFigures {
    /// Asked for.
    pub requested: u32,
    /// Got: at least [`minimum`](Self::minimum), rounded up to 16.
    pub granted: u32,
    /// The most that was in use; 0 on the host port, whose stacks are the host's.
    pub high_water: u32,
    /// What every kernel call must find left: a thread whose high water comes within this of what
    /// it got is stopped at its next call.
    pub margin: u32,
    /// What a thread gets at least.
    pub minimum: u32,
    /// What a thread gets that does not ask, unless [`stack_size`] says otherwise.
    pub default: u32,
}

impl StackFigures {
    /// Bytes between the high water and the margin.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.granted.saturating_sub(self.high_water).saturating_sub(self.margin)
    }
}

/// The figures of the running thread's stack.
///
/// # Context
/// Thread. Scans the unused part of the stack.
#[must_use]
pub fn stack() -> StackFigures {
    check_headroom();
    let (slot, unit) = kernel::with(|kernel| (kernel.sched.running(), kernel.current().unit));
    figures(slot, unit).expect("the running thread lives")
}

/// The figures of a unit's stack, if the slot is still its own.
pub(super) fn figures(slot: Slot, unit: u32) -> Option<StackFigures> {
    let (requested, range, peak) = kernel::with(|kernel| {
        let thread = &kernel.threads[slot.index()];
        let has_block = kernel.sched.state(slot) != State::Ended;
        // What has ended has given its stack back: only its noted peak is left.
        let peak = if has_block { None } else { Some(thread.stack_peak) };
        (thread.unit == unit).then_some((thread.stack_requested, thread.stack, peak))
    })?;
    Some(StackFigures {
        requested,
        granted: range.bytes as u32,
        high_water: peak.unwrap_or_else(|| sample::peak_of(range)),
        margin: KERNEL_STACK_MAX as u32,
        minimum: STACK_BYTES_MIN as u32,
        default: STACK_BYTES_DEFAULT as u32,
    })
}

/// MicroPython's `stack_size([n])`: the stack, in bytes, that threads get from now on that do not ask
/// for one; 0 is the default. Answers the value before. Too small a value is kept as it is, and raised
/// when a thread is started.
///
/// Without a size it only reads; with [`Strictness::MicroPython`](crate::compat::Strictness) that
/// also resets the value to 0.
///
/// # Context
/// Any.
pub fn stack_size(bytes: Option<usize>) -> usize {
    kernel::with(|kernel| match bytes {
        None => kernel.compatibility.read_stack_bytes(),
        Some(bytes) => core::mem::replace(&mut kernel.compatibility.stack_bytes, bytes),
    })
}

/// What a thread asks for that asks for nothing.
pub(super) fn bytes_unasked() -> usize {
    match kernel::with(|kernel| kernel.compatibility.stack_bytes) {
        0 => STACK_BYTES_DEFAULT,
        bytes => bytes,
    }
}
