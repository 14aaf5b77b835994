//! The one run-time switch between the seed's contract and MicroPython's own habits.
//!
//! Three things differ between what the documents promise and what MicroPython does. The promise
//! is the default; `strict on` at the console, or [`set`], gives MicroPython's behaviour:
//!
//! | | seed (default) | MicroPython (`strict on`) |
//! |---|---|---|
//! | [`thread::stack_size`](crate::thread::stack_size) without a size | reads the value | reads it and resets it to 0 |
//! | the time-out of [`Lock::acquire_with`](crate::Lock::acquire_with) | kept, and checked | ignored: waits for ever |
//! | ids of hardware timers | refused above the last one | masked, so they alias |

use crate::kernel;

/// Whose habits hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// What the documents promise.
    Seed,
    /// What MicroPython does.
    MicroPython,
}

/// What the kernel keeps of it.
pub(crate) struct Compatibility {
    strictness: Strictness,
    /// What `stack_size` was told; 0 is the default.
    pub(crate) stack_bytes: usize,
}

impl Compatibility {
    pub(crate) const fn new() -> Self {
        Self { strictness: Strictness::Seed, stack_bytes: 0 }
    }

    /// Answers the stack size as `stack_size()` does without an argument.
    pub(crate) fn read_stack_bytes(&mut self) -> usize {
        let bytes = self.stack_bytes;
        if self.strictness == Strictness::MicroPython {
            self.stack_bytes = 0;
        }
        bytes
    }
}

/// Whose habits hold now.
///
/// # Context
/// Any.
#[must_use]
pub fn strictness() -> Strictness {
    kernel::with(|kernel| kernel.compatibility.strictness)
}

/// Chooses whose habits hold from now on.
///
/// # Context
/// Any.
pub fn set(strictness: Strictness) {
    kernel::with(|kernel| kernel.compatibility.strictness = strictness);
}
