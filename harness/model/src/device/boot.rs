//! What a device says about itself, and the boots of a run.

use core::fmt;
use ramscope_time::{Instant, Span};
use ramscope_wire::{Board, Hello, Level};

/// The facts of the last hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloFacts {
    /// The version of the telemetry's format.
    pub version: u16,
    /// What the firmware runs on.
    pub board: Board,
    /// A hash of the image.
    pub build_id: u64,
    /// Ticks of the time stamps in a second; never zero.
    pub timestamp_hz: u32,
    /// Its time in ticks since boot.
    pub ticks: u64,
    /// The number of the boot as the device counts it.
    pub boot: u32,
    /// The chip's own code for the reason of the last reset.
    pub reset_reason: u8,
    /// How much the device tells.
    pub level: Level,
    /// The name of the image.
    pub name: String,
}

/// A boot within the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Counted by us from 0.
    pub index: u32,
    /// When it began.
    pub from: Instant,
}

/// The device started again during the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    /// When.
    pub at: Instant,
    /// Why, as the machine or else the chip says it.
    pub reason: String,
}

impl HelloFacts {
    pub(crate) fn new(hello: &Hello<'_>) -> Self {
        Self {
            version: hello.version,
            board: hello.board,
            build_id: hello.build_id,
            timestamp_hz: hello.timestamp_hz.max(1),
            ticks: hello.ticks,
            boot: hello.boot,
            reset_reason: hello.reset_reason,
            level: hello.level,
            name: hello.name.to_owned(),
        }
    }
}

/// The ticks of a clock of `hz` hertz in a span of time, rounded down.
pub(crate) fn ticks_in(span: Span, hz: u32) -> u64 {
    let ticks =
        u128::from(span.as_picos()) * u128::from(hz) / u128::from(ramscope_time::PICOS_PER_SECOND);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// The reset sources of the ESP32-C3 (technical reference manual, "Reset and Clock") by their code.
pub(crate) struct ResetCode(pub(crate) u8);

impl fmt::Display for ResetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x01 => "power-on",
            0x03 => "software",
            0x05 => "deep-sleep",
            0x07 => "timg0-watchdog",
            0x08 => "timg1-watchdog",
            0x09 => "rtc-watchdog",
            0x0b => "timg0-watchdog-cpu",
            0x0c => "software-cpu",
            0x0d => "rtc-watchdog-cpu",
            0x0f => "brown-out",
            0x10 => "rtc-watchdog-system",
            0x11 => "timg1-watchdog-cpu",
            0x12 => "super-watchdog",
            0x13 => "clock-glitch",
            0x14 => "efuse-crc",
            0x15 => "usb-uart",
            0x16 => "usb-jtag",
            0x17 => "power-glitch",
            code => return write!(f, "code {code}"),
        })
    }
}
