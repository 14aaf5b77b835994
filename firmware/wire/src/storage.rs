//! The read-only file system of an image: what `ramscope build` writes and the kernel reads.
//!
//! The modules that programs import lie in flash, behind the code. All that the loader needs is a
//! file by its name, its size, and whether it is whole; so the form is a directory and the files, one
//! after the other, little-endian and word-aligned:
//!
//! | offset | what |
//! |---|---|
//! | 0 | `RSFS` |
//! | 4 | version of the form, u16: 1 |
//! | 6 | number of files, u16 |
//! | 8 | length of everything in bytes, u32 |
//! | 12 | CRC-32 of the directory, u32 |
//! | 16 | the directory: 32 bytes a file: name (20 bytes, zeros behind it), offset u32, length u32, CRC-32 of the file u32 |
//!
//! Invariants:
//! 1. A [`Storage`] that exists has a whole directory, whose files lie within it.
//! 2. No bytes make the reader panic.

use crate::crc::crc32;

/// The longest name of a file.
pub const FILE_NAME_BYTES_MAX: usize = 20;
/// What stands before the directory.
pub const HEADER_BYTES: usize = 16;
/// What a file takes in the directory.
pub const ENTRY_BYTES: usize = 32;

const MAGIC: &[u8; 4] = b"RSFS";
const VERSION: u16 = 1;

/// The checksum of a file, and of the directory: CRC-32 as in zlib.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32(bytes.iter().copied())
}

/// Why bytes are no file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStorage {
    /// They do not begin as one.
    Absent,
    /// Its form is a later one.
    OtherVersion,
    /// They are not all there, or something wrote over them.
    Damaged,
}

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
    /// What [`checksum`] of its bytes must be.
    pub checksum: u32,
}

/// A file system.
#[derive(Clone, Copy, Debug)]
pub struct Storage<'a> {
    bytes: &'a [u8],
    files: usize,
}

impl<'a> Storage<'a> {
    /// The file system at the start of some bytes.
    ///
    /// # Errors
    /// [`NoStorage`] if there is none that is whole.
    pub fn open(bytes: &'a [u8]) -> Result<Self, NoStorage> {
        if bytes.get(..4) != Some(MAGIC) {
            return Err(NoStorage::Absent);
        }
        match half(bytes, 4) {
            Some(VERSION) => {}
            Some(_) => return Err(NoStorage::OtherVersion),
            None => return Err(NoStorage::Damaged),
        }
        Self::whole(bytes).ok_or(NoStorage::Damaged)
    }

    fn whole(bytes: &'a [u8]) -> Option<Self> {
        let files = usize::from(half(bytes, 6)?);
        let bytes = bytes.get(..word(bytes, 8)? as usize)?;
        let directory = bytes.get(HEADER_BYTES..HEADER_BYTES + files * ENTRY_BYTES)?;
        let storage = Self { bytes, files };
        let is_whole = checksum(directory) == word(bytes, 12)?
            && (0..files).all(|index| storage.file(index).is_some());
        is_whole.then_some(storage)
    }

    /// All of it.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The files, in the order of the directory.
    pub fn files(&self) -> impl Iterator<Item = File<'a>> {
        let storage = *self;
        (0..self.files).filter_map(move |index| storage.file(index))
    }

    /// The file of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<File<'a>> {
        self.files().find(|file| file.name == name)
    }

    fn file(&self, index: usize) -> Option<File<'a>> {
        let at = HEADER_BYTES + index * ENTRY_BYTES;
        let entry = self.bytes.get(at..at + ENTRY_BYTES)?;
        let name = &entry[..FILE_NAME_BYTES_MAX];
        let length = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        let name = core::str::from_utf8(&name[..length]).ok()?;
        let from = word(entry, 20)? as usize;
        let bytes = self.bytes.get(from..from.checked_add(word(entry, 24)? as usize)?)?;
        Some(File { name, bytes, checksum: word(entry, 28)? })
    }
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// A file cannot be in a file system.
#[cfg(feature = "std")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadName(pub std::string::String);

/// The file system with these files, in this order.
///
/// # Errors
/// [`BadName`] if a name is empty, too long, has a zero byte, or stands there twice.
///
/// # Panics
/// If the files have more than 4 GiB or are more than 65535.
#[cfg(feature = "std")]
pub fn write(files: &[(&str, &[u8])]) -> Result<std::vec::Vec<u8>, BadName> {
    use std::vec::Vec;
    let mut directory = Vec::new();
    let mut contents = Vec::new();
    let first = HEADER_BYTES + files.len() * ENTRY_BYTES;
    for (index, (name, bytes)) in files.iter().enumerate() {
        let is_twice = files[..index].iter().any(|(other, _)| other == name);
        let fits = (1..=FILE_NAME_BYTES_MAX).contains(&name.len()) && !name.contains('\0');
        if is_twice || !fits {
            return Err(BadName((*name).into()));
        }
        let mut padded = [0; FILE_NAME_BYTES_MAX];
        padded[..name.len()].copy_from_slice(name.as_bytes());
        directory.extend(padded);
        let words = [first + contents.len(), bytes.len(), checksum(bytes) as usize];
        directory.extend(words.into_iter().flat_map(little));
        contents.extend(*bytes);
        contents.resize(contents.len().next_multiple_of(4), 0);
    }
    let count = u16::try_from(files.len()).expect("fewer files than 65536");
    let mut storage: Vec<u8> = MAGIC.to_vec();
    storage.extend(VERSION.to_le_bytes());
    storage.extend(count.to_le_bytes());
    storage.extend(little(first + contents.len()));
    storage.extend(checksum(&directory).to_le_bytes());
    storage.extend(directory);
    storage.extend(contents);
    Ok(storage)
}

#[cfg(feature = "std")]
fn little(word: usize) -> [u8; 4] {
    u32::try_from(word).expect("less than 4 GiB").to_le_bytes()
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn two() -> Vec<u8> {
        write(&[("bot", b"seven b"), ("sysfont", &[])]).expect("the names fit")
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = two();
        let storage = Storage::open(&bytes).unwrap();
        let files: Vec<_> = storage.files().map(|file| (file.name, file.bytes)).collect();
        assert_eq!(files, [("bot", &b"seven b"[..]), ("sysfont", &[])]);
        let file = storage.find("bot").unwrap();
        assert_eq!(checksum(file.bytes), file.checksum);
        assert_eq!(storage.find("bo"), None);
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        for names in [&[""][..], &["a name longer than 20"], &["a", "a"], &["a\0b"]] {
            let files: Vec<_> = names.iter().map(|name| (*name, &b""[..])).collect();
            assert!(write(&files).is_err(), "{names:?}");
        }
    }

    #[test]
    fn no_damage_makes_the_reader_panic_and_damage_to_the_directory_is_noticed() {
        let bytes = two();
        for cut in 0..bytes.len() {
            assert!(Storage::open(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..HEADER_BYTES + 2 * ENTRY_BYTES {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let opened = Storage::open(&damaged);
                assert!(opened.is_err(), "bit {bit} of byte {at}: {opened:?}");
            }
        }
    }

    #[test]
    fn other_bytes_are_no_file_system() {
        assert_eq!(Storage::open(b"").unwrap_err(), NoStorage::Absent);
        let mut later = two();
        later[4] = 2;
        assert_eq!(Storage::open(&later).unwrap_err(), NoStorage::OtherVersion);
    }
}
