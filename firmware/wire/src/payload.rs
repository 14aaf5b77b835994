//! The header that each record begins with, and what writes a record.
//!
//! A record is `{kind: u8, words: u8, seq: u16}`, `dt: u32`, then `words` words of payload, all
//! little-endian. The kernel reserves room for the whole record before it writes the first word;
//! that is why [`Payload::payload_words`] is cheap and exact.

use crate::VERSION;

/// Words before the payload: the header and the time difference.
pub const HEADER_WORDS: usize = 2;

/// The most words of payload, in this version and in all later ones, so that every record fits
/// into a frame.
pub const RECORD_PAYLOAD_WORDS_MAX: usize = 60;

const _: () = assert!(VERSION > 0, "zero would be taken for empty memory");

/// Something that takes words, one after the other.
pub trait WordSink {
    /// Takes the next word.
    fn push(&mut self, word: u32);
}

#[cfg(feature = "std")]
impl WordSink for std::vec::Vec<u32> {
    fn push(&mut self, word: u32) {
        self.push(word);
    }
}

/// What every record can say about itself.
pub trait Payload {
    /// The number of its kind.
    fn kind(&self) -> u8;
    /// Words of payload that [`Payload::write_payload`] is going to push.
    fn payload_words(&self) -> usize;
    /// Pushes the payload, without header and time difference.
    fn write_payload(&self, sink: &mut impl WordSink);
}

/// The first word of a record.
#[must_use]
#[inline(always)]
pub const fn header(kind: u8, payload_words: usize, seq: u16) -> u32 {
    kind as u32 | (payload_words as u32) << 8 | (seq as u32) << 16
}

/// Writes a whole record: header, time difference, payload.
pub fn write_record(record: &impl Payload, seq: u16, dt: u32, sink: &mut impl WordSink) {
    sink.push(header(record.kind(), record.payload_words(), seq));
    sink.push(dt);
    record.write_payload(sink);
}

/// The first word of a record, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The number of the record's kind.
    pub kind: u8,
    /// Words of payload.
    pub payload_words: usize,
    /// The record's sequence number, which also counts the records that were dropped.
    pub seq: u16,
}

impl Header {
    /// Takes the first word of a record apart.
    #[must_use]
    pub const fn from_word(word: u32) -> Self {
        Self {
            kind: word as u8,
            payload_words: (word >> 8) as u8 as usize,
            seq: (word >> 16) as u16,
        }
    }
}
