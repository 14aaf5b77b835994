//! RAM and flash, and where the addresses lead.
//!
//! All RAM is one array, so that the two names of SRAM1 (data bus, instruction bus) are the same
//! bytes and share their decoded code: first SRAM0, then SRAM1, then RTC fast memory. What the flash
//! windows show at the start is shared by all machines of an image; what a program makes of it since
//! is [`flash`]'s.
//!
//! A store has to be noticed in three cases that are rare: it hits code that has been decoded, a
//! trigger's range, or the watched word. Each granule of [`GRANULE`] bytes has one byte of marks,
//! so the quick path tests one byte and knows that nothing of the sort is near.
//!
//! Invariants:
//! 1. If a store could matter to code, trigger or watch, its granule is marked. A mark may stand
//!    without a reason; the slow path looks closely.
//! 2. `flash` is empty or covers whole 64 KiB pages, erased bytes (0xFF) where the image has none. It
//!    is what the windows show but for pages that `chip` calls changed.
//!
//! Addresses: technical reference manual, chapter "System and Memory".

pub(crate) mod flash;
mod layout;

pub(crate) use flash::{Contents, Flash};
pub(crate) use layout::{DataBus, Layout, Open, Quick, VIRT_RAM_RANGE, Window};

use crate::hash::StateHasher;
use crate::noise::Noise;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// SRAM1 on the data bus.
pub(crate) const DATA_BUS: u32 = 0x3FC8_0000;
/// SRAM1's length on both buses.
pub(crate) const SRAM1_BYTES: u32 = 0x6_0000;
/// SRAM0 on the instruction bus; SRAM1 follows it there.
pub(crate) const INSTRUCTION_BUS: u32 = 0x4037_C000;
const SRAM0_BYTES: u32 = 0x4000;
const SRAM_BYTES: u32 = SRAM0_BYTES + SRAM1_BYTES;
/// RTC fast memory.
pub(crate) const RTC_FAST: u32 = 0x5000_0000;
const RTC_FAST_BYTES: u32 = 0x2000;
/// All RAM.
pub(crate) const RAM_BYTES: u32 = SRAM_BYTES + RTC_FAST_BYTES;

/// Flash as instructions and data.
pub(crate) const FLASH_TEXT: u32 = 0x4200_0000;
/// Flash as data only.
pub(crate) const FLASH_DATA: u32 = 0x3C00_0000;
/// Length of each flash window.
pub(crate) const FLASH_WINDOW_BYTES: u32 = 0x80_0000;
/// Granularity of the flash mapping.
pub(crate) const FLASH_PAGE_BYTES: u32 = 0x1_0000;

/// Bytes that share a mark.
pub(crate) const GRANULE: u32 = 64;

/// The granule holds decoded code.
pub(crate) const MARK_CODE: u8 = 1;
/// A trigger watches stores to the granule.
pub(crate) const MARK_TRIGGER: u8 = 2;
/// The granule holds the watched word.
pub(crate) const MARK_WATCH: u8 = 4;

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Offset into RAM.
    Ram(u32),
    /// Offset into flash.
    Flash(u32),
}

/// Where `address` leads, whether or not the flash has bytes there.
#[inline]
pub(crate) fn place(address: u32) -> Option<Place> {
    let within = |base: u32, bytes: u32| {
        let offset = address.wrapping_sub(base);
        (offset < bytes).then_some(offset)
    };
    if let Some(offset) = within(DATA_BUS, SRAM1_BYTES) {
        return Some(Place::Ram(SRAM0_BYTES + offset));
    }
    if let Some(offset) = within(FLASH_DATA, FLASH_WINDOW_BYTES) {
        return Some(Place::Flash(offset));
    }
    if let Some(offset) = within(FLASH_TEXT, FLASH_WINDOW_BYTES) {
        return Some(Place::Flash(offset));
    }
    if let Some(offset) = within(INSTRUCTION_BUS, SRAM_BYTES) {
        return Some(Place::Ram(offset));
    }
    within(RTC_FAST, RTC_FAST_BYTES).map(|offset| Place::Ram(SRAM_BYTES + offset))
}

/// Whether a range of addresses leads to one memory without a break.
pub(crate) fn is_one_place(address: u32, bytes: u32) -> bool {
    let Some(last) = bytes.checked_sub(1).and_then(|n| address.checked_add(n)) else {
        return bytes == 0 && place(address).is_some();
    };
    match (place(address), place(last)) {
        (Some(Place::Ram(first)), Some(Place::Ram(end))) => {
            first <= end && end - first == bytes - 1
        }
        (Some(Place::Flash(first)), Some(Place::Flash(end))) => {
            first <= end && end - first == bytes - 1
        }
        _ => false,
    }
}

/// Offsets into RAM that one stretch of addresses can execute: first, end, address of the first.
pub(crate) fn code_stretch(address: u32) -> Option<(u32, u32, u32)> {
    let Some(Place::Ram(offset)) = place(address) else {
        return None;
    };
    Some(if offset >= SRAM_BYTES {
        (SRAM_BYTES, RAM_BYTES, RTC_FAST)
    } else if address.wrapping_sub(DATA_BUS) < SRAM1_BYTES {
        (SRAM0_BYTES, SRAM_BYTES, DATA_BUS)
    } else {
        (0, SRAM_BYTES, INSTRUCTION_BUS)
    })
}

/// The offsets into RAM, first and last, that a range of addresses (first, how many less one)
/// reaches by any of RAM's names.
pub(crate) fn ram_overlaps((first, span): (u32, u32)) -> impl Iterator<Item = (u32, u32)> {
    let names = [
        (DATA_BUS, SRAM1_BYTES, SRAM0_BYTES),
        (INSTRUCTION_BUS, SRAM_BYTES, 0),
        (RTC_FAST, RTC_FAST_BYTES, SRAM_BYTES),
    ];
    names.into_iter().filter_map(move |(base, bytes, offset)| {
        let low = first.max(base);
        let high = first.saturating_add(span).min(base + (bytes - 1));
        (low <= high).then(|| (offset + (low - base), offset + (high - base)))
    })
}

/// The end of the memory block that holds an offset: no instruction reaches across it.
pub(crate) fn block_end(offset: u32) -> u32 {
    if offset < SRAM_BYTES { SRAM_BYTES } else { RAM_BYTES }
}

/// The memories of one machine.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    ram: Box<[u8]>,
    marks: Box<[u8]>,
    flash: Arc<[u8]>,
    /// The flash chip and what it has become.
    pub(crate) chip: Flash,
    layout: Layout,
    /// The window of the quick path where protection moves it.
    open: Window,
}

impl Memory {
    /// Memory at power-on: RAM holds noise, so that firmware that forgets to initialise is caught.
    pub(crate) fn new(flash: Arc<[u8]>, chip: Contents, noise: &mut Noise) -> Self {
        let mut ram = vec![0; RAM_BYTES as usize].into_boxed_slice();
        for chunk in ram.chunks_exact_mut(8) {
            chunk.copy_from_slice(&noise.draw().to_le_bytes());
        }
        Self {
            ram,
            marks: vec![0; RAM_BYTES.div_ceil(GRANULE) as usize].into_boxed_slice(),
            flash,
            chip: Flash::new(chip),
            layout: Layout::Esp32c3,
            open: Window::of_virt(0, 0),
        }
    }

    /// Memory of the virt machine at power-on, where QEMU has zeros.
    pub(crate) fn virt(flash: Arc<[u8]>) -> Self {
        Self {
            ram: vec![0; SRAM_BYTES as usize].into_boxed_slice(),
            marks: vec![0; SRAM_BYTES.div_ceil(GRANULE) as usize].into_boxed_slice(),
            flash,
            chip: Flash::new(Contents::none()),
            layout: Layout::Virt,
            open: Window::of_virt(0, SRAM_BYTES),
        }
    }

    /// Whose addresses lead here.
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// Moves the window of the quick path.
    pub(crate) fn set_window(&mut self, window: Window) {
        self.open = window;
    }

    /// Where `address` leads, whether or not the flash has bytes there.
    #[inline]
    pub(crate) fn place(&self, address: u32) -> Option<Place> {
        self.layout.place(address)
    }

    /// Reads an aligned word within the window: the quick path.
    #[inline(always)]
    pub(crate) fn quick_load<Q: Quick, const BYTES: usize>(&self, address: u32) -> Option<u32> {
        let window = Q::window(self);
        let offset = address.wrapping_sub(window.base);
        if offset >= window.bytes || !(address as usize).is_multiple_of(BYTES) {
            return None;
        }
        let at = (window.offset + offset) as usize;
        let bytes = self.ram.get(at..at + BYTES)?;
        let mut word = [0; 4];
        word[..BYTES].copy_from_slice(bytes);
        Some(u32::from_le_bytes(word))
    }

    /// Stores within the window if nothing has an eye on the granule.
    #[inline(always)]
    pub(crate) fn quick_store<Q: Quick, const BYTES: usize>(
        &mut self,
        address: u32,
        value: u32,
    ) -> bool {
        let window = Q::window(self);
        let offset = address.wrapping_sub(window.base);
        if offset >= window.bytes || !(address as usize).is_multiple_of(BYTES) {
            return false;
        }
        let at = (window.offset + offset) as usize;
        if self.marks[at / GRANULE as usize] != 0 {
            return false;
        }
        match self.ram.get_mut(at..at + BYTES) {
            Some(bytes) => bytes.copy_from_slice(&value.to_le_bytes()[..BYTES]),
            None => return false,
        }
        true
    }

    /// The marks of the granule that holds an offset.
    pub(crate) fn marks(&self, offset: u32) -> u8 {
        self.marks[(offset / GRANULE) as usize]
    }

    /// Marks the granules from offset `first` to `last`, both included.
    pub(crate) fn mark(&mut self, first: u32, last: u32, mark: u8) {
        let last = (last / GRANULE).min(self.marks.len() as u32 - 1);
        for granule in first / GRANULE..=last {
            self.marks[granule as usize] |= mark;
        }
    }

    /// Takes a mark off all granules.
    pub(crate) fn clear_mark(&mut self, mark: u8) {
        for marks in &mut self.marks {
            *marks &= !mark;
        }
    }

    /// Takes a mark off the granules from offset `first` to `last`, both included.
    pub(crate) fn unmark(&mut self, first: u32, last: u32, mark: u8) {
        let last = (last / GRANULE).min(self.marks.len() as u32 - 1);
        for granule in first / GRANULE..=last {
            self.marks[granule as usize] &= !mark;
        }
    }

    /// Reads `bytes` (1, 2 or 4) at an aligned place; `None` where flash has nothing.
    #[inline]
    pub(crate) fn read(&self, place: Place, bytes: u32) -> Option<u32> {
        let found = match place {
            Place::Ram(offset) => self.ram.get(offset as usize..(offset + bytes) as usize)?,
            Place::Flash(offset) if self.chip.is_changed(offset) => {
                self.chip.mapped(offset)?.get(..bytes as usize)?
            }
            Place::Flash(offset) => self.flash.get(offset as usize..(offset + bytes) as usize)?,
        };
        // by length, because a copy of any length is a call
        match *found {
            [a, b, c, d] => Some(u32::from_le_bytes([a, b, c, d])),
            [a, b] => Some(u32::from(u16::from_le_bytes([a, b]))),
            [a] => Some(u32::from(a)),
            _ => None,
        }
    }

    /// Writes `bytes` (1, 2 or 4) of RAM at an aligned offset.
    #[inline]
    pub(crate) fn write(&mut self, offset: u32, bytes: u32, value: u32) {
        let at = offset as usize;
        self.ram[at..at + bytes as usize].copy_from_slice(&value.to_le_bytes()[..bytes as usize]);
    }

    /// Sixteen bits of RAM at an even offset.
    pub(crate) fn half(&self, offset: u32) -> u16 {
        let at = offset as usize;
        u16::from_le_bytes([self.ram[at], self.ram[at + 1]])
    }

    /// The longest run of bytes from `address` on that lies in one memory.
    pub(crate) fn slice(&self, address: u32) -> Option<&[u8]> {
        match self.place(address)? {
            Place::Ram(offset) => self.ram.get(offset as usize..block_end(offset) as usize),
            Place::Flash(offset) if self.chip.is_changed(offset) => self.chip.mapped(offset),
            Place::Flash(offset) => {
                let (_, end) = self.chip.unchanged_run(offset);
                let end = self.flash.len().min(end as usize);
                self.flash.get(offset as usize..end)
            }
        }
        .filter(|bytes| !bytes.is_empty())
    }

    /// Copies bytes into RAM, as a loader does.
    pub(crate) fn load(&mut self, offset: u32, bytes: &[u8]) {
        self.ram[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn hash_into(&self, hasher: &mut StateHasher) {
        hasher.write(&self.ram);
        self.chip.hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        Memory::new(Arc::from([]), Contents::none(), &mut Noise::new(1))
    }

    #[test]
    fn the_two_names_of_sram1_are_the_same_bytes() {
        assert_eq!(place(0x3FC8_0000), place(0x4038_0000));
        assert_eq!(place(0x3FCD_FFFF), place(0x403D_FFFF));
        assert_eq!(place(0x3FCE_0000), None);
        assert_eq!(place(0x403E_0000), None);
        assert_eq!(place(0x3FC7_FFFF), None);
        assert_eq!(place(0x4037_BFFF), None);
    }

    #[test]
    fn a_range_across_the_end_of_a_memory_is_not_one_place() {
        assert!(is_one_place(0x3FC8_0000, SRAM1_BYTES));
        assert!(!is_one_place(0x3FC8_0000, SRAM1_BYTES + 1));
        assert!(!is_one_place(0x5000_1FFF, 2));
        assert!(!is_one_place(0x4200_0000, u32::MAX));
        assert!(!is_one_place(0, 4));
    }

    #[test]
    fn a_range_of_addresses_reaches_ram_by_every_name() {
        let check = |first, span, expected: &[(u32, u32)]| {
            let found: Vec<_> = ram_overlaps((first, span)).collect();
            assert_eq!(found, expected, "{first:#x} and {span:#x} more");
        };
        check(0x3FC8_1000, 63, &[(0x5000, 0x503F)]);
        check(0x4037_0000, 0xFFFF, &[(0, 0x3FFF)]);
        check(0x6000_0000, 63, &[]);
        check(
            0,
            0x7FFF_FFFF,
            &[(SRAM0_BYTES, SRAM_BYTES - 1), (0, SRAM_BYTES - 1), (SRAM_BYTES, RAM_BYTES - 1)],
        );
    }

    #[test]
    fn a_marked_granule_refuses_the_quick_path() {
        let mut memory = memory();
        assert!(memory.quick_store::<DataBus, 4>(0x3FC8_0040, 5));
        assert_eq!(memory.quick_load::<DataBus, 4>(0x3FC8_0040), Some(5));
        let Some(Place::Ram(offset)) = place(0x3FC8_0040) else { unreachable!("SRAM1 is RAM") };
        memory.mark(offset, offset, MARK_CODE);
        assert!(!memory.quick_store::<DataBus, 4>(0x3FC8_007C, 6));
        assert!(memory.quick_store::<DataBus, 4>(0x3FC8_0080, 6));
        assert!(memory.quick_store::<DataBus, 4>(0x3FC8_003C, 6));
    }

    #[test]
    fn the_seed_decides_the_contents_of_ram() {
        let of = |seed| Memory::new(Arc::from([]), Contents::none(), &mut Noise::new(seed)).ram;
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }
}
