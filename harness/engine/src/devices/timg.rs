//! A timer group: one 54-bit timer and one watchdog.
//!
//! The timer is a line, as in [`systimer`](super::systimer): a count at an instant, a direction and
//! the length of a tick. The watchdog of group 0 guards the boot: after a reset it runs until
//! firmware clears WDT_FLASHBOOT_MOD_EN, with a first stage that resets the core.
//!
//! Choices of this model: the peripheral bus is 80 MHz whatever the CPU clock; the slow-clock
//! calibration is ready at once and finds 136 kHz.
//!
//! Registers: technical reference manual, chapters "Timer Group" and "Watchdog Timers".

use super::watchdog::{Action, Bite, Stage, Watchdog};
use crate::clock::{APB_PERIOD_PS, RC_SLOW_PERIOD_PS, XTAL_PERIOD_PS};
use ramscope_time::{Instant, Span};

const T0CONFIG: u32 = 0x00;
const T0LO: u32 = 0x04;
const T0HI: u32 = 0x08;
const T0UPDATE: u32 = 0x0C;
const T0ALARMLO: u32 = 0x10;
const T0ALARMHI: u32 = 0x14;
const T0LOADLO: u32 = 0x18;
const T0LOADHI: u32 = 0x1C;
const T0LOAD: u32 = 0x20;
const WDTCONFIG0: u32 = 0x48;
const WDTCONFIG5: u32 = 0x5C;
const WDTFEED: u32 = 0x60;
const WDTWPROTECT: u32 = 0x64;
const RTCCALICFG: u32 = 0x68;
const RTCCALICFG1: u32 = 0x6C;
const INT_ENA: u32 = 0x70;
const INT_RAW: u32 = 0x74;
const INT_ST: u32 = 0x78;
const INT_CLR: u32 = 0x7C;

const ENABLE: u32 = 1 << 31;
const INCREASE: u32 = 1 << 30;
const AUTORELOAD: u32 = 1 << 29;
const ALARM: u32 = 1 << 10;
const USE_XTAL: u32 = 1 << 9;
const COUNT_MASK: u64 = (1 << 54) - 1;

const WDT_ENABLE: u32 = 1 << 31;
const WDT_USE_XTAL: u32 = 1 << 21;
const WDT_FLASHBOOT: u32 = 1 << 14;
/// What WDTWPROTECT must hold for the watchdog's registers to be writable.
pub(super) const WRITE_KEY: u32 = 0x50D8_3AA1;

const CALIBRATION_START: u32 = 1 << 31;
const CALIBRATION_READY: u32 = 1 << 15;

const TIMER_INTERRUPT: u32 = 1 << 0;
const WDT_INTERRUPT: u32 = 1 << 1;

/// One timer group.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Timg {
    config: u32,
    /// Count at `since`; the timer counts from there while enabled.
    count: u64,
    since: Instant,
    latched: u64,
    alarm: u64,
    load: u64,
    wdt_config: [u32; 6],
    wdt_key: u32,
    watchdog: Watchdog,
    guards_boot: bool,
    calibration: u32,
    int_ena: u32,
    int_raw: u32,
}

impl Timg {
    /// The group after a reset at `now`. Group 0 `guards_boot`.
    pub(crate) fn new(guards_boot: bool, now: Instant) -> Self {
        let mut group = Self {
            config: 0x6000_2000,
            count: 0,
            since: now,
            latched: 0,
            alarm: 0,
            load: 0,
            wdt_config: [
                0x0004_C000,
                0x0001_0000,
                26_000_000,
                0x07FF_FFFF,
                0x000F_FFFF,
                0x000F_FFFF,
            ],
            wdt_key: WRITE_KEY,
            watchdog: Watchdog::new(),
            guards_boot,
            calibration: 0x0001_3000,
            int_ena: 0,
            int_raw: 0,
        };
        group.configure_watchdog(now);
        group
    }

    fn tick_ps(&self) -> u64 {
        let divider = match u64::from(self.config >> 13 & 0xFFFF) {
            0 => 65_536,
            1 => 2,
            divider => divider,
        };
        let source = if self.config & USE_XTAL != 0 { XTAL_PERIOD_PS } else { APB_PERIOD_PS };
        divider * source
    }

    fn is_running(&self) -> bool {
        self.config & ENABLE != 0
    }

    fn increases(&self) -> bool {
        self.config & INCREASE != 0
    }

    /// Moves the line's anchor to the last tick that is not after `now`.
    fn advance(&mut self, now: Instant) {
        if !self.is_running() {
            self.since = now;
            return;
        }
        let ticks = now.since(self.since).as_picos() / self.tick_ps();
        self.since += Span::from_picos(ticks * self.tick_ps());
        self.count = self.step(ticks);
    }

    fn step(&self, ticks: u64) -> u64 {
        if self.increases() {
            self.count.wrapping_add(ticks) & COUNT_MASK
        } else {
            self.count.wrapping_sub(ticks) & COUNT_MASK
        }
    }

    /// Ticks from the anchor to the alarm; none if it has been passed.
    fn ticks_to_alarm(&self) -> u64 {
        let ahead = if self.increases() {
            self.alarm.wrapping_sub(self.count)
        } else {
            self.count.wrapping_sub(self.alarm)
        } & COUNT_MASK;
        if ahead > COUNT_MASK / 2 { 0 } else { ahead }
    }

    fn alarm_instant(&self) -> Option<Instant> {
        let armed = self.is_running() && self.config & ALARM != 0;
        armed.then(|| {
            let picos = self.ticks_to_alarm().saturating_mul(self.tick_ps());
            self.since + Span::from_picos(picos)
        })
    }

    /// Brings timer and watchdog up to `now`; the answer is a reset that the watchdog wants.
    pub(super) fn sync(&mut self, now: Instant) -> Option<Action> {
        if let Some(at) = self.alarm_instant().filter(|&at| at <= now) {
            self.advance(at);
            self.int_raw |= TIMER_INTERRUPT;
            self.config &= !ALARM;
            if self.config & AUTORELOAD != 0 {
                self.count = self.load;
            }
        }
        self.advance(now);
        let Bite { interrupt, reset } = self.watchdog.sync(now);
        if interrupt {
            self.int_raw |= WDT_INTERRUPT;
        }
        reset
    }

    /// Timer interrupt in bit 0, watchdog interrupt in bit 1.
    pub(crate) fn interrupts(&self) -> u32 {
        self.int_raw & self.int_ena
    }

    /// The next instant at which an interrupt rises or the watchdog resets.
    pub(crate) fn next_event(&self) -> Instant {
        let awaited = self.int_ena & !self.int_raw;
        let alarm =
            self.alarm_instant().filter(|_| awaited & TIMER_INTERRUPT != 0).unwrap_or(Instant::MAX);
        alarm.min(self.watchdog.next_event(awaited & WDT_INTERRUPT == 0))
    }

    fn configure_watchdog(&mut self, now: Instant) {
        let config = self.wdt_config[0];
        let boot = self.guards_boot && config & WDT_FLASHBOOT != 0;
        let source = if config & WDT_USE_XTAL != 0 { XTAL_PERIOD_PS } else { APB_PERIOD_PS };
        let prescale = u64::from(self.wdt_config[1] >> 16).max(1);
        let stages = [0, 1, 2, 3].map(|n| Stage {
            action: match (n, boot) {
                (0, true) => Action::ResetCore,
                _ => Action::from_bits(config >> (29 - 2 * n) & 3),
            },
            hold_ticks: u64::from(self.wdt_config[n + 2]),
        });
        let enabled = boot || config & WDT_ENABLE != 0;
        self.watchdog.configure(enabled, source * prescale, stages, now);
    }

    /// What a register shows, once the group is up to date; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            T0CONFIG => self.config,
            T0LO => self.latched as u32,
            T0HI => (self.latched >> 32) as u32,
            T0UPDATE | T0LOAD | WDTFEED | INT_CLR => 0,
            T0ALARMLO => self.alarm as u32,
            T0ALARMHI => (self.alarm >> 32) as u32,
            T0LOADLO => self.load as u32,
            T0LOADHI => (self.load >> 32) as u32,
            WDTCONFIG0..=WDTCONFIG5 => self.wdt_config[((offset - WDTCONFIG0) / 4) as usize],
            WDTWPROTECT => self.wdt_key,
            RTCCALICFG => self.calibration | CALIBRATION_READY,
            RTCCALICFG1 => self.calibration_cycles() << 7 | 1,
            INT_ENA => self.int_ena,
            INT_RAW => self.int_raw,
            INT_ST => self.interrupts(),
            _ => return None,
        })
    }

    /// Crystal cycles in the asked number of slow-clock cycles.
    fn calibration_cycles(&self) -> u32 {
        let slow_cycles = u64::from(self.calibration >> 16 & 0x7FFF);
        (slow_cycles * RC_SLOW_PERIOD_PS / XTAL_PERIOD_PS) as u32
    }

    /// Writes a register at `now`, to which the group is up to date; `false` if not modelled.
    pub(super) fn write(&mut self, offset: u32, value: u32, now: Instant) -> bool {
        match offset {
            T0CONFIG => self.config = value & 0xFFFF_F600,
            T0LO | T0HI | RTCCALICFG1 | INT_RAW | INT_ST => {}
            T0UPDATE => self.latched = self.count,
            T0ALARMLO => self.alarm = self.alarm & !0xFFFF_FFFF | u64::from(value),
            T0ALARMHI => self.alarm = self.alarm & 0xFFFF_FFFF | high_half(value),
            T0LOADLO => self.load = self.load & !0xFFFF_FFFF | u64::from(value),
            T0LOADHI => self.load = self.load & 0xFFFF_FFFF | high_half(value),
            T0LOAD => {
                self.count = self.load;
                self.since = now;
            }
            WDTCONFIG0..=WDTCONFIG5 if self.wdt_key == WRITE_KEY => {
                self.wdt_config[((offset - WDTCONFIG0) / 4) as usize] = value;
                self.configure_watchdog(now);
            }
            WDTFEED if self.wdt_key == WRITE_KEY => self.watchdog.feed(now),
            WDTCONFIG0..=WDTFEED => {}
            WDTWPROTECT => self.wdt_key = value,
            RTCCALICFG => self.calibration = value & !(CALIBRATION_READY | CALIBRATION_START),
            INT_ENA => self.int_ena = value & 3,
            INT_CLR => self.int_raw &= !value,
            _ => return false,
        }
        true
    }
}

/// Bits 53 to 32 of a count.
fn high_half(value: u32) -> u64 {
    u64::from(value & 0x3F_FFFF) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_micros(micros: u64) -> Instant {
        Instant::ZERO + Span::from_micros(micros)
    }

    /// A group whose timer counts microseconds from the crystal, its watchdog off.
    fn group(config: u32) -> Timg {
        let mut group = Timg::new(false, Instant::ZERO);
        assert!(group.write(
            T0CONFIG,
            ENABLE | INCREASE | USE_XTAL | 40 << 13 | config,
            Instant::ZERO
        ));
        group.write(INT_ENA, 3, Instant::ZERO);
        group
    }

    #[test]
    fn the_timer_counts_and_strikes_at_its_tick() {
        let mut group = group(ALARM);
        group.write(T0ALARMLO, 100, Instant::ZERO);
        assert_eq!(group.next_event(), at_micros(100));
        let _ = group.sync(at_micros(99));
        assert_eq!(group.interrupts(), 0);
        let _ = group.sync(at_micros(100));
        assert_eq!(group.interrupts(), 1);
        assert_eq!(group.peek(T0CONFIG).unwrap() & ALARM, 0);
        let _ = group.sync(at_micros(150));
        group.write(T0UPDATE, 0, at_micros(150));
        assert_eq!(group.peek(T0LO), Some(150));
    }

    #[test]
    fn auto_reload_starts_from_the_load_value() {
        let mut group = group(ALARM | AUTORELOAD);
        group.write(T0ALARMLO, 100, Instant::ZERO);
        group.write(T0LOADLO, 40, Instant::ZERO);
        let _ = group.sync(at_micros(110));
        group.write(T0UPDATE, 0, at_micros(110));
        assert_eq!(group.peek(T0LO), Some(50));
    }

    #[test]
    fn group_0_guards_the_boot_until_told_not_to() {
        let mut guard = Timg::new(true, Instant::ZERO);
        let bite = Instant::ZERO + Span::from_millis(325);
        assert_eq!(guard.next_event(), bite);
        assert_eq!(guard.clone().sync(bite), Some(Action::ResetCore));
        guard.write(WDTCONFIG0, 0, Instant::ZERO);
        assert_eq!(guard.next_event(), Instant::MAX);
        assert_eq!(Timg::new(false, Instant::ZERO).next_event(), Instant::MAX);
    }

    #[test]
    fn a_locked_watchdog_ignores_writes() {
        let mut guard = Timg::new(true, Instant::ZERO);
        guard.write(WDTWPROTECT, 0, Instant::ZERO);
        guard.write(WDTCONFIG0, 0, Instant::ZERO);
        assert_ne!(guard.next_event(), Instant::MAX);
    }
}
