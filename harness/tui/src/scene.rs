//! Everything that the screen shows and does not own.

use ramscope_backend::TargetFacts;
use ramscope_model::{Console, Device, Symbols};
use ramscope_time::Instant;

/// What there is to see.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The device.
    pub device: &'a Device,
    /// What it printed.
    pub console: &'a Console,
    /// Names for addresses in findings.
    pub symbols: &'a dyn Symbols,
    /// What the device runs on.
    pub target: &'a TargetFacts,
    /// Where device time stands; the device may have said nothing for a while.
    pub now: Instant,
    /// Telemetry records that arrived.
    pub records: u64,
    /// Whether the machine can go on.
    pub machine: &'a MachineState,
}

/// Whether a machine can go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MachineState {
    /// It can.
    #[default]
    Able,
    /// Nothing will ever happen unless input comes.
    WaitsForInput,
    /// It cannot, for this reason.
    Stopped(String),
}
