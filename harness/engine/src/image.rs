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
//! 3. Segments in RAM are put back after every reset but one of the CPU alone, as the second-stage
//!    bootloader does.

mod elf;
mod flash;

use crate::code::decode_flash;
use crate::cpu::decode::Decoded;
use crate::memory::{self, Place};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A firmware image: parsed once, cheap to clone.
#[derive(Clone, Debug)]
pub struct Image {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    entry: u32,
    flash: Arc<[u8]>,
    code: Arc<[Decoded]>,
    /// Offset into RAM and the bytes that go there.
    ram: Vec<(u32, Vec<u8>)>,
    /// The ELF file, empty for flash images.
    file: Vec<u8>,
    sections: BTreeMap<String, Range<usize>>,
    symbols: BTreeMap<String, u32>,
    build_id: Option<Range<usize>>,
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
        let image = Inner {
            entry: parts.entry,
            code: decode_flash(&parts.flash),
            flash: parts.flash.into(),
            ram: parts.ram,
            file: bytes.to_vec(),
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
        let flash = flash::read(bytes)?;
        let image = Inner {
            entry: flash::ENTRY,
            code: decode_flash(&flash),
            flash: flash.into(),
            ram: Vec::new(),
            file: Vec::new(),
            sections: BTreeMap::new(),
            symbols: BTreeMap::new(),
            build_id: None,
        };
        image.check_entry()?;
        Ok(Image { inner: Arc::new(image) })
    }

    /// The value of a symbol of the ELF symbol table. A flash image has none.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<u32> {
        self.inner.symbols.get(name).copied()
    }

    /// The bytes of a named ELF section as they stand in the file.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&[u8]> {
        let range = self.inner.sections.get(name)?;
        self.inner.file.get(range.clone())
    }

    /// The GNU build id, if the image has one.
    #[must_use]
    pub fn build_id(&self) -> Option<&[u8]> {
        let range = self.inner.build_id.as_ref()?;
        self.inner.file.get(range.clone())
    }

    /// Where the program starts.
    #[must_use]
    pub fn entry(&self) -> u32 {
        self.inner.entry
    }

    pub(crate) fn flash(&self) -> Arc<[u8]> {
        Arc::clone(&self.inner.flash)
    }

    pub(crate) fn code(&self) -> Arc<[Decoded]> {
        Arc::clone(&self.inner.code)
    }

    pub(crate) fn ram_segments(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let segments = self.inner.ram.iter();
        segments.map(|(offset, bytes)| (*offset, bytes.as_slice()))
    }
}

impl Inner {
    fn check_entry(&self) -> Result<(), ImageError> {
        let offset = self.entry.wrapping_sub(memory::FLASH_TEXT);
        let in_flash = (offset as usize) < self.flash.len();
        let in_ram = matches!(memory::place(self.entry), Some(Place::Ram(_)));
        if in_flash || in_ram {
            Ok(())
        } else {
            Err(ImageError::EntryOutsideMemory { address: self.entry })
        }
    }
}
