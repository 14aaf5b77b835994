//! GPIO: outputs, their enables, and inputs that see the driven level.
//!
//! Registers: technical reference manual, chapter "IO MUX and GPIO Matrix". A pin that nobody
//! drives reads low.

const OUT: u32 = 0x04;
const OUT_W1TS: u32 = 0x08;
const OUT_W1TC: u32 = 0x0C;
const ENABLE: u32 = 0x20;
const ENABLE_W1TS: u32 = 0x24;
const ENABLE_W1TC: u32 = 0x28;
const IN: u32 = 0x3C;

/// The chip has pins 0 to 21; the registers have 26 bits.
const PINS: u32 = 0x03FF_FFFF;

/// The output side of the pins.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Gpio {
    out: u32,
    enable: u32,
}

impl Gpio {
    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            OUT => self.out,
            ENABLE => self.enable,
            IN => self.out & self.enable,
            OUT_W1TS | OUT_W1TC | ENABLE_W1TS | ENABLE_W1TC => 0,
            _ => return None,
        })
    }

    /// Writes a register; `false` if it is not modelled.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> bool {
        let value = value & PINS;
        match offset {
            OUT => self.out = value,
            OUT_W1TS => self.out |= value,
            OUT_W1TC => self.out &= !value,
            ENABLE => self.enable = value,
            ENABLE_W1TS => self.enable |= value,
            ENABLE_W1TC => self.enable &= !value,
            IN => {}
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enabled_output_can_be_read_back_at_the_pin() {
        let mut gpio = Gpio::default();
        gpio.write(OUT_W1TS, 0b110);
        gpio.write(ENABLE_W1TS, 0b010);
        assert_eq!(gpio.peek(IN), Some(0b010));
        gpio.write(OUT_W1TC, 0b010);
        assert_eq!(gpio.peek(OUT), Some(0b100));
        assert_eq!(gpio.peek(IN), Some(0));
    }
}
