//! Writes ESP-IDF images.

use sha2::{Digest, Sha256};

/// Where an app stands in flash.
pub(crate) const APP_OFFSET: usize = 0x1_0000;

/// An app: the header's entry and chip, and segments with their addresses.
pub(crate) struct App {
    pub(crate) entry: u32,
    pub(crate) chip: u16,
    pub(crate) segments: Vec<(u32, Vec<u8>)>,
    pub(crate) has_hash: bool,
}

fn is_mapped(address: u32) -> bool {
    (0x3C00_0000..0x3C80_0000).contains(&address) || (0x4200_0000..0x4280_0000).contains(&address)
}

impl App {
    pub(crate) fn new(entry: u32, segments: Vec<(u32, Vec<u8>)>) -> Self {
        Self { entry, chip: 5, segments, has_hash: true }
    }

    /// The app alone. Segments that are mapped are moved to their place of a flash page by
    /// segments with address 0, as ESP-IDF's tools do.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut image = vec![0; 24];
        let mut count = 0;
        let mut sum = 0xEF;
        let mut push = |image: &mut Vec<u8>, address: u32, bytes: &[u8]| {
            image.extend(address.to_le_bytes());
            image.extend((bytes.len() as u32).to_le_bytes());
            image.extend(bytes);
            sum = bytes.iter().fold(sum, |sum, byte| sum ^ byte);
            count += 1;
        };
        for (address, bytes) in &self.segments {
            let place = |image: &Vec<u8>| (APP_OFFSET + image.len() + 8) % 0x1_0000;
            let wanted = *address as usize % 0x1_0000;
            if is_mapped(*address) && place(&image) != wanted {
                let padding = (wanted + 0x2_0000 - place(&image) - 8) % 0x1_0000;
                push(&mut image, 0, &vec![0; padding]);
            }
            push(&mut image, *address, bytes);
        }
        image[0] = 0xE9;
        image[1] = count;
        image[4..8].copy_from_slice(&self.entry.to_le_bytes());
        image[12..14].copy_from_slice(&self.chip.to_le_bytes());
        image[23] = u8::from(self.has_hash);
        image.resize((image.len() + 1).next_multiple_of(16) - 1, 0);
        image.push(sum);
        if self.has_hash {
            let hash = Sha256::digest(&image);
            image.extend(hash);
        }
        image
    }

    /// A whole flash: something for a bootloader, a partition table, and the app.
    pub(crate) fn write_flash(&self) -> Vec<u8> {
        let mut flash = vec![0xFF; APP_OFFSET];
        flash[0] = 0xE9;
        let partitions =
            [(1_u8, 2_u8, 0x9000_u32, 0x6000_u32), (0, 0, APP_OFFSET as u32, 0x10_0000)];
        for (n, (kind, subtype, offset, bytes)) in partitions.into_iter().enumerate() {
            let entry = &mut flash[0x8000 + 32 * n..][..32];
            entry.fill(0);
            entry[..4].copy_from_slice(&[0xAA, 0x50, kind, subtype]);
            entry[4..8].copy_from_slice(&offset.to_le_bytes());
            entry[8..12].copy_from_slice(&bytes.to_le_bytes());
        }
        flash.extend(self.write());
        flash
    }
}
