//! The one shape of everything that can run a program.
//!
//! A session blocks and is pulled: nothing happens on the device between two calls of
//! [`Session::advance`]. A backend that has to listen all the time hides that behind this trait.

use core::fmt;

use ramscope_capture::{HowEnded, ObserverEvent, Stream};
use ramscope_scenario::{PinPlace, Value};
use ramscope_time::Instant;

use crate::circuit::Terminal;
use crate::picture::Picture;

/// A device that runs when it is told to.
pub trait Session: Send {
    /// What this target can do.
    fn capabilities(&self) -> Capabilities;

    /// What it is, as it stands now.
    fn facts(&self) -> TargetFacts;

    /// Device time.
    fn now(&self) -> Instant;

    /// Lets the device run until an instant, or until `pause` says so.
    ///
    /// # Errors
    /// If the target itself fails. What the firmware does is never an error, see [`End`].
    fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError>;

    /// Lets bytes arrive at the device's UART0 from now on.
    ///
    /// # Errors
    /// If the target itself fails.
    fn send_serial(&mut self, bytes: &[u8]) -> Result<(), BackendError>;

    /// Gives the firmware a command, a record of the telemetry's format, to be carried out before
    /// anything else runs.
    ///
    /// # Errors
    /// If target or firmware take none, or the target fails.
    fn command(&mut self, words: &[u32]) -> Result<(), BackendError> {
        let _ = words;
        Err(BackendError::NoCommands)
    }

    /// Whether a pin of a part is high, at once.
    ///
    /// # Errors
    /// If the target has no pins, or fails.
    fn read_pin(&mut self, pin: &Terminal) -> Result<bool, BackendError> {
        Err(BackendError::NoPins { asked: pin.to_string() })
    }

    /// Moves the control of a part.
    ///
    /// # Errors
    /// If the target has no such control, or fails.
    fn set_control(
        &mut self,
        part: &str,
        control: &str,
        value: &Value,
    ) -> Result<(), BackendError> {
        Err(BackendError::NoPins { asked: format!("{control} of {part} as {value}") })
    }

    /// What the screen of a part shows, at once.
    ///
    /// # Errors
    /// If the target has no such screen, or fails.
    fn read_screen(&mut self, part: &str) -> Result<Picture, BackendError> {
        Err(BackendError::NoPins { asked: format!("the screen of {part}") })
    }

    /// The parts that have a screen which can be read.
    fn screens(&self) -> Vec<String> {
        Vec::new()
    }

    /// Holds a pin at a level from now on, whatever drives it, or lets go of it.
    ///
    /// # Errors
    /// If the target has no such pin, or fails.
    fn hold_pin(&mut self, pin: &PinPlace, level: Option<bool>) -> Result<(), BackendError> {
        let _ = level;
        Err(BackendError::NoPins { asked: pin.to_string() })
    }

    /// Where each unit stands, as events of the observer; nothing, if the target cannot look.
    fn calls(&self) -> Vec<ObserverEvent> {
        Vec::new()
    }

    /// Which calls led to the blocks of the heap that are in use, as events of the observer; nothing, if
    /// nobody asked for it or the target cannot see calls.
    fn held(&self) -> Vec<ObserverEvent> {
        Vec::new()
    }

    /// Ends the session and gives what was still to be told.
    ///
    /// # Errors
    /// If the target itself fails.
    fn finish(&mut self) -> Result<Progress, BackendError>;
}

/// What a target says about itself, for reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetFacts {
    /// What it is: `engine esp32c3`.
    pub name: String,
    /// What its times mean.
    pub time_model: String,
    /// The clock that the firmware has set, in hertz, where that is known.
    pub clock_hz: Option<u32>,
    /// Instructions since power-on, where they are counted.
    pub instructions: Option<u64>,
}

/// Looks at UART0's bytes as they come and says after which one the device has to pause.
pub trait PauseAt {
    /// Whether it could pause at all; if not, the session may take larger strides.
    fn may_pause(&self) -> bool;

    /// Whether the device also has to pause right after each record of telemetry, so that whoever
    /// waits for one can look at it. A session that cannot pauses as often as it can.
    fn pauses_at_records(&self) -> bool {
        false
    }

    /// Takes bytes in the order of their arrival. `Some(n)`: pause right after the first `n` of
    /// them, and the rest was not taken.
    fn feed(&mut self, bytes: &[u8]) -> Option<usize>;
}

/// Runs on, whatever comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverPause;

impl PauseAt for NeverPause {
    fn may_pause(&self) -> bool {
        false
    }

    fn feed(&mut self, _bytes: &[u8]) -> Option<usize> {
        None
    }
}

/// What became of an [`advance`](Session::advance).
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What the device sent and what observers saw, in the order of instants.
    pub output: Vec<Output>,
    /// Why the call returned.
    pub end: End,
}

/// Bytes of one stream at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where they came from.
    pub stream: Stream,
    /// When the last of them was complete.
    pub instant: Instant,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why an [`advance`](Session::advance) returned.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The instant was reached.
    Reached,
    /// [`PauseAt`] asked for it.
    Paused,
    /// The instant was reached, but nothing can ever happen again unless input comes.
    Stuck,
    /// The device cannot go on.
    Ended(HowEnded),
}

/// Why a target cannot be used, or failed.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The target does not exist on this machine, or not in this version.
    #[error("target {target} is not available: {reason}")]
    Unavailable {
        /// Its name in scenarios.
        target: &'static str,
        /// Why, and what would help.
        reason: String,
    },
    /// The target has no such pin or control.
    #[error("the target has no parts around it, or none such: {asked}")]
    NoPins {
        /// What was asked for.
        asked: String,
    },
    /// The target, or the firmware on it, takes no commands.
    #[error("the firmware takes no commands from the host")]
    NoCommands,
    /// The debugger cannot be talked to.
    #[error("the debugger cannot be talked to")]
    Debugger(#[source] std::io::Error),
    /// A person did not want to wait for the debugger any longer.
    #[error("it was interrupted while it waited for a debugger")]
    NoDebugger,
    /// The target was lost during a run.
    #[error("target {target} failed")]
    Failed {
        /// Its name in scenarios.
        target: &'static str,
        /// How.
        #[source]
        source: std::io::Error,
    },
}

macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// Something that a target can do and another cannot.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Capability {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Capability {
            /// Every capability, in the order of documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in lists and messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

capabilities! {
    /// A serial line in and out.
    Serial = "serial",
    /// It tells device time.
    DeviceClock = "device-clock",
    /// It pauses and resumes at an instant, and input comes at an instant.
    Pause = "pause",
    /// It reads the telemetry ring.
    Ring = "ring",
    /// It sees each store, so stacks are known exactly.
    ExactStacks = "exact-stacks",
    /// It can tell the device to open a measurement window.
    Windows = "windows",
    /// It has pins and controls.
    Pins = "pins",
    /// It can steer which unit runs next.
    Schedule = "schedule",
    /// A run can be forked.
    Clone = "clone",
    /// It reads the device's memory.
    ReadMemory = "read-memory",
}

/// What a target can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u32);

impl Capabilities {
    /// Exactly these.
    #[must_use]
    pub const fn of(capabilities: &[Capability]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < capabilities.len() {
            bits |= 1 << capabilities[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    /// These, but for some.
    #[must_use]
    pub const fn without(self, capabilities: &[Capability]) -> Self {
        Self(self.0 & !Self::of(capabilities).0)
    }

    /// Whether the target can do this.
    #[must_use]
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u32 != 0
    }

    /// Those that it has, in the order of documentation.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |&capability| self.has(capability))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// `serial, device-clock, ring`.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Capability::name).collect();
        f.pad(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_capabilities_holds_what_it_was_made_of() {
        let set = Capabilities::of(&[Capability::Ring, Capability::Serial]);
        assert!(set.has(Capability::Ring));
        assert!(!set.has(Capability::Pins));
        assert_eq!(set.to_string(), "serial, ring");
    }
}
