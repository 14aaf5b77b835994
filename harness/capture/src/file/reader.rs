//! Reading the file, whatever state it is in.

use std::io::Read;

use super::{
    CHUNK_HEADER_BYTES, CODEC_LZ4, CODEC_PLAIN, CaptureError, ChunkHeader, Damage, DamageKind,
    FORMAT_VERSION, KIND_DEVICE, KIND_END, KIND_HOST, MAGIC, PLAIN_BYTES_MAX, checksum,
};
use crate::capture::{Capture, HostPart};
use crate::recorder::Recorder;
use crate::stream::Stream;

/// Reads a capture.
pub(crate) fn read(from: &mut impl Read) -> Result<Capture, CaptureError> {
    let mut file = Vec::new();
    from.read_to_end(&mut file)?;
    let rest = file.strip_prefix(&MAGIC).ok_or(CaptureError::NotACapture)?;
    let (version, _) = rest.split_first_chunk().ok_or(CaptureError::NotACapture)?;
    match u32::from_le_bytes(*version) {
        FORMAT_VERSION => Ok(Reader::new(&file).read()),
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
    damage: Option<Damage>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a [u8]) -> Self {
        let at = MAGIC.len() + 4;
        Self { file, at, device: Recorder::new(), host: Vec::new(), damage: None }
    }

    fn read(mut self) -> Capture {
        let end = self.read_chunks();
        let mut capture = core::mem::take(&mut self.device).finish();
        match String::from_utf8(core::mem::take(&mut self.host)) {
            Ok(json) if json.is_empty() => {}
            Ok(json) => capture.host = Some(HostPart { json }),
            Err(_) => self.note(DamageKind::Content),
        }
        match end {
            Some(hash) if hash == capture.device_hash().0 => {}
            Some(_) => self.note(DamageKind::Hash),
            None => self.note(DamageKind::NoEnd),
        }
        capture.damage = self.damage;
        capture
    }

    /// Takes chunks up to the end chunk, whose hash it gives, or as far as there are any.
    fn read_chunks(&mut self) -> Option<[u8; 32]> {
        while self.at < self.file.len() {
            let Some(chunk) = stored_at(self.file, self.at) else {
                self.note(DamageKind::CutChunk);
                return None;
            };
            let next = self.at + CHUNK_HEADER_BYTES + chunk.bytes.len();
            if !chunk.checksum_holds {
                self.note(DamageKind::Checksum);
                if !is_whole_at(self.file, next) {
                    return None;
                }
            } else if chunk.header.kind == KIND_END {
                self.at = next;
                if next < self.file.len() {
                    self.note(DamageKind::Trailing);
                }
                return chunk.bytes.try_into().ok();
            } else if self.take(&chunk).is_none() {
                self.note(DamageKind::Content);
            }
            self.at = next;
        }
        None
    }

    fn take(&mut self, chunk: &Stored<'_>) -> Option<()> {
        match chunk.header.kind {
            KIND_DEVICE => {
                let stream = Stream::from_code(chunk.header.stream);
                self.device.append(stream, chunk.header.instant, &plain(chunk)?);
            }
            KIND_HOST => self.host.extend(plain(chunk)?),
            _ => {}
        }
        Some(())
    }

    /// Notes damage at the present place; the first is the one that is told.
    fn note(&mut self, kind: DamageKind) {
        self.damage.get_or_insert(Damage { at_offset: self.at as u64, kind });
    }
}

/// The chunk at an offset; `None` if the file ends within it.
fn stored_at(file: &[u8], at: usize) -> Option<Stored<'_>> {
    let (header_bytes, rest) = file.get(at..)?.split_first_chunk()?;
    let (crc, rest) = rest.split_first_chunk()?;
    let header = ChunkHeader::from_bytes(header_bytes);
    let bytes = rest.get(..header.stored)?;
    let checksum_holds = checksum(header_bytes, bytes) == u32::from_le_bytes(*crc);
    Some(Stored { header, bytes, checksum_holds })
}

fn is_whole_at(file: &[u8], at: usize) -> bool {
    stored_at(file, at).is_some_and(|chunk| chunk.checksum_holds)
}

/// The bytes that went into a chunk; `None` if it holds something else than it says.
fn plain(chunk: &Stored<'_>) -> Option<Vec<u8>> {
    let length = chunk.header.plain;
    let plain = match chunk.header.codec {
        CODEC_PLAIN => chunk.bytes.to_vec(),
        CODEC_LZ4 if length <= PLAIN_BYTES_MAX => {
            lz4_flex::block::decompress(chunk.bytes, length).ok()?
        }
        _ => return None,
    };
    Some(plain).filter(|plain| plain.len() == length)
}
