//! The framed form: records on a UART that a text console shares.
//!
//! A frame is `00 FF`, then COBS of `{seq: u16, records, crc: u32}`, then `00`. The marker FF is in
//! no UTF-8 text, and a frame stands only between complete lines, so a terminal without a reader
//! shows the same lines, and a reader can join at any frame. Each frame holds one or more complete
//! raw records; its number counts frames: 0 is the first of a boot and only that, after 65 535
//! comes 1.
//!
//! The writer keeps no copy: COBS needs to see at most one frame ahead, and a frame's bytes can
//! all be worked out from the records' words, in any order.

use crate::crc::crc32;

/// The most words of complete records in a frame, so that COBS needs a single byte.
pub const FRAME_WORDS_MAX: usize = 62;

/// The longest frame, from its first zero byte to its last.
pub const FRAME_BYTES_MAX: usize = 2 + 1 + BODY_BYTES_MAX + 1;

/// The byte after a frame's first, never part of UTF-8.
pub const FRAME_MARKER: u8 = 0xff;

pub(crate) const BODY_BYTES_MAX: usize = SEQ_BYTES + 4 * FRAME_WORDS_MAX + CRC_BYTES;
pub(crate) const SEQ_BYTES: usize = 2;
pub(crate) const CRC_BYTES: usize = 4;

const _: () = assert!(BODY_BYTES_MAX <= 254, "a longer COBS run would need a second code byte");

/// Numbers the frames of a boot.
#[derive(Clone, Debug, Default)]
pub struct FrameWriter {
    seq: u16,
}

impl FrameWriter {
    /// A writer whose first frame is the first of a boot.
    #[must_use]
    pub const fn new() -> Self {
        Self { seq: 0 }
    }

    /// The bytes of the next frame around these complete records.
    ///
    /// # Panics
    /// If they are more than [`FRAME_WORDS_MAX`] words.
    pub fn frame<'a>(&mut self, records: &'a [u32]) -> FrameBytes<'a> {
        let seq = self.seq;
        self.seq = seq_after(seq);
        FrameBytes::new(seq, records)
    }
}

/// The number of the frame after the one of this number.
pub(crate) const fn seq_after(seq: u16) -> u16 {
    if seq == u16::MAX { 1 } else { seq + 1 }
}

/// The bytes of a frame, one after the other.
#[derive(Clone, Debug)]
pub struct FrameBytes<'a> {
    seq: u16,
    records: &'a [u32],
    crc: u32,
    next: Next,
}

/// What the next byte of a frame is.
#[derive(Clone, Copy, Debug)]
enum Next {
    Start,
    Marker,
    /// The code byte of the run that begins at this place of the body.
    Code {
        at: usize,
    },
    /// A byte of the run that ends, with a zero byte or the body, at `end`.
    Run {
        at: usize,
        end: usize,
    },
    End,
    Nothing,
}

impl<'a> FrameBytes<'a> {
    fn new(seq: u16, records: &'a [u32]) -> Self {
        assert!(records.len() <= FRAME_WORDS_MAX, "records must fit into a frame");
        let mut frame = Self { seq, records, crc: 0, next: Next::Start };
        frame.crc = crc32((0..frame.body_bytes() - CRC_BYTES).map(|at| frame.body(at)));
        frame
    }

    fn body_bytes(&self) -> usize {
        SEQ_BYTES + 4 * self.records.len() + CRC_BYTES
    }

    /// The byte at a place of the body.
    fn body(&self, at: usize) -> u8 {
        let (word, at) = match at.checked_sub(SEQ_BYTES) {
            None => (self.seq.into(), at),
            Some(at) => (*self.records.get(at / 4).unwrap_or(&self.crc), at % 4),
        };
        (word >> (8 * at)) as u8
    }

    /// What follows in the body once `at` of its bytes are encoded. One zero byte, which is not
    /// sent, is thought to follow the body, so that each run ends with one.
    fn after(&self, at: usize) -> Next {
        if at > self.body_bytes() { Next::End } else { Next::Code { at } }
    }

    fn run(&self, at: usize, end: usize) -> Next {
        if at == end { self.after(end + 1) } else { Next::Run { at, end } }
    }
}

impl Iterator for FrameBytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (byte, next) = match self.next {
            Next::Start => (0, Next::Marker),
            Next::Marker => (FRAME_MARKER, Next::Code { at: 0 }),
            Next::Code { at } => {
                let length = self.body_bytes();
                let end = (at..length).find(|&at| self.body(at) == 0).unwrap_or(length);
                ((end - at + 1) as u8, self.run(at, end))
            }
            Next::Run { at, end } => (self.body(at), self.run(at + 1, end)),
            Next::End => (0, Next::Nothing),
            Next::Nothing => return None,
        };
        self.next = next;
        Some(byte)
    }
}

/// Undoes COBS into `body`; gives the length, or `None` if it is none or too long.
pub(crate) fn uncobs(encoded: &[u8], body: &mut [u8; BODY_BYTES_MAX]) -> Option<usize> {
    let mut length = 0;
    let mut rest = encoded;
    while let Some((&code, after)) = rest.split_first() {
        let run = usize::from(code).checked_sub(1)?;
        let (bytes, after) = after.split_at_checked(run)?;
        body.get_mut(length..length + run)?.copy_from_slice(bytes);
        length += run;
        // The zero byte that the code stands for; the one after the body is not part of it. A run
        // of 254 stands for none, and in a frame that is always the whole body.
        if !after.is_empty() {
            if code == u8::MAX {
                return None;
            }
            *body.get_mut(length)? = 0;
            length += 1;
        }
        rest = after;
    }
    Some(length)
}
