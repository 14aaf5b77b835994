//! SYSTIMER: two 52-bit counters at 16 MHz and three comparators.
//!
//! A counter is a line: its value is the number of 16 MHz ticks since power-on plus an offset, so
//! reading it is arithmetic and an alarm's instant is exact. An alarm is armed by writing its LOAD
//! register, or by switching to periodic mode; it strikes when the counter has reached it, at once
//! if that lies less than half the counter's range back. A single alarm strikes once.
//!
//! Registers: technical reference manual, chapter "System Timer".

use ramscope_time::{Instant, Span};

/// Period of the 16 MHz clock.
const TICK_PS: u64 = 62_500;
const MASK: u64 = (1 << 52) - 1;
const HALF: u64 = 1 << 51;

const CONF: u32 = 0x00;
const UNIT_OP: [u32; 2] = [0x04, 0x08];
const UNIT_LOAD_VALUE: [(u32, u32); 2] = [(0x0C, 0x10), (0x14, 0x18)];
const TARGET: [(u32, u32); 3] = [(0x1C, 0x20), (0x24, 0x28), (0x2C, 0x30)];
const TARGET_CONF: [u32; 3] = [0x34, 0x38, 0x3C];
const UNIT_VALUE: [(u32, u32); 2] = [(0x40, 0x44), (0x48, 0x4C)];
const COMP_LOAD: [u32; 3] = [0x50, 0x54, 0x58];
const UNIT_LOAD: [u32; 2] = [0x5C, 0x60];
const INT_ENA: u32 = 0x64;
const INT_RAW: u32 = 0x68;
const INT_CLR: u32 = 0x6C;
const INT_ST: u32 = 0x70;
const DATE: u32 = 0xFC;

/// Unit 0 runs, both stop while the debugger halts the core.
const CONF_RESET: u32 = 0x4600_0000;
const UPDATE: u32 = 1 << 30;
const VALID: u32 = 1 << 29;
const UNIT_SELECT: u32 = 1 << 31;
const PERIODIC: u32 = 1 << 30;
const PERIOD: u32 = 0x03FF_FFFF;

#[derive(Clone, Debug, Default, Hash)]
struct Unit {
    running: bool,
    /// Running: value minus ticks since power-on. Stopped: the value.
    offset: u64,
    load: u64,
    latched: u64,
    valid: bool,
}

impl Unit {
    fn value(&self, tick: u64) -> u64 {
        let ticks = if self.running { tick } else { 0 };
        self.offset.wrapping_add(ticks) & MASK
    }

    fn set_value(&mut self, value: u64, tick: u64) {
        let ticks = if self.running { tick } else { 0 };
        self.offset = value.wrapping_sub(ticks) & MASK;
    }

    fn set_running(&mut self, running: bool, tick: u64) {
        let value = self.value(tick);
        self.running = running;
        self.set_value(value, tick);
    }
}

#[derive(Clone, Debug, Default, Hash)]
struct Comparator {
    target: u64,
    conf: u32,
    /// The count at which the alarm strikes.
    armed: Option<u64>,
}

impl Comparator {
    fn unit(&self) -> usize {
        usize::from(self.conf & UNIT_SELECT != 0)
    }

    fn period(&self) -> u64 {
        u64::from(self.conf & PERIOD)
    }

    fn is_periodic(&self) -> bool {
        self.conf & PERIODIC != 0
    }

    fn arm(&mut self, value: u64) {
        self.armed = if self.is_periodic() {
            (self.period() != 0).then(|| (value + self.period()) & MASK)
        } else {
            Some(self.target)
        };
    }
}

/// The system timer.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Systimer {
    conf: u32,
    units: [Unit; 2],
    comparators: [Comparator; 3],
    int_ena: u32,
    int_raw: u32,
}

fn tick_at(now: Instant) -> u64 {
    now.as_picos() / TICK_PS
}

impl Systimer {
    /// The timer after a reset at `now`: unit 0 counts from zero.
    pub(crate) fn new(now: Instant) -> Self {
        let mut timer = Self {
            conf: 0,
            units: Default::default(),
            comparators: Default::default(),
            int_ena: 0,
            int_raw: 0,
        };
        timer.write_conf(CONF_RESET, tick_at(now));
        timer
    }

    fn enabled(&self, comparator: usize) -> bool {
        self.conf >> (24 - comparator) & 1 != 0
    }

    /// Lets every alarm strike whose count has come by `now`.
    pub(crate) fn sync(&mut self, now: Instant) {
        let tick = tick_at(now);
        for n in 0..self.comparators.len() {
            if self.enabled(n) {
                self.strike(n, tick);
            }
        }
    }

    fn strike(&mut self, n: usize, tick: u64) {
        let comparator = &mut self.comparators[n];
        let unit = &self.units[comparator.unit()];
        let Some(armed) = comparator.armed else {
            return;
        };
        let past = unit.value(tick).wrapping_sub(armed) & MASK;
        if past >= HALF {
            return;
        }
        self.int_raw |= 1 << n;
        comparator.armed = if comparator.is_periodic() && comparator.period() != 0 {
            let periods = past / comparator.period() + 1;
            Some((armed + periods * comparator.period()) & MASK)
        } else {
            None
        };
    }

    /// The interrupt outputs of the three comparators, bits 0 to 2.
    pub(crate) fn interrupts(&self) -> u32 {
        self.int_raw & self.int_ena
    }

    /// The next instant at which an interrupt output will rise by itself.
    pub(crate) fn next_event(&self) -> Instant {
        let awaited = self.int_ena & !self.int_raw;
        let strike_tick = |n: usize| {
            let comparator = &self.comparators[n];
            let unit = &self.units[comparator.unit()];
            let armed = comparator
                .armed
                .filter(|_| awaited >> n & 1 != 0 && self.enabled(n) && unit.running)?;
            Some(armed.wrapping_sub(unit.offset) & MASK)
        };
        (0..3).filter_map(strike_tick).min().map_or(Instant::MAX, |tick| {
            Instant::ZERO + Span::from_picos(tick.saturating_mul(TICK_PS))
        })
    }

    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        let pair = |pairs: &[(u32, u32)], value: &dyn Fn(usize) -> u64| {
            pairs.iter().enumerate().find_map(|(n, &(high, low))| {
                (offset == high)
                    .then(|| (value(n) >> 32) as u32)
                    .or((offset == low).then(|| value(n) as u32))
            })
        };
        let one = |offsets: &[u32]| offsets.iter().position(|&at| at == offset);
        match offset {
            CONF => return Some(self.conf),
            INT_ENA => return Some(self.int_ena),
            INT_RAW => return Some(self.int_raw),
            INT_CLR => return Some(0),
            INT_ST => return Some(self.interrupts()),
            DATE => return Some(0x2006_2400),
            _ => {}
        }
        one(&UNIT_OP)
            .map(|n| if self.units[n].valid { VALID } else { 0 })
            .or_else(|| pair(&UNIT_LOAD_VALUE, &|n| self.units[n].load))
            .or_else(|| pair(&TARGET, &|n| self.comparators[n].target))
            .or_else(|| one(&TARGET_CONF).map(|n| self.comparators[n].conf))
            .or_else(|| pair(&UNIT_VALUE, &|n| self.units[n].latched))
            .or_else(|| one(&COMP_LOAD).or(one(&UNIT_LOAD)).map(|_| 0))
    }

    /// Reads a register at `now`.
    pub(crate) fn read(&mut self, offset: u32, now: Instant) -> Option<u32> {
        self.sync(now);
        self.peek(offset)
    }

    /// Writes a register at `now`; `false` if it is not modelled.
    pub(crate) fn write(&mut self, offset: u32, value: u32, now: Instant) -> bool {
        self.sync(now);
        let tick = tick_at(now);
        let one = |offsets: &[u32]| offsets.iter().position(|&at| at == offset);
        let pair = |pairs: &[(u32, u32)]| {
            pairs.iter().enumerate().find_map(|(n, &(high, low))| {
                (offset == high).then_some((n, true)).or((offset == low).then_some((n, false)))
            })
        };
        match offset {
            CONF => self.write_conf(value, tick),
            INT_ENA => self.int_ena = value & 7,
            INT_CLR => self.int_raw &= !value,
            INT_RAW | INT_ST | DATE => {}
            _ => {
                if let Some(n) = one(&UNIT_OP) {
                    self.latch(n, value, tick);
                } else if let Some((n, is_high)) = pair(&UNIT_LOAD_VALUE) {
                    set_half(&mut self.units[n].load, value, is_high);
                } else if let Some((n, is_high)) = pair(&TARGET) {
                    set_half(&mut self.comparators[n].target, value, is_high);
                } else if let Some(n) = one(&TARGET_CONF) {
                    self.write_target_conf(n, value, tick);
                } else if let Some(n) = one(&COMP_LOAD) {
                    self.arm(n, tick);
                } else if let Some(n) = one(&UNIT_LOAD) {
                    let load = self.units[n].load;
                    self.units[n].set_value(load, tick);
                } else if pair(&UNIT_VALUE).is_none() {
                    return false;
                }
            }
        }
        self.sync(now);
        true
    }

    fn latch(&mut self, n: usize, value: u32, tick: u64) {
        if value & UPDATE != 0 {
            self.units[n].latched = self.units[n].value(tick);
            self.units[n].valid = true;
        }
    }

    fn arm(&mut self, n: usize, tick: u64) {
        let comparator = &mut self.comparators[n];
        let value = self.units[comparator.unit()].value(tick);
        comparator.arm(value);
    }

    /// Entering periodic mode arms, leaving it disarms.
    fn write_target_conf(&mut self, n: usize, value: u32, tick: u64) {
        let comparator = &mut self.comparators[n];
        let was_periodic = comparator.is_periodic();
        comparator.conf = value & (UNIT_SELECT | PERIODIC | PERIOD);
        match (was_periodic, comparator.is_periodic()) {
            (false, true) => self.arm(n, tick),
            (true, false) => comparator.armed = None,
            _ => {}
        }
    }

    /// A periodic alarm counts its first period from when it is enabled.
    fn write_conf(&mut self, value: u32, tick: u64) {
        let before = self.conf;
        self.conf = value;
        for (n, unit) in self.units.iter_mut().enumerate() {
            unit.set_running(value >> (30 - n) & 1 != 0, tick);
        }
        for n in 0..self.comparators.len() {
            let rises = (value & !before) >> (24 - n) & 1 != 0;
            if rises && self.comparators[n].is_periodic() {
                self.arm(n, tick);
            }
        }
    }
}

/// Sets the upper 20 or the lower 32 bits of a 52-bit value.
fn set_half(whole: &mut u64, value: u32, is_high: bool) {
    *whole = if is_high {
        *whole & 0xFFFF_FFFF | u64::from(value & 0xF_FFFF) << 32
    } else {
        *whole & !0xFFFF_FFFF | u64::from(value)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_tick(tick: u64) -> Instant {
        Instant::from_picos(tick * TICK_PS)
    }

    fn timer() -> Systimer {
        let mut timer = Systimer::new(Instant::ZERO);
        timer.write(CONF, CONF_RESET | 1 << 24, Instant::ZERO);
        timer.write(INT_ENA, 1, Instant::ZERO);
        timer
    }

    fn value(timer: &mut Systimer, now: Instant) -> u64 {
        timer.write(UNIT_OP[0], UPDATE, now);
        assert_eq!(timer.read(UNIT_OP[0], now), Some(VALID));
        let (high, low) = UNIT_VALUE[0];
        let word = |word: Option<u32>| u64::from(word.unwrap());
        word(timer.read(high, now)) << 32 | word(timer.read(low, now))
    }

    #[test]
    fn the_counter_counts_sixteen_million_a_second() {
        let mut timer = timer();
        assert_eq!(value(&mut timer, Instant::ZERO + Span::from_seconds(1)), 16_000_000);
        assert_eq!(value(&mut timer, Instant::from_picos(62_499)), 0);
    }

    #[test]
    fn a_single_alarm_strikes_at_its_tick_and_once() {
        let mut timer = timer();
        timer.write(TARGET[0].1, 1_000, Instant::ZERO);
        timer.write(COMP_LOAD[0], 1, Instant::ZERO);
        assert_eq!(timer.next_event(), at_tick(1_000));
        timer.sync(Instant::from_picos(1_000 * TICK_PS - 1));
        assert_eq!(timer.interrupts(), 0);
        timer.sync(at_tick(1_000));
        assert_eq!(timer.interrupts(), 1);
        timer.write(INT_CLR, 1, at_tick(1_000));
        timer.sync(at_tick(5_000));
        assert_eq!(timer.interrupts(), 0);
        assert_eq!(timer.next_event(), Instant::MAX);
    }

    #[test]
    fn an_alarm_in_the_past_strikes_at_once() {
        let mut timer = timer();
        timer.write(TARGET[0].1, 10, at_tick(20));
        timer.write(COMP_LOAD[0], 1, at_tick(20));
        assert_eq!(timer.interrupts(), 1);
    }

    #[test]
    fn a_periodic_alarm_keeps_its_beat_however_late_one_looks() {
        let mut timer = timer();
        timer.write(TARGET_CONF[0], PERIODIC | 100, Instant::ZERO);
        timer.sync(at_tick(1_050));
        assert_eq!(timer.interrupts(), 1);
        timer.write(INT_CLR, 1, at_tick(1_050));
        assert_eq!(timer.next_event(), at_tick(1_100));
    }

    #[test]
    fn a_stopped_unit_keeps_its_value_and_goes_on_from_it() {
        let mut timer = timer();
        timer.write(CONF, CONF_RESET & !(1 << 30), at_tick(100));
        assert_eq!(value(&mut timer, at_tick(500)), 100);
        timer.write(CONF, CONF_RESET, at_tick(500));
        assert_eq!(value(&mut timer, at_tick(510)), 110);
    }

    #[test]
    fn a_loaded_value_counts_on() {
        let mut timer = timer();
        timer.write(UNIT_LOAD_VALUE[0].0, 1, Instant::ZERO);
        timer.write(UNIT_LOAD[0], 1, at_tick(7));
        assert_eq!(value(&mut timer, at_tick(10)), (1 << 32) + 3);
    }
}
