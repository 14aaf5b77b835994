//! The file: a magic, a version, then chunks that each stand for themselves.
//!
//! ```text
//! magic     12 bytes  89 "ramscope" 0D 0A 1A
//! version   u32       2
//! chunk     { kind: u8, stream: u8, codec: u8, 0: u8, stored: u32, plain: u32, instant: u64,
//!             crc: u32, bytes[stored] }
//! ...
//! ```
//!
//! All numbers are little-endian. `crc` is the CRC-32 of zlib over the header before it and the
//! stored bytes. `codec` is 0 for bytes as they are and 1 for an LZ4 block of `plain` bytes. Kinds
//! are 1 device, 2 host (JSON), 3 end (the 32 bytes of the device hash), 4 closing (JSON); a reader
//! skips others by their length. A device chunk of more than [`PLAIN_BYTES_MAX`] bytes is written in
//! pieces, which have the same stream and instant and so are one chunk again for the reader.
//!
//! A run may be killed at any moment. So the host part, without which nothing can be judged, stands
//! first; device chunks follow as the run goes; what is only known afterwards stands in the closing,
//! and the end chunk comes last. Format 1 was the same without a closing and with the host part
//! before the end; it is still read.

use core::fmt;

use ramscope_time::Instant;

mod reader;
mod writer;

pub(crate) use reader::read;
pub use writer::FileWriter;

/// The version of the format that this crate writes.
pub const FORMAT_VERSION: u32 = 2;
/// The oldest version of the format that this crate reads.
pub const FORMAT_VERSION_MIN: u32 = 1;

/// Like PNG's: it tells a file that a transfer as text has changed.
const MAGIC: [u8; 12] = *b"\x89ramscope\r\n\x1a";
const CHUNK_HEADER_BYTES: usize = 24;
/// The most plain bytes of a chunk in the file, so that no length makes a reader take much memory.
const PLAIN_BYTES_MAX: usize = 1 << 20;
/// The most plain bytes that a reader takes from a file, whatever it was compressed from.
const FILE_PLAIN_BYTES_MAX: usize = 1 << 30;

const KIND_DEVICE: u8 = 1;
const KIND_HOST: u8 = 2;
const KIND_END: u8 = 3;
const KIND_CLOSING: u8 = 4;
const CODEC_PLAIN: u8 = 0;
const CODEC_LZ4: u8 = 1;

/// The header of a chunk in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ChunkHeader {
    kind: u8,
    stream: u8,
    codec: u8,
    stored: usize,
    plain: usize,
    instant: Instant,
}

impl ChunkHeader {
    /// Everything but the checksum.
    fn to_bytes(self) -> [u8; CHUNK_HEADER_BYTES - 4] {
        let mut bytes = [0; CHUNK_HEADER_BYTES - 4];
        bytes[..3].copy_from_slice(&[self.kind, self.stream, self.codec]);
        bytes[4..8].copy_from_slice(&(self.stored as u32).to_le_bytes());
        bytes[8..12].copy_from_slice(&(self.plain as u32).to_le_bytes());
        bytes[12..].copy_from_slice(&self.instant.as_picos().to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; CHUNK_HEADER_BYTES - 4]) -> Self {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let instant = u64::from(word(12)) | u64::from(word(16)) << 32;
        Self {
            kind: bytes[0],
            stream: bytes[1],
            codec: bytes[2],
            stored: word(4) as usize,
            plain: word(8) as usize,
            instant: Instant::from_picos(instant),
        }
    }

    /// Whether a writer could have written it. An LZ4 block is never more than 255 times smaller
    /// than what it holds.
    const fn is_plausible(&self) -> bool {
        self.kind >= KIND_DEVICE
            && self.plain <= PLAIN_BYTES_MAX
            && match self.codec {
                CODEC_PLAIN => self.plain == self.stored,
                CODEC_LZ4 => self.stored < self.plain && self.plain <= self.stored * 255 + 64,
                _ => false,
            }
    }
}

fn checksum(header: &[u8; CHUNK_HEADER_BYTES - 4], stored: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(header);
    crc.update(stored);
    crc.finalize()
}

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It begins otherwise.
    #[error("not a ramscope capture")]
    NotACapture,
    /// It is of another version.
    #[error(
        "capture format {found}, but this ramscope reads formats {FORMAT_VERSION_MIN} to \
         {FORMAT_VERSION}"
    )]
    OtherVersion {
        /// Its version.
        found: u32,
    },
    /// It could not be read.
    #[error("capture cannot be read")]
    Io(#[from] std::io::Error),
}

/// What is wrong with a capture: the first thing, and how much of the file could not be read in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where in the file the first thing is.
    pub at_offset: u64,
    /// What is wrong there.
    pub kind: DamageKind,
    /// The instant of the last device chunk before it, if there is one.
    pub after: Option<Instant>,
    /// Bytes of the file that could not be read, in all places.
    pub lost_bytes: u64,
    /// In how many places something is wrong.
    pub places: u32,
}

/// What is wrong with a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageKind {
    /// The file ends within a chunk.
    #[error("the file ends within a chunk, and what came later is lost")]
    CutChunk,
    /// The file ends without its last chunk.
    #[error("the file ends before the run did, and what came later is lost")]
    NoEnd,
    /// A chunk does not have its checksum.
    #[error("a chunk is damaged and left out")]
    Checksum,
    /// A chunk has its checksum, but cannot be read.
    #[error("a chunk cannot be read and is left out")]
    Content,
    /// The device part does not have its hash.
    #[error("the device part does not have its hash: something was changed or taken out")]
    Hash,
    /// Something follows the last chunk.
    #[error("something follows the last chunk and is left out")]
    Trailing,
    /// The file holds more than a reader takes.
    #[error("the file holds more than {} MiB, and what follows is left out", FILE_PLAIN_BYTES_MAX >> 20)]
    TooMuch,
}

/// `at byte 4311, after 1.204 s of device time: a chunk is damaged and left out (312 bytes lost)`.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}", self.at_offset)?;
        if let Some(after) = self.after {
            write!(f, ", after {after} of device time")?;
        }
        write!(f, ": {}", self.kind)?;
        match (self.places, self.lost_bytes) {
            (0 | 1, 0) => Ok(()),
            (0 | 1, lost) => write!(f, " ({lost} bytes of the file)"),
            (places, lost) => {
                write!(f, " (the first of {places} places; {lost} bytes of the file in all)")
            }
        }
    }
}
