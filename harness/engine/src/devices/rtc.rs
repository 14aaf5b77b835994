//! RTC_CNTL: the reset reason, software resets, two watchdogs, and registers that survive.
//!
//! The RTC watchdog guards the boot as the watchdog of TIMG0 does: after a reset it runs for twice
//! 200,000 slow cycles (2.9 s) until firmware clears WDT_FLASHBOOT_MOD_EN. The super watchdog
//! always runs, one second, unless it is fed, feeds itself or is disabled.
//!
//! Choices of this model: every reset but one of the CPU alone sets both watchdogs up anew, as the
//! boot ROM does; STORE registers survive those and are lost with a reset of the whole system
//! (super watchdog, RTC watchdog with action 4), which RTC memory survives.
//!
//! Registers: technical reference manual, chapters "Low-Power Management", "Reset and Clock" and
//! "Watchdog Timers".

use super::timg::WRITE_KEY;
use super::watchdog::{Action, Bite, Stage, Watchdog};
use crate::clock::RC_SLOW_PERIOD_PS;
use crate::machine::ResetReason;
use ramscope_time::{Instant, Span};

const OPTIONS0: u32 = 0x00;
const TIME_UPDATE: u32 = 0x0C;
const TIME_LOW0: u32 = 0x10;
const TIME_HIGH0: u32 = 0x14;
const RESET_STATE: u32 = 0x38;
const INT_ENA: u32 = 0x40;
const INT_RAW: u32 = 0x44;
const INT_ST: u32 = 0x48;
const INT_CLR: u32 = 0x4C;
const STORE0: u32 = 0x50;
const STORE3: u32 = 0x5C;
const WDTCONFIG0: u32 = 0x90;
const WDTCONFIG4: u32 = 0xA0;
const WDTFEED: u32 = 0xA4;
const WDTWPROTECT: u32 = 0xA8;
const SWD_CONF: u32 = 0xAC;
const SWD_WPROTECT: u32 = 0xB0;
const STORE4: u32 = 0xB8;
const STORE7: u32 = 0xC4;

const SW_SYS_RST: u32 = 1 << 31;
const SW_CPU_RST: u32 = 1 << 5;
const TIME_LATCH: u32 = 1 << 31;
/// RESET_STATE: the reset vector is in ROM.
const VECTOR_IN_ROM: u32 = 1 << 13;

const WDT_ENABLE: u32 = 1 << 31;
const WDT_FLASHBOOT: u32 = 1 << 12;
const FEED: u32 = 1 << 31;

const SWD_KEY: u32 = 0x8F1D_312A;
const SWD_AUTO_FEED: u32 = 1 << 31;
const SWD_DISABLE: u32 = 1 << 30;
const SWD_FEED: u32 = 1 << 29;
const SWD_CONF_RESET: u32 = 300 << 18;
const SWD_TIMEOUT: Span = Span::from_seconds(1);

const WDT_INTERRUPT: u32 = 1 << 3;

/// The always-on part of the chip.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Rtc {
    reason: u32,
    options0: u32,
    latched_time: u64,
    store: [u32; 8],
    wdt_config: [u32; 5],
    wdt_key: u32,
    watchdog: Watchdog,
    swd_conf: u32,
    swd_key: u32,
    swd_fed: Instant,
    int_ena: u32,
    int_raw: u32,
}

impl Rtc {
    /// The block after a reset of the whole system at `now`.
    pub(crate) fn new(reason: ResetReason, now: Instant) -> Self {
        let mut rtc = Self {
            reason: reason.code(),
            options0: 0,
            latched_time: 0,
            store: [0; 8],
            wdt_config: [0x0001_3214, 200_000, 80_000, 0xFFF, 0xFFF],
            wdt_key: 0,
            watchdog: Watchdog::new(),
            swd_conf: SWD_CONF_RESET,
            swd_key: 0,
            swd_fed: now,
            int_ena: 0,
            int_raw: 0,
        };
        rtc.configure_watchdog(now);
        rtc
    }

    /// The block after a reset of the digital core at `now`: STORE registers survive.
    pub(crate) fn reset_core(&mut self, reason: ResetReason, now: Instant) {
        *self = Self { store: self.store, ..Self::new(reason, now) };
    }

    /// Notes why the CPU alone was reset.
    pub(crate) fn note_cpu_reset(&mut self, reason: ResetReason) {
        self.reason = reason.code();
    }

    fn configure_watchdog(&mut self, now: Instant) {
        let config = self.wdt_config[0];
        let boot = config & WDT_FLASHBOOT != 0;
        let stages = [0, 1, 2, 3].map(|n| {
            let hold = u64::from(self.wdt_config[n + 1]);
            Stage {
                action: match (n, boot) {
                    (0, true) => Action::ResetCore,
                    _ => Action::from_bits(config >> (28 - 3 * n) & 7),
                },
                // The first hold time is doubled by the default of eFuse WDT_DELAY_SEL.
                hold_ticks: if n == 0 { 2 * hold } else { hold },
            }
        });
        let enabled = boot || config & WDT_ENABLE != 0;
        self.watchdog.configure(enabled, RC_SLOW_PERIOD_PS, stages, now);
    }

    fn super_watchdog_bites(&self) -> Instant {
        if self.swd_conf & (SWD_AUTO_FEED | SWD_DISABLE) != 0 {
            Instant::MAX
        } else {
            self.swd_fed + SWD_TIMEOUT
        }
    }

    /// Brings both watchdogs up to `now`; the answer is a reset that one of them wants.
    pub(crate) fn sync(&mut self, now: Instant) -> Option<ResetReason> {
        let super_bite = self.super_watchdog_bites();
        let Bite { interrupt, reset } = self.watchdog.sync(now.min(super_bite));
        if interrupt {
            self.int_raw |= WDT_INTERRUPT;
        }
        match reset {
            Some(Action::ResetCpu) => Some(ResetReason::RtcWatchdogCpu),
            Some(Action::ResetCore) => Some(ResetReason::RtcWatchdogCore),
            Some(_) => Some(ResetReason::RtcWatchdogSystem),
            None => (super_bite <= now).then_some(ResetReason::SuperWatchdog),
        }
    }

    /// Whether the RTC's interrupt output is high.
    pub(crate) fn interrupt(&self) -> bool {
        self.int_raw & self.int_ena != 0
    }

    /// The next instant at which the interrupt rises or a watchdog resets.
    pub(crate) fn next_event(&self) -> Instant {
        let raised = self.int_ena & !self.int_raw & WDT_INTERRUPT == 0;
        self.watchdog.next_event(raised).min(self.super_watchdog_bites())
    }

    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            OPTIONS0 => self.options0,
            TIME_UPDATE | WDTFEED | INT_CLR => 0,
            TIME_LOW0 => self.latched_time as u32,
            TIME_HIGH0 => (self.latched_time >> 32) as u32,
            RESET_STATE => self.reason | VECTOR_IN_ROM,
            INT_ENA => self.int_ena,
            INT_RAW => self.int_raw,
            INT_ST => self.int_raw & self.int_ena,
            STORE0..=STORE3 => self.store[((offset - STORE0) / 4) as usize],
            STORE4..=STORE7 => self.store[((offset - STORE4) / 4 + 4) as usize],
            WDTCONFIG0..=WDTCONFIG4 => self.wdt_config[((offset - WDTCONFIG0) / 4) as usize],
            WDTWPROTECT => self.wdt_key,
            SWD_CONF => self.swd_conf,
            SWD_WPROTECT => self.swd_key,
            _ => return None,
        })
    }

    /// Writes a register at `now`, to which the block is up to date. `None` if it is not modelled,
    /// otherwise the reset that the write asks for.
    pub(crate) fn write(
        &mut self,
        offset: u32,
        value: u32,
        now: Instant,
    ) -> Option<Option<ResetReason>> {
        match offset {
            OPTIONS0 => return Some(self.write_options(value)),
            TIME_UPDATE if value & TIME_LATCH != 0 => {
                self.latched_time = now.as_picos() / RC_SLOW_PERIOD_PS;
            }
            TIME_UPDATE | TIME_LOW0 | TIME_HIGH0 | RESET_STATE | INT_RAW | INT_ST => {}
            INT_ENA => self.int_ena = value & 0x000F_FFFF,
            INT_CLR => self.int_raw &= !value,
            STORE0..=STORE3 => self.store[((offset - STORE0) / 4) as usize] = value,
            STORE4..=STORE7 => self.store[((offset - STORE4) / 4 + 4) as usize] = value,
            WDTCONFIG0..=WDTCONFIG4 if self.wdt_key == WRITE_KEY => {
                self.wdt_config[((offset - WDTCONFIG0) / 4) as usize] = value;
                self.configure_watchdog(now);
            }
            WDTFEED if self.wdt_key == WRITE_KEY && value & FEED != 0 => self.watchdog.feed(now),
            WDTCONFIG0..=WDTFEED => {}
            WDTWPROTECT => self.wdt_key = value,
            SWD_CONF if self.swd_key == SWD_KEY => self.write_super_watchdog(value, now),
            SWD_CONF => {}
            SWD_WPROTECT => self.swd_key = value,
            _ => return None,
        }
        Some(None)
    }

    fn write_options(&mut self, value: u32) -> Option<ResetReason> {
        self.options0 = value & !(SW_SYS_RST | SW_CPU_RST);
        if value & SW_SYS_RST != 0 {
            Some(ResetReason::SoftwareCore)
        } else if value & SW_CPU_RST != 0 {
            Some(ResetReason::SoftwareCpu)
        } else {
            None
        }
    }

    /// Feeding, and coming back from being off, start the second anew.
    fn write_super_watchdog(&mut self, value: u32, now: Instant) {
        let was_off = self.super_watchdog_bites() == Instant::MAX;
        self.swd_conf = value & !(SWD_FEED | 3);
        if was_off || value & SWD_FEED != 0 {
            self.swd_fed = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unlocked() -> Rtc {
        let mut rtc = Rtc::new(ResetReason::PowerOn, Instant::ZERO);
        rtc.write(WDTWPROTECT, WRITE_KEY, Instant::ZERO);
        rtc.write(SWD_WPROTECT, SWD_KEY, Instant::ZERO);
        rtc
    }

    #[test]
    fn the_super_watchdog_bites_after_a_second() {
        let mut rtc = unlocked();
        let second = Instant::ZERO + Span::from_seconds(1);
        assert_eq!(rtc.next_event(), second);
        assert_eq!(rtc.sync(second), Some(ResetReason::SuperWatchdog));
    }

    #[test]
    fn the_boot_watchdog_bites_when_the_super_watchdog_feeds_itself() {
        let mut rtc = unlocked();
        rtc.write(SWD_CONF, SWD_AUTO_FEED, Instant::ZERO);
        let bite = Instant::from_picos(400_000 * RC_SLOW_PERIOD_PS);
        assert_eq!(rtc.next_event(), bite);
        assert_eq!(rtc.sync(bite), Some(ResetReason::RtcWatchdogCore));
        let mut off = unlocked();
        off.write(SWD_CONF, SWD_DISABLE, Instant::ZERO);
        off.write(WDTCONFIG0, 0, Instant::ZERO);
        assert_eq!(off.next_event(), Instant::MAX);
    }

    #[test]
    fn locked_watchdogs_ignore_writes() {
        let mut rtc = Rtc::new(ResetReason::PowerOn, Instant::ZERO);
        rtc.write(SWD_CONF, SWD_AUTO_FEED, Instant::ZERO);
        rtc.write(WDTCONFIG0, 0, Instant::ZERO);
        assert_eq!(rtc.peek(SWD_CONF), Some(SWD_CONF_RESET));
        assert_eq!(rtc.peek(WDTCONFIG0), Some(0x0001_3214));
    }
}
