//! Since when: points of time that cost five instructions.
//!
//! To read the kernel's clock costs more than to take a lock, and whoever takes a lock wants to say
//! since when it is held. The counter behind the time stamps costs one instruction, but has 32 bits,
//! 27 seconds of a chip. So the kernel keeps one point of the counter with its upper half, the
//! [`Era`], and moves it on: whenever the processor leaves the idle context, with each round of
//! samples.
//!
//! Invariant: a point is right if the era moved within the 27 seconds before it. Where nothing
//! of that happens for longer (no samples asked for, and never an idle moment) an age can be told too short by 27 seconds, and nothing else depends on it.

/// A point of time in ticks of the time stamps, in halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LongStamp {
    low: u32,
    high: u32,
}

impl LongStamp {
    pub(crate) const ZERO: LongStamp = LongStamp { low: 0, high: 0 };

    /// The point `stamps` after power-on.
    pub(crate) const fn of(stamps: u64) -> Self {
        Self { low: stamps as u32, high: (stamps >> 32) as u32 }
    }

    /// Ticks of the time stamps since power-on.
    pub(crate) const fn stamps(self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }
}

/// A point of time in four bytes, to 1,024 ticks of the time stamps: 6 us and seven hours of a chip at 160
/// MHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coarse(u32);

impl Coarse {
    pub(crate) const ZERO: Coarse = Coarse(0);
    const SHIFT: u32 = 10;

    pub(crate) const fn of(point: LongStamp) -> Self {
        Self(point.high << (32 - Self::SHIFT) | point.low >> Self::SHIFT)
    }

    /// The point that is not after it.
    pub(crate) const fn point(self) -> LongStamp {
        LongStamp { low: self.0 << Self::SHIFT, high: self.0 >> (32 - Self::SHIFT) }
    }
}

/// The latest point whose upper half is known.
pub(crate) struct Era(LongStamp);

impl Era {
    pub(crate) const fn new() -> Self {
        Self(LongStamp::ZERO)
    }

    /// The point of a time stamp that was taken now.
    #[inline(always)]
    pub(crate) const fn long(&self, stamp: u32) -> LongStamp {
        let has_wrapped = (stamp < self.0.low) as u32;
        LongStamp { low: stamp, high: self.0.high.wrapping_add(has_wrapped) }
    }

    /// Moves the era on to now.
    pub(crate) fn begin(&mut self, now: LongStamp) {
        self.0 = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_point_is_at_most_its_step_too_early() {
        for stamps in [0, 1_023, 1_024, 0xFFFF_FFFF, 0x1_0000_0000, 0x3FF_FFFF_FFFF] {
            let told = Coarse::of(LongStamp::of(stamps)).point().stamps();
            assert!(told <= stamps && stamps - told < 1_024, "{stamps} told as {told}");
        }
    }

    #[test]
    fn a_counter_that_wraps_once_since_the_era_began_is_told_right() {
        let mut era = Era::new();
        era.begin(LongStamp::of(0x3_FFFF_FF00));
        assert_eq!(era.long(0xFFFF_FF80).stamps(), 0x3_FFFF_FF80);
        assert_eq!(era.long(0x10).stamps(), 0x4_0000_0010);
        era.begin(era.long(0x10));
        assert_eq!(era.long(0xFFFF_FFFF).stamps(), 0x4_FFFF_FFFF);
    }
}
