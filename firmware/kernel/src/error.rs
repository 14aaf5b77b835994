//! What a kernel operation can answer besides success.
//!
//! One open enum for all of them, from the start: every operation that can block returns it, so
//! a time-out or a request to end reaches the caller through `?` and never through unwinding,
//! which does not exist here. Errors carry no text: they say which resource was missing.

use core::fmt;

/// A request that the current unit end.
///
/// It has a type of its own, so that no user's error type can swallow it, and a body that returns it
/// ends as *exited*, never as *failed*. A thread that goes on in
/// spite of it is asked again at each blocking call; after the third it is torn down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a unit that was asked to end returns this to its caller"]
pub struct Exit {
    _private: (),
}

impl Exit {
    pub(crate) const fn new() -> Self {
        Self { _private: () }
    }
}

/// The resource that an operation could not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortage {
    /// All [`THREADS_MAX`](crate::sched::THREADS_MAX) slots are taken.
    ThreadSlots,
    /// The heap's table of owners is full.
    Owners,
    /// No free block of the heap is large enough.
    Heap {
        /// Bytes that were asked for.
        wanted_bytes: u32,
        /// Bytes of the largest block that could have been had.
        largest_free_bytes: u32,
    },
}

/// Why a kernel operation did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The time given to the operation passed first.
    TimedOut,
    /// The current unit is asked to end: hand this on with `?`.
    Exit(Exit),
    /// A unit was torn down while it held the object.
    Poisoned,
    /// Nothing that is left could ever end the wait.
    Deadlock,
    /// The object was closed, or the unit asked about is gone.
    Closed,
    /// Releasing what nobody holds.
    NotHeld,
    /// The operation may not be used from a handler.
    InHandler,
    /// The operation would block, and interrupts are masked.
    Masked,
    /// A resource is used up.
    Missing(Shortage),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TimedOut => f.write_str("timed out"),
            Error::Exit(_) => f.write_str("asked to end"),
            Error::Poisoned => f.write_str("poisoned by a unit that was torn down"),
            Error::Deadlock => f.write_str("deadlock"),
            Error::Closed => f.write_str("closed"),
            Error::NotHeld => f.write_str("not held"),
            Error::InHandler => f.write_str("not allowed in a handler"),
            Error::Masked => f.write_str("would block with interrupts masked"),
            Error::Missing(shortage) => write!(f, "out of {shortage}"),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shortage::ThreadSlots => f.write_str("thread slots"),
            Shortage::Owners => f.write_str("heap owners"),
            Shortage::Heap { wanted_bytes, largest_free_bytes } => {
                write!(f, "memory: {wanted_bytes} B wanted, largest free {largest_free_bytes} B")
            }
        }
    }
}

impl From<Exit> for Error {
    fn from(exit: Exit) -> Self {
        Error::Exit(exit)
    }
}

impl From<crate::heap::OutOfMemory> for Error {
    fn from(out: crate::heap::OutOfMemory) -> Self {
        Error::Missing(Shortage::Heap {
            wanted_bytes: out.wanted_bytes,
            largest_free_bytes: out.largest_free_bytes,
        })
    }
}
