//! Reading the file, whatever state it is in.
//!
//! A damaged chunk costs itself and no other: where its length is right the next one follows it,
//! and where it is not, the next one is looked for byte by byte.
//!
//! Invariants:
//! 1. Every chunk that is given had its checksum.
//! 2. Looking for chunks is bounded in work ([`SEARCHED_BYTES_MAX`]), as what they hold is in memory.

use std::io::Read;

use ramscope_time::Instant;

use super::{
    CHUNK_HEADER_BYTES, CODEC_LZ4, CODEC_PLAIN, CaptureError, ChunkHeader, Damage, DamageKind,
    FILE_PLAIN_BYTES_MAX, FORMAT_VERSION, FORMAT_VERSION_MIN, KIND_CLOSING, KIND_DEVICE, KIND_END,
    KIND_HOST, MAGIC, PLAIN_BYTES_MAX, checksum,
};
use crate::capture::{Capture, HostPart};
use crate::recorder::Recorder;
use crate::stream::Stream;

/// How many bytes have their checksum taken at most in search of the chunk after a damaged one.
const SEARCHED_BYTES_MAX: usize = 64 << 20;

/// Reads a capture.
pub(crate) fn read(from: &mut impl Read) -> Result<Capture, CaptureError> {
    let mut file = Vec::new();
    from.read_to_end(&mut file)?;
    let rest = file.strip_prefix(&MAGIC).ok_or(CaptureError::NotACapture)?;
    let (version, _) = rest.split_first_chunk().ok_or(CaptureError::NotACapture)?;
    match u32::from_le_bytes(*version) {
        FORMAT_VERSION_MIN..=FORMAT_VERSION => Ok(Reader::new(&file).read()),
        found => Err(CaptureError::OtherVersion { found }),
    }
}

/// A chunk as it stands in the file.
struct Stored<'a> {
    header: ChunkHeader,
    bytes: &'a [u8],
    checksum_holds: bool,
}

struct Reader<'a> {
    file: &'a [u8],
    at: usize,
    device: Recorder,
    host: Vec<u8>,
    closing: Vec<u8>,
    damage: Option<Damage>,
    /// The instant of the last device chunk.
    after: Option<Instant>,
    plain_bytes: usize,
    searched_bytes: usize,
}

impl<'a> Reader<'a> {
    fn new(file: &'a [u8]) -> Self {
        Self {
            file,
            at: MAGIC.len() + 4,
            device: Recorder::new(),
            host: Vec::new(),
            closing: Vec::new(),
            damage: None,
            after: None,
            plain_bytes: 0,
            searched_bytes: 0,
        }
    }

    fn read(mut self) -> Capture {
        let end = self.read_chunks();
        let mut capture = core::mem::take(&mut self.device).finish();
        let (host, closing) = (core::mem::take(&mut self.host), core::mem::take(&mut self.closing));
        capture.host = self.text(host);
        capture.closing = self.text(closing);
        match end {
            Some(hash) if hash == capture.device_hash().0 => {}
            Some(_) => self.note(DamageKind::Hash, 0),
            None => self.note(DamageKind::NoEnd, 0),
        }
        capture.damage = self.damage;
        capture
    }

    fn text(&mut self, bytes: Vec<u8>) -> Option<HostPart> {
        match String::from_utf8(bytes) {
            Ok(json) => (!json.is_empty()).then_some(HostPart { json }),
            Err(_) => {
                self.note(DamageKind::Content, 0);
                None
            }
        }
    }

    /// Takes chunks up to the end chunk, whose hash it gives, or as far as there are any.
    fn read_chunks(&mut self) -> Option<[u8; 32]> {
        while self.at < self.file.len() {
            let whole = stored_at(self.file, self.at).filter(|chunk| chunk.checksum_holds);
            let Some(chunk) = whole else {
                self.skip_damaged()?;
                continue;
            };
            let next = self.at + CHUNK_HEADER_BYTES + chunk.bytes.len();
            if chunk.header.kind == KIND_END {
                self.at = next;
                if next < self.file.len() {
                    self.note(DamageKind::Trailing, self.file.len() - next);
                }
                return chunk.bytes.try_into().ok();
            }
            if let Err(kind) = self.take(&chunk) {
                self.note(kind, next - self.at);
            }
            self.at = next;
        }
        None
    }

    /// Goes on at the next chunk that is whole; `None`: there is none.
    fn skip_damaged(&mut self) -> Option<()> {
        if self.searched_bytes > SEARCHED_BYTES_MAX {
            self.note(DamageKind::Checksum, self.file.len() - self.at);
            return None;
        }
        let claimed = stored_at(self.file, self.at);
        self.searched_bytes += claimed.as_ref().map_or(0, |chunk| chunk.bytes.len());
        let claimed_end =
            claimed.as_ref().map(|chunk| self.at + CHUNK_HEADER_BYTES + chunk.bytes.len());
        let next = claimed_end
            .filter(|&end| self.is_whole_at(end))
            .or_else(|| self.next_whole(self.at + 1));
        let kind = match (next, claimed) {
            (None, None) => DamageKind::CutChunk,
            _ => DamageKind::Checksum,
        };
        self.note(kind, next.unwrap_or(self.file.len()) - self.at);
        self.at = next?;
        Some(())
    }

    /// Where the next whole chunk begins.
    fn next_whole(&mut self, from: usize) -> Option<usize> {
        let last = self.file.len().saturating_sub(CHUNK_HEADER_BYTES - 1);
        (from..last).find(|&at| is_plausible_at(self.file, at) && self.is_whole_at(at))
    }

    /// Whether a whole chunk begins at an offset; no, once the search has cost enough.
    fn is_whole_at(&mut self, at: usize) -> bool {
        if self.searched_bytes > SEARCHED_BYTES_MAX {
            return false;
        }
        let chunk = stored_at(self.file, at);
        let length = chunk.as_ref().map_or(0, |chunk| chunk.bytes.len());
        self.searched_bytes += CHUNK_HEADER_BYTES + length;
        chunk.is_some_and(|chunk| chunk.checksum_holds)
    }

    fn take(&mut self, chunk: &Stored<'_>) -> Result<(), DamageKind> {
        let ChunkHeader { kind, stream, instant, .. } = chunk.header;
        if !matches!(kind, KIND_DEVICE | KIND_HOST | KIND_CLOSING) {
            return Ok(());
        }
        let plain = plain(chunk).ok_or(DamageKind::Content)?;
        self.plain_bytes += plain.len();
        if self.plain_bytes > FILE_PLAIN_BYTES_MAX {
            return Err(DamageKind::TooMuch);
        }
        match kind {
            KIND_DEVICE => {
                self.device.append(Stream::from_code(stream), instant, &plain);
                self.after = Some(instant);
            }
            KIND_HOST => self.host.extend(plain),
            _ => self.closing.extend(plain),
        }
        Ok(())
    }

    /// Notes damage at the present place; the first is the one that is told in full. That no end
    /// follows a damaged stretch is no news.
    fn note(&mut self, kind: DamageKind, lost_bytes: usize) {
        let (at_offset, after) = (self.at as u64, self.after);
        let first = Damage { at_offset, kind, after, lost_bytes: 0, places: 0 };
        let is_news = self.damage.is_none() || lost_bytes > 0;
        let damage = self.damage.get_or_insert(first);
        damage.places += u32::from(is_news);
        damage.lost_bytes += lost_bytes as u64;
    }
}

/// The chunk at an offset; `None` if the file ends within it, or no chunk is so long.
fn stored_at(file: &[u8], at: usize) -> Option<Stored<'_>> {
    let (header_bytes, rest) = file.get(at..)?.split_first_chunk()?;
    let (crc, rest) = rest.split_first_chunk()?;
    let header = ChunkHeader::from_bytes(header_bytes);
    let bytes = rest.get(..header.stored).filter(|bytes| bytes.len() <= PLAIN_BYTES_MAX)?;
    let checksum_holds = checksum(header_bytes, bytes) == u32::from_le_bytes(*crc);
    Some(Stored { header, bytes, checksum_holds })
}

/// Whether a header stands at an offset that a writer could have written there.
fn is_plausible_at(file: &[u8], at: usize) -> bool {
    let Some(header_bytes) = file.get(at..).and_then(<[u8]>::first_chunk) else {
        return false;
    };
    let header = ChunkHeader::from_bytes(header_bytes);
    header_bytes[3] == 0 && header.is_plausible()
}

/// The bytes that went into a chunk; `None` if it holds something else than it says.
fn plain(chunk: &Stored<'_>) -> Option<Vec<u8>> {
    let length = chunk.header.plain;
    if !chunk.header.is_plausible() {
        return None;
    }
    let plain = match chunk.header.codec {
        CODEC_PLAIN => chunk.bytes.to_vec(),
        CODEC_LZ4 => lz4_flex::block::decompress(chunk.bytes, length).ok()?,
        _ => return None,
    };
    Some(plain).filter(|plain| plain.len() == length)
}
