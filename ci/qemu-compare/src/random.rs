//! Numbers that look random and follow from a seed.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of program `index` in the run of `seed`.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut mixed = Self(seed);
        let start = mixed.next().wrapping_add(index.wrapping_mul(0xD134_2543_DE82_EF95));
        Self(start)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    pub(crate) fn word(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.word()) * u64::from(end)) >> 32) as u32
    }

    /// Whether something happens that happens once in `n`.
    pub(crate) fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u32) as usize]
    }

    /// A value as arithmetic finds it hard: ends of ranges, small numbers, single bits, anything.
    pub(crate) fn value(&mut self) -> u32 {
        match self.below(8) {
            0 => *self.pick(&[0, 1, u32::MAX, 0x8000_0000, 0x7FFF_FFFF, 0xFFFF_8000, 0x8000]),
            1 => self.below(33),
            2 => self.below(33).wrapping_neg(),
            3 => 1 << self.below(32),
            4 => self.word() & 0xFFFF,
            _ => self.word(),
        }
    }
}
