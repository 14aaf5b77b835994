//! Debug triggers: eight comparators that raise a breakpoint before an access.
//!
//! The kernel's stack guard is a store trigger, so the rules matter. From the technical reference
//! manual, chapter "ESP-RISC-V CPU", section "Hardware Trigger":
//! 1. A trigger fires **before** the instruction or the access that it matches.
//! 2. In machine mode nothing fires while tcontrol.MTE is clear. A trap moves MTE to MPTE, `mret`
//!    moves it back, so a guard is dead inside handlers until it is set again; and one that a handler
//!    sets by MTE alone is dead once the handler returns. The debug specification has the same rule,
//!    and ESP-IDF (`rv_utils.h`) sets both bits; esp-rtos 0.4 does not, so its threads have no guard
//!    after their first switch (`guests/threads` shows it).
//! 3. An access matches if any of its bytes does: the one byte of tdata2 (match 0), or a range
//!    whose size, a power of two up to 2^31 bytes, tdata2 encodes by its trailing ones (match 1).
//! 4. Only a debugger can set `dmode` and an action other than the breakpoint exception; larger
//!    values of tselect and match are clipped.
//!
//! Choices of this model: mtval is zero, because the manual calls it not valid for this cause, and
//! an instruction matches by its first byte.

use super::Privilege;
use super::csr::{TCONTROL, TDATA1, TDATA2, TSELECT};

/// Number of trigger units.
pub(crate) const UNITS: usize = 8;

/// tcontrol.MTE: triggers fire in machine mode.
const MTE: u32 = 1 << 3;
/// tcontrol.MPTE: MTE before the trap.
const MPTE: u32 = 1 << 7;

/// tdata1 of every unit: type 2 (address match), largest range 2^31 bytes.
const FIXED: u32 = 2 << 28 | 31 << 21;
const HIT: u32 = 1 << 20;
const MATCH: u32 = 0xF << 7;
const MATCH_RANGE: u32 = 1 << 7;
const MACHINE: u32 = 1 << 6;
const USER: u32 = 1 << 3;
const EXECUTE: u32 = 1 << 2;
const STORE: u32 = 1 << 1;
const LOAD: u32 = 1 << 0;
const WRITABLE: u32 = HIT | MACHINE | USER | EXECUTE | STORE | LOAD;

/// What a trigger can watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    Execute,
    Store,
    Load,
}

impl Watch {
    fn bit(self) -> u32 {
        match self {
            Watch::Execute => EXECUTE,
            Watch::Store => STORE,
            Watch::Load => LOAD,
        }
    }
}

#[derive(Clone, Copy, Debug, Hash)]
struct Unit {
    tdata1: u32,
    tdata2: u32,
}

impl Unit {
    /// The addresses that match: the first and how many, less one.
    fn range(self) -> (u32, u32) {
        if self.tdata1 & MATCH == MATCH_RANGE {
            let ones = self.tdata2.trailing_ones().min(30);
            let span = ((2_u64 << ones) - 1) as u32;
            (self.tdata2 & !span, span)
        } else {
            (self.tdata2, 0)
        }
    }

    fn watches(self, watch: Watch) -> bool {
        self.tdata1 & watch.bit() != 0 && self.tdata1 & (MACHINE | USER) != 0
    }

    fn covers(self, address: u32, bytes: u32) -> bool {
        let (first, span) = self.range();
        address.wrapping_sub(first) <= span || first.wrapping_sub(address) < bytes
    }
}

/// The trigger module.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Triggers {
    selected: u32,
    control: u32,
    units: [Unit; UNITS],
}

impl Default for Triggers {
    fn default() -> Self {
        let idle = Unit { tdata1: FIXED, tdata2: 0 };
        Self { selected: 0, control: 0, units: [idle; UNITS] }
    }
}

impl Triggers {
    pub(super) fn read(&self, number: u16) -> Option<u32> {
        let unit = &self.units[self.selected as usize];
        match number {
            TSELECT => Some(self.selected),
            TDATA1 => Some(unit.tdata1),
            TDATA2 => Some(unit.tdata2),
            TCONTROL => Some(self.control),
            _ => None,
        }
    }

    /// Writes a trigger CSR.
    pub(super) fn write(&mut self, number: u16, value: u32) {
        let unit = &mut self.units[self.selected as usize];
        match number {
            TSELECT => self.selected = value.min(UNITS as u32 - 1),
            TDATA1 => {
                let range = if value & MATCH == 0 { 0 } else { MATCH_RANGE };
                unit.tdata1 = FIXED | value & WRITABLE | range;
            }
            TDATA2 => unit.tdata2 = value,
            TCONTROL => self.control = value & (MTE | MPTE),
            _ => {}
        }
    }

    pub(super) fn enter_trap(&mut self) {
        self.control = if self.control & MTE != 0 { MPTE } else { 0 };
    }

    pub(super) fn leave_trap(&mut self) {
        self.control = if self.control & MPTE != 0 { MTE } else { 0 };
    }

    /// The address ranges (first, how many less one) that are watched for stores, whether or not
    /// they can fire at the moment.
    pub(crate) fn store_ranges(&self) -> impl Iterator<Item = (u32, u32)> {
        self.units.iter().filter(|unit| unit.watches(Watch::Store)).map(|unit| unit.range())
    }

    /// Whether any unit watches loads or instructions, which the quick path does not look for.
    pub(crate) fn need_care(&self) -> bool {
        self.units.iter().any(|unit| unit.watches(Watch::Execute) || unit.watches(Watch::Load))
    }

    /// Whether a trigger fires for `bytes` at `address`; its hit bit is set then.
    pub(super) fn fires(
        &mut self,
        watch: Watch,
        address: u32,
        bytes: u32,
        privilege: Privilege,
    ) -> bool {
        let mode = match privilege {
            Privilege::Machine if self.control & MTE == 0 => return false,
            Privilege::Machine => MACHINE,
            Privilege::User => USER,
        };
        let mut fired = false;
        for unit in &mut self.units {
            if unit.watches(watch) && unit.tdata1 & mode != 0 && unit.covers(address, bytes) {
                unit.tdata1 |= HIT;
                fired = true;
            }
        }
        fired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store_trigger(tdata1: u32, tdata2: u32) -> Triggers {
        let mut triggers = Triggers::default();
        triggers.write(TDATA1, tdata1 | MACHINE | STORE);
        triggers.write(TDATA2, tdata2);
        triggers.write(TCONTROL, MTE);
        triggers
    }

    fn check(tdata1: u32, tdata2: u32, address: u32, fires: bool) {
        let found =
            store_trigger(tdata1, tdata2).fires(Watch::Store, address, 1, Privilege::Machine);
        assert_eq!(found, fires, "{address:#x} with tdata2 {tdata2:#x}");
    }

    #[test]
    fn a_range_is_encoded_by_trailing_ones() {
        let guard = 0x3FC8_1000 | 0x1F;
        check(MATCH_RANGE, guard, 0x3FC8_0FFC, false);
        check(MATCH_RANGE, guard, 0x3FC8_1000, true);
        check(MATCH_RANGE, guard, 0x3FC8_103C, true);
        check(MATCH_RANGE, guard, 0x3FC8_1040, false);
        check(MATCH_RANGE, 0x3FC8_7FFF, 0x3FC8_FFFF, true);
        check(MATCH_RANGE, 0x3FC8_FFFF, 0x3FC9_0000, true);
        check(MATCH_RANGE, 0x3FC8_FFFF, 0x3FCA_0000, false);
        check(MATCH_RANGE, 0x3FFF_FFFF, 0x7FFF_FFFF, true);
        check(MATCH_RANGE, 0x3FFF_FFFF, 0x8000_0000, false);
    }

    #[test]
    fn an_exact_match_is_one_address() {
        check(0, 0x3FC8_1000, 0x3FC8_1000, true);
        check(0, 0x3FC8_1000, 0x3FC8_1001, false);
    }

    #[test]
    fn an_access_matches_by_any_of_its_bytes() {
        let mut triggers = store_trigger(0, 18);
        assert!(triggers.fires(Watch::Store, 16, 4, Privilege::Machine));
        assert!(!triggers.fires(Watch::Store, 16, 2, Privilege::Machine));
        assert!(!triggers.fires(Watch::Store, 20, 4, Privilege::Machine));
    }

    #[test]
    fn what_cannot_be_set_is_clipped() {
        let mut triggers = Triggers::default();
        triggers.write(TSELECT, 100);
        assert_eq!(triggers.read(TSELECT), Some(7));
        triggers.write(TDATA1, u32::MAX);
        let all = FIXED | HIT | MATCH_RANGE | MACHINE | USER | EXECUTE | STORE | LOAD;
        assert_eq!(triggers.read(TDATA1), Some(all));
    }

    #[test]
    fn traps_switch_machine_mode_triggers_off_and_mret_on_again() {
        let mut triggers = store_trigger(0, 16);
        triggers.enter_trap();
        assert!(!triggers.fires(Watch::Store, 16, 1, Privilege::Machine));
        triggers.leave_trap();
        assert!(triggers.fires(Watch::Store, 16, 1, Privilege::Machine));
        assert_eq!(triggers.read(TCONTROL), Some(MTE));
        triggers.enter_trap();
        triggers.enter_trap();
        triggers.leave_trap();
        assert!(!triggers.fires(Watch::Store, 16, 1, Privilege::Machine));
    }

    #[test]
    fn mode_and_kind_of_access_must_match() {
        let mut triggers = store_trigger(0, 16);
        assert!(!triggers.fires(Watch::Load, 16, 1, Privilege::Machine));
        assert!(!triggers.fires(Watch::Store, 16, 1, Privilege::User));
        assert_eq!(triggers.read(TDATA1), Some(FIXED | MACHINE | STORE));
        assert!(triggers.fires(Watch::Store, 16, 1, Privilege::Machine));
        assert_eq!(triggers.read(TDATA1), Some(FIXED | HIT | MACHINE | STORE));
    }
}
