//! The targets that a scenario can name, and the options that each of them takes.

use core::fmt;
use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Something that runs a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Which one.
    pub kind: TargetKind,
    /// Its options as written, each a known one of a type that fits; a map, possibly empty.
    pub options: Value,
}

/// The targets that a scenario can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TargetKind {
    /// `engine`: the built-in machine, an ESP32-C3.
    Engine,
    /// `engine-virt`: the built-in machine as QEMU's `virt`.
    EngineVirt,
    /// `qemu-virt`: QEMU's `virt` machine.
    QemuVirt,
    /// `qemu-esp32c3`: Espressif's QEMU as an ESP32-C3.
    QemuEsp32c3,
    /// `qemu-esp32`: Espressif's QEMU as an ESP32.
    QemuEsp32,
    /// `wokwi`: Wokwi's simulation service.
    Wokwi,
    /// `serial`: a board behind a serial port.
    Serial,
    /// `probe`: a board behind a debug probe.
    Probe,
}

/// An option that a target takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetOption {
    /// Its key.
    pub name: &'static str,
    /// The values that it takes.
    pub form: OptionForm,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// The values that an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionForm {
    /// A text that is not empty.
    Text,
    /// A whole number of this range.
    Whole {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// true or false.
    Switch,
}

const ICOUNT: TargetOption = TargetOption {
    name: "icount",
    form: OptionForm::Whole { min: 0, max: 10 },
    summary: "One instruction takes 2^N nanoseconds, so that runs repeat.",
};

impl TargetKind {
    /// Every target, in the order of documentation.
    pub const ALL: [Self; 8] = [
        Self::Engine,
        Self::EngineVirt,
        Self::QemuVirt,
        Self::QemuEsp32c3,
        Self::QemuEsp32,
        Self::Wokwi,
        Self::Serial,
        Self::Probe,
    ];

    /// The name in scenarios and on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::EngineVirt => "engine-virt",
            Self::QemuVirt => "qemu-virt",
            Self::QemuEsp32c3 => "qemu-esp32c3",
            Self::QemuEsp32 => "qemu-esp32",
            Self::Wokwi => "wokwi",
            Self::Serial => "serial",
            Self::Probe => "probe",
        }
    }

    /// The target of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The options that it takes.
    #[must_use]
    pub const fn options(self) -> &'static [TargetOption] {
        match self {
            Self::Engine | Self::EngineVirt => &[TargetOption {
                name: "exact-stacks",
                form: OptionForm::Switch,
                summary: "Whether to watch each store for stacks that overflow unseen; true.",
            }],
            Self::QemuVirt | Self::QemuEsp32c3 | Self::QemuEsp32 => &[ICOUNT],
            Self::Wokwi => &[TargetOption {
                name: "server",
                form: OptionForm::Text,
                summary: "The address of the simulation service.",
            }],
            Self::Serial => &[
                TargetOption {
                    name: "port",
                    form: OptionForm::Text,
                    summary: "The serial port, or auto for the only one that fits.",
                },
                TargetOption {
                    name: "baud",
                    form: OptionForm::Whole { min: 300, max: 10_000_000 },
                    summary: "Symbols a second; 115200.",
                },
            ],
            Self::Probe => &[
                TargetOption {
                    name: "probe",
                    form: OptionForm::Text,
                    summary: "The probe's vendor:product[:serial], or auto.",
                },
                TargetOption {
                    name: "speed-khz",
                    form: OptionForm::Whole { min: 1, max: 100_000 },
                    summary: "The clock of the debug port in kilohertz.",
                },
            ],
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
