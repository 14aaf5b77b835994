//! The short way through the objects: what most calls do, in about twenty instructions.
//!
//! The problem: nearly every call finds what it wants and wakes nobody. It then needs none of what
//! makes a kernel call long: no request to end that is delivered, no decision who runs next, no
//! record, no clocks of races. But to find that out one by one costs more than the call.
//!
//! The idea: whoever gives a call a reason to do more says so in advance, in one word of the kernel, the
//! [`Detours`]. While it is zero a call is one short section that looks at its object only:
//! [`quick`]. Where the object has more to do (somebody waits, nothing is there, it is poisoned) the
//! call changes nothing and takes the long way, which asks everything again.
//!
//! Invariants:
//! 1. A call that goes the short way does to its object exactly what the long way would do, or nothing.
//! 2. The word is changed with interrupts masked, together with what it stands for.
//! 3. The short way is taken by threads with interrupts on only; anything else is the long way's to
//!    tell.
//! 4. Nothing in it panics, calls or lasts: it is a bounded run of loads and stores. So it needs
//!    nothing of the stack, and does not ask what is left of it: the frame that it stands in was there
//!    before, and what interrupts take is theirs to check.
#![expect(unsafe_code, reason = "makes the one reference to the instance")]

use crate::kernel::Kernel;
use crate::port;

/// Why every call must take the long way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Detour {
    /// The telemetry is told what happens to objects.
    Events = 1,
    /// Uses of shared cells are watched.
    Races = 2,
    /// A callback waits for a pass, which every kernel call is.
    Callback = 4,
}

/// One that a thread gives: it is asked to end, or interrupted, or torn down and not gone yet.
const ONE_THREAD: u32 = 1 << 8;

/// The reasons to take the long way. See the module's text.
pub(crate) struct Detours(u32);

impl Detours {
    /// As a kernel begins: everything is recorded.
    pub(crate) const fn new() -> Self {
        Self(Detour::Events as u32)
    }

    pub(crate) fn raise(&mut self, detour: Detour) {
        self.0 |= detour as u32;
    }

    pub(crate) fn lower(&mut self, detour: Detour) {
        self.0 &= !(detour as u32);
    }

    /// Whether this one is raised.
    #[inline]
    pub(crate) const fn has(&self, detour: Detour) -> bool {
        self.0 & detour as u32 != 0
    }

    /// One thread more is to be told something. Each thread gives at most three reasons.
    pub(crate) fn raise_for_thread(&mut self) {
        self.0 += ONE_THREAD;
    }

    /// One of those reasons is no more.
    pub(crate) fn lower_for_thread(&mut self) {
        debug_assert!(self.0 >= ONE_THREAD, "it was raised");
        self.0 -= ONE_THREAD;
    }

    /// Whether some thread is to be told something.
    #[inline(always)]
    pub(super) const fn is_a_thread_told(&self) -> bool {
        self.0 >= ONE_THREAD
    }

    /// Whether there is none.
    #[inline(always)]
    const fn are_none(&self) -> bool {
        self.0 == 0
    }
}

/// Runs `work` in a short section if nothing is in the way; `None`, also from `work` itself, is that
/// nothing was changed and the long way must be taken.
#[inline(always)]
pub(crate) fn quick<R>(work: impl FnOnce(&mut Kernel) -> Option<R>) -> Option<R> {
    if !port::mask() {
        // Masked already: a handler, or a program's own section.
        return None;
    }
    // SAFETY: interrupts are masked, and no other section is under way: they would have been before.
    let kernel = unsafe { port::kernel().as_mut() };
    let done = if kernel.detours.are_none() { work(kernel) } else { None };
    port::unmask(true);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_short_when_every_reason_is_gone() {
        let mut detours = Detours::new();
        detours.raise(Detour::Races);
        detours.lower(Detour::Events);
        assert!(!detours.are_none() && detours.has(Detour::Races));
        detours.lower(Detour::Races);
        assert!(detours.are_none());
        detours.raise_for_thread();
        detours.raise_for_thread();
        detours.lower_for_thread();
        assert!(!detours.are_none());
        detours.lower_for_thread();
        assert!(detours.are_none());
    }
}
