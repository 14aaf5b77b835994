//! eFuse: what the factory has burned in, as far as start-up code and drivers read it.
//!
//! The model is a chip of revision v0.4 whose MAC address is of Espressif's range, its last three
//! bytes from the seed, and whose ADC was measured as [`adc`](super::adc) says. All other fuses are
//! as delivered: not burned.
//!
//! Registers: technical reference manual, chapter "eFuse Controller"; they share a page with
//! RTC_CNTL, from offset 0x800 on. Fields: ESP-IDF, `efuse/esp32c3/esp_efuse_table.csv`.

use super::adc::{Point, REFERENCE};
use crate::noise::Noise;

/// The first and the last register of fuses.
const FUSES_FIRST: u32 = 0x82C;
const FUSES_LAST: u32 = 0x978;
const MAC_LOW: u32 = 0x844;
const MAC_HIGH: u32 = 0x848;
/// Bits 20:18 are the lower bits of the minor revision.
const REVISION_LOW: u32 = 0x850;
/// BLOCK2, which the factory burns after its measurements.
const BLOCK_2: u32 = 0x85C;
const BLOCK_2_END: u32 = BLOCK_2 + 32;

const REVISION_MINOR: u32 = 4;
const MAC_RANGE: u32 = 0x7C_DFA1;

/// Bits of BLOCK2: the version of its contents, and the first of four codes of ten bits.
const BLOCK_VERSION_MAJOR: usize = 128;
const ADC_CODES: usize = 188;
const ADC_CODE_BITS: usize = 10;
/// What a code is counted from; one below has its highest bit set.
const ADC_CODE_BASE: u32 = 2_000;
const ADC_CODE_BELOW: u32 = 1 << 9;

/// The fuses.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Efuse {
    mac_tail: u32,
    block_2: [u32; 8],
}

impl Efuse {
    pub(crate) fn new(seed: u64) -> Self {
        Self { mac_tail: Noise::new(!seed).draw() as u32 & 0xFF_FFFF, block_2: block_2() }
    }

    /// What a register shows; `None` if it is not modelled.
    pub(crate) fn peek(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            MAC_LOW => MAC_RANGE << 24 | self.mac_tail,
            MAC_HIGH => MAC_RANGE >> 8,
            REVISION_LOW => REVISION_MINOR << 18,
            BLOCK_2..BLOCK_2_END => self.block_2[((offset - BLOCK_2) / 4) as usize],
            FUSES_FIRST..=FUSES_LAST => 0,
            _ => return None,
        })
    }
}

fn block_2() -> [u32; 8] {
    let mut block = [0; 8];
    burn(&mut block, BLOCK_VERSION_MAJOR, 1);
    for (n, Point { code, .. }) in REFERENCE.into_iter().enumerate() {
        let below = if code < ADC_CODE_BASE { ADC_CODE_BELOW } else { 0 };
        burn(&mut block, ADC_CODES + n * ADC_CODE_BITS, code.abs_diff(ADC_CODE_BASE) | below);
    }
    block
}

/// Burns `value` from bit `first` on.
fn burn(block: &mut [u32; 8], first: usize, value: u32) {
    for bit in (0..32).filter(|bit| value >> bit & 1 != 0) {
        let at = first + bit;
        block[at / 32] |= 1 << (at % 32);
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

    #[test]
    fn a_field_may_cross_from_one_word_into_the_next() {
        let mut block = [0; 8];
        burn(&mut block, 28, 0x3FF);
        assert_eq!(block[..2], [0xF000_0000, 0x3F]);
    }
}
