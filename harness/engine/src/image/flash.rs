//! Direct-boot flash images.
//!
//! The ROM of the chip (from revision v0.3) starts flash that begins with a magic word twice
//! without any boot loader: it maps the flash from its start and jumps behind the magic.

use super::ImageError;
use crate::memory::{FLASH_PAGE_BYTES, FLASH_TEXT, FLASH_WINDOW_BYTES};

/// The word that stands twice at the start.
const MAGIC: [u8; 4] = 0xAEDB_041D_u32.to_le_bytes();
/// Where the ROM jumps to.
pub(super) const ENTRY: u32 = FLASH_TEXT + 8;
const FLASH_BYTES_MAX: usize = 16 << 20;

/// The mapped flash: what the window shows, without erased pages at the end.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<u8>, ImageError> {
    if !has_magic(bytes) {
        return Err(ImageError::NotDirectBoot);
    }
    if bytes.len() > FLASH_BYTES_MAX {
        return Err(ImageError::FlashTooLarge { bytes: bytes.len() as u64 });
    }
    let mapped = &bytes[..bytes.len().min(FLASH_WINDOW_BYTES as usize)];
    let used = mapped.iter().rposition(|&byte| byte != 0xFF).map_or(0, |last| last + 1);
    let mut flash = mapped[..used].to_vec();
    fill_page(&mut flash);
    Ok(flash)
}

/// Whether the magic word stands twice at the start.
pub(super) fn has_magic(bytes: &[u8]) -> bool {
    bytes.get(..4) == Some(&MAGIC) && bytes.get(4..8) == Some(&MAGIC)
}

/// Fills the last page as erased flash reads.
pub(super) fn fill_page(flash: &mut Vec<u8>) {
    let whole = flash.len().next_multiple_of(FLASH_PAGE_BYTES as usize);
    flash.resize(whole, 0xFF);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;

    fn magic_twice() -> Vec<u8> {
        [MAGIC, MAGIC].concat()
    }

    #[test]
    fn flash_without_the_magic_is_refused() {
        for bytes in [&[][..], &MAGIC, &[0xFF; 64]] {
            let found = Image::from_flash(bytes).map(|_| ());
            assert_eq!(found, Err(ImageError::NotDirectBoot));
        }
    }

    #[test]
    fn erased_pages_at_the_end_are_left_out() {
        let mut bytes = magic_twice();
        bytes.resize(4 << 20, 0xFF);
        assert_eq!(read(&bytes).unwrap().len(), FLASH_PAGE_BYTES as usize);
        assert_eq!(Image::from_flash(&bytes).unwrap().entry(), 0x4200_0008);
    }

    #[test]
    fn more_flash_than_the_chip_addresses_is_refused() {
        let mut bytes = magic_twice();
        bytes.resize((16 << 20) + 1, 0xFF);
        assert_eq!(read(&bytes), Err(ImageError::FlashTooLarge { bytes: (16 << 20) + 1 }));
    }
}
