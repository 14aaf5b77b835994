//! Writing the file.

use std::io::{self, Write};

use ramscope_time::Instant;

use super::{
    CODEC_LZ4, CODEC_PLAIN, ChunkHeader, FORMAT_VERSION, KIND_DEVICE, KIND_END, KIND_HOST, MAGIC,
    PLAIN_BYTES_MAX, checksum,
};
use crate::capture::Capture;

/// Below this, a chunk's header weighs more than what compression could save.
const COMPRESSED_BYTES_MIN: usize = 64;

/// Writes a capture. The host part stands before the end, so that a file that has its end has all.
pub(crate) fn write(capture: &Capture, to: &mut impl Write) -> io::Result<()> {
    to.write_all(&MAGIC)?;
    to.write_all(&FORMAT_VERSION.to_le_bytes())?;
    for chunk in &capture.device {
        write_pieces(to, KIND_DEVICE, chunk.stream.code(), chunk.instant, &chunk.bytes)?;
    }
    if let Some(host) = &capture.host {
        write_pieces(to, KIND_HOST, 0, Instant::ZERO, host.json.as_bytes())?;
    }
    write_chunk(to, KIND_END, 0, Instant::ZERO, &capture.device_hash().0)
}

fn write_pieces(
    to: &mut impl Write,
    kind: u8,
    stream: u8,
    instant: Instant,
    bytes: &[u8],
) -> io::Result<()> {
    bytes
        .chunks(PLAIN_BYTES_MAX)
        .try_for_each(|piece| write_chunk(to, kind, stream, instant, piece))
}

fn write_chunk(
    to: &mut impl Write,
    kind: u8,
    stream: u8,
    instant: Instant,
    plain: &[u8],
) -> io::Result<()> {
    let compressed = compress(plain);
    let (codec, stored) = match &compressed {
        Some(compressed) => (CODEC_LZ4, compressed.as_slice()),
        None => (CODEC_PLAIN, plain),
    };
    let header =
        ChunkHeader { kind, stream, codec, stored: stored.len(), plain: plain.len(), instant }
            .to_bytes();
    to.write_all(&header)?;
    to.write_all(&checksum(&header, stored).to_le_bytes())?;
    to.write_all(stored)
}

/// The bytes compressed, if that makes them fewer.
fn compress(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < COMPRESSED_BYTES_MIN {
        return None;
    }
    Some(lz4_flex::block::compress(plain)).filter(|compressed| compressed.len() < plain.len())
}
