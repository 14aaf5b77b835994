//! Loads and stores under memory protection.
//!
//! The rules (privileged manual, "Physical Memory Protection"): of the entries that match any byte
//! of an access the one with the lowest number decides, and it must match all bytes. In machine
//! mode an entry binds only if it is locked, and an access without a match succeeds; in user mode
//! such an access fails.
//!
//! So that nobody pays for protection that is not there, what follows from the entries is worked
//! out when they change: the ranges that are on, and for each privilege which part of RAM can be
//! loaded and stored without a look.

use super::{ENTRIES, LOCKED, Pmp};
use crate::cpu::Privilege;
use crate::memory::{VIRT_RAM_RANGE, Window};

const READ: u8 = 0x01;
const WRITE: u8 = 0x02;

/// What an access wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Read,
    Write,
}

impl Wants {
    fn bit(self) -> u8 {
        match self {
            Wants::Read => READ,
            Wants::Write => WRITE,
        }
    }
}

/// An entry that is on: addresses from `first` to before `end`.
#[derive(Clone, Copy, Debug)]
struct Range {
    first: u64,
    end: u64,
    configuration: u8,
}

/// What the entries mean for loads and stores of the virt machine.
#[derive(Clone, Debug)]
pub(crate) struct DataProtection {
    ranges: Vec<Range>,
    /// The quick window by privilege: user, machine.
    windows: [Window; 2],
}

impl DataProtection {
    pub(crate) fn new(pmp: &Pmp) -> Self {
        let ranges = (0..ENTRIES).filter_map(|n| {
            let (first, end) = pmp.range(n);
            let configuration = pmp.configurations[n];
            (first < end).then_some(Range { first, end, configuration })
        });
        let mut this = Self { ranges: ranges.collect(), windows: [Window::of_virt(0, 0); 2] };
        this.windows = [Privilege::User, Privilege::Machine].map(|p| this.widest_window(p));
        this
    }

    /// Whether an access is allowed.
    pub(crate) fn allows(
        &self,
        wants: Wants,
        address: u32,
        bytes: u32,
        privilege: Privilege,
    ) -> bool {
        let first = u64::from(address);
        let end = first + u64::from(bytes);
        let Some(range) = self.ranges.iter().find(|r| first < r.end && end > r.first) else {
            return privilege == Privilege::Machine;
        };
        let is_whole = first >= range.first && end <= range.end;
        let binds = privilege == Privilege::User || range.configuration & LOCKED != 0;
        is_whole && (!binds || range.configuration & wants.bit() != 0)
    }

    /// RAM that this privilege can load and store without a check, in one piece.
    pub(crate) fn window(&self, privilege: Privilege) -> Window {
        self.windows[privilege as usize]
    }

    /// The longest piece of RAM that can be loaded and stored throughout.
    fn widest_window(&self, privilege: Privilege) -> Window {
        let (low, high) = (u64::from(VIRT_RAM_RANGE.start), u64::from(VIRT_RAM_RANGE.end));
        let mut edges = vec![low, high];
        let inner = self.ranges.iter().flat_map(|r| [r.first, r.end]);
        edges.extend(inner.filter(|edge| (low..high).contains(edge)));
        edges.sort_unstable();
        let (mut best, mut start) = ((low, low), low);
        for pair in edges.windows(2) {
            let (first, end) = (pair[0], pair[1]);
            if first == end {
                continue;
            }
            let is_open = [Wants::Read, Wants::Write]
                .into_iter()
                .all(|wants| self.allows(wants, first as u32, 4, privilege));
            if !is_open {
                start = end;
            } else if end - start > best.1 - best.0 {
                best = (start, end);
            }
        }
        Window::of_virt((best.0 - low) as u32, (best.1 - low) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: u32 = 0x8000_1000;
    const NAPOT: u8 = 0x18;

    /// Entry 0 guards 64 bytes with `configuration`, entry 1 allows everything.
    fn guarded(configuration: u8) -> DataProtection {
        let mut pmp = Pmp::default();
        pmp.set(0, GUARD >> 2 | 7, configuration);
        pmp.set(1, u32::MAX, 0x1F);
        DataProtection::new(&pmp)
    }

    #[test]
    fn a_guard_binds_user_mode_and_a_locked_one_machine_mode() {
        let free = guarded(NAPOT);
        assert!(!free.allows(Wants::Write, GUARD, 4, Privilege::User));
        assert!(!free.allows(Wants::Write, GUARD + 60, 4, Privilege::User));
        assert!(free.allows(Wants::Write, GUARD - 4, 4, Privilege::User));
        assert!(free.allows(Wants::Write, GUARD + 64, 4, Privilege::User));
        assert!(free.allows(Wants::Write, GUARD, 4, Privilege::Machine));
        let locked = guarded(NAPOT | LOCKED);
        assert!(!locked.allows(Wants::Write, GUARD, 4, Privilege::Machine));
    }

    #[test]
    fn an_access_must_match_with_all_its_bytes() {
        let protection = guarded(NAPOT | READ | WRITE);
        assert!(protection.allows(Wants::Read, GUARD, 4, Privilege::User));
        assert!(!protection.allows(Wants::Read, GUARD - 2, 4, Privilege::User));
    }

    #[test]
    fn without_a_match_only_machine_mode_succeeds() {
        let protection = DataProtection::new(&Pmp::default());
        assert!(protection.allows(Wants::Write, GUARD, 4, Privilege::Machine));
        assert!(!protection.allows(Wants::Read, GUARD, 4, Privilege::User));
    }

    #[test]
    fn the_window_is_the_longest_piece_beside_the_guard() {
        let protection = guarded(NAPOT);
        assert_eq!(protection.window(Privilege::User), Window::of_virt(0x1040, 0x6_4000));
        assert_eq!(protection.window(Privilege::Machine), Window::of_virt(0, 0x6_4000));
        assert_eq!(DataProtection::new(&Pmp::default()).window(Privilege::User).bytes, 0);
    }
}
