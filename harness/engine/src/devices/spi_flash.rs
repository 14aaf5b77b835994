//! SPI1, the controller that sends commands to the flash chip, as far as one asks who the chip is.
//!
//! Drivers find out how large the flash is by its identification: manufacturer, type and the
//! logarithm of the capacity. All other commands are the ROM's functions' business; who sends one
//! here gets no answer, and the run lists the register.
//!
//! Registers: technical reference manual has none; the published peripheral-access crate, `spi1`.

const CMD: u32 = 0x00;
const W0: u32 = 0x58;

const READ_ID: u32 = 1 << 28;
/// GigaDevice, the GD25Q series.
const MANUFACTURER: u32 = 0xC8;
const SERIES: u32 = 0x40;

/// The controller.
#[derive(Clone, Debug, Hash)]
pub(crate) struct SpiFlash {
    capacity: u32,
    w0: u32,
}

impl SpiFlash {
    /// For a chip of `capacity` bytes, a power of two.
    pub(super) fn new(capacity: u32) -> Self {
        Self { capacity, w0: 0 }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// What a register shows; `None` if it is not modelled. A command is over at once.
    pub(super) fn peek(&self, offset: u32) -> Option<u32> {
        match offset {
            CMD => Some(0),
            W0 => Some(self.w0),
            _ => None,
        }
    }

    /// Writes a register; `false` if it is not modelled, or a command that is not.
    pub(super) fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            CMD if value == READ_ID => {
                self.w0 = MANUFACTURER | SERIES << 8 | self.capacity.trailing_zeros() << 16;
                true
            }
            CMD => value == 0,
            W0 => {
                self.w0 = value;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identification_tells_the_capacity() {
        let mut spi = SpiFlash::new(4 << 20);
        assert!(spi.write(CMD, READ_ID));
        assert_eq!((spi.peek(CMD), spi.peek(W0)), (Some(0), Some(0x16_40C8)));
        assert!(!spi.write(CMD, 1 << 31), "another command is not modelled");
    }
}
