//! The bus of a standard core: misaligned accesses are done, and protection is enforced.
//!
//! As in QEMU, a load or store at any address of memory is done in hardware; a device answers only
//! to the accesses that its registers have. Whatever protection forbids raises an access fault
//! (causes 5 and 7; cause 1 is the run loop's) before anything has changed.
//!
//! Invariant: the quick window holds only addresses that the present privilege of loads and stores
//! may read and write, so [`Machine::protect`] follows every change of entries or privilege.

use super::Machine;
use crate::cpu::pmp::Wants;
use crate::cpu::{Exception, cause};
use crate::memory::{MARK_CODE, MARK_WATCH, Place};
use crate::virt;

impl Machine {
    /// Brings the quick window up to date.
    pub(crate) fn protect(&mut self) {
        let privilege = self.cpu.data_privilege();
        if let Some(standard) = &self.cpu.standard {
            self.memory.set_window(standard.data.window(privilege));
        }
    }

    fn protects(&self, wants: Wants, address: u32, bytes: u32) -> bool {
        let privilege = self.cpu.data_privilege();
        #[cfg(feature = "mutations")]
        let address = address.wrapping_add(self.cpu.protection_shift());
        let standard = self.cpu.standard.as_ref();
        standard.is_some_and(|standard| !standard.data.allows(wants, address, bytes, privilege))
    }

    /// Loads `bytes` (1, 2 or 4), not extended.
    pub(super) fn standard_load(
        &mut self,
        address: u32,
        bytes: u32,
        cycle: u64,
    ) -> Result<u32, Exception> {
        let fault = Exception::new(cause::LOAD_FAULT, address);
        if self.protects(Wants::Read, address, bytes) {
            return Err(fault);
        }
        if let Some(place) = self.memory_place(address, bytes) {
            return self.memory.read(place, bytes).ok_or(fault);
        }
        let now = self.instant_of(cycle);
        match self.devices.virt_mut() {
            Some(virt) if virt::answers(address, bytes) => {
                self.attention = true;
                virt.read(address, now).ok_or(fault)
            }
            _ => Err(fault),
        }
    }

    /// Stores the low `bytes` (1, 2 or 4) bytes of `value`. Flash takes no stores.
    pub(super) fn standard_store(
        &mut self,
        address: u32,
        bytes: u32,
        value: u32,
        cycle: u64,
    ) -> Result<(), Exception> {
        let fault = Exception::new(cause::STORE_FAULT, address);
        if self.protects(Wants::Write, address, bytes) {
            return Err(fault);
        }
        if let Some(Place::Ram(offset)) = self.memory_place(address, bytes) {
            self.store_anywhere(offset, bytes, value);
            return Ok(());
        }
        let now = self.instant_of(cycle);
        match self.devices.virt_mut() {
            Some(virt) if virt::answers(address, bytes) => {
                self.attention = true;
                virt.write(address, value, now).ok_or(fault)
            }
            _ => Err(fault),
        }
    }

    /// Where an access leads if all of it leads to one memory.
    fn memory_place(&self, address: u32, bytes: u32) -> Option<Place> {
        let one = self.memory.layout().is_one_place(address, bytes);
        if one { self.memory.place(address) } else { None }
    }

    /// A store that may reach into two words and two granules.
    fn store_anywhere(&mut self, offset: u32, bytes: u32, value: u32) {
        let last = offset + bytes - 1;
        let marks = self.memory.marks(offset) | self.memory.marks(last);
        #[cfg(feature = "mutations")]
        let bytes = self.cpu.stored_bytes(offset, bytes);
        self.memory.write(offset, bytes, value);
        #[cfg(feature = "mutations")]
        let marks = if self.cpu.keeps_old_code() { 0 } else { marks };
        if marks & MARK_CODE != 0 && self.code.is_stale(offset, bytes) {
            self.stale = Some((offset, bytes));
            self.attention = true;
        }
        let hits = |(_, watched): (u32, u32)| offset & !3 == watched || last & !3 == watched;
        if marks & MARK_WATCH != 0 && self.watch.is_some_and(hits) {
            self.watch_was_hit = true;
            self.attention = true;
        }
    }
}
