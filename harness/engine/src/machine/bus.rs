//! Loads and stores that are not the usual case.
//!
//! The usual case is aligned, in SRAM1 through the data bus, with nothing watching; the execute
//! loop does it alone. Everything else comes here: other memories, registers, watched granules,
//! and every access that faults. A misaligned access raises the exceptions of the RISC-V manual
//! (causes 4 and 6). The chip's manual does not list them, but compilers for the target never make such an
//! access, so here it is a mistake that shows.
//!
//! Invariant: an access that raises an exception has changed nothing; a trigger comes first.

use super::Machine;
use crate::cpu::trigger::Watch;
use crate::cpu::{Exception, cause};
use crate::devices::is_register;
use crate::memory::{Layout, MARK_CODE, MARK_TRIGGER, MARK_WATCH, Place, flash, place};

impl Machine {
    /// Loads `bytes` (1, 2 or 4), not extended, for the instruction at `pc`.
    #[inline(never)]
    pub(crate) fn slow_load(
        &mut self,
        address: u32,
        bytes: u32,
        pc: u32,
        cycle: u64,
    ) -> Result<u32, Exception> {
        if self.memory.layout() == Layout::Virt {
            return self.standard_load(address, bytes, cycle);
        }
        if self.careful && self.cpu.trigger_fires(Watch::Load, address, bytes) {
            return Err(Exception::new(cause::BREAKPOINT, 0));
        }
        if !address.is_multiple_of(bytes) {
            return Err(Exception::new(cause::LOAD_MISALIGNED, address));
        }
        if let Some(place) = place(address) {
            return self
                .memory
                .read(place, bytes)
                .ok_or(Exception::new(cause::LOAD_FAULT, address));
        }
        if is_register(address) {
            return Ok(self.load_register(address, bytes, pc, cycle));
        }
        Err(Exception::new(cause::LOAD_FAULT, address))
    }

    fn load_register(&mut self, address: u32, bytes: u32, pc: u32, cycle: u64) -> u32 {
        let now = self.clock.instant(cycle);
        let word = address & !3;
        self.attention |= self.devices.reading_changes(word);
        let value = match flash::TABLE.contains(&word) {
            true => self.memory.chip.entry(word),
            false => self.devices.read(word, pc, now),
        } >> (8 * (address & 3));
        value & mask(bytes)
    }

    /// Stores the low `bytes` (1, 2 or 4) bytes of `value` for the instruction at `pc`.
    #[inline(never)]
    pub(crate) fn slow_store(
        &mut self,
        address: u32,
        bytes: u32,
        value: u32,
        pc: u32,
        cycle: u64,
    ) -> Result<(), Exception> {
        if self.memory.layout() == Layout::Virt {
            return self.standard_store(address, bytes, value, cycle);
        }
        let place = place(address);
        let marks = match place {
            Some(Place::Ram(offset)) => self.memory.marks(offset),
            _ => MARK_TRIGGER,
        };
        if marks & MARK_TRIGGER != 0 && self.cpu.trigger_fires(Watch::Store, address, bytes) {
            return Err(Exception::new(cause::BREAKPOINT, 0));
        }
        if !address.is_multiple_of(bytes) {
            return Err(Exception::new(cause::STORE_MISALIGNED, address));
        }
        match place {
            Some(Place::Ram(offset)) => self.store_ram(offset, bytes, value, marks),
            None if is_register(address) => self.store_register(address, bytes, value, pc, cycle),
            _ => return Err(Exception::new(cause::STORE_FAULT, address)),
        }
        Ok(())
    }

    fn store_ram(&mut self, offset: u32, bytes: u32, value: u32, marks: u8) {
        self.memory.write(offset, bytes, value);
        if marks & MARK_CODE != 0 && self.code.is_stale(offset, bytes) {
            self.stale = Some((offset, bytes));
            self.attention = true;
        }
        let hits = |(_, watched): (u32, u32)| offset & !3 == watched;
        if marks & MARK_WATCH != 0 && self.watch.is_some_and(hits) {
            self.watch_was_hit = true;
            self.attention = true;
        }
    }

    /// A store of less than a word keeps the other bytes of the register.
    fn store_register(&mut self, address: u32, bytes: u32, value: u32, pc: u32, cycle: u64) {
        let now = self.clock.instant(cycle);
        let word = address & !3;
        let shift = 8 * (address & 3);
        let kept = match mask(bytes) << shift {
            u32::MAX => 0,
            written if flash::TABLE.contains(&word) => self.memory.chip.entry(word) & !written,
            written => self.devices.peek(word) & !written,
        };
        let value = kept | (value & mask(bytes)) << shift;
        match flash::TABLE.contains(&word) {
            true => self.map_flash(word, value),
            false => self.devices.write(word, value, pc, now),
        }
        self.attention = true;
    }

    /// Whether an address is that of a register of the table that maps the flash.
    pub(super) fn is_flash_table(&self, address: u32) -> bool {
        flash::TABLE.contains(&address) && self.memory.layout() == Layout::Esp32c3
    }

    /// Writes a register of the table that maps the flash.
    pub(crate) fn map_flash(&mut self, address: u32, value: u32) {
        self.memory.chip.set_entry(address, value);
        self.code.forget_flash();
    }
}

/// The low `bytes` bytes.
fn mask(bytes: u32) -> u32 {
    u32::MAX >> (32 - 8 * bytes)
}
