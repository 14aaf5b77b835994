//! Telling text from frames in what a UART sends.
//!
//! What is not a valid frame is text: so a stream without frames passes unchanged, byte for byte,
//! and damage never swallows a line. A damaged frame shows up as a few odd bytes of text, as it
//! does for any terminal, and in the count of lost frames.
//!
//! Invariants:
//! 1. Text bytes and bytes of valid frames are all bytes, in order.
//! 2. After a false start the search goes on with the byte after the marker, so one damaged byte
//!    costs one frame at most.
//! 3. No more than [`FRAME_BYTES_MAX`] bytes stay undecided.

use crate::crc::crc32;
use crate::frame::{
    BODY_BYTES_MAX, CRC_BYTES, FRAME_BYTES_MAX, FRAME_MARKER, SEQ_BYTES, seq_after, uncobs,
};
use crate::raw::Tail;

#[cfg(feature = "std")]
mod framed;

#[cfg(feature = "std")]
pub use framed::{FramedDecoder, FramedItem, Piece, StreamSplitter};

/// A jump of the frame number by this or more is a step back: another boot.
const STEP_BACK: u16 = 0x8000;

/// What became of a stream so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitCounts {
    /// Bytes of text.
    pub text_bytes: u64,
    /// Valid frames.
    pub frames: u64,
    /// Frames that the frame numbers miss.
    pub frames_lost: u64,
    /// Starts of frames that turned out to be none.
    pub false_starts: u64,
}

/// What stands at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Nothing can be said before more bytes come.
    More,
    /// So many bytes of text.
    Text(usize),
    /// A valid frame; [`Splitter::records`] holds its records.
    Frame {
        /// Its length.
        bytes: usize,
        /// Its number.
        seq: u16,
        /// Frames that are missing before it.
        lost: u32,
    },
}

/// The state of splitting one stream. It does not keep the bytes, but the body of the last frame.
#[derive(Clone, Debug)]
pub struct Splitter {
    body: [u8; BODY_BYTES_MAX],
    body_bytes: usize,
    expected_seq: Option<u16>,
    counts: SplitCounts,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// A splitter that joins a stream anywhere.
    #[must_use]
    pub fn new() -> Self {
        Self {
            body: [0; BODY_BYTES_MAX],
            body_bytes: 0,
            expected_seq: None,
            counts: SplitCounts::default(),
        }
    }

    /// What became of the stream so far.
    #[must_use]
    pub const fn counts(&self) -> SplitCounts {
        self.counts
    }

    /// The records of the last frame.
    #[must_use]
    pub fn records(&self) -> &[u8] {
        self.body.get(SEQ_BYTES..self.body_bytes.saturating_sub(CRC_BYTES)).unwrap_or_default()
    }

    /// Tells what stands at the start of `bytes`, which continue where the last answer ended.
    pub fn step(&mut self, bytes: &[u8], tail: Tail) -> Split {
        match bytes {
            [] => Split::More,
            [0] if tail == Tail::Open => Split::More,
            [0, FRAME_MARKER, rest @ ..] => self.step_after_marker(rest, tail),
            [0, ..] => self.text(1),
            _ => self.text(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len())),
        }
    }

    fn step_after_marker(&mut self, rest: &[u8], tail: Tail) -> Split {
        let window = &rest[..rest.len().min(FRAME_BYTES_MAX - 2)];
        let end = window.iter().position(|&byte| byte == 0);
        let is_undecided = end.is_none() && rest.len() < FRAME_BYTES_MAX - 2 && tail == Tail::Open;
        if is_undecided {
            return Split::More;
        }
        match end.and_then(|end| Some((end, self.read_body(&rest[..end])?))) {
            Some((end, seq)) => self.frame(2 + end + 1, seq),
            None => {
                self.counts.false_starts += 1;
                self.text(2)
            }
        }
    }

    /// Takes the body of a frame and gives its number; `None` if it is not valid.
    fn read_body(&mut self, encoded: &[u8]) -> Option<u16> {
        let mut body = [0; BODY_BYTES_MAX];
        let length = uncobs(encoded, &mut body)?;
        let (checked, crc) = body[..length].split_last_chunk()?;
        let (seq, records) = checked.split_first_chunk()?;
        let holds = crc32(checked.iter().copied()) == u32::from_le_bytes(*crc);
        let seq = u16::from_le_bytes(*seq);
        if !holds || records.len() % 4 != 0 {
            return None;
        }
        (self.body, self.body_bytes) = (body, length);
        Some(seq)
    }

    fn text(&mut self, bytes: usize) -> Split {
        self.counts.text_bytes += bytes as u64;
        Split::Text(bytes)
    }

    fn frame(&mut self, bytes: usize, seq: u16) -> Split {
        let lost = self.expected_seq.map_or(0, |expected| frames_between(expected, seq));
        self.expected_seq = Some(seq_after(seq));
        self.counts.frames += 1;
        self.counts.frames_lost += u64::from(lost);
        Split::Frame { bytes, seq, lost }
    }
}

/// The frames that are missing before `seq`. After a reset they are those since it; how many the
/// boot before still sent cannot be known.
fn frames_between(expected: u16, seq: u16) -> u32 {
    if seq == 0 {
        return 0;
    }
    // Zero is left out when the numbers wrap, so they count modulo 65 535.
    let gap = if seq >= expected { seq - expected } else { u16::MAX - (expected - seq) };
    if gap < STEP_BACK { gap.into() } else { seq.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_frames_are_counted_over_the_wrap_and_a_reset() {
        assert_eq!(frames_between(5, 5), 0);
        assert_eq!(frames_between(5, 8), 3);
        assert_eq!(frames_between(u16::MAX, 2), 2);
        assert_eq!(frames_between(1, 0), 0);
        assert_eq!(frames_between(900, 4), 4);
    }
}
