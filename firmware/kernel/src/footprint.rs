//! What the kernel takes, as far as types say it.
//!
//! For measuring: a thread's share is spread over the parts that keep something of each, and who adds
//! them up by hand forgets one.

use crate::heap;
use crate::kernel::Kernel;
use crate::sched;
use crate::thread::Thread;

/// Bytes, stacks and blocks of the heap left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// What is kept of a thread itself.
    pub thread: usize,
    /// What the scheduler keeps of it: states, links, deadline, and what others lend it.
    pub scheduler: usize,
    /// What the heap keeps of an owner.
    pub account: usize,
    /// All of the kernel's state, with room for as many threads as there are slots.
    pub kernel: usize,
}

impl Footprint {
    /// That of this build.
    pub const NOW: Self = Self {
        thread: size_of::<Thread>(),
        scheduler: sched::SLOT_BYTES,
        account: heap::OWNER_BYTES,
        kernel: size_of::<Kernel>(),
    };
}
