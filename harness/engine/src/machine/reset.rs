//! Starts of the chip and their reasons.

use ramscope_time::Instant;
use std::fmt;

/// Why the chip started: the codes that RTC_CNTL_RESET_STATE shows (technical reference manual,
/// chapter "Reset and Clock").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResetReason {
    /// Power came on.
    PowerOn,
    /// Firmware reset the digital core.
    SoftwareCore,
    /// Firmware reset the CPU.
    SoftwareCpu,
    /// The watchdog of timer group 0 reset the digital core.
    Timg0WatchdogCore,
    /// The watchdog of timer group 0 reset the CPU.
    Timg0WatchdogCpu,
    /// The watchdog of timer group 1 reset the digital core.
    Timg1WatchdogCore,
    /// The watchdog of timer group 1 reset the CPU.
    Timg1WatchdogCpu,
    /// The RTC watchdog reset the digital core.
    RtcWatchdogCore,
    /// The RTC watchdog reset the CPU.
    RtcWatchdogCpu,
    /// The RTC watchdog reset the whole system.
    RtcWatchdogSystem,
    /// The super watchdog reset the whole system.
    SuperWatchdog,
}

impl ResetReason {
    /// The code that firmware reads.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            ResetReason::PowerOn => 0x01,
            ResetReason::SoftwareCore => 0x03,
            ResetReason::Timg0WatchdogCore => 0x07,
            ResetReason::Timg1WatchdogCore => 0x08,
            ResetReason::RtcWatchdogCore => 0x09,
            ResetReason::Timg0WatchdogCpu => 0x0B,
            ResetReason::SoftwareCpu => 0x0C,
            ResetReason::RtcWatchdogCpu => 0x0D,
            ResetReason::RtcWatchdogSystem => 0x10,
            ResetReason::Timg1WatchdogCpu => 0x11,
            ResetReason::SuperWatchdog => 0x12,
        }
    }

    /// Whether the peripherals keep their state.
    pub(crate) fn is_cpu_only(self) -> bool {
        matches!(
            self,
            ResetReason::SoftwareCpu
                | ResetReason::Timg0WatchdogCpu
                | ResetReason::Timg1WatchdogCpu
                | ResetReason::RtcWatchdogCpu
        )
    }

    /// Whether even the registers of the always-on part are lost.
    pub(crate) fn is_whole_system(self) -> bool {
        matches!(
            self,
            ResetReason::PowerOn | ResetReason::RtcWatchdogSystem | ResetReason::SuperWatchdog
        )
    }
}

impl fmt::Display for ResetReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ResetReason::PowerOn => "power-on",
            ResetReason::SoftwareCore => "software reset",
            ResetReason::SoftwareCpu => "software reset of the CPU",
            ResetReason::Timg0WatchdogCore => "watchdog of timer group 0",
            ResetReason::Timg0WatchdogCpu => "watchdog of timer group 0 (CPU only)",
            ResetReason::Timg1WatchdogCore => "watchdog of timer group 1",
            ResetReason::Timg1WatchdogCpu => "watchdog of timer group 1 (CPU only)",
            ResetReason::RtcWatchdogCore => "RTC watchdog",
            ResetReason::RtcWatchdogCpu => "RTC watchdog (CPU only)",
            ResetReason::RtcWatchdogSystem => "RTC watchdog (whole system)",
            ResetReason::SuperWatchdog => "super watchdog",
        })
    }
}

/// A start of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetEvent {
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: ResetReason,
}
