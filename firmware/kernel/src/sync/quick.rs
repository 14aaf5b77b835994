//! The short way through the objects: what most calls do, in about twenty instructions.
//!
//! The problem: nearly every call finds what it wants and wakes nobody. It then needs none of what
//! makes a kernel call long: no request to end that is delivered, no decision who runs next, no
//! record, no clocks of races. But to find that out one by one costs more than the call.
//!
//! The idea: whoever gives a call a reason to do more says so in advance, in one word of the kernel, its
//! [`Attention`](crate::sched::Attention). While nothing is due a call is one short section that looks at its object only:
//! [`quick`]. Where the object has more to do (somebody waits, nothing is there, it is poisoned) the
//! call changes nothing and takes the long way, which asks everything again.
//!
//! Invariants:
//! 1. A call that goes the short way does to its object exactly what the long way would do, or nothing.
//! 2. The word is changed with the kernel held, together with what it stands for.
//! 3. The short way is taken by threads that find the kernel free only; anything else is the long way's to
//!    tell. It masks interrupts and does not hold the kernel: it is over sooner than a handler could be
//!    put off and called again.
//! 4. Nothing in it panics, calls or lasts: it is a bounded run of loads and stores. So it needs
//!    nothing of the stack, and does not ask what is left of it: the frame that it stands in was there
//!    before, and what interrupts take is theirs to check.
#![expect(unsafe_code, reason = "makes the one reference to the instance")]

use super::head::Head;
use crate::kernel::{self, Kernel, Waited};
use crate::port;
use crate::site::Place;

/// Runs `work` in a short section if nothing is in the way; `None`, also from `work` itself, is that
/// nothing was changed and the long way must be taken.
#[inline(always)]
pub(crate) fn quick<R>(work: impl FnOnce(&mut Kernel) -> Option<R>) -> Option<R> {
    if port::is_held() {
        // A handler, or a program's own section.
        return None;
    }
    let _ = port::mask();
    // SAFETY: interrupts are masked, and no section is under way: the kernel would have been held.
    let kernel = unsafe { port::kernel().as_mut() };
    let done = if kernel.sched.attention.is_nothing() { work(kernel) } else { None };
    port::unmask(true);
    done
}

/// Begins a short section, if nothing is in the way. Whoever is answered the kernel ends it: interrupts are
/// masked now.
#[inline(always)]
pub(crate) fn begin<'a>() -> Option<&'a mut Kernel> {
    if port::is_held() {
        return None;
    }
    let _ = port::mask();
    // SAFETY: as above.
    let kernel = unsafe { port::kernel().as_mut() };
    if kernel.sched.attention.is_nothing() {
        return Some(kernel);
    }
    port::unmask(true);
    None
}

/// What a call finds that may wait in line, or hand something to who does.
pub(crate) enum Found<'a, R> {
    /// What was wanted, and it is done.
    Done(R),
    /// The same, and who waits first in the queue of this head is granted what it waits for.
    Grants(R, &'a mut Head),
    /// Nothing: the caller waits in the queue of this head.
    Waits(&'a mut Head),
    /// Something else, and nothing was changed.
    Other,
}

/// As [`quick`], for what may wait in line, or hand on to who does: all of that is one section with `work`.
/// What came of a wait is for the caller to look up.
#[inline(always)]
pub(crate) fn in_line<'a, R>(
    place: Place,
    work: impl FnOnce(&mut Kernel) -> Found<'a, R>,
) -> Result<R, Waited> {
    let Some(kernel) = begin() else { return Err(Waited::Not) };
    let found = work(kernel);
    match found {
        Found::Waits(head) => Err(kernel::wait_in_line(head, place)),
        Found::Grants(result, head) => {
            kernel::grant_in_line(head);
            Ok(result)
        }
        Found::Done(result) => {
            port::unmask(true);
            Ok(result)
        }
        Found::Other => {
            port::unmask(true);
            Err(Waited::Not)
        }
    }
}
