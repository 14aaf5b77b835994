//! Whose addresses they are: one array of RAM and one of flash serve two machines.
//!
//! QEMU's `virt` machine, given 400 KiB, has exactly as much RAM as SRAM0 and SRAM1 of the
//! ESP32-C3 together, and one name for it instead of two. Its flash executes in place, too.

use super::{FLASH_TEXT, Memory, Place, SRAM_BYTES, code_stretch, is_one_place, place};

/// RAM of the virt machine.
const VIRT_RAM: u32 = 0x8000_0000;
/// Flash of the virt machine: instructions and data.
const VIRT_FLASH: u32 = 0x2000_0000;
/// Length of the flash window of the virt machine: its first bank.
const VIRT_FLASH_BYTES: u32 = 0x200_0000;

/// The machine whose addresses lead to the memories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Layout {
    Esp32c3,
    Virt,
}

impl Layout {
    /// The machine that a program for this entry point runs on.
    pub(crate) fn of_entry(entry: u32) -> Self {
        match Layout::Virt.place(entry) {
            Some(_) => Layout::Virt,
            None => Layout::Esp32c3,
        }
    }

    /// Where `address` leads, whether or not the flash has bytes there.
    #[inline]
    pub(crate) fn place(self, address: u32) -> Option<Place> {
        if self == Layout::Esp32c3 {
            return place(address);
        }
        let ram = address.wrapping_sub(VIRT_RAM);
        if ram < SRAM_BYTES {
            return Some(Place::Ram(ram));
        }
        let flash = address.wrapping_sub(VIRT_FLASH);
        (flash < VIRT_FLASH_BYTES).then_some(Place::Flash(flash))
    }

    /// Whether a range of addresses leads to one memory without a break.
    pub(crate) fn is_one_place(self, address: u32, bytes: u32) -> bool {
        if self == Layout::Esp32c3 {
            return is_one_place(address, bytes);
        }
        let end = u64::from(address) + u64::from(bytes);
        let within =
            |base: u32, length: u32| address >= base && end <= u64::from(base) + u64::from(length);
        within(VIRT_RAM, SRAM_BYTES) || within(VIRT_FLASH, VIRT_FLASH_BYTES)
    }

    /// Offsets into RAM that one stretch of addresses can execute: first, end, address of the
    /// first.
    pub(crate) fn code_stretch(self, address: u32) -> Option<(u32, u32, u32)> {
        if self == Layout::Esp32c3 {
            return code_stretch(address);
        }
        (address.wrapping_sub(VIRT_RAM) < SRAM_BYTES).then_some((0, SRAM_BYTES, VIRT_RAM))
    }

    /// Where flash begins for instructions.
    pub(crate) fn flash_text(self) -> u32 {
        match self {
            Layout::Esp32c3 => FLASH_TEXT,
            Layout::Virt => VIRT_FLASH,
        }
    }
}

/// Addresses of RAM whose loads and stores need no second look, and the offset of the first.
/// Both ends are multiples of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) base: u32,
    pub(crate) bytes: u32,
    pub(crate) offset: u32,
}

/// Where the quick path finds its window. A type and not a field, because a window of constants
/// makes the execute loop a third faster.
pub(crate) trait Quick {
    fn window(memory: &Memory) -> Window;
}

/// SRAM1 through the data bus: what data accesses of the ESP32-C3 usually mean.
pub(crate) struct DataBus;

impl Quick for DataBus {
    #[inline(always)]
    fn window(_: &Memory) -> Window {
        Window { base: super::DATA_BUS, bytes: super::SRAM1_BYTES, offset: super::SRAM0_BYTES }
    }
}

/// RAM of the virt machine as far as protection leaves it open.
pub(crate) struct Open;

impl Quick for Open {
    #[inline(always)]
    fn window(memory: &Memory) -> Window {
        memory.open
    }
}

impl Window {
    /// The part of the virt machine's RAM from offset `first` to `end`.
    pub(crate) fn of_virt(first: u32, end: u32) -> Self {
        Window { base: VIRT_RAM + first, bytes: end - first, offset: first }
    }
}

/// Addresses of the virt machine's RAM: the first, and the first behind it.
pub(crate) const VIRT_RAM_RANGE: std::ops::Range<u32> = VIRT_RAM..VIRT_RAM + SRAM_BYTES;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virt_has_one_ram_and_one_flash() {
        let check = |address, expected| assert_eq!(Layout::Virt.place(address), expected);
        check(0x8000_0000, Some(Place::Ram(0)));
        check(0x8006_3FFF, Some(Place::Ram(0x6_3FFF)));
        check(0x8006_4000, None);
        check(0x2000_0010, Some(Place::Flash(0x10)));
        check(0x3FC8_0000, None);
        assert!(Layout::Virt.is_one_place(0x8000_0000, 0x6_4000));
        assert!(!Layout::Virt.is_one_place(0x8000_0000, 0x6_4001));
    }

    #[test]
    fn the_entry_tells_the_machines_apart() {
        assert_eq!(Layout::of_entry(0x2000_0000), Layout::Virt);
        assert_eq!(Layout::of_entry(0x8000_1000), Layout::Virt);
        assert_eq!(Layout::of_entry(0x4200_0008), Layout::Esp32c3);
        assert_eq!(Layout::of_entry(0), Layout::Esp32c3);
    }
}
