//! The CLINT: the software interrupt and the timer of one hart.
//!
//! The timer interrupt stands while mtime has reached mtimecmp; both are zero at reset, so it
//! stands then, too. Registers: SiFive FU540-C000 manual, chapter "Core-Local Interruptor".

use super::MTIME_PERIOD_PS;
use ramscope_time::{Instant, Span};

const MSIP: u32 = 0x0000;
const MTIMECMP_LOW: u32 = 0x4000;
const MTIMECMP_HIGH: u32 = 0x4004;
const MTIME_LOW: u32 = 0xBFF8;
const MTIME_HIGH: u32 = 0xBFFC;

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Clint {
    msip: bool,
    mtimecmp: u64,
    /// What firmware has added to mtime by writing it.
    shift: u64,
    /// The last instant that was looked at.
    now: Instant,
}

/// Steps of mtime since power-on.
fn steps(now: Instant) -> u64 {
    now.as_picos() / MTIME_PERIOD_PS
}

/// A word of a register of two words, replaced.
fn with_low(value: u64, low: u32) -> u64 {
    value & !0xFFFF_FFFF | u64::from(low)
}

fn with_high(value: u64, high: u32) -> u64 {
    value & 0xFFFF_FFFF | u64::from(high) << 32
}

impl Clint {
    fn mtime(&self) -> u64 {
        steps(self.now).wrapping_add(self.shift)
    }

    pub(super) fn sync(&mut self, now: Instant) {
        self.now = now;
    }

    pub(super) fn software_interrupt(&self) -> bool {
        self.msip
    }

    pub(super) fn timer_interrupt(&self) -> bool {
        self.mtime() >= self.mtimecmp
    }

    /// When mtime will reach mtimecmp, if that is still to come.
    pub(super) fn next_event(&self) -> Instant {
        let left = self.mtimecmp.saturating_sub(self.mtime());
        if left == 0 {
            return Instant::MAX;
        }
        let target = steps(self.now).checked_add(left);
        let picos = target.and_then(|steps| steps.checked_mul(MTIME_PERIOD_PS));
        picos.map_or(Instant::MAX, |picos| Instant::ZERO + Span::from_picos(picos))
    }

    pub(super) fn read(&mut self, offset: u32, now: Instant) -> u32 {
        self.now = now;
        self.peek(offset)
    }

    pub(super) fn peek(&self, offset: u32) -> u32 {
        match offset {
            MSIP => u32::from(self.msip),
            MTIMECMP_LOW => self.mtimecmp as u32,
            MTIMECMP_HIGH => (self.mtimecmp >> 32) as u32,
            MTIME_LOW => self.mtime() as u32,
            MTIME_HIGH => (self.mtime() >> 32) as u32,
            _ => 0,
        }
    }

    pub(super) fn write(&mut self, offset: u32, value: u32, now: Instant) {
        self.now = now;
        match offset {
            MSIP => self.msip = value & 1 != 0,
            MTIMECMP_LOW => self.mtimecmp = with_low(self.mtimecmp, value),
            MTIMECMP_HIGH => self.mtimecmp = with_high(self.mtimecmp, value),
            MTIME_LOW => self.set_mtime(with_low(self.mtime(), value)),
            MTIME_HIGH => self.set_mtime(with_high(self.mtime(), value)),
            _ => {}
        }
    }

    fn set_mtime(&mut self, mtime: u64) {
        self.shift = mtime.wrapping_sub(steps(self.now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::ZERO + Span::from_micros(micros)
    }

    #[test]
    fn the_timer_interrupt_stands_from_the_step_on_that_reaches_the_compare_value() {
        let mut clint = Clint::default();
        assert!(clint.timer_interrupt(), "both are zero");
        clint.write(MTIMECMP_LOW, 1_000, at(7));
        assert!(!clint.timer_interrupt());
        assert_eq!(clint.next_event(), at(100));
        clint.sync(at(99));
        assert!(!clint.timer_interrupt());
        clint.sync(at(100));
        assert!(clint.timer_interrupt());
        assert_eq!(clint.next_event(), Instant::MAX);
    }

    #[test]
    fn a_compare_value_that_time_never_reaches_is_no_event() {
        let mut clint = Clint::default();
        clint.write(MTIMECMP_LOW, u32::MAX, at(1));
        clint.write(MTIMECMP_HIGH, u32::MAX, at(1));
        assert_eq!(clint.next_event(), Instant::MAX);
    }

    #[test]
    fn mtime_goes_on_from_what_was_written() {
        let mut clint = Clint::default();
        clint.write(MTIME_LOW, 5, at(3));
        assert_eq!(clint.read(MTIME_LOW, at(4)), 15);
    }
}
