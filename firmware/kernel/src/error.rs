//! What a kernel operation can answer besides success.
//!
//! One open enum for all of them, from the start: every operation that can block returns it, so
//! a time-out or a request to end reaches the caller through `?` and never through unwinding,
//! which does not exist here. Errors carry no text: they say which resource was missing.

use crate::heap::{OWNERS_MAX, OwnerIndex};
use crate::kernel;
use crate::sched::{Slot, State, THREADS_MAX};
use crate::timer::TIMERS_MAX;
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
    /// All [`THREADS_MAX`] slots are taken.
    ThreadSlots {
        /// What may come back.
        pending: Pending,
    },
    /// The heap's table of owners is full: a thread has no control block without one.
    Owners {
        /// What may come back.
        pending: Pending,
    },
    /// All [`TIMERS_MAX`] timers exist.
    Timers,
    /// No free block of the heap is large enough for a thread's stack.
    Stack {
        /// Bytes of the block that was asked for: guard, stack and arguments.
        wanted_bytes: u32,
        /// Bytes of the largest block that could have been had.
        largest_free_bytes: u32,
        /// What may come back.
        pending: Pending,
    },
    /// No free block of the heap is large enough.
    Heap {
        /// Bytes that were asked for.
        wanted_bytes: u32,
        /// Bytes of the largest block that could have been had.
        largest_free_bytes: u32,
    },
}

/// What threads that have ended still keep. It is small, because every result of the kernel has room
/// for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending(u16);

/// Bits of [`Pending`] that count slots.
const SLOT_BITS: u32 = 7;
const _: () = assert!(THREADS_MAX <= 1 << SLOT_BITS, "all slots can be counted");

impl Pending {
    /// Ended threads whose slot is kept for whoever may ask how they ended, or for their report.
    #[must_use]
    pub const fn slots(self) -> usize {
        self.0 as usize & ((1 << SLOT_BITS) - 1)
    }

    /// Memory of torn-down threads that is quarantined, in KiB, rounded up; at most 511.
    #[must_use]
    pub const fn quarantined_kib(self) -> usize {
        self.0 as usize >> SLOT_BITS
    }

    /// Counts, one entry a section.
    pub(crate) fn count() -> Self {
        let ended =
            |index: &u8| kernel::with(|kernel| kernel.sched.state(Slot(*index)) == State::Ended);
        let quarantined = |index| {
            let owner = kernel::with(|kernel| kernel.heap.owner(OwnerIndex::new(index)));
            owner.filter(|owner| owner.quarantined).map_or(0, |owner| owner.current)
        };
        let slots = (0..THREADS_MAX as u8).filter(ended).count() as u16;
        let bytes: u32 = (0..OWNERS_MAX as u16).map(quarantined).sum();
        let kib_max = u16::MAX >> SLOT_BITS;
        let kib = u16::try_from(bytes.div_ceil(1024)).unwrap_or(kib_max).min(kib_max);
        Self(slots | kib << SLOT_BITS)
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (slots, kib) = (self.slots(), self.quarantined_kib());
        write!(f, "{slots} ended threads not joined, {kib} KiB quarantined")
    }
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
    /// The unit has locked the heap for itself and wants memory: MicroPython's "heap is locked".
    HeapLocked,
    /// A resource is used up.
    Missing(Shortage),
    /// A bounded object has all that it can hold.
    Full,
    /// There is nothing to take.
    Empty,
    /// An argument that makes no sense: Python's `ValueError`.
    Invalid,
    /// An argument beyond what can be represented: Python's `OverflowError`.
    TooLarge,
    /// The period of a timer is too short for it.
    TooShort,
    /// A module was not imported; [`module::import`](crate::module::import) says why.
    NotImported,
    /// Somebody interrupted the program: Python's `KeyboardInterrupt`. It is delivered once.
    Interrupted,
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
            Error::HeapLocked => f.write_str("memory allocation failed, heap is locked"),
            Error::Missing(shortage) => write!(f, "out of {shortage}"),
            Error::Full => f.write_str("full"),
            Error::Empty => f.write_str("empty"),
            Error::Invalid => f.write_str("invalid argument"),
            Error::TooLarge => f.write_str("argument too large"),
            Error::TooShort => f.write_str("period too short"),
            Error::NotImported => f.write_str("a module is not imported"),
            Error::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shortage::ThreadSlots { pending } => {
                write!(f, "thread slots: all {THREADS_MAX} are taken, {pending}")
            }
            Shortage::Timers => write!(f, "timers: all {TIMERS_MAX} exist"),
            Shortage::Owners { pending } => {
                write!(f, "control blocks: all {OWNERS_MAX} are taken, {pending}")
            }
            Shortage::Stack { wanted_bytes, largest_free_bytes, pending } => write!(
                f,
                "memory for a stack: {wanted_bytes} B wanted in one piece, largest free \
                 {largest_free_bytes} B, {pending}"
            ),
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

impl From<crate::module::NotImported> for Error {
    fn from(_: crate::module::NotImported) -> Self {
        Error::NotImported
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
