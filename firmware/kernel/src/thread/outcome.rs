//! How a thread ends, and what its body may return.

use crate::error::{Error, Exit};
use ramscope_wire::EndReason;

/// How a thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Its body returned.
    Returned,
    /// It was asked to end and did.
    Exited,
    /// Its body returned an error; the number is the error's own code.
    Failed(u32),
    /// It panicked and was torn down.
    Panicked,
    /// Its stack overflowed and it was torn down.
    Overflowed,
    /// It did something illegal and was torn down.
    Faulted,
    /// It went on although it was told to exit, and was torn down.
    Refused,
}

impl End {
    /// Whether it left by its own will, so that its memory is known to be unused.
    #[must_use]
    pub const fn is_orderly(self) -> bool {
        matches!(self, End::Returned | End::Exited | End::Failed(_))
    }

    pub(crate) const fn wire(self) -> (EndReason, u32) {
        match self {
            End::Returned => (EndReason::Returned, 0),
            End::Exited => (EndReason::Exited, 0),
            End::Failed(code) => (EndReason::Failed, code),
            End::Panicked => (EndReason::Panicked, 0),
            End::Overflowed => (EndReason::Overflowed, 0),
            End::Faulted => (EndReason::Faulted, 0),
            End::Refused => (EndReason::Refused, 0),
        }
    }
}

/// What a thread's body may return: nothing, or an error that can say whether it is an [`Exit`].
pub trait Outcome {
    /// How the thread ended.
    fn end(self) -> End;
}

impl Outcome for () {
    fn end(self) -> End {
        End::Returned
    }
}

impl<E: Failure> Outcome for Result<(), E> {
    fn end(self) -> End {
        match self {
            Ok(()) => End::Returned,
            Err(error) => match error.exit() {
                Some(_) => End::Exited,
                None => End::Failed(error.code()),
            },
        }
    }
}

/// An error with which a thread's body may end.
///
/// A user's own error type implements it and must say when it carries an [`Exit`], so that no
/// error type can swallow the request to end on its way out.
pub trait Failure {
    /// The request to end, if that is what the error is.
    fn exit(&self) -> Option<Exit>;
    /// A number for reports.
    fn code(&self) -> u32;
}

impl Failure for Exit {
    fn exit(&self) -> Option<Exit> {
        Some(*self)
    }
    fn code(&self) -> u32 {
        0
    }
}

impl Failure for Error {
    fn exit(&self) -> Option<Exit> {
        match self {
            Error::Exit(exit) => Some(*exit),
            _ => None,
        }
    }
    fn code(&self) -> u32 {
        match self {
            Error::Exit(_) => 0,
            Error::TimedOut => 1,
            Error::Poisoned => 2,
            Error::Deadlock => 3,
            Error::Closed => 4,
            Error::NotHeld => 5,
            Error::InHandler => 6,
            Error::Missing(_) => 7,
            Error::Masked => 8,
            Error::Full => 9,
            Error::Empty => 10,
            Error::Invalid => 11,
            Error::TooLarge => 12,
            Error::TooShort => 13,
            Error::Interrupted => 14,
            Error::NotImported => 15,
            Error::HeapLocked => 16,
        }
    }
}
