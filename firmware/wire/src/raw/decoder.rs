//! The raw reader with a memory for what has not been decided yet.

use std::vec::Vec;

use super::{Item, RawCounts, RawReader, Step, Tail};

/// Takes a raw stream in pieces of any size and gives what it holds.
#[derive(Clone, Debug)]
pub struct RawDecoder {
    reader: RawReader,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    done: usize,
    tail: Tail,
}

impl Default for RawDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl RawDecoder {
    /// A decoder that joins a stream anywhere.
    #[must_use]
    pub fn new() -> Self {
        Self::with(RawReader::new())
    }

    pub(crate) fn with(reader: RawReader) -> Self {
        Self { reader, buffer: Vec::new(), done: 0, tail: Tail::Open }
    }

    /// Adds the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.done);
        self.done = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that no bytes follow, so that what is incomplete is decided.
    pub fn finish(&mut self) {
        self.tail = Tail::Ended;
    }

    /// Whether all that was fed has been told.
    pub(crate) fn is_at_end(&self) -> bool {
        self.done == self.buffer.len() && self.reader.skipped_bytes == 0
    }

    /// The next item; `None` until more is fed.
    #[expect(clippy::should_implement_trait, reason = "items borrow from the decoder")]
    pub fn next(&mut self) -> Option<Item<'_>> {
        loop {
            match self.reader.step(&self.buffer[self.done..], self.tail) {
                Step::More => return None,
                Step::Skip(bytes) => self.done += bytes,
                Step::Item { item, consumed } => {
                    self.done += consumed;
                    return Some(item);
                }
            }
        }
    }

    /// What became of the stream so far.
    #[must_use]
    pub fn counts(&self) -> RawCounts {
        self.reader.counts()
    }
}
