//! The flash chip, and the table that maps it into the windows.
//!
//! Both windows of the ESP32-C3 go through one table of 128 entries, each for a page of 64 KiB. A
//! program may rewrite the table, and the chip's contents through functions of the ROM; most never
//! do, and for them reading flash has to stay one look into an array that all machines of an image
//! share. So the windows are kept as the boot chain left them, and only the pages whose bytes may
//! since have become others are looked up the long way.
//!
//! Sectors that were erased or written are copies of their own, shared by clones until the next
//! write to them.
//!
//! Choices of this model:
//! - An access to a page whose entry is not valid raises the access fault of its kind (causes 1 and
//!   5) at the instruction that makes it. On silicon the load goes on with whatever is on the bus,
//!   and the cache's error interrupt tells, late, that it did; nothing runs on after that either.
//! - Erasing and writing take no time; what the table and the chip hold is seen at once, without
//!   asking the cache.
//! - The chip keeps its contents over every reset; the table is as the boot chain leaves it again.
//!
//! Invariant: a page is in `changed` if its bytes may differ from those of the same page in
//! [`Memory::flash`](super::Memory), or if those of the page behind it may, into which its last
//! instruction may reach.
//!
//! Registers: technical reference manual, chapter "System and Memory", and ESP-IDF,
//! `hal/esp32c3/include/hal/mmu_ll.h`.

use super::FLASH_PAGE_BYTES;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Entries of the table.
pub(crate) const PAGES: usize = 128;
/// The table's registers: the first, and the first behind them.
pub(crate) const TABLE: std::ops::Range<u32> = 0x600C_5000..0x600C_5000 + 4 * PAGES as u32;
/// What can be erased at once.
pub(crate) const SECTOR_BYTES: u32 = 4096;
const SECTORS_A_PAGE: u32 = FLASH_PAGE_BYTES / SECTOR_BYTES;
/// A chip has at least this much.
const CAPACITY_MIN: u32 = 4 << 20;

type Sector = [u8; SECTOR_BYTES as usize];

const ERASED: Sector = [0xFF; SECTOR_BYTES as usize];

/// An entry of the table: a page of the chip, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry(u16);

impl Entry {
    const PAGE: u16 = 0xFF;
    const INVALID: u16 = 1 << 8;
    /// An entry that leads nowhere.
    pub(crate) const NONE: Self = Self(Self::INVALID);

    /// An entry that leads to a page of the chip.
    pub(crate) fn to(page: usize) -> Self {
        Self(page as u16 & Self::PAGE)
    }

    fn page(self) -> Option<u32> {
        (self.0 & Self::INVALID == 0).then_some(u32::from(self.0 & Self::PAGE))
    }
}

/// The table.
pub(crate) type Table = [Entry; PAGES];

/// Entries that lead to as many pages of the chip, from page `first` on.
pub(crate) fn table_from(first: usize, pages: usize) -> Table {
    std::array::from_fn(|n| if n < pages { Entry::to(first + n) } else { Entry::NONE })
}

/// What a flash chip was given by the factory: the image, and erased bytes behind it.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) bytes: Arc<[u8]>,
    /// How the boot chain maps them.
    pub(crate) table: Arc<Table>,
    /// How many pages of the windows the image's view has, those that nothing maps included.
    pub(crate) mapped_pages: usize,
}

impl Contents {
    /// No flash at all.
    pub(crate) fn none() -> Self {
        let table = Arc::new([Entry::NONE; PAGES]);
        Self { bytes: Arc::from([]), table, mapped_pages: 0 }
    }
}

/// The chip and its table.
#[derive(Clone, Debug)]
pub(crate) struct Flash {
    factory: Contents,
    /// A power of two.
    capacity: u32,
    table: Table,
    /// Sectors that have been erased or written, by number.
    sectors: BTreeMap<u32, Arc<Sector>>,
    /// One bit for each page of the windows.
    changed: u128,
}

impl Flash {
    pub(crate) fn new(factory: Contents) -> Self {
        debug_assert!((factory.bytes.len() as u32).is_multiple_of(SECTOR_BYTES), "whole sectors");
        let capacity = (factory.bytes.len() as u32).next_power_of_two().max(CAPACITY_MIN);
        let table = *factory.table;
        let mut flash = Self { factory, capacity, table, sectors: BTreeMap::new(), changed: 0 };
        flash.look_for_changes();
        flash
    }

    /// How many bytes the chip has.
    pub(crate) fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Whether the bytes at an offset into the windows may not be those that the boot chain mapped.
    #[inline]
    pub(crate) fn is_changed(&self, offset: u32) -> bool {
        self.changed != 0 && self.changed >> (offset / FLASH_PAGE_BYTES) & 1 != 0
    }

    /// The pages around an offset that are as the boot chain left them: offsets of their first byte
    /// and behind their last.
    pub(crate) fn unchanged_run(&self, offset: u32) -> (u32, u32) {
        if self.changed == 0 {
            return (0, u32::MAX);
        }
        let page = offset / FLASH_PAGE_BYTES;
        let below = self.changed & ((1 << page) - 1);
        let first = 128 - below.leading_zeros();
        let after = (self.changed >> page).trailing_zeros().min(128 - page);
        (first * FLASH_PAGE_BYTES, (page + after) * FLASH_PAGE_BYTES)
    }

    /// The bytes from an offset into the windows to the end of their sector; `None` if nothing is
    /// mapped there.
    pub(crate) fn mapped(&self, offset: u32) -> Option<&[u8]> {
        let page = self.table.get((offset / FLASH_PAGE_BYTES) as usize)?.page()?;
        Some(self.stored(page * FLASH_PAGE_BYTES + offset % FLASH_PAGE_BYTES))
    }

    /// The bytes of the chip from `address` to the end of their sector. Addresses wrap.
    pub(crate) fn stored(&self, address: u32) -> &[u8] {
        let address = address & (self.capacity - 1);
        let within = (address % SECTOR_BYTES) as usize;
        if let Some(sector) = self.sectors.get(&(address / SECTOR_BYTES)) {
            return &sector[within..];
        }
        let end = (address as usize - within) + SECTOR_BYTES as usize;
        match self.factory.bytes.get(address as usize..) {
            Some(rest) if !rest.is_empty() => &rest[..rest.len().min(end - address as usize)],
            _ => &ERASED[within..],
        }
    }

    /// Erases the sectors with these numbers.
    pub(crate) fn erase(&mut self, sectors: std::ops::Range<u32>) {
        let erased = Arc::new(ERASED);
        self.sectors.extend(sectors.map(|sector| (sector, Arc::clone(&erased))));
        self.look_for_changes();
    }

    /// Writes a byte as flash does: bits can only be cleared.
    pub(crate) fn program(&mut self, address: u32, byte: u8) {
        let address = address & (self.capacity - 1);
        let number = address / SECTOR_BYTES;
        if !self.sectors.contains_key(&number) {
            let sector = self.factory_sector(number);
            self.sectors.insert(number, Arc::new(sector));
            self.look_for_changes();
        }
        let sector = self.sectors.get_mut(&number).expect("it is there by now");
        Arc::make_mut(sector)[(address % SECTOR_BYTES) as usize] &= byte;
    }

    fn factory_sector(&self, number: u32) -> Sector {
        let mut sector = ERASED;
        let found = self.factory.bytes.get((number * SECTOR_BYTES) as usize..).unwrap_or_default();
        let count = found.len().min(sector.len());
        sector[..count].copy_from_slice(&found[..count]);
        sector
    }

    /// What a register of the table shows.
    pub(crate) fn entry(&self, address: u32) -> u32 {
        u32::from(self.table[((address - TABLE.start) / 4) as usize].0)
    }

    /// Writes a register of the table.
    pub(crate) fn set_entry(&mut self, address: u32, value: u32) {
        let entry = Entry(value as u16 & (Entry::INVALID | Entry::PAGE));
        self.table[((address - TABLE.start) / 4) as usize] = entry;
        self.look_for_changes();
    }

    /// Maps what the boot chain maps.
    pub(crate) fn reset(&mut self) {
        self.table = *self.factory.table;
        self.look_for_changes();
    }

    fn look_for_changes(&mut self) {
        let is_changed = |n: &usize| match self.table[*n].page() {
            page if page != self.factory.table[*n].page() => true,
            Some(page) => {
                let first = page * SECTORS_A_PAGE % (self.capacity / SECTOR_BYTES);
                self.sectors.range(first..first + SECTORS_A_PAGE).next().is_some()
            }
            None => false,
        };
        // The image's view has erased bytes there, and silicon none at all.
        let is_gap = |n: &usize| self.table[*n].page().is_none() && *n < self.factory.mapped_pages;
        let changed = bits((0..PAGES).filter(is_changed));
        self.changed = changed | changed >> 1 | bits((0..PAGES).filter(is_gap));
    }
}

fn bits(pages: impl Iterator<Item = usize>) -> u128 {
    pages.fold(0, |bits, page| bits | 1 << page)
}

impl Hash for Flash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.table.hash(state);
        self.sectors.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u32 = FLASH_PAGE_BYTES;

    /// Two pages, of ones and of twos, that are mapped to pages 0 and 1.
    fn flash() -> Flash {
        let bytes: Vec<u8> = (0..2 * PAGE).map(|at| 1 + (at / PAGE) as u8).collect();
        let table = Arc::new(table_from(0, 2));
        Flash::new(Contents { bytes: bytes.into(), table, mapped_pages: 2 })
    }

    fn first(flash: &Flash, offset: u32) -> Option<u8> {
        flash.mapped(offset).map(|bytes| bytes[0])
    }

    #[test]
    fn a_page_that_the_boot_chain_left_out_is_looked_for_in_vain() {
        let mut table = table_from(0, 3);
        table[1] = Entry::NONE;
        let bytes = vec![0; 3 * PAGE as usize].into();
        let flash = Flash::new(Contents { bytes, table: Arc::new(table), mapped_pages: 3 });
        assert_eq!([0, 1, 2].map(|page| flash.is_changed(page * PAGE)), [false, true, false]);
        assert_eq!(first(&flash, PAGE), None);
    }

    #[test]
    fn an_entry_shows_another_page_and_an_invalid_one_nothing() {
        let mut flash = flash();
        assert_eq!([0, PAGE, 2 * PAGE].map(|at| first(&flash, at)), [Some(1), Some(2), None]);
        flash.set_entry(TABLE.start + 4 * 5, 1);
        assert_eq!(first(&flash, 5 * PAGE), Some(2));
        assert_eq!(flash.entry(TABLE.start + 4 * 5), 1);
        flash.set_entry(TABLE.start, 1 << 8 | 7);
        assert_eq!(first(&flash, 0), None);
        flash.reset();
        assert_eq!([0, 5 * PAGE].map(|at| first(&flash, at)), [Some(1), None]);
    }

    #[test]
    fn writing_clears_bits_and_erasing_sets_them() {
        let mut flash = flash();
        let at = PAGE + SECTOR_BYTES + 3;
        flash.program(at, 0xFD);
        assert_eq!(flash.stored(at)[0], 0);
        assert_eq!(flash.stored(at + 1)[0], 2, "the rest of the sector is as it was");
        flash.erase(at / SECTOR_BYTES..at / SECTOR_BYTES + 1);
        assert_eq!((flash.stored(at)[0], flash.stored(at).len()), (0xFF, 4093));
        flash.program(at, 0x5A);
        assert_eq!(first(&flash, at), Some(0x5A));
        flash.reset();
        assert_eq!(first(&flash, at), Some(0x5A), "a reset keeps it");
    }

    #[test]
    fn the_chip_has_more_than_the_image_and_addresses_wrap() {
        let flash = flash();
        assert_eq!(flash.capacity(), 4 << 20);
        assert_eq!(flash.stored(3 << 20)[0], 0xFF);
        assert_eq!(flash.stored((4 << 20) + PAGE)[0], 2);
    }

    #[test]
    fn a_change_is_noticed_in_its_page_and_the_one_before() {
        let mut flash = flash();
        let changed = |flash: &Flash| [0, 1, 2].map(|page| flash.is_changed(page * PAGE));
        assert_eq!(changed(&flash), [false; 3]);
        flash.erase(SECTORS_A_PAGE..SECTORS_A_PAGE + 1);
        assert_eq!(changed(&flash), [true, true, false]);
        assert_eq!(flash.unchanged_run(2 * PAGE), (2 * PAGE, 128 * PAGE));
        let mut three = Flash::new(Contents {
            bytes: vec![0; 4 * PAGE as usize].into(),
            table: Arc::new(table_from(0, PAGES)),
            mapped_pages: PAGES,
        });
        assert_eq!(three.unchanged_run(PAGE), (0, u32::MAX));
        three.set_entry(TABLE.start + 4 * 3, 9);
        assert_eq!(three.unchanged_run(PAGE), (0, 2 * PAGE));
        assert_eq!(three.unchanged_run(9 * PAGE), (4 * PAGE, 128 * PAGE));
    }
}
