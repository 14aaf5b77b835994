//! Checksums: CRCs of each width, and MD5.
//!
//! A byte a step. The register `a0` is the CRC on its way, so what is left is a call of the same
//! kind but for the complement, which is taken on the way in and on the way out.
//!
//! Polynomials: esp-rom-sys, `rom/crc.rs`; the context of MD5 is `struct MD5Context` of ESP-IDF's
//! `components/esp_rom/include/esp32c3/rom/md5_hash.h`: state, count of bits, block.

use super::call::{A0, A1, A2, Place, Step, T1};
use super::cost;
use super::function::Function;
use crate::cpu::Exception;
use crate::machine::Machine;
use crate::md5;
use crate::observer::Observer;

/// Where a context of MD5 has its count of bits and its block, and its length.
const BITS: u32 = 16;
const BLOCK: u32 = 24;
const CONTEXT_BYTES: u32 = 88;

/// How a CRC goes on.
#[derive(Clone, Copy)]
struct Crc {
    polynomial: u32,
    bits: u32,
    direction: Direction,
}

/// The CRC of Dallas' 1-Wire, without complements.
const ADDRESS_CRC: Crc = Crc { polynomial: 0x8C, bits: 8, direction: Direction::LowFirst };

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// The lowest bit of a byte comes first.
    LowFirst,
    HighFirst,
}

impl Crc {
    fn of(function: Function) -> Option<Self> {
        use Direction::{HighFirst, LowFirst};
        let (polynomial, bits, direction) = match function {
            Function::crc32_le | Function::mz_crc32 => (0xEDB8_8320, 32, LowFirst),
            Function::crc32_be => (0x04C1_1DB7, 32, HighFirst),
            Function::crc16_le => (0x8408, 16, LowFirst),
            Function::crc16_be => (0x1021, 16, HighFirst),
            Function::crc8_le => (0xE0, 8, LowFirst),
            Function::crc8_be => (0x07, 8, HighFirst),
            _ => return None,
        };
        Some(Self { polynomial, bits, direction })
    }

    fn mask(self) -> u32 {
        u32::MAX >> (32 - self.bits)
    }

    fn absorb(self, crc: u32, byte: u32) -> u32 {
        let crc = match self.direction {
            Direction::LowFirst => crc ^ byte,
            Direction::HighFirst => crc ^ byte << (self.bits - 8),
        };
        (0..8).fold(crc, |crc, _| self.shift(crc)) & self.mask()
    }

    fn shift(self, crc: u32) -> u32 {
        let (leaves, moved) = match self.direction {
            Direction::LowFirst => (crc & 1, crc >> 1),
            Direction::HighFirst => (crc >> (self.bits - 1) & 1, crc << 1),
        };
        if leaves == 0 { moved } else { moved ^ self.polynomial }
    }
}

impl Machine {
    /// Does `place`'s function if it is one of checksums.
    pub(super) fn rom_digest<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Option<Result<Step, Exception>> {
        if let Some(crc) = Crc::of(place.function) {
            return Some(self.crc_steps(crc, place));
        }
        Some(match place.function {
            Function::esp_crc8 => self.address_crc_steps(place),
            Function::MD5Init => self.start_md5(observer),
            Function::MD5Update => self.md5_steps(place, observer),
            Function::MD5Final => self.finish_md5(observer),
            _ => return None,
        })
    }

    fn crc_steps(&mut self, crc: Crc, place: Place) -> Result<Step, Exception> {
        let complement = |machine: &mut Machine| {
            let value = !machine.cpu.register(A0) & crc.mask();
            machine.set_rom_register(A0, value);
        };
        if place.is_entry {
            complement(self);
        }
        while self.cycle < place.stop_cycle && !self.attention {
            let [value, cursor, left] = [A0, A1, A2].map(|n| self.cpu.register(n));
            if left == 0 {
                complement(self);
                return Ok(Step::Return);
            }
            let byte = self.rom_load(cursor, 1)?;
            self.set_rom_register(A0, crc.absorb(value, byte));
            self.next_byte();
        }
        Ok(Step::Stay)
    }

    /// The CRC of addresses in eFuse, over `a1` bytes at `a0`; it is in `t1` on its way.
    fn address_crc_steps(&mut self, place: Place) -> Result<Step, Exception> {
        if place.is_entry {
            self.set_rom_register(T1, 0);
        }
        while self.cycle < place.stop_cycle && !self.attention {
            let [cursor, left, crc] = [A0, A1, T1].map(|n| self.cpu.register(n));
            if left == 0 {
                return Ok(self.give(crc));
            }
            let byte = self.rom_load(cursor, 1)?;
            self.set_rom_register(T1, ADDRESS_CRC.absorb(crc, byte));
            self.set_rom_register(A0, cursor.wrapping_add(1));
            self.set_rom_register(A1, left - 1);
            self.cycle += cost::ELEMENT;
        }
        Ok(Step::Stay)
    }

    fn next_byte(&mut self) {
        let [cursor, left] = [A1, A2].map(|n| self.cpu.register(n));
        self.set_rom_register(A1, cursor.wrapping_add(1));
        self.set_rom_register(A2, left - 1);
        self.cycle += cost::ELEMENT;
    }

    fn start_md5<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let context = self.cpu.register(A0);
        self.store_words(context, &md5::START, observer)?;
        self.store_words(context.wrapping_add(BITS), &[0, 0], observer)?;
        self.cycle += cost::ARITHMETIC;
        Ok(Step::Return)
    }

    fn md5_steps<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Result<Step, Exception> {
        while self.cycle < place.stop_cycle && !self.attention {
            let [context, cursor, left] = [A0, A1, A2].map(|n| self.cpu.register(n));
            if left == 0 {
                return Ok(Step::Return);
            }
            let byte = self.rom_load(cursor, 1)?;
            self.absorb_md5(context, byte, observer)?;
            self.next_byte();
        }
        Ok(Step::Stay)
    }

    /// Takes a byte into a context; the count comes last, so a fault before it leaves no trace.
    fn absorb_md5<O: Observer>(
        &mut self,
        context: u32,
        byte: u32,
        observer: &mut O,
    ) -> Result<(), Exception> {
        let bits = self.md5_bits(context)?;
        let used = (bits / 8) as u32 % md5::BLOCK_BYTES as u32;
        self.rom_store(context.wrapping_add(BLOCK + used), 1, byte, observer)?;
        if used as usize == md5::BLOCK_BYTES - 1 {
            let block = self.load_array(context.wrapping_add(BLOCK))?;
            let state = self.md5_state(context)?;
            self.store_words(context, &md5::absorb(state, &block), observer)?;
        }
        let bits = bits + 8;
        self.store_words(context.wrapping_add(BITS), &[bits as u32, (bits >> 32) as u32], observer)
    }

    /// The digest goes to `a0`, and the context at `a1` is cleared.
    fn finish_md5<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [digest, context] = [A0, A1].map(|n| self.cpu.register(n));
        let bytes = self.md5_bits(context)? / 8;
        let block: [u8; md5::BLOCK_BYTES] = self.load_array(context.wrapping_add(BLOCK))?;
        let rest = &block[..bytes as usize % md5::BLOCK_BYTES];
        let blocks = md5::last_blocks(rest, bytes);
        let state = blocks.iter().fold(self.md5_state(context)?, md5::absorb);
        for (n, byte) in (0..).zip(md5::bytes(state)) {
            self.rom_store(digest.wrapping_add(n), 1, u32::from(byte), observer)?;
        }
        self.store_words(context, &[0; CONTEXT_BYTES as usize / 4], observer)?;
        self.cycle += cost::ARITHMETIC;
        Ok(Step::Return)
    }

    fn md5_bits(&mut self, context: u32) -> Result<u64, Exception> {
        let low = self.rom_load(context.wrapping_add(BITS), 4)?;
        let high = self.rom_load(context.wrapping_add(BITS + 4), 4)?;
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn md5_state(&mut self, context: u32) -> Result<[u32; 4], Exception> {
        let mut state = [0; 4];
        for (n, word) in (0..).zip(&mut state) {
            *word = self.rom_load(context.wrapping_add(4 * n), 4)?;
        }
        Ok(state)
    }

    fn load_array<const BYTES: usize>(&mut self, address: u32) -> Result<[u8; BYTES], Exception> {
        let mut bytes = [0; BYTES];
        for (n, byte) in (0..).zip(&mut bytes) {
            *byte = self.rom_load(address.wrapping_add(n), 1)? as u8;
        }
        Ok(bytes)
    }

    fn store_words<O: Observer>(
        &mut self,
        address: u32,
        words: &[u32],
        observer: &mut O,
    ) -> Result<(), Exception> {
        for (n, word) in (0..).zip(words) {
            self.rom_store(address.wrapping_add(4 * n), 4, *word, observer)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of CRCs, over `123456789`.
    #[test]
    fn each_crc_has_its_check_value() {
        let check = |function, start: u32, expected| {
            let crc = Crc::of(function).unwrap();
            let bytes = b"123456789".iter().copied().map(u32::from);
            let found = bytes.fold(start & crc.mask(), |value, byte| crc.absorb(value, byte));
            assert_eq!(found, expected, "{function:?}");
        };
        check(Function::crc32_le, u32::MAX, !0xCBF4_3926);
        check(Function::crc32_be, u32::MAX, 0x0376_E6E7);
        check(Function::crc16_le, 0, 0x2189);
        check(Function::crc16_be, 0, 0x31C3);
        check(Function::crc8_le, u32::MAX, 0xD0);
        check(Function::crc8_be, 0, 0xF4);
        let address = b"123456789".iter().fold(0, |crc, &b| ADDRESS_CRC.absorb(crc, b.into()));
        assert_eq!(address, 0xA1);
    }
}
