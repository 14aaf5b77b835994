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

use crate::error::Error;
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
    /// What interrupts the program when it is typed.
    interrupt_key: Option<u8>,
}

/// What a terminal sends for Ctrl-C.
const CTRL_C: u8 = 3;

impl Compatibility {
    pub(crate) const fn new() -> Self {
        Self { strictness: Strictness::Seed, stack_bytes: 0, interrupt_key: Some(CTRL_C) }
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

/// Chooses what interrupts the program when it is typed, as MicroPython's `micropython.kbd_intr`: -1 for
/// nothing, so that a program can take every byte; 3, Ctrl-C, at first.
///
/// # Context
/// Any.
///
/// # Errors
/// [`Error::Invalid`] if it is neither -1 nor a byte; nothing changes then.
pub fn set_interrupt_key(code: i32) -> Result<(), Error> {
    let key = match code {
        -1 => None,
        code => Some(u8::try_from(code).map_err(|_| Error::Invalid)?),
    };
    kernel::with(|kernel| kernel.compatibility.interrupt_key = key);
    Ok(())
}

/// Whether a typed byte interrupts the program.
pub(crate) fn interrupts(byte: u8) -> bool {
    kernel::with(|kernel| kernel.compatibility.interrupt_key == Some(byte))
}
