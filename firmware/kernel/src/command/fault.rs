//! Allocations that are to fail, because a scenario wants to see what the program does then: the n-th, or
//! some by chance, which is drawn from a seed, so that the same seed refuses the same ones.

use crate::kernel::Kernel;
use core::alloc::Layout;
use ramscope_wire as wire;
use wire::{FailAllocation, FailByChance, Level, NAME_BYTES_MAX, SiteId};

/// Which of the allocations that count is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    None,
    /// The one of this number.
    Nth(u32),
    /// So many of a million.
    Chance {
        ppm: u32,
        state: u32,
    },
}

/// Which allocations are to fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    which: Which,
    /// Allocations that counted so far.
    count: u32,
    bytes_min: u32,
    unit: [u8; NAME_BYTES_MAX],
    unit_bytes: u8,
}

impl Fault {
    /// None.
    pub(crate) const NONE: Self = Self {
        which: Which::None,
        count: 0,
        bytes_min: 0,
        unit: [0; NAME_BYTES_MAX],
        unit_bytes: 0,
    };

    pub(crate) fn of(command: &FailAllocation<'_>) -> Self {
        let which = if command.nth > 0 { Which::Nth(command.nth) } else { Which::None };
        Self::among(which, command.bytes_min, command.unit)
    }

    pub(crate) fn by_chance(command: &FailByChance<'_>) -> Self {
        let which = match command.ppm {
            0 => Which::None,
            // A generator that begins with 0 stays there.
            ppm => Which::Chance { ppm, state: command.seed.max(1) },
        };
        Self::among(which, command.bytes_min, command.unit)
    }

    fn among(which: Which, bytes_min: u32, unit: &str) -> Self {
        let mut fault = Self { which, bytes_min, unit_bytes: unit.len() as u8, ..Self::NONE };
        // A text of a record is never longer than a name.
        fault.unit[..unit.len()].copy_from_slice(unit.as_bytes());
        fault
    }

    /// Whether any is to fail.
    pub(crate) fn is_armed(&self) -> bool {
        self.which != Which::None
    }

    /// Whether this allocation is one of them.
    fn strikes(&mut self, unit: &str, bytes: u32) -> bool {
        let name = &self.unit[..usize::from(self.unit_bytes)];
        let counts = bytes >= self.bytes_min && (name.is_empty() || matches(name, unit.as_bytes()));
        counts && self.draws()
    }

    /// Counts one; says whether it is to fail.
    fn draws(&mut self) -> bool {
        self.count = self.count.wrapping_add(1);
        match &mut self.which {
            Which::None => false,
            Which::Nth(nth) => {
                let is_it = *nth == self.count;
                if is_it {
                    self.which = Which::None;
                }
                is_it
            }
            Which::Chance { ppm, state } => {
                *state = xorshift(*state);
                (u64::from(*state) * 1_000_000) >> 32 < u64::from(*ppm)
            }
        }
    }
}

/// The next number of a generator with a period of 2^32 - 1 (Marsaglia, "Xorshift RNGs", 2003).
const fn xorshift(state: u32) -> u32 {
    let state = state ^ state << 13;
    let state = state ^ state >> 17;
    state ^ state << 5
}

/// Whether a name is as a pattern says: `*` stands for any bytes, `?` for one.
///
/// Where a star's stretch turns out too short it grows by one, and only the last star's does: so the
/// time is bounded by the product of both lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

impl Kernel {
    /// Whether the host has asked that this allocation fail, which it is told then.
    #[cold]
    pub(crate) fn is_to_fail(&mut self, layout: Layout, site: SiteId) -> bool {
        let name = if self.in_handler() { "kernel" } else { self.current().name };
        let bytes = layout.size() as u32;
        if !self.commands.fault.strikes(name, bytes) {
            return false;
        }
        self.collector.failure_was_asked = true;
        let nth = self.commands.fault.count;
        self.attend();
        let unit = self.current_unit();
        self.record(Level::Samples, &wire::AllocationFailed { unit, bytes, nth, site });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(nth: u32, bytes_min: u32, unit: &str, asked: &[(&str, u32)]) -> Option<usize> {
        let mut fault = Fault::of(&FailAllocation { nth, bytes_min, unit });
        asked.iter().position(|&(unit, bytes)| fault.is_armed() && fault.strikes(unit, bytes))
    }

    /// Which of a thousand fail.
    fn drawn(ppm: u32, seed: u32) -> impl Iterator<Item = u32> {
        let mut fault = Fault::by_chance(&FailByChance { ppm, seed, bytes_min: 0, unit: "" });
        (0..1000).filter(move |_| fault.is_armed() && fault.strikes("main", 8))
    }

    #[test]
    fn the_seed_says_which_fail_and_the_rate_how_many() {
        assert!(drawn(50_000, 1).eq(drawn(50_000, 1)));
        assert!(drawn(50_000, 1).ne(drawn(50_000, 2)));
        assert_eq!((drawn(0, 1).count(), drawn(1_000_000, 1).count()), (0, 1000));
        for seed in [0, 1, 2, 3000] {
            let count = drawn(50_000, seed).count();
            assert!((25..=80).contains(&count), "{count} of 1000 at 5 %");
        }
        let mut fault = Fault::by_chance(&FailByChance {
            ppm: 1_000_000,
            seed: 1,
            bytes_min: 64,
            unit: "net*",
        });
        assert!(!fault.strikes("main", 100) && !fault.strikes("net", 8));
        assert!(fault.strikes("net-rx", 64) && fault.is_armed(), "one after the other");
    }

    #[test]
    fn a_pattern_names_several_units() {
        let fits = |pattern: &str, name: &str| matches(pattern.as_bytes(), name.as_bytes());
        assert!(fits("*", "") && fits("net*", "net-rx") && fits("*rx", "net-rx"));
        assert!(fits("n?t*x", "net-rx") && fits("a*b*c", "aXbbXc") && fits("net", "net"));
        assert!(!fits("net", "net-rx") && !fits("?", "") && !fits("a*b*c", "aXbX"));
    }

    #[test]
    fn the_nth_allocation_that_counts_is_the_one_that_fails() {
        let asked = [("main", 8), ("net", 8), ("net", 200), ("main", 200), ("net", 300)];
        assert_eq!(check(1, 0, "", &asked), Some(0));
        assert_eq!(check(3, 0, "", &asked), Some(2));
        assert_eq!(check(2, 0, "net", &asked), Some(2));
        assert_eq!(check(2, 100, "net", &asked), Some(4));
        assert_eq!(check(3, 100, "net", &asked), None);
        assert_eq!(check(0, 0, "", &asked), None);
    }
}
