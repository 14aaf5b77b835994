//! An allocation that is to fail, because a scenario wants to see what the program does then.

use crate::kernel::Kernel;
use core::alloc::Layout;
use ramscope_wire as wire;
use wire::{FailAllocation, Level, NAME_BYTES_MAX, SiteId};

/// Which allocation is to fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// How many that count are left, the failing one included; 0: none is to fail.
    left: u32,
    nth: u32,
    bytes_min: u32,
    unit: [u8; NAME_BYTES_MAX],
    unit_bytes: u8,
}

impl Fault {
    /// None.
    pub(crate) const NONE: Self =
        Self { left: 0, nth: 0, bytes_min: 0, unit: [0; NAME_BYTES_MAX], unit_bytes: 0 };

    pub(crate) fn of(command: &FailAllocation<'_>) -> Self {
        let mut fault = Self {
            left: command.nth,
            nth: command.nth,
            bytes_min: command.bytes_min,
            unit_bytes: command.unit.len() as u8,
            ..Self::NONE
        };
        // A text of a record is never longer than a name.
        fault.unit[..command.unit.len()].copy_from_slice(command.unit.as_bytes());
        fault
    }

    /// Whether one is to fail.
    pub(crate) const fn is_armed(&self) -> bool {
        self.left > 0
    }

    /// Whether this allocation is the one.
    fn strikes(&mut self, unit: &str, bytes: u32) -> bool {
        let name = &self.unit[..usize::from(self.unit_bytes)];
        let counts = bytes >= self.bytes_min && (name.is_empty() || matches(name, unit.as_bytes()));
        if counts {
            self.left -= 1;
        }
        counts && self.left == 0
    }
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
        let nth = self.commands.fault.nth;
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
        asked.iter().position(|&(unit, bytes)| fault.left > 0 && fault.strikes(unit, bytes))
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
