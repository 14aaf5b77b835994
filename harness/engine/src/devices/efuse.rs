//! eFuse: what the factory has burned in, as far as start-up code reads it.
//!
//! The model is a chip of revision v0.4 whose MAC address is of Espressif's range, its last three
//! bytes from the seed. All other fuses are as delivered: not burned.
//!
//! Registers: technical reference manual, chapter "eFuse Controller"; they share a page with
//! RTC_CNTL, from offset 0x800 on.

use crate::noise::Noise;

const MAC_LOW: u32 = 0x844;
const MAC_HIGH: u32 = 0x848;
/// Bits 20:18 are the lower bits of the minor revision.
const REVISION_LOW: u32 = 0x850;
/// Bit 23 is the highest bit of the minor revision, bits 25:24 the major one.
const REVISION_HIGH: u32 = 0x858;

const REVISION_MINOR: u32 = 4;
const MAC_RANGE: u32 = 0x7C_DFA1;

/// The fuses.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Efuse {
    mac_tail: u32,
}

impl Efuse {
    pub(crate) fn new(seed: u64) -> Self {
        Self { mac_tail: Noise::new(!seed).draw() as u32 & 0xFF_FFFF }
    }

    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            MAC_LOW => MAC_RANGE << 24 | self.mac_tail,
            MAC_HIGH => MAC_RANGE >> 8,
            REVISION_LOW => REVISION_MINOR << 18,
            REVISION_HIGH => 0,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_of_the_range_and_ends_with_the_seed() {
        let of = |seed| {
            let efuse = Efuse::new(seed);
            [MAC_HIGH, MAC_LOW].map(|offset| efuse.peek(offset).unwrap())
        };
        assert_eq!(of(1)[0], 0x7CDF);
        assert_eq!(of(1)[1] >> 24, 0xA1);
        assert_ne!(of(1)[1], of(2)[1]);
    }
}
