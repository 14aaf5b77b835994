//! Physical memory protection: sixteen entries that say what may be executed.
//!
//! Instruction fetches are checked on every machine; loads and stores ([`DataProtection`]) on the
//! virt machine. On the ESP32-C3 fetches are what firmware can run into, because the memory
//! map of ESP-IDF's bootloader allows every load and store that reaches memory here at all.
//!
//! Choices of this model: while no entry is active, user mode may execute everything, as machine
//! mode may; an instruction is judged by its first byte.
//!
//! Invariant: a locked entry does not change until reset.
//!
//! Rules: RISC-V privileged manual, section "Physical Memory Protection".

mod data;

pub(crate) use data::{DataProtection, Wants};

use super::Privilege;

const ENTRIES: usize = 16;
const EXECUTE: u8 = 0x04;
const MATCHING: u8 = 0x18;
const TOP_OF_RANGE: u8 = 0x08;
const FOUR_BYTES: u8 = 0x10;
const LOCKED: u8 = 0x80;
/// The bits of a configuration that exist.
const CONFIGURATION: u8 = 0x9F;

/// A range of addresses that are all alike: the first, and how many less one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) may_execute: bool,
}

impl Region {
    pub(crate) fn contains(&self, address: u32) -> bool {
        (self.first..=self.last).contains(&address)
    }
}

/// The entries.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Pmp {
    configurations: [u8; ENTRIES],
    addresses: [u32; ENTRIES],
}

impl Pmp {
    /// Sets an entry, locked or not.
    pub(crate) fn set(&mut self, n: usize, address: u32, configuration: u8) {
        self.addresses[n] = address;
        self.configurations[n] = configuration;
    }

    /// Four configurations in a word.
    pub(super) fn configuration(&self, word: usize) -> u32 {
        let bytes = [0, 1, 2, 3].map(|n| self.configurations[4 * word + n]);
        u32::from_le_bytes(bytes)
    }

    pub(super) fn address(&self, n: usize) -> u32 {
        self.addresses[n]
    }

    /// A locked entry keeps its configuration.
    pub(super) fn write_configuration(&mut self, word: usize, value: u32) {
        for (n, byte) in value.to_le_bytes().into_iter().enumerate() {
            let configuration = &mut self.configurations[4 * word + n];
            if *configuration & LOCKED == 0 {
                *configuration = byte & CONFIGURATION;
            }
        }
    }

    /// A locked entry keeps its address, and that of the entry below if it is a top-of-range.
    pub(super) fn write_address(&mut self, n: usize, value: u32) {
        let next_is_locked_top = self
            .configurations
            .get(n + 1)
            .is_some_and(|next| next & LOCKED != 0 && next & MATCHING == TOP_OF_RANGE);
        if self.configurations[n] & LOCKED == 0 && !next_is_locked_top {
            self.addresses[n] = value;
        }
    }

    fn is_active(&self) -> bool {
        self.configurations.iter().any(|configuration| configuration & MATCHING != 0)
    }

    /// The addresses of an entry: the first and the one behind the last.
    fn range(&self, n: usize) -> (u64, u64) {
        let address = u64::from(self.addresses[n]) << 2;
        match self.configurations[n] & MATCHING {
            0 => (0, 0),
            TOP_OF_RANGE => {
                let below = n.checked_sub(1).map_or(0, |below| u64::from(self.addresses[below]));
                (below << 2, address)
            }
            FOUR_BYTES => (address, address + 4),
            _ => {
                let bytes = 8_u64 << self.addresses[n].trailing_ones();
                let first = address & !(bytes - 1);
                (first, first + bytes)
            }
        }
    }

    /// The largest range around `address` in which the same may be executed for the same reason.
    pub(crate) fn region(&self, address: u32, privilege: Privilege) -> Region {
        if !self.is_active() {
            return Region { first: 0, last: u32::MAX, may_execute: true };
        }
        let at = u64::from(address);
        let (mut first, mut end) = (0, 1 << 32);
        let mut matching = None;
        for n in 0..ENTRIES {
            let (low, high) = self.range(n);
            if low >= high {
                continue;
            }
            if matching.is_none() && (low..high).contains(&at) {
                matching = Some(self.configurations[n]);
            }
            for border in [low, high] {
                if border <= at {
                    first = border.max(first);
                } else {
                    end = border.min(end);
                }
            }
        }
        let may_execute = match (matching, privilege) {
            (Some(entry), Privilege::Machine) => entry & LOCKED == 0 || entry & EXECUTE != 0,
            (Some(entry), Privilege::User) => entry & EXECUTE != 0,
            (None, Privilege::Machine) => true,
            (None, Privilege::User) => false,
        };
        Region { first: first as u32, last: (end - 1) as u32, may_execute }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pmp: &Pmp, address: u32, privilege: Privilege, expected: (u32, u32, bool)) {
        let (first, last, may_execute) = expected;
        let found = pmp.region(address, privilege);
        assert_eq!(found, Region { first, last, may_execute }, "{address:#x}");
    }

    #[test]
    fn ranges_are_told_by_every_kind_of_entry() {
        let mut pmp = Pmp::default();
        pmp.set(0, 0x1000 >> 2, LOCKED | FOUR_BYTES);
        pmp.set(1, 0x2000 >> 2 | 0x1F, LOCKED | MATCHING | EXECUTE); // 256 bytes
        pmp.set(2, 0x3000 >> 2, 0);
        pmp.set(3, 0x4000 >> 2, LOCKED | TOP_OF_RANGE);
        check(&pmp, 0x1002, Privilege::Machine, (0x1000, 0x1003, false));
        check(&pmp, 0x20FF, Privilege::Machine, (0x2000, 0x20FF, true));
        check(&pmp, 0x3456, Privilege::Machine, (0x3000, 0x3FFF, false));
        check(&pmp, 0x5000, Privilege::Machine, (0x4000, u32::MAX, true));
        check(&pmp, 0x5000, Privilege::User, (0x4000, u32::MAX, false));
    }

    #[test]
    fn entries_that_are_not_locked_bind_user_mode_alone() {
        let mut pmp = Pmp::default();
        pmp.set(0, u32::MAX, MATCHING);
        assert!(pmp.region(0x4200_0000, Privilege::Machine).may_execute);
        assert!(!pmp.region(0x4200_0000, Privilege::User).may_execute);
    }

    #[test]
    fn the_first_entry_that_matches_decides() {
        let mut pmp = Pmp::default();
        pmp.set(0, 0x2000 >> 2, LOCKED | FOUR_BYTES | EXECUTE);
        pmp.set(1, u32::MAX, LOCKED | MATCHING);
        check(&pmp, 0x2000, Privilege::Machine, (0x2000, 0x2003, true));
        check(&pmp, 0x2004, Privilege::Machine, (0x2004, u32::MAX, false));
    }
}
