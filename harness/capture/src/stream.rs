//! The streams of the device part, and the chunks that they consist of.

use ramscope_time::Instant;

/// Where bytes of the device part came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// What the device sent over UART0.
    Uart0,
    /// Raw records from the telemetry ring.
    Ring,
    /// What observers of the machine saw; not part of the hash. [`crate::ObserverEvent`]s.
    Observer,
    /// What was done to the device. [`crate::Stimulus`] events.
    Stimulus,
    /// How the scenario's steps went. [`crate::StepEvent`]s.
    Steps,
    /// How the run ended. One [`crate::HowEnded`].
    End,
    /// A stream of a later version, kept as it is.
    Other(u8),
}

impl Stream {
    /// The number in the file.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Uart0 => 1,
            Self::Ring => 2,
            Self::Observer => 3,
            Self::Stimulus => 4,
            Self::Steps => 5,
            Self::End => 6,
            Self::Other(code) => code,
        }
    }

    /// The stream of a number in the file.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Uart0,
            2 => Self::Ring,
            3 => Self::Observer,
            4 => Self::Stimulus,
            5 => Self::Steps,
            6 => Self::End,
            code => Self::Other(code),
        }
    }
}

/// Bytes of one stream at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where they came from.
    pub stream: Stream,
    /// When the device gave or took them.
    pub instant: Instant,
    /// The bytes, never none.
    pub bytes: Vec<u8>,
}
