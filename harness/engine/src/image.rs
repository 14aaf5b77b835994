//! A firmware image, checked once.
//!
//! An image is where the bytes of a program go, and where it starts. Reading it is the only place
//! where bytes from outside are trusted or not, so every doubt is settled here: an [`Image`] that
//! exists can be run, and no input makes the reader panic.
//!
//! How an ELF file is loaded:
//! 1. Segments go to their physical addresses, as in QEMU's loader and on flash; a segment whose
//!    physical address is nowhere goes to its virtual address. Start-up code copies `.data`.
//! 2. Only bytes of the file are loaded. What the file does not hold (`.bss`, stacks) is not
//!    cleared, because no boot chain clears it.
//! 3. An ELF file with an ESP-IDF app descriptor (section `.flash.appdesc`) is started as ESP-IDF's
//!    bootloader would start it, any other as direct boot would.
//! 4. Segments in RAM are put back after every reset but one of the CPU alone, as the second-stage
//!    bootloader does; they are the file's, whatever has become of the flash meanwhile.
//! 5. Flash begins with what the windows show, or, for what ESP-IDF's bootloader starts, with a
//!    partition table and the app at 0x1_0000, where ESP-IDF's tools write it.

mod elf;
mod esp_idf;
mod flash;
mod partitions;
mod symbols;

use crate::boot::Boot;
use crate::code::FlashCode;
use crate::memory::flash::{SECTOR_BYTES, Table, table_from};
use crate::memory::{Contents, FLASH_PAGE_BYTES, Layout, Place};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use symbols::Symbols;

/// The section in which esp-rs programs for ESP-IDF's bootloader describe themselves.
const APP_DESCRIPTOR: &str = ".flash.appdesc";

/// A firmware image: parsed once, cheap to clone.
#[derive(Clone, Debug)]
pub struct Image {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    boot: Boot,
    entry: u32,
    layout: Layout,
    /// What the flash windows show.
    mapped: Arc<[u8]>,
    /// What the flash chip holds, and how it is mapped.
    flash: Contents,
    code: Arc<FlashCode>,
    /// Offset into RAM and the bytes that go there.
    ram: Vec<(u32, Vec<u8>)>,
    /// Those of an ELF file; others have none.
    sections: BTreeMap<String, Vec<u8>>,
    symbols: Symbols,
    build_id: Option<Vec<u8>>,
}

/// A machine that images are linked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Chip {
    /// Espressif's ESP32-C3.
    Esp32c3,
    /// The `virt` machine of QEMU.
    Virt,
}

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Chip::Esp32c3 => "esp32c3",
            Chip::Virt => "virt",
        })
    }
}

/// Why bytes are not an image that this machine can run.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The ELF magic is missing.
    #[error("not an ELF file: it does not start with the ELF magic number")]
    NotElf,
    /// The ELF file is for another processor.
    #[error("the ELF file is for {found}, but the ESP32-C3 is 32-bit RISC-V")]
    WrongMachine {
        /// The processor's name.
        found: String,
    },
    /// A RISC-V ELF file of 64 bits.
    #[error("the ELF file is for 64-bit RISC-V, but the ESP32-C3 is 32-bit")]
    Not32Bit,
    /// The ELF file is not little-endian.
    #[error("the ELF file is big-endian, but the ESP32-C3 is little-endian")]
    BigEndian,
    /// The ELF file is an object or a library, not an executable.
    #[error("the ELF file is not an executable: it has type {found}, and an executable has type 2")]
    NotExecutable {
        /// e_type of the ELF header.
        found: u16,
    },
    /// The file ends before something that it promises.
    #[error("the file is truncated: {what} ends at byte {needed}, but the file has {bytes} bytes")]
    Truncated {
        /// What was cut off.
        what: String,
        /// Where it should end.
        needed: u64,
        /// The file's length.
        bytes: u64,
    },
    /// No segment has bytes to load.
    #[error("the ELF file has nothing to load: no segment holds bytes")]
    NoLoadableSegment,
    /// A segment lies where the chip has no memory.
    #[error("a segment of {bytes} bytes at {address:#010x} lies outside the chip's memory")]
    OutsideMemory {
        /// Where the segment should go.
        address: u32,
        /// Its length.
        bytes: u32,
    },
    /// The entry point is not in memory that can be executed.
    #[error("the entry point {address:#010x} is not in memory that can be executed")]
    EntryOutsideMemory {
        /// The entry point.
        address: u32,
    },
    /// A table of the file makes no sense.
    #[error("the ELF file is corrupt: {0}")]
    Corrupt(String),
    /// The flash image does not start with the direct-boot magic twice.
    #[error("not a direct-boot image: it does not start with 0xaedb041d twice")]
    NotDirectBoot,
    /// The bytes do not start as an ESP-IDF app does.
    #[error("not an ESP-IDF image: it does not start with 0xe9")]
    NotEspIdf,
    /// The ESP-IDF app is for another chip.
    #[error("the ESP-IDF app is for chip number {found}, but the ESP32-C3 is number 5")]
    WrongChip {
        /// The chip's number in the header.
        found: u16,
    },
    /// The ESP-IDF app is damaged.
    #[error("the ESP-IDF app is corrupt: {0}")]
    CorruptApp(String),
    /// The partition table lists no app.
    #[error("the flash image has a partition table, but no app partition")]
    NoAppPartition,
    /// The file is of no known kind.
    #[error("neither an ELF file, nor an ESP-IDF image, nor a direct-boot flash image")]
    UnknownFormat,
    /// The flash image is larger than any flash of the chip.
    #[error("the flash image has {bytes} bytes, but the chip addresses at most 16 MiB")]
    FlashTooLarge {
        /// Its length.
        bytes: u64,
    },
}

impl Image {
    /// Reads an ELF executable: its segments go to their physical addresses.
    ///
    /// # Errors
    /// If the bytes are not a whole ELF executable for 32-bit RISC-V that fits this chip.
    pub fn from_elf(bytes: &[u8]) -> Result<Image, ImageError> {
        let parts = elf::read(bytes)?;
        let mapped: Arc<[u8]> = parts.flash.into();
        let is_app = parts.sections.contains_key(APP_DESCRIPTOR);
        let boot = if is_app { Boot::EspIdf } else { Boot::Direct };
        let image = Inner {
            boot,
            entry: parts.entry,
            layout: parts.layout,
            code: Arc::new(FlashCode::new(Arc::clone(&mapped))),
            flash: contents(boot, parts.layout, &mapped),
            mapped,
            ram: parts.ram,
            sections: parts.sections,
            symbols: parts.symbols,
            build_id: parts.build_id,
        };
        image.check_entry()?;
        Ok(Image { inner: Arc::new(image) })
    }

    /// Reads a direct-boot flash image, mapped at `0x4200_0000` and `0x3C00_0000`. The chip starts
    /// it behind the two words of magic, at `0x4200_0008`.
    ///
    /// # Errors
    /// If the bytes do not start with the direct-boot magic twice, or are more than 16 MiB.
    pub fn from_flash(bytes: &[u8]) -> Result<Image, ImageError> {
        let mapped: Arc<[u8]> = flash::read(bytes)?.into();
        let flash = contents(Boot::Direct, Layout::Esp32c3, &mapped);
        Self::without_file(Boot::Direct, flash::ENTRY, mapped, flash, Vec::new())
    }

    /// Reads an ESP-IDF image: an app alone, or a whole flash with bootloader, partition table and
    /// app. The machine starts at the app's entry, in the state that the bootloader leaves.
    ///
    /// # Errors
    /// If the bytes are not a whole app for this chip with a valid checksum and hash, or a flash
    /// image whose partition table leads to one.
    pub fn from_esp_idf(bytes: &[u8]) -> Result<Image, ImageError> {
        let parts = esp_idf::read(bytes)?;
        let flash = whole_sectors(parts.flash, parts.table, parts.mapped.len());
        let mapped = parts.mapped.into();
        Self::without_file(Boot::EspIdf, parts.entry, mapped, flash, parts.ram)
    }

    /// Reads a file of any of these kinds, which it tells apart by how it starts.
    ///
    /// # Errors
    /// If the file is of none of them, or broken.
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Image, ImageError> {
        match bytes {
            [0x7F, b'E', b'L', b'F', ..] => Self::from_elf(bytes),
            [esp_idf::MAGIC, ..] => Self::from_esp_idf(bytes),
            _ if flash::has_magic(bytes) => Self::from_flash(bytes),
            _ => Err(ImageError::UnknownFormat),
        }
    }

    fn without_file(
        boot: Boot,
        entry: u32,
        mapped: Arc<[u8]>,
        flash: Contents,
        ram: Vec<(u32, Vec<u8>)>,
    ) -> Result<Image, ImageError> {
        let image = Inner {
            boot,
            entry,
            layout: Layout::Esp32c3,
            code: Arc::new(FlashCode::new(Arc::clone(&mapped))),
            mapped,
            flash,
            ram,
            sections: BTreeMap::new(),
            symbols: Symbols::default(),
            build_id: None,
        };
        image.check_entry()?;
        Ok(Image { inner: Arc::new(image) })
    }

    /// What starts the program.
    #[must_use]
    pub fn boot(&self) -> Boot {
        self.inner.boot
    }

    /// The value of a symbol of the ELF symbol table. A flash image has none.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<u32> {
        self.inner.symbols.value(name)
    }

    /// The value of the first symbol whose name begins so: names of functions end in what changes with
    /// each build.
    #[must_use]
    pub fn symbol_beginning(&self, beginning: &str) -> Option<u32> {
        self.inner.symbols.value_beginning(beginning)
    }

    /// The bytes of a named ELF section of the program as they stand in the file. Tables of symbols and what
    /// is for debuggers are not kept.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&[u8]> {
        self.inner.sections.get(name).map(Vec::as_slice)
    }

    /// The GNU build id, if the image has one.
    #[must_use]
    pub fn build_id(&self) -> Option<&[u8]> {
        self.inner.build_id.as_deref()
    }

    /// Where the program starts.
    #[must_use]
    pub fn entry(&self) -> u32 {
        self.inner.entry
    }

    /// The machine that the program is linked for, told by its entry point.
    #[must_use]
    pub fn chip(&self) -> Chip {
        match self.inner.layout {
            Layout::Esp32c3 => Chip::Esp32c3,
            Layout::Virt => Chip::Virt,
        }
    }

    pub(crate) fn mapped_flash(&self) -> Arc<[u8]> {
        Arc::clone(&self.inner.mapped)
    }

    /// What the flash chip holds, and how it is mapped.
    pub(crate) fn flash(&self) -> Contents {
        self.inner.flash.clone()
    }

    pub(crate) fn code(&self) -> Arc<FlashCode> {
        Arc::clone(&self.inner.code)
    }

    pub(crate) fn ram_segments(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let segments = self.inner.ram.iter();
        segments.map(|(offset, bytes)| (*offset, bytes.as_slice()))
    }
}

/// The flash of a program of which only the windows' bytes are known.
fn contents(boot: Boot, layout: Layout, mapped: &Arc<[u8]>) -> Contents {
    let pages = mapped.len() / FLASH_PAGE_BYTES as usize;
    match (layout, boot) {
        (Layout::Virt, _) => Contents::none(),
        (Layout::Esp32c3, Boot::Direct) => Contents {
            bytes: Arc::clone(mapped),
            table: Arc::new(table_from(0, pages)),
            mapped_pages: pages,
        },
        (Layout::Esp32c3, Boot::EspIdf) => {
            let flash = [partitions::before_app().as_slice(), mapped].concat();
            let first = partitions::APP / FLASH_PAGE_BYTES as usize;
            whole_sectors(flash, table_from(first, pages), mapped.len())
        }
    }
}

/// Flash whose last sector is filled as erased.
fn whole_sectors(mut flash: Vec<u8>, table: Table, mapped_bytes: usize) -> Contents {
    flash.resize(flash.len().next_multiple_of(SECTOR_BYTES as usize), 0xFF);
    let mapped_pages = mapped_bytes / FLASH_PAGE_BYTES as usize;
    Contents { bytes: flash.into(), table: Arc::new(table), mapped_pages }
}

impl Inner {
    fn check_entry(&self) -> Result<(), ImageError> {
        let offset = self.entry.wrapping_sub(self.layout.flash_text());
        let in_flash = (offset as usize) < self.mapped.len();
        let in_ram = matches!(self.layout.place(self.entry), Some(Place::Ram(_)));
        if in_flash || in_ram {
            Ok(())
        } else {
            Err(ImageError::EntryOutsideMemory { address: self.entry })
        }
    }
}
