//! A firmware image from a file, checked before anything is launched with it.

use std::path::{Path, PathBuf};

use ramscope_engine::{Chip, Image, ImageError};
use sha2::{Digest, Sha256};

/// The ELF section that lists the programs of an image: one name a line.
const PROGRAMS_SECTION: &str = ".ramscope.programs";

/// An image that can run, and what it says about itself.
#[derive(Clone, Debug)]
pub struct Firmware {
    /// The file it came from.
    pub path: PathBuf,
    /// The file's bytes: an ELF file brings symbols and the list of programs, others do not.
    pub elf: Vec<u8>,
    /// The SHA-256 of the file's bytes, as hex digits.
    pub hash: String,
    /// The image.
    pub image: Image,
    /// The programs that it holds; `None` if it does not say.
    pub programs: Option<Vec<String>>,
}

/// Why a file is not a firmware image that can run here.
#[derive(Debug, thiserror::Error)]
pub enum FirmwareError {
    /// The file cannot be read.
    #[error("the image {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a whole image for this chip.
    #[error("the image {} cannot run on the built-in ESP32-C3", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ImageError,
    },
}

impl Firmware {
    /// Whether the machine that it is for has pins.
    #[must_use]
    pub fn has_pins(&self) -> bool {
        self.image.chip() == Chip::Esp32c3
    }

    /// Reads and checks an image: an ELF file, an ESP-IDF image (an app, or a whole flash), or a
    /// flash image for direct boot, told apart by what they begin with.
    ///
    /// # Errors
    /// If the file cannot be read, or is no whole image for this chip.
    pub fn read(path: &Path) -> Result<Self, FirmwareError> {
        let elf = std::fs::read(path)
            .map_err(|source| FirmwareError::Unreadable { path: path.to_owned(), source })?;
        Self::from_bytes(path, elf)
    }

    /// Checks the bytes of an image; `path` is for messages.
    ///
    /// # Errors
    /// If they are no whole image for this chip.
    pub fn from_bytes(path: &Path, elf: Vec<u8>) -> Result<Self, FirmwareError> {
        let image = Image::from_file_bytes(&elf)
            .map_err(|source| FirmwareError::Unusable { path: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            programs: image.section(PROGRAMS_SECTION).map(names),
            hash: hex(&Sha256::digest(&elf)),
            image,
            elf,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names in a list of one name a line. Padding of the linker counts as a line's end.
fn names(section: &[u8]) -> Vec<String> {
    section
        .split(|&byte| byte == b'\n' || byte == 0)
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_between_names_is_no_name() {
        assert_eq!(names(b"blink\ncounting\n\0\0heap\n"), ["blink", "counting", "heap"]);
    }
}
