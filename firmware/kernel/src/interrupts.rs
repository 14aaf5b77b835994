//! Critical sections for programs.

use crate::sync::races;
use crate::{kernel, port, thread};

/// Runs `work` with interrupts masked: nothing else happens meanwhile, not even the clock.
///
/// Keep it short: it delays every handler and every other unit.
///
/// # Context
/// Any. What would block answers [`Error::Masked`](crate::Error::Masked); whom `work` wakes runs
/// afterwards.
pub fn masked<R>(work: impl FnOnce() -> R) -> R {
    let was_free = !port::is_held();
    if was_free {
        thread::check_headroom();
    }
    port::hold();
    if was_free {
        kernel::with(|kernel| {
            kernel.program_masks = true;
            races::masked(kernel);
        });
    }
    let were_on = port::mask();
    let result = work();
    port::unmask(were_on);
    if was_free {
        kernel::with(|kernel| {
            races::unmasked(kernel);
            kernel.program_masks = false;
        });
    }
    port::let_go(was_free);
    if was_free {
        // Whom it woke had to wait until now.
        kernel::then_reschedule(|_| ());
    }
    result
}
