//! Faults that a scenario asks for: an allocation that fails, a serial line that is disturbed, a pin
//! that is stuck.

use core::fmt;
use ramscope_time::Span;
use serde::{Deserialize, Serialize};

use crate::capability::Capability;

/// An entry of `inject`. A run on a target that cannot do it is skipped, because without its fault
/// it would prove something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injection {
    /// `at`: when it begins.
    pub at: Moment,
    /// `until`: when it ends, for faults that last; at the end of the run by default.
    pub until: Option<Moment>,
    /// What goes wrong.
    pub fault: Fault,
    /// The line on which it stands.
    pub line: u32,
}

/// A point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// Just before the step of this index begins.
    Step(usize),
    /// This long after power-on.
    Instant(#[serde(with = "crate::serial_form::span")] Span),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// `allocation`: one allocation finds no memory.
    Allocation(AllocationFault),
    /// `uart`: bytes of the console's serial line are damaged or lost.
    Uart(UartFault),
    /// `pin`: a pin does not leave a level.
    Pin(StuckPin),
}

/// Which allocations fail, counted from the injection's moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationFault {
    /// Which of those that fit.
    #[serde(flatten)]
    pub which: WhichAllocation,
    /// `owner`: only those for an owner whose name this pattern matches.
    pub owner: Option<String>,
    /// `bytes-min`: only those of at least so many bytes.
    pub bytes_min: Option<u64>,
}

/// Which of some allocations fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichAllocation {
    /// `nth`: the how many-th, from 1.
    Nth(u64),
    /// `chance`: how many of a million, drawn from the run's seed.
    ChancePpm(u32),
}

/// How a serial line is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UartFault {
    /// `noise`: how many of a million bytes have one bit flipped.
    pub noise_ppm: u32,
    /// `loss`: how many of a million bytes do not arrive.
    pub loss_ppm: u32,
    /// `direction`: which bytes.
    pub direction: Direction,
}

/// Seen from the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// `both`.
    #[default]
    Both,
    /// `rx`: what the device receives.
    Receive,
    /// `tx`: what it sends.
    Transmit,
}

/// A pin that is stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckPin {
    /// Which pin.
    pub pin: PinPlace,
    /// `stuck`: its level.
    pub high: bool,
}

/// A pin of the chip or of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinPlace {
    /// `gpio`: a pin of the chip by its number.
    Gpio(u8),
    /// `part`: a pin of a part in the diagram, as `PART:PIN`.
    Part {
        /// The part's id.
        part: String,
        /// The pin's name.
        pin: String,
    },
}

impl Fault {
    /// What a target needs to do it.
    #[must_use]
    pub const fn needs(&self) -> Capability {
        match self {
            Self::Allocation(_) => Capability::AllocationFaults,
            Self::Uart(_) => Capability::UartFaults,
            Self::Pin(_) => Capability::PinFaults,
        }
    }
}

/// `allocation 3 of net of at least 64 B fails`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allocation(AllocationFault { which, owner, bytes_min }) => {
                match which {
                    WhichAllocation::Nth(nth) => write!(f, "allocation {nth}")?,
                    WhichAllocation::ChancePpm(ppm) => write!(f, "{ppm} ppm of allocations")?,
                }
                if let Some(owner) = owner {
                    write!(f, " of {owner}")?;
                }
                if let Some(bytes) = bytes_min {
                    write!(f, " of at least {bytes} B")?;
                }
                f.write_str(match which {
                    WhichAllocation::Nth(_) => " fails",
                    WhichAllocation::ChancePpm(_) => " fail",
                })
            }
            Self::Uart(UartFault { noise_ppm, loss_ppm, direction }) => {
                write!(f, "{direction} bytes: {noise_ppm} ppm damaged, {loss_ppm} ppm lost")
            }
            Self::Pin(StuckPin { pin, high }) => write!(f, "{pin} stuck at {}", u8::from(*high)),
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Both => "both",
            Self::Receive => "rx",
            Self::Transmit => "tx",
        })
    }
}

impl fmt::Display for PinPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gpio(number) => write!(f, "gpio {number}"),
            Self::Part { part, pin } => write!(f, "{part}:{pin}"),
        }
    }
}
