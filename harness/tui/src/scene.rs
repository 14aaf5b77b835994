//! Everything that the screen shows and does not own.

use ramscope_model::{Console, Device, MachineFacts, Symbols};
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
    pub target: &'a MachineFacts,
    /// Where device time stands; the device may have said nothing for a while.
    pub now: Instant,
    /// Telemetry records that arrived.
    pub records: u64,
    /// Whether the machine can go on.
    pub machine: &'a MachineState,
    /// Whether all of this is being recorded.
    pub recording: Recording,
    /// What the displays around the chip show.
    pub pictures: &'a [ScreenPicture],
}

/// What a display shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenPicture {
    /// The part, by its id in the diagram.
    pub part: String,
    /// Columns and rows.
    pub size: (u32, u32),
    /// Red, green, blue and alpha of each pixel, row by row.
    pub rgba: Vec<u8>,
}

/// Whether what happens is being recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Nobody wants it to be.
    #[default]
    Off,
    /// It is.
    On,
    /// It was, up to this instant: then there was no room for more.
    Full(Instant),
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
