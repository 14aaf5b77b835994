//! Units as a collection sees them: what they wait for, what they can use, how they are told to end.
//!
//! Threads are the only ones now. A tasklet that is blocked on a channel joins in by the same trait:
//! its waitable is the channel, its frames are its own stack.

use crate::deadlock;
use crate::kernel::Kernel;
use crate::port::StackRange;
use crate::sched::{Kin, Slot, State, THREADS_MAX, Why};
use crate::stack::{GUARD_BYTES, STACK_BYTES_MIN};
use crate::thread::{self, Thread};
use core::ops::Range;

/// What a unit waits for, as far as that decides who can end the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waitable {
    /// An object in memory: whoever can reach that memory can end the wait.
    Object(usize),
    /// The end of another unit.
    End(Slot),
}

/// What a collection asks of a unit.
pub(crate) trait Unit: Copy {
    /// What it waits for, if nobody can end the wait but who reaches that. `None`: it runs, it ends its
    /// wait by itself, or somebody can end it who needs no pointer for that.
    fn waitable(self, kernel: &Kernel) -> Option<Waitable>;
    /// The unit that has what this one waits for, if that is one.
    fn holder(self, kernel: &Kernel) -> Option<Slot>;
    /// The memory that its frames take; empty where it has none, or that is not the kernel's.
    fn frames(self, kernel: &Kernel) -> Range<usize>;
    /// The payload of the block that its stack is in.
    fn block(self, kernel: &Kernel) -> Option<usize>;
    /// Ends its wait with a request to end.
    fn resume(self, kernel: &mut Kernel);
}

impl Unit for Slot {
    fn waitable(self, kernel: &Kernel) -> Option<Waitable> {
        let thread = &kernel.threads[self.index()];
        let is_bound = kernel.sched.depends(self) && kernel.sched.kin(self) == Kin::Program;
        // Main belongs to all programs, and a wait that is not broken off cannot be.
        if !is_bound || self <= Slot::MAIN || thread.waits_through || has_waker(kernel, self) {
            return None;
        }
        let name = kernel.sched.queue_of(self)?;
        match kernel.sched.state(self) {
            State::Blocked(Why::Join) => Some(Waitable::End(Slot(name as u8))),
            State::Blocked(_) => Some(Waitable::Object(name)),
            _ => None,
        }
    }

    fn holder(self, kernel: &Kernel) -> Option<Slot> {
        deadlock::holder_of(kernel, self)
    }

    fn frames(self, kernel: &Kernel) -> Range<usize> {
        let thread = &kernel.threads[self.index()];
        let StackRange { low, bytes } = thread.stack;
        if bytes == 0 || !thread.stack.holds(thread.context) {
            return 0..0;
        }
        // What a thread was started with lies above its stack until it takes that down.
        let body = kernel.sched.state(self) != State::Free && thread.start.is_some();
        let end = match thread.block.filter(|_| body) {
            Some(block) => kernel.heap.payload_at(block.addr().get()).map(|it| it.range().end),
            None => None,
        };
        thread.context..end.unwrap_or(low + bytes)
    }

    fn block(self, kernel: &Kernel) -> Option<usize> {
        let lives = !matches!(kernel.sched.state(self), State::Ended | State::Free);
        let block = kernel.threads[self.index()].block.filter(|_| lives)?;
        Some(block.addr().get())
    }

    fn resume(self, kernel: &mut Kernel) {
        thread::ask_to_end(kernel, self);
    }
}

/// Whether somebody has the thread's handle and may ask it to end. The handle is no pointer, so it
/// cannot be looked for; but whoever joins without a deadline has put it there for good.
fn has_waker(kernel: &Kernel, slot: Slot) -> bool {
    let thread = &kernel.threads[slot.index()];
    let mut joiners =
        core::iter::successors(thread.joiners.first(), |slot| kernel.sched.behind(*slot));
    thread.has_handle && !joiners.any(|joiner| !kernel.sched.has_deadline(joiner))
}

/// No block with a stack in it is smaller.
pub(super) const STACK_BLOCK_MIN: u32 = (STACK_BYTES_MIN + GUARD_BYTES) as u32;

/// Who was torn down there has no stack any more that a sample could scan.
pub(super) fn forget_stack(threads: &mut [Thread; THREADS_MAX], payload: usize, bytes: u32) {
    if bytes < STACK_BLOCK_MIN {
        return;
    }
    let is_its = |thread: &&mut Thread| thread.block.is_some_and(|it| it.addr().get() == payload);
    if let Some(thread) = threads.iter_mut().find(is_its) {
        thread.block = None;
    }
}
