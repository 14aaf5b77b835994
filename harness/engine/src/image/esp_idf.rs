//! ESP-IDF images: an app alone, or the whole flash with bootloader, partition table and app.
//!
//! The bootloader's work is done here. Segments that are meant for the flash windows are mapped in
//! pages of 64 KiB: both windows go through one table of 128 pages, so the page of the window and
//! the page of the flash may differ, but not the place in the page. Segments that are meant for RAM
//! are copied. An app alone is taken to stand at 0x1_0000, where ESP-IDF's tools write it, behind
//! their usual partition table.
//!
//! Formats: ESP-IDF's programming guide, "App Image Format" and "Partition Tables".

use super::ImageError;
use super::flash::fill_page;
use super::partitions::{self, ENTRY_BYTES, ENTRY_MAGIC};
use crate::memory::flash::{Entry, PAGES, Table};
use crate::memory::{self, FLASH_PAGE_BYTES, Place};
use sha2::{Digest, Sha256};

/// The first byte of an app, and of the bootloader.
pub(super) const MAGIC: u8 = 0xE9;
const HEADER_BYTES: usize = 24;
const CHIP_ESP32C3: u16 = 5;
const CHECKSUM_START: u8 = 0xEF;
const HASH_BYTES: usize = 32;
const SEGMENTS_MAX: u8 = 16;

const PARTITIONS_MAX: usize = 95;
const APP_PARTITION: u8 = 0;
const FLASH_BYTES_MAX: usize = 16 << 20;

/// What the bootloader makes of an image.
pub(super) struct Parts {
    pub(super) entry: u32,
    /// The windows' bytes.
    pub(super) mapped: Vec<u8>,
    /// The flash chip's bytes.
    pub(super) flash: Vec<u8>,
    /// How the windows' pages lead there.
    pub(super) table: Table,
    pub(super) ram: Vec<(u32, Vec<u8>)>,
}

/// Reads an app or a whole flash.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, ImageError> {
    if bytes.len() > FLASH_BYTES_MAX {
        return Err(ImageError::FlashTooLarge { bytes: bytes.len() as u64 });
    }
    if bytes.first() != Some(&MAGIC) {
        return Err(ImageError::NotEspIdf);
    }
    if let Some(table) = partition_table(bytes) {
        let app = app_partition(table).ok_or(ImageError::NoAppPartition)?;
        return boot(bytes.to_vec(), app);
    }
    let mut flash = partitions::before_app();
    flash.extend_from_slice(bytes);
    boot(flash, partitions::APP)
}

/// The partition table of a whole flash; an app has none at this place.
fn partition_table(bytes: &[u8]) -> Option<&[u8]> {
    let table = bytes.get(partitions::TABLE..)?;
    table.starts_with(&ENTRY_MAGIC).then_some(table)
}

/// Where the factory app stands, or the first other one: which update is active is not looked at.
fn app_partition(table: &[u8]) -> Option<usize> {
    table
        .chunks_exact(ENTRY_BYTES)
        .take(PARTITIONS_MAX)
        .take_while(|entry| entry.starts_with(&ENTRY_MAGIC))
        .filter(|entry| entry[2] == APP_PARTITION)
        .min_by_key(|entry| entry[3])
        .map(|entry| word(&entry[4..8]) as usize)
}

fn boot(flash: Vec<u8>, at: usize) -> Result<Parts, ImageError> {
    let app = App { flash: &flash, at };
    let header = app.bytes(at, HEADER_BYTES, "the app's header")?;
    if header[0] != MAGIC {
        return Err(ImageError::NotEspIdf);
    }
    let chip = u16::from_le_bytes([header[12], header[13]]);
    if chip != CHIP_ESP32C3 {
        return Err(ImageError::WrongChip { found: chip });
    }
    if header[1] == 0 || header[1] > SEGMENTS_MAX {
        return Err(ImageError::CorruptApp(format!("it has {} segments", header[1])));
    }
    let (entry, count, has_hash) = (word(&header[4..8]), header[1], header[23] == 1);
    let segments = app.segments(count)?;
    app.check(&segments, has_hash)?;
    let table = [Entry::NONE; PAGES];
    let mut parts = Parts { entry, mapped: Vec::new(), flash: Vec::new(), table, ram: Vec::new() };
    for segment in &segments {
        place(segment, &flash, &mut parts)?;
    }
    parts.flash = flash;
    Ok(parts)
}

/// Where a segment goes, and where it stands in flash.
struct Segment {
    address: u32,
    start: usize,
    bytes: usize,
}

/// An app that begins at `at`.
struct App<'a> {
    flash: &'a [u8],
    at: usize,
}

impl App<'_> {
    fn bytes(&self, start: usize, count: usize, what: &str) -> Result<&[u8], ImageError> {
        self.flash.get(start..start.saturating_add(count)).ok_or(ImageError::Truncated {
            what: what.into(),
            needed: start.saturating_add(count).saturating_sub(self.at) as u64,
            bytes: self.flash.len().saturating_sub(self.at) as u64,
        })
    }

    fn segments(&self, count: u8) -> Result<Vec<Segment>, ImageError> {
        let mut start = self.at + HEADER_BYTES;
        let mut segments = Vec::new();
        for n in 0..count {
            let header = self.bytes(start, 8, &format!("the header of segment {n}"))?;
            let (address, bytes) = (word(&header[..4]), word(&header[4..]) as usize);
            self.bytes(start + 8, bytes, &format!("segment {n}"))?;
            segments.push(Segment { address, start: start + 8, bytes });
            start += 8 + bytes;
        }
        Ok(segments)
    }

    /// The checksum is the last byte of sixteen; a hash of all that may follow.
    fn check(&self, segments: &[Segment], has_hash: bool) -> Result<(), ImageError> {
        let end = segments.last().map_or(self.at, |last| last.start + last.bytes);
        let end = self.at + (end - self.at + 1).next_multiple_of(16);
        let found = self.bytes(end - 1, 1, "the checksum")?[0];
        let bytes = segments.iter().flat_map(|s| &self.flash[s.start..s.start + s.bytes]);
        let expected = bytes.fold(CHECKSUM_START, |sum, byte| sum ^ byte);
        if found != expected {
            return Err(ImageError::CorruptApp(format!(
                "its checksum is {found:#04x}, and its segments give {expected:#04x}"
            )));
        }
        let hash = if has_hash { self.bytes(end, HASH_BYTES, "the hash")? } else { &[] };
        if has_hash && hash != Sha256::digest(&self.flash[self.at..end]).as_slice() {
            return Err(ImageError::CorruptApp("its hash does not match".into()));
        }
        Ok(())
    }
}

/// Maps or copies a segment; one with address 0 is only there to move the next.
fn place(segment: &Segment, flash: &[u8], parts: &mut Parts) -> Result<(), ImageError> {
    let Segment { address, start, bytes } = *segment;
    if address == 0 || bytes == 0 {
        return Ok(());
    }
    if !memory::is_one_place(address, bytes as u32) {
        return Err(ImageError::OutsideMemory { address, bytes: bytes as u32 });
    }
    match memory::place(address).expect("it lies in one place") {
        Place::Ram(offset) => {
            parts.ram.push((offset, flash[start..start + bytes].to_vec()));
            Ok(())
        }
        Place::Flash(offset) => map(segment, offset as usize, flash, parts),
    }
}

/// Shows the flash's pages with the segment at the window's pages.
fn map(
    segment: &Segment,
    offset: usize,
    flash: &[u8],
    parts: &mut Parts,
) -> Result<(), ImageError> {
    const PAGE: usize = FLASH_PAGE_BYTES as usize;
    if offset % PAGE != segment.start % PAGE {
        return Err(ImageError::CorruptApp(format!(
            "the segment for {:#010x} does not stand at the same place of a flash page",
            segment.address
        )));
    }
    let first = offset - offset % PAGE;
    let end = (offset + segment.bytes).next_multiple_of(PAGE);
    let mapped = &mut parts.mapped;
    if mapped.len() < end {
        mapped.resize(end, 0xFF);
    }
    let from = segment.start - segment.start % PAGE;
    let available = (flash.len() - from).min(end - first);
    mapped[first..first + available].copy_from_slice(&flash[from..from + available]);
    fill_page(mapped);
    for (n, page) in (first / PAGE..end / PAGE).enumerate() {
        parts.table[page] = Entry::to(from / PAGE + n);
    }
    Ok(())
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
