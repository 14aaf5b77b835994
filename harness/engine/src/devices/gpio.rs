//! Pins: outputs, inputs with pulls, and interrupts on levels and edges.
//!
//! The level of a pin is decided by, in this order: its enabled output; what drives it from
//! outside; its pull; otherwise it is low. An open-drain output drives only low. A pin whose output
//! a peripheral has taken over (FUNC_OUT_SEL) stays high, as an idle serial line does.
//!
//! Choices of this model: after a reset every input is enabled and no pull is on but that of pin 9,
//! the boot button's. Sleep modes, hold, filters and drive strengths are stored and do nothing.
//!
//! Invariant: `levels` is what the pins have now, and every edge since the last reset has been
//! looked at; each write and each change from outside ends with [`Gpio::update`].
//!
//! Registers: technical reference manual, chapter "IO MUX and GPIO Matrix".

const OUT: u32 = 0x04;
const OUT_W1TS: u32 = 0x08;
const OUT_W1TC: u32 = 0x0C;
const ENABLE: u32 = 0x20;
const ENABLE_W1TS: u32 = 0x24;
const ENABLE_W1TC: u32 = 0x28;
const IN: u32 = 0x3C;
const STATUS: u32 = 0x44;
const STATUS_W1TS: u32 = 0x48;
const STATUS_W1TC: u32 = 0x4C;
const PCPU_INT: u32 = 0x5C;
const PIN0: u32 = 0x74;
const PIN_END: u32 = PIN0 + 4 * PINS as u32;
const FUNC_OUT_SEL0: u32 = 0x554;
const FUNC_OUT_SEL_END: u32 = FUNC_OUT_SEL0 + 4 * PINS as u32;

/// IO MUX: the register of pin 0.
const MUX0: u32 = 0x04;
const MUX_END: u32 = MUX0 + 4 * PINS as u32;

/// Pins of the chip.
pub(crate) const PINS: usize = 22;
/// The registers have 26 bits.
const BITS: u32 = 0x03FF_FFFF;

const OPEN_DRAIN: u32 = 1 << 2;
const INTERRUPT_ENABLE: u32 = 1 << 13;
/// FUNC_OUT_SEL: the output register drives the pin.
const BY_GPIO: u32 = 128;
const INVERTED: u32 = 1 << 8;
const PULL_DOWN: u32 = 1 << 7;
const PULL_UP: u32 = 1 << 8;
const INPUT_ENABLE: u32 = 1 << 9;
const MUX_RESET: u32 = 0x0000_0800 | INPUT_ENABLE;
const BOOT_BUTTON: usize = 9;

/// The pins.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Gpio {
    out: u32,
    enable: u32,
    pin: [u32; PINS],
    out_select: [u32; PINS],
    mux: [u32; PINS],
    status: u32,
    /// Pins that something outside drives, and how.
    driven: u32,
    driven_level: u32,
    levels: u32,
}

/// What can be seen of pins from outside, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinState {
    levels: u32,
    /// Those that an output drives.
    driven: u32,
    /// Those that an output drives high.
    high: u32,
}

impl Gpio {
    /// The pins after a reset; what drives them from outside stays.
    pub(crate) fn new(driven: u32, driven_level: u32) -> Self {
        let mut mux = [MUX_RESET; PINS];
        mux[BOOT_BUTTON] |= PULL_UP;
        let mut gpio = Self {
            out: 0,
            enable: 0,
            pin: [0; PINS],
            out_select: [BY_GPIO; PINS],
            mux,
            status: 0,
            driven,
            driven_level,
            levels: 0,
        };
        gpio.levels = gpio.decide_levels();
        gpio
    }

    /// Resets the registers.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.driven, self.driven_level);
    }

    /// Drives a pin from outside, or lets go of it.
    pub(crate) fn drive(&mut self, pin: usize, level: Option<bool>) {
        set_bit(&mut self.driven, pin, level.is_some());
        set_bit(&mut self.driven_level, pin, level == Some(true));
        self.update();
    }

    /// The level of a pin.
    pub(crate) fn level(&self, pin: usize) -> bool {
        self.levels >> pin & 1 != 0
    }

    /// The level that an enabled output drives a pin to; `None` if it drives nothing.
    pub(crate) fn output(&self, pin: usize) -> Option<bool> {
        let (out, outputs) = self.decide_outputs();
        (outputs >> pin & 1 != 0).then_some(out >> pin & 1 != 0)
    }

    /// What can be seen of some pins from outside.
    pub(crate) fn state(&self, pins: u32) -> PinState {
        let (out, outputs) = self.decide_outputs();
        PinState { levels: self.levels & pins, driven: outputs & pins, high: out & outputs & pins }
    }

    /// Whether the interrupt output is high.
    pub(crate) fn interrupt(&self) -> bool {
        self.status != 0 && self.status & self.enabled_interrupts() != 0
    }

    fn enabled_interrupts(&self) -> u32 {
        mask_of(&self.pin, |pin| pin & INTERRUPT_ENABLE != 0)
    }

    /// What the outputs would drive, and which of them do.
    fn decide_outputs(&self) -> (u32, u32) {
        let by_gpio = mask_of(&self.out_select, |select| select & 0xFF == BY_GPIO);
        let inverted = mask_of(&self.out_select, |select| select & INVERTED != 0);
        let open_drain = mask_of(&self.pin, |pin| pin & OPEN_DRAIN != 0);
        let out = (self.out | !by_gpio) ^ (inverted & by_gpio);
        (out, (self.enable | !by_gpio) & !(open_drain & out))
    }

    fn decide_levels(&self) -> u32 {
        let (out, outputs) = self.decide_outputs();
        let pull_up = mask_of(&self.mux, |mux| mux & (PULL_UP | PULL_DOWN) == PULL_UP);
        let inputs = self.driven & self.driven_level | !self.driven & pull_up;
        (outputs & out | !outputs & inputs) & ((1 << PINS) - 1)
    }

    /// Looks at the pins again and notes what their interrupts wait for.
    fn update(&mut self) {
        let before = self.levels;
        self.levels = self.decide_levels();
        let (rose, fell) = (self.levels & !before, before & !self.levels);
        for (n, pin) in self.pin.iter().enumerate().filter(|(_, pin)| **pin >> 7 & 7 != 0) {
            let strikes = match pin >> 7 & 7 {
                1 => rose,
                2 => fell,
                3 => rose | fell,
                4 => !self.levels,
                _ => self.levels,
            };
            self.status |= strikes & 1 << n;
        }
    }

    fn inputs(&self) -> u32 {
        self.levels & mask_of(&self.mux, |mux| mux & INPUT_ENABLE != 0)
    }

    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            OUT => self.out,
            ENABLE => self.enable,
            IN => self.inputs(),
            STATUS => self.status,
            PCPU_INT => self.status & self.enabled_interrupts(),
            OUT_W1TS | OUT_W1TC | ENABLE_W1TS | ENABLE_W1TC | STATUS_W1TS | STATUS_W1TC => 0,
            PIN0..PIN_END => self.pin[((offset - PIN0) / 4) as usize],
            FUNC_OUT_SEL0..FUNC_OUT_SEL_END => {
                self.out_select[((offset - FUNC_OUT_SEL0) / 4) as usize]
            }
            _ => return None,
        })
    }

    /// Writes a register; `false` if it is not modelled.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> bool {
        let bits = value & BITS;
        match offset {
            OUT => self.out = bits,
            OUT_W1TS => self.out |= bits,
            OUT_W1TC => self.out &= !bits,
            ENABLE => self.enable = bits,
            ENABLE_W1TS => self.enable |= bits,
            ENABLE_W1TC => self.enable &= !bits,
            STATUS => self.status = bits,
            STATUS_W1TS => self.status |= bits,
            STATUS_W1TC => self.status &= !bits,
            IN | PCPU_INT => {}
            PIN0..PIN_END => self.pin[((offset - PIN0) / 4) as usize] = value & 0x0003_FFFF,
            FUNC_OUT_SEL0..FUNC_OUT_SEL_END => {
                self.out_select[((offset - FUNC_OUT_SEL0) / 4) as usize] = value & 0x7FF;
            }
            _ => return false,
        }
        self.update();
        true
    }

    /// What a register of the IO MUX shows; `None` if it is not modelled.
    pub(crate) fn peek_mux(&self, offset: u32) -> Option<u32> {
        (MUX0..MUX_END).contains(&offset).then(|| self.mux[((offset - MUX0) / 4) as usize])
    }

    /// Writes a register of the IO MUX; `false` if it is not modelled.
    pub(crate) fn write_mux(&mut self, offset: u32, value: u32) -> bool {
        let known = (MUX0..MUX_END).contains(&offset);
        if known {
            self.mux[((offset - MUX0) / 4) as usize] = value & 0xFFFF;
            self.update();
        }
        known
    }
}

/// The pins whose register has a property.
fn mask_of(registers: &[u32; PINS], has: impl Fn(u32) -> bool) -> u32 {
    registers.iter().enumerate().fold(0, |mask, (n, value)| mask | u32::from(has(*value)) << n)
}

fn set_bit(bits: &mut u32, n: usize, up: bool) {
    *bits = *bits & !(1 << n) | u32::from(up) << n;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpio() -> Gpio {
        Gpio::new(0, 0)
    }

    #[test]
    fn an_enabled_output_can_be_read_back_at_the_pin() {
        let mut gpio = gpio();
        gpio.write(OUT_W1TS, 0b110);
        gpio.write(ENABLE_W1TS, 0b010);
        assert_eq!(gpio.peek(IN).unwrap() & 0b111, 0b010);
        gpio.write(OUT_W1TC, 0b010);
        assert_eq!(gpio.peek(OUT), Some(0b100));
        assert_eq!(gpio.peek(IN).unwrap() & 0b111, 0);
    }

    #[test]
    fn what_drives_a_pin_from_outside_is_stronger_than_its_pull() {
        let mut gpio = gpio();
        gpio.write_mux(MUX0 + 4 * 5, INPUT_ENABLE | PULL_UP);
        assert!(gpio.level(5));
        gpio.drive(5, Some(false));
        assert!(!gpio.level(5));
        gpio.write(OUT, 1 << 5);
        gpio.write(ENABLE, 1 << 5);
        assert!(gpio.level(5), "an output is stronger");
        gpio.write(PIN0 + 4 * 5, OPEN_DRAIN);
        assert!(!gpio.level(5), "an open drain does not drive high");
        gpio.drive(5, None);
        assert!(gpio.level(5));
    }

    fn check_interrupt(kind: u32, levels: &[bool], expected: &[bool]) {
        let mut gpio = gpio();
        gpio.write(PIN0 + 4 * 3, kind << 7 | INTERRUPT_ENABLE);
        let mut found = Vec::new();
        for &level in levels {
            gpio.write(STATUS_W1TC, u32::MAX);
            gpio.drive(3, Some(level));
            found.push(gpio.interrupt());
        }
        assert_eq!(found, expected, "kind {kind}");
    }

    #[test]
    fn interrupts_come_with_edges_and_levels() {
        let levels = [true, true, false, false];
        check_interrupt(0, &levels, &[false, false, false, false]);
        check_interrupt(1, &levels, &[true, false, false, false]);
        check_interrupt(2, &levels, &[false, false, true, false]);
        check_interrupt(3, &levels, &[true, false, true, false]);
        check_interrupt(4, &levels, &[true, false, true, true]);
        check_interrupt(5, &levels, &[true, true, true, false]);
    }

    #[test]
    fn a_pin_that_nobody_drives_is_low_but_for_the_boot_button() {
        let gpio = gpio();
        assert_eq!(gpio.peek(IN), Some(1 << BOOT_BUTTON));
    }
}
