//! Writing the file, at once or while the run goes on.

use std::io::{self, Write};

use ramscope_time::Instant;

use super::{
    CODEC_LZ4, CODEC_PLAIN, ChunkHeader, FORMAT_VERSION, KIND_CLOSING, KIND_DEVICE, KIND_END,
    KIND_HOST, MAGIC, PLAIN_BYTES_MAX, checksum,
};
use crate::capture::{Capture, HostPart};
use crate::stream::Chunk;

/// Below this, a chunk's header weighs more than what compression could save.
const COMPRESSED_BYTES_MIN: usize = 64;

/// Writes a capture while it is recorded.
///
/// Whatever is left of the file when the writer is gone can be read: it lacks only what was not
/// written yet. Written piece by piece or at once, the file of a capture has the same bytes.
///
/// # Examples
/// ```
/// use ramscope_capture::{Capture, FileWriter, HostPart, Recorder, Stream};
/// use ramscope_time::Instant;
///
/// let host = HostPart { json: "{}".into() };
/// let mut run = Recorder::new();
/// run.host(host.clone());
/// let mut writer = FileWriter::begin(Vec::new(), Some(&host))?;
/// run.append(Stream::Uart0, Instant::ZERO, b"ready\n");
/// writer.catch_up(run.capture())?;
/// let capture = run.finish();
/// let file = writer.finish(&capture)?;
/// assert_eq!(Capture::read(&mut file.as_slice()).expect("a capture"), capture);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct FileWriter<W> {
    to: W,
    /// How many chunks of the device part are in the file.
    written: usize,
}

impl<W: Write> FileWriter<W> {
    /// Begins a file with the host part.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn begin(mut to: W, host: Option<&HostPart>) -> io::Result<Self> {
        to.write_all(&MAGIC)?;
        to.write_all(&FORMAT_VERSION.to_le_bytes())?;
        if let Some(host) = host {
            write_text(&mut to, KIND_HOST, host)?;
        }
        Ok(Self { to, written: 0 })
    }

    /// Writes what has been recorded since the last call, up to the last chunk: that one may still
    /// grow.
    ///
    /// # Errors
    /// Those of the writer below; the file is then of no more use than what is in it.
    pub fn catch_up(&mut self, capture: &Capture) -> io::Result<()> {
        self.write_up_to(&capture.device, capture.device.len().saturating_sub(1))
    }

    /// Writes the rest, the closing and the end, and gives back what was written to.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn finish(mut self, capture: &Capture) -> io::Result<W> {
        self.write_up_to(&capture.device, capture.device.len())?;
        if let Some(closing) = &capture.closing {
            write_text(&mut self.to, KIND_CLOSING, closing)?;
        }
        write_chunk(&mut self.to, KIND_END, 0, Instant::ZERO, &capture.device_hash().0)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn write_up_to(&mut self, device: &[Chunk], end: usize) -> io::Result<()> {
        for chunk in device.get(self.written..end).unwrap_or_default() {
            let Chunk { stream, instant, bytes } = chunk;
            write_pieces(&mut self.to, KIND_DEVICE, stream.code(), *instant, bytes)?;
        }
        self.written = self.written.max(end);
        Ok(())
    }
}

fn write_text(to: &mut impl Write, kind: u8, text: &HostPart) -> io::Result<()> {
    write_pieces(to, kind, 0, Instant::ZERO, text.json.as_bytes())
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

/// Writes a chunk with one call of the writer below, so that a file on disk grows by whole chunks.
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
    let crc = checksum(&header, stored).to_le_bytes();
    to.write_all(&[&header, &crc[..], stored].concat())
}

/// The bytes compressed, if that makes them fewer.
fn compress(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < COMPRESSED_BYTES_MIN {
        return None;
    }
    Some(lz4_flex::block::compress(plain)).filter(|compressed| compressed.len() < plain.len())
}
