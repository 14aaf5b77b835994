//! What targets can do beyond a serial line and a clock, and the names by which scenarios ask for it.

use core::fmt;
use serde::{Deserialize, Serialize};

macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $field:ident $variant:ident = $name:literal $(| $alias:literal)*,)+) => {
        /// What a target can do beyond a serial line and a clock, which every target has.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Capabilities {
            $($(#[doc = $doc])+ pub $field: bool,)+
        }

        /// Something that `requires:` can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Capability {
            /// It has a serial line in and out.
            Serial,
            /// It tells device time.
            DeviceClock,
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Capability {
            /// Every capability, in the order of documentation.
            pub const ALL: &'static [Self] =
                &[Self::Serial, Self::DeviceClock, $(Self::$variant,)+];

            /// The name in scenarios.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Serial => "serial",
                    Self::DeviceClock => "device-clock",
                    $(Self::$variant => $name,)+
                }
            }

            /// What it is to have it, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self {
                    Self::Serial => "It has a serial line in and out.",
                    Self::DeviceClock => "It tells device time.",
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// The capability of that name, or of another name that people use for it.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    "serial" | "uart0" => Some(Self::Serial),
                    "device-clock" => Some(Self::DeviceClock),
                    $($name $(| $alias)* => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl Capabilities {
            /// Whether the target can do this.
            #[must_use]
            pub const fn has(self, capability: Capability) -> bool {
                match capability {
                    Capability::Serial | Capability::DeviceClock => true,
                    $(Capability::$variant => self.$field,)+
                }
            }
        }
    };
}

capabilities! {
    /// It can tell the device to open a measurement window, so peaks of a phase can be known.
    windows Windows = "windows",
    /// It can read pins.
    pins Pins = "pins" | "gpio",
    /// It can move controls.
    controls Controls = "controls",
    /// It can read, compare and touch screens.
    screens Screens = "screens" | "screenshot",
    /// It has custom chips that log.
    chips Chips = "chips",
    /// It pauses at an instant, and input comes at an instant.
    pause Pause = "pause",
    /// It reads the telemetry ring.
    ring Ring = "ring",
    /// It sees each store, so stacks are known exactly.
    exact_stacks ExactStacks = "exact-stacks",
    /// It reads the device's memory.
    read_memory ReadMemory = "read-memory",
    /// A run can be forked.
    clone Clone = "clone",
    /// It can steer which unit runs next.
    schedule Schedule = "schedule",
    /// It follows telemetry while the run goes on, so that steps can wait for records and states.
    conditions Conditions = "conditions",
    /// It can carry out the steps of a phase again.
    repeats Repeats = "repeats",
    /// It counts the instructions of each unit.
    instructions Instructions = "instructions",
    /// It can let an allocation fail.
    allocation_faults AllocationFaults = "allocation-faults",
    /// Its board leaves flash to data, which keeps what is written over resets.
    flash Flash = "flash",
    /// It can disturb a serial line.
    uart_faults UartFaults = "uart-faults",
    /// It can hold a pin at a level.
    pin_faults PinFaults = "pin-faults",
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_is_found_by_its_name() {
        for &capability in Capability::ALL {
            assert_eq!(Capability::from_name(capability.name()), Some(capability));
        }
        assert_eq!(Capability::from_name("uart0"), Some(Capability::Serial));
    }

    #[test]
    fn every_target_has_a_serial_line_and_a_clock() {
        let nothing = Capabilities::default();
        let has: Vec<_> = Capability::ALL.iter().filter(|&&c| nothing.has(c)).collect();
        assert_eq!(has, [&Capability::Serial, &Capability::DeviceClock]);
    }
}
