//! A hash that is the same on every host and in every build.
//!
//! The standard library's default hasher may change with a release, and writes integers in the
//! host's byte order and word size. This one fixes all three, so that `#[derive(Hash)]` lists the
//! fields and two runs can be compared across machines. It is FNV-1a over 64-bit words, fast
//! enough for the whole RAM and not meant against an adversary.

use std::hash::Hasher;

const PRIME: u64 = 0x0000_0100_0000_01B3;

/// FNV-1a over 64-bit words.
#[derive(Clone, Debug)]
pub(crate) struct StateHasher(u64);

impl StateHasher {
    pub(crate) fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(PRIME);
        self.0 ^= self.0 >> 32; // carries high bits down, which a multiplication never does
    }
}

impl Hasher for StateHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self.word(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.word(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.word(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.word(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.word(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.word(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.word(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    #[test]
    fn the_value_is_fixed_for_all_time() {
        let mut hasher = StateHasher::new();
        (1_u8, 2_u32, 3_u64, Some(4_usize)).hash(&mut hasher);
        hasher.write(b"ramscope engine");
        assert_eq!(hasher.finish(), 2_582_226_897_298_388_637);
    }

    #[test]
    fn every_bit_of_a_word_counts() {
        let of = |word: u64| {
            let mut hasher = StateHasher::new();
            hasher.write_u64(word);
            hasher.write_u64(0);
            hasher.finish()
        };
        for bit in 0..64 {
            assert_ne!(of(1 << bit), of(0), "bit {bit}");
        }
    }
}
