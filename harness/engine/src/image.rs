//! A firmware image, checked once.

/// A firmware image: parsed once, cheap to clone.
#[derive(Clone, Debug)]
pub struct Image {}

/// Why bytes are not an image that this machine can run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The ELF magic is missing.
    #[error("not an ELF file")]
    NotElf,
}

impl Image {
    /// Reads an ELF executable: its segments go to their physical addresses.
    ///
    /// # Errors
    /// If the bytes are not a whole ELF executable for 32-bit RISC-V that fits this chip.
    pub fn from_elf(_bytes: &[u8]) -> Result<Image, ImageError> {
        unimplemented!("the loader is being written")
    }

    /// Reads a direct-boot flash image, mapped at `0x4200_0000` and `0x3C00_0000`.
    ///
    /// # Errors
    /// If the bytes do not start with the direct-boot magic twice.
    pub fn from_flash(_bytes: &[u8]) -> Result<Image, ImageError> {
        unimplemented!("the loader is being written")
    }

    /// The value of a symbol of the ELF symbol table.
    #[must_use]
    pub fn symbol(&self, _name: &str) -> Option<u32> {
        unimplemented!("the loader is being written")
    }

    /// The bytes of a named ELF section.
    #[must_use]
    pub fn section(&self, _name: &str) -> Option<&[u8]> {
        unimplemented!("the loader is being written")
    }

    /// The GNU build id, if the image has one.
    #[must_use]
    pub fn build_id(&self) -> Option<&[u8]> {
        unimplemented!("the loader is being written")
    }
}
