//! The splitter with a memory, alone and with the records of the frames.

use std::vec::Vec;

use super::{Split, SplitCounts, Splitter};
use crate::raw::{Item, RawCounts, RawDecoder, RawReader, Tail};

/// Takes what a UART sends in pieces of any size and gives text and frames.
#[derive(Clone, Debug)]
pub struct StreamSplitter {
    splitter: Splitter,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    done: usize,
    tail: Tail,
}

/// What a UART sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Console text, or what is left of a damaged frame.
    Text(&'a [u8]),
    /// A valid frame.
    Frame {
        /// Its number.
        seq: u16,
        /// Frames that are missing before it.
        lost: u32,
        /// Its records in the raw form.
        records: &'a [u8],
    },
}

impl Default for StreamSplitter {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamSplitter {
    /// A splitter that joins a stream anywhere.
    #[must_use]
    pub fn new() -> Self {
        Self { splitter: Splitter::new(), buffer: Vec::new(), done: 0, tail: Tail::Open }
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

    /// The next piece; `None` until more is fed. How a text is cut into pieces means nothing.
    #[expect(clippy::should_implement_trait, reason = "pieces borrow from the splitter")]
    pub fn next(&mut self) -> Option<Piece<'_>> {
        let from = self.done;
        Some(match self.advance() {
            Split::More => return None,
            Split::Text(_) => Piece::Text(&self.buffer[from..self.done]),
            Split::Frame { seq, lost, .. } => {
                Piece::Frame { seq, lost, records: self.splitter.records() }
            }
        })
    }

    /// What became of the stream so far.
    #[must_use]
    pub fn counts(&self) -> SplitCounts {
        self.splitter.counts()
    }

    fn advance(&mut self) -> Split {
        let split = self.splitter.step(&self.buffer[self.done..], self.tail);
        self.done += match split {
            Split::More => 0,
            Split::Text(bytes) | Split::Frame { bytes, .. } => bytes,
        };
        split
    }
}

/// Takes what a UART sends in pieces of any size and gives text and what the frames hold.
#[derive(Clone, Debug)]
pub struct FramedDecoder {
    splitter: StreamSplitter,
    records: RawDecoder,
}

/// What a UART sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramedItem<'a> {
    /// Console text, or what is left of a damaged frame.
    Text(&'a [u8]),
    /// Frames are missing, and with them records that had been written.
    FramesLost {
        /// How many.
        frames: u32,
    },
    /// What a frame holds.
    Item(Item<'a>),
}

impl Default for FramedDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl FramedDecoder {
    /// A decoder that joins a stream anywhere.
    #[must_use]
    pub fn new() -> Self {
        let records = RawDecoder::with(RawReader::of_frames());
        Self { splitter: StreamSplitter::new(), records }
    }

    /// Adds the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.splitter.feed(bytes);
    }

    /// Says that no bytes follow, so that what is incomplete is decided.
    pub fn finish(&mut self) {
        self.splitter.finish();
    }

    /// The next item; `None` until more is fed. How a text is cut into items means nothing.
    #[expect(clippy::should_implement_trait, reason = "items borrow from the decoder")]
    pub fn next(&mut self) -> Option<FramedItem<'_>> {
        while self.records.is_at_end() {
            let from = self.splitter.done;
            match self.splitter.advance() {
                Split::More => return None,
                Split::Text(_) => {
                    let text = &self.splitter.buffer[from..self.splitter.done];
                    return Some(FramedItem::Text(text));
                }
                Split::Frame { lost, .. } => {
                    // A frame holds complete records: nothing of them can come later.
                    self.records.feed(self.splitter.splitter.records());
                    self.records.finish();
                    if lost > 0 {
                        return Some(FramedItem::FramesLost { frames: lost });
                    }
                }
            }
        }
        self.records.next().map(FramedItem::Item)
    }

    /// What became of the text and the frames so far.
    #[must_use]
    pub fn split_counts(&self) -> SplitCounts {
        self.splitter.counts()
    }

    /// What became of the records so far.
    #[must_use]
    pub fn counts(&self) -> RawCounts {
        self.records.counts()
    }
}
