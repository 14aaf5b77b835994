//! Critical sections for programs.

use crate::port;

/// Runs `work` with interrupts masked: nothing else happens meanwhile, not even the clock.
///
/// Keep it short: it delays every handler and every other unit.
///
/// # Context
/// Any. `work` must not call anything that can block.
pub fn masked<R>(work: impl FnOnce() -> R) -> R {
    let were_on = port::mask();
    let result = work();
    port::unmask(were_on);
    result
}
