//! Telemetry records and frames, shared by firmware and harness.
//!
//! The device must say what its units, stacks and heap do without waiting for anybody and almost
//! without cost; the host must be able to join at any time, survive cuts and damage, and say how
//! much it missed. So a record is a few little-endian words with a header that alone tells where
//! the next one starts. The same records travel in two forms:
//!
//! - **raw**, word after word, in a ring in RAM behind an RTT control block: no loop, checksum or
//!   escaping on the hot path ([`Payload`], [`WordSink`], [`header`]);
//! - **framed**, for a UART that a text console shares: COBS, CRC and a frame number around one or
//!   more complete raw records.
//!
//! `SPEC.md` beside this crate is the byte-level contract; `vectors/` holds examples of it.
//!
//! Invariants:
//! 1. Kinds and codes are never renumbered. An unknown kind is skipped by its length, an unknown
//!    code is kept as it came.
//! 2. A record of a known kind has exactly the number of words that the kind and its texts demand.
//! 3. No input makes a decoder panic, and every byte fed is accounted for: as part of a record, as
//!    text or as damage.
//! 4. Nothing here allocates unless the feature `std` is on, and nothing looks at a clock.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

mod call;
mod command;
mod crc;
mod frame;
mod id;
mod layout;
mod payload;
mod raw;
mod record;
pub mod script;
mod splitter;
pub mod storage;
mod text;
mod timeline;
mod vocabulary;

pub use call::call_bytes;
pub use command::{COMMAND_FRAME_BYTES_MAX, COMMAND_WORDS_MAX, Command, read_command_frame};
pub use frame::{FRAME_BYTES_MAX, FRAME_MARKER, FRAME_WORDS_MAX, FrameBytes, FrameWriter};
pub use id::{ModuleId, ObjectId, SiteId, UnitId, WindowId};
pub use payload::{
    HEADER_WORDS, Header, Payload, RECORD_PAYLOAD_WORDS_MAX, WordSink, header, write_record,
};
#[cfg(feature = "std")]
pub use raw::RawDecoder;
pub use raw::{
    Item, LOOKAHEAD_BYTES_MAX, RECORD_BYTES_MAX, RawCounts, RawReader, Stamp, Step, Tail,
};
pub use record::*;
#[cfg(feature = "std")]
pub use splitter::{FramedDecoder, FramedItem, Piece, StreamSplitter};
pub use splitter::{Split, SplitCounts, Splitter};
pub use text::{MESSAGE_BYTES_MAX, NAME_BYTES_MAX};
pub use timeline::Timeline;
pub use vocabulary::*;

/// The version of the format that this crate writes, and the only one that it reads.
pub const VERSION: u16 = 1;
