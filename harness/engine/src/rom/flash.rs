//! Reading, erasing and writing flash, and mapping it.
//!
//! Functions that move bytes go one word or byte a step, like those of [`memory`](super::memory): what
//! is left to do is a call of the same kind, with `t1` as the cursor where `a0` counts. Erasing and
//! writing take no longer than the call; silicon needs tens of milliseconds for a sector.
//!
//! Results are ESP-IDF's `esp_rom_spiflash_result_t` (`components/esp_rom/include/esp_rom_spiflash.h`)
//! and the error numbers of `Cache_Ibus_MMU_Set` (`esp32c3/rom/cache.h`).

use super::call::{A0, A1, A2, A3, A4, A5, Place, Step, T1};
use super::cost;
use super::function::Function;
use crate::cpu::Exception;
use crate::machine::Machine;
use crate::memory::flash::{PAGES, SECTOR_BYTES, TABLE};
use crate::memory::{FLASH_DATA, FLASH_PAGE_BYTES, FLASH_TEXT, FLASH_WINDOW_BYTES};
use crate::observer::Observer;

const OK: u32 = 0;
const ERROR: u32 = 1;
/// What a block that is erased at once has.
const BLOCK_BYTES: u32 = 0x1_0000;
/// Sizes of pages are said in KiB.
const PAGE_KIB: u32 = FLASH_PAGE_BYTES / 1024;
/// An entry of the table that leads nowhere.
const INVALID: u32 = 1 << 8;

/// Errors of the functions that map.
const NOT_ALIGNED: u32 = 1;
const WRONG_PAGE_SIZE: u32 = 2;
const OUT_OF_RANGE: u32 = 3;

impl Machine {
    /// Does `place`'s function if it is one of flash.
    pub(super) fn rom_flash<O: Observer>(
        &mut self,
        place: Place,
        observer: &mut O,
    ) -> Option<Result<Step, Exception>> {
        let [a0, a1] = [A0, A1].map(|n| self.cpu.register(n));
        Some(match place.function {
            Function::esp_rom_spiflash_read => {
                self.flash_steps(place, |machine| machine.read_flash_step(observer))
            }
            Function::esp_rom_spiflash_write => self.flash_steps(place, Machine::write_flash_step),
            Function::esp_rom_spiflash_erase_sector => Ok(self.erase(a0, SECTOR_BYTES)),
            Function::esp_rom_spiflash_erase_block => Ok(self.erase(a0, BLOCK_BYTES)),
            Function::esp_rom_spiflash_erase_chip => {
                let chip_bytes = self.memory.chip.capacity();
                Ok(self.erase(0, chip_bytes))
            }
            // The chip has no lock, is never busy, and is always set up.
            Function::esp_rom_spiflash_unlock
            | Function::esp_rom_spiflash_wait_idle
            | Function::esp_rom_spiflash_config_param
            | Function::esp_rom_spiflash_config_clk
            | Function::esp_rom_spiflash_config_readmode
            | Function::esp_rom_spiflash_write_status
            | Function::esp_rom_spiflash_write_disable => Ok(self.give(OK)),
            Function::esp_rom_spiflash_attach => Ok(Step::Return),
            Function::esp_rom_spiflash_read_status | Function::esp_rom_spiflash_read_statushigh => {
                self.rom_store(a1, 4, 0, observer).map(|()| self.give(OK))
            }
            Function::Cache_MMU_Init => {
                (0..PAGES as u32).for_each(|n| self.map_flash(TABLE.start + 4 * n, INVALID));
                Ok(Step::Return)
            }
            Function::Cache_Ibus_MMU_Set => Ok(self.map_pages(FLASH_TEXT)),
            Function::cache_dbus_mmu_set => Ok(self.map_pages(FLASH_DATA)),
            _ => return None,
        })
    }

    /// Goes on with a function that moves `a2` bytes between flash and memory, after it has looked at
    /// its arguments: both ends are words.
    fn flash_steps(
        &mut self,
        place: Place,
        mut step: impl FnMut(&mut Machine) -> Result<Step, Exception>,
    ) -> Result<Step, Exception> {
        if place.is_entry {
            let [flash, memory, bytes] = [A0, A1, A2].map(|n| self.cpu.register(n));
            let end = u64::from(flash) + u64::from(bytes);
            let writes = place.function == Function::esp_rom_spiflash_write;
            let is_odd = writes && !(flash | bytes).is_multiple_of(4);
            if is_odd || end > u64::from(self.memory.chip.capacity()) {
                return Ok(self.give(ERROR));
            }
            self.set_rom_register(T1, memory);
        }
        while self.cycle < place.stop_cycle && !self.attention {
            match step(self) {
                Ok(Step::Stay) => self.cycle += cost::ELEMENT,
                done => return done,
            }
        }
        Ok(Step::Stay)
    }

    /// Reads the chip itself, not what is mapped: from `a0` to `t1`.
    fn read_flash_step<O: Observer>(&mut self, observer: &mut O) -> Result<Step, Exception> {
        let [from, to, left] = [A0, T1, A2].map(|n| self.cpu.register(n));
        if left == 0 {
            return Ok(self.give(OK));
        }
        let bytes = if to.is_multiple_of(4) && left >= 4 { 4 } else { 1 };
        let stored = |n| self.memory.chip.stored(from.wrapping_add(n))[0];
        let value = (0..bytes).fold(0, |word, n| word | u32::from(stored(n)) << (8 * n));
        self.rom_store(to, bytes, value, observer)?;
        self.move_flash_cursors(bytes);
        Ok(Step::Stay)
    }

    /// Writes the chip: from `t1` to `a0`.
    fn write_flash_step(&mut self) -> Result<Step, Exception> {
        let [to, from, left] = [A0, T1, A2].map(|n| self.cpu.register(n));
        if left == 0 {
            return Ok(self.give(OK));
        }
        let value = self.rom_load(from, 1)?;
        self.memory.chip.program(to, value as u8);
        self.code.forget_flash();
        self.move_flash_cursors(1);
        Ok(Step::Stay)
    }

    fn move_flash_cursors(&mut self, bytes: u32) {
        for register in [A0, T1] {
            let moved = self.cpu.register(register).wrapping_add(bytes);
            self.set_rom_register(register, moved);
        }
        let left = self.cpu.register(A2) - bytes;
        self.set_rom_register(A2, left);
    }

    /// Erases the `number`th piece of so many bytes.
    fn erase(&mut self, number: u32, bytes: u32) -> Step {
        let end = (u64::from(number) + 1) * u64::from(bytes);
        if end > u64::from(self.memory.chip.capacity()) {
            return self.give(ERROR);
        }
        let first = number * (bytes / SECTOR_BYTES);
        self.memory.chip.erase(first..first + bytes / SECTOR_BYTES);
        self.code.forget_flash();
        self.give(OK)
    }

    /// Maps `a4` pages (or the same one, if `a5` is set) from flash address `a2` on at `a1`.
    fn map_pages(&mut self, window: u32) -> Step {
        let [address, flash, page_kib, count, is_fixed] =
            [A1, A2, A3, A4, A5].map(|n| self.cpu.register(n));
        let offset = address.wrapping_sub(window);
        let end = u64::from(offset) + u64::from(count) * u64::from(FLASH_PAGE_BYTES);
        if !(address | flash).is_multiple_of(FLASH_PAGE_BYTES) {
            return self.give(NOT_ALIGNED);
        }
        if page_kib != PAGE_KIB {
            return self.give(WRONG_PAGE_SIZE);
        }
        if end > u64::from(FLASH_WINDOW_BYTES) {
            return self.give(OUT_OF_RANGE);
        }
        for n in 0..count {
            let register = TABLE.start + 4 * (offset / FLASH_PAGE_BYTES + n);
            let page = flash / FLASH_PAGE_BYTES + if is_fixed == 0 { n } else { 0 };
            self.map_flash(register, page);
        }
        self.give(OK)
    }
}
