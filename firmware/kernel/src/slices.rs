//! How long slices are: all alike, or by a seed.
//!
//! Where the harness cannot end a slice at an instruction of its choice (QEMU, a board), other schedules still
//! come about if slices have other lengths. The console's `slices SEED` draws each from then on, from a
//! sixty-fourth of a whole one up to a whole one; the same seed draws the same ones. A slice that is under
//! way keeps its length.

use crate::kernel::Kernel;
use core::num::NonZeroU32;

/// Parts of a whole slice that a drawn one is made of.
const PARTS: u32 = 64;

/// Where the drawing of lengths is; nothing is drawn without a seed.
pub(crate) struct Slices(Option<NonZeroU32>);

impl Slices {
    /// All slices are alike.
    pub(crate) const ALIKE: Slices = Slices(None);

    /// Draws from now on, or not any more.
    const fn seeded(seed: Option<u32>) -> Self {
        match seed {
            // Neighbouring seeds have nothing in common, and no seed leads to 0, from which nothing is drawn.
            Some(seed) => Slices(NonZeroU32::new(seed.wrapping_mul(0x9E37_79B9) | 1)),
            None => Self::ALIKE,
        }
    }

    /// The next length, of a whole one: Marsaglia's xorshift.
    fn draw(&mut self, whole: u32) -> Option<u32> {
        let mut state = self.0?.get();
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        self.0 = NonZeroU32::new(state);
        Some(whole / PARTS * (1 + (state >> 16) % PARTS))
    }
}

/// Draws the lengths of slices by this seed, or makes them all alike again.
pub(crate) fn set_seed(kernel: &mut Kernel, seed: Option<u32>) {
    kernel.slices = Slices::seeded(seed);
    let whole = kernel.whole_slice();
    kernel.sched.set_slice(whole);
}

/// The clock's alarm went off: the slices that begin from now on have another length, if a seed says so.
#[inline(always)]
pub(crate) fn draw(kernel: &mut Kernel) {
    if kernel.slices.0.is_some() {
        draw_one(kernel);
    }
}

#[cold]
#[inline(never)]
fn draw_one(kernel: &mut Kernel) {
    let whole = kernel.whole_slice();
    if let Some(length) = kernel.slices.draw(whole) {
        kernel.sched.set_slice(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u32) -> Vec<u32> {
        let mut slices = Slices::seeded(Some(seed));
        (0..200).filter_map(|_| slices.draw(64_000)).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_one_others() {
        assert_eq!(drawn(7), drawn(7));
        assert!((0..50).all(|seed| drawn(seed).len() == 200 && drawn(seed) != drawn(seed + 1)));
    }

    #[test]
    fn lengths_are_of_all_sizes_and_none_is_more_than_a_whole_one() {
        let lengths = drawn(1);
        assert!(lengths.iter().all(|length| (1_000..=64_000).contains(length)));
        assert!(lengths.iter().any(|length| *length < 8_000));
        assert!(lengths.iter().any(|length| *length > 56_000));
        assert_eq!(Slices::seeded(None).draw(64_000), None);
    }
}
