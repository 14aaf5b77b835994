//! Reading the raw form: records word after word, without a checksum.
//!
//! A raw stream comes from a ring in RAM. It is nearly always whole, but a probe may corrupt it, a
//! capture may be cut, and records are missing wherever the ring was full. Nothing marks the start
//! of a record, so a reader knows where it is only because the record before ended there; and
//! what looks like a gap in the sequence may be a damaged number.
//!
//! The idea: a record that continues the sequence where the last one ended is taken as it is.
//! Anything else must prove itself by the records that follow it: **a chain** of headers, each of
//! which has a known kind with a length that fits it, texts that are texts, and a sequence number
//! ahead of the one before. After damage the reader moves on byte by byte to the next chain.
//!
//! Invariants:
//! 1. What the reader decides depends on the stream alone, never on the pieces it came in.
//! 2. `records + unknown + lost` is the distance of the sequence numbers that were read, within a
//!    boot and until [`Item::Rejoined`]; bytes of records and damaged bytes are all bytes.
//! 3. No more than [`LOOKAHEAD_BYTES_MAX`] bytes stay undecided.

use crate::VERSION;
use crate::payload::{HEADER_WORDS, Header, RECORD_PAYLOAD_WORDS_MAX};
use crate::record::{Hello, Record};

mod chain;
#[cfg(feature = "std")]
mod decoder;

use chain::{Chain, Evidence, Jump, Link};
#[cfg(feature = "std")]
pub use decoder::RawDecoder;

/// The longest record.
pub const RECORD_BYTES_MAX: usize = 4 * (HEADER_WORDS + RECORD_PAYLOAD_WORDS_MAX);

/// The most bytes that a reader needs to see before it decides about the first of them.
pub const LOOKAHEAD_BYTES_MAX: usize = chain::LINKS_MAX * RECORD_BYTES_MAX;

/// What stands before each payload besides its kind and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The sequence number, which also counts the records that were dropped.
    pub seq: u16,
    /// Ticks since the last record that was written.
    pub dt: u32,
}

/// What a stream of records holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record.
    Record {
        /// Its number and time.
        stamp: Stamp,
        /// What it states.
        record: Record<'a>,
    },
    /// A record of a kind that this version does not know.
    Unknown {
        /// Its number and time.
        stamp: Stamp,
        /// The number of its kind.
        kind: u8,
        /// Its payload.
        payload: &'a [u8],
    },
    /// A [`Hello`] of a version that this crate cannot read. Whatever follows may mean anything;
    /// a caller refuses the stream.
    OtherVersion {
        /// Its number and time.
        stamp: Stamp,
        /// The version.
        version: u16,
        /// Its payload.
        payload: &'a [u8],
    },
    /// The sequence numbers jump: so many records were dropped by the device or damaged.
    Lost {
        /// How many.
        records: u32,
    },
    /// Bytes that belong to no record.
    Damaged {
        /// How many.
        bytes: u64,
    },
    /// After damage the sequence goes on at another number, which is not ahead; how many records
    /// were lost cannot be known.
    Rejoined,
}

/// What became of a stream so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawCounts {
    /// Records of known kinds.
    pub records: u64,
    /// Records of unknown kinds, and hellos of other versions.
    pub unknown: u64,
    /// Records that the sequence numbers miss.
    pub lost: u64,
    /// Bytes that belong to no record.
    pub damaged_bytes: u64,
    /// How often the sequence was joined anew after damage.
    pub rejoined: u64,
}

/// Whether more bytes can follow those at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// They can: what is incomplete is waited for.
    Open,
    /// They cannot: what is incomplete is decided now.
    Ended,
}

/// What [`RawReader::step`] found at the start of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing can be said before more bytes come.
    More,
    /// So many bytes are done with; an item will tell of them.
    Skip(usize),
    /// An item.
    Item {
        /// What was found.
        item: Item<'a>,
        /// So many bytes are done with; may be none.
        consumed: usize,
    },
}

/// The state of reading one stream. It borrows the bytes, so whoever calls it keeps them.
#[derive(Clone, Debug)]
pub struct RawReader {
    evidence: &'static Evidence,
    place: Place,
    /// The number that the next record has if none is missing; none before the first.
    expected_seq: Option<u16>,
    /// The boot that the last hello named.
    boot: Option<u32>,
    /// Bytes skipped since the last record.
    skipped_bytes: u64,
    counts: RawCounts,
}

/// What is known about the first byte at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A record ended before it, or the stream begins with it.
    AfterRecord,
    /// It may be anything.
    Anywhere,
    /// A chain was found to begin there.
    Found,
}

impl Default for RawReader {
    fn default() -> Self {
        Self::new()
    }
}

impl RawReader {
    /// A reader that joins a raw stream, best where a record begins.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(&Evidence::RAW)
    }

    /// A reader of records whose checksum has been verified, frame by frame.
    #[must_use]
    pub const fn of_frames() -> Self {
        Self::with(&Evidence::CHECKED)
    }

    const fn with(evidence: &'static Evidence) -> Self {
        Self {
            evidence,
            place: Place::AfterRecord,
            expected_seq: None,
            boot: None,
            skipped_bytes: 0,
            counts: RawCounts { records: 0, unknown: 0, lost: 0, damaged_bytes: 0, rejoined: 0 },
        }
    }

    /// What became of the stream so far.
    #[must_use]
    pub const fn counts(&self) -> RawCounts {
        self.counts
    }

    /// Reads at the start of `bytes`, which continue where the bytes done with ended.
    pub fn step<'a>(&mut self, bytes: &'a [u8], tail: Tail) -> Step<'a> {
        if bytes.is_empty() {
            return match (tail, self.skipped_bytes) {
                (Tail::Ended, 1..) => self.tell_damage(),
                _ => Step::More,
            };
        }
        match self.place {
            Place::AfterRecord => self.step_after_record(bytes, tail),
            Place::Anywhere => self.search(bytes, tail),
            Place::Found if self.skipped_bytes > 0 => self.tell_damage(),
            Place::Found => self.take_found(bytes),
        }
    }

    fn step_after_record<'a>(&mut self, bytes: &'a [u8], tail: Tail) -> Step<'a> {
        if let Link::Good(good) = chain::look(bytes)
            && good.known
            && Some(good.header.seq) == self.expected_seq
        {
            return self.take(bytes, good.header, good.bytes);
        }
        match self.chain(self.evidence.after_record).follow(bytes).decide(tail) {
            Link::Good(_) => {
                self.place = Place::Found;
                Step::Skip(0)
            }
            Link::More => Step::More,
            Link::Not => {
                self.place = Place::Anywhere;
                Step::Skip(0)
            }
        }
    }

    /// Goes to the first byte at which a chain begins, or may begin.
    fn search<'a>(&mut self, bytes: &'a [u8], tail: Tail) -> Step<'a> {
        for at in 0..bytes.len() {
            let ahead = self.chain(self.evidence.anywhere).follow(&bytes[at..]).decide(tail);
            let anew = match ahead {
                Link::Not if self.expected_seq.is_some() => {
                    self.chain(self.evidence.anew).anew().follow(&bytes[at..]).decide(tail)
                }
                other => other,
            };
            match anew {
                Link::Not => {}
                Link::Good(_) => {
                    self.place = Place::Found;
                    return self.skip(at);
                }
                Link::More if at == 0 => return Step::More,
                Link::More => return self.skip(at),
            }
        }
        self.skip(bytes.len())
    }

    fn chain(&self, links: chain::Links) -> Chain {
        Chain::new(links, self.expected_seq, self.boot)
    }

    fn skip<'a>(&mut self, bytes: usize) -> Step<'a> {
        self.skipped_bytes += bytes as u64;
        Step::Skip(bytes)
    }

    fn tell_damage<'a>(&mut self) -> Step<'a> {
        let bytes = core::mem::take(&mut self.skipped_bytes);
        self.counts.damaged_bytes += bytes;
        Step::Item { item: Item::Damaged { bytes }, consumed: 0 }
    }

    /// Takes the record that a chain has proved, after telling what lies before it.
    fn take_found<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        let Link::Good(good) = chain::look(bytes) else {
            unreachable!("the chain began here with a record")
        };
        let seq = good.header.seq;
        let item = match good.jump(self.expected_seq, self.boot) {
            Jump::Ahead(0) => return self.take(bytes, good.header, good.bytes),
            Jump::Reset if seq == 0 => return self.take(bytes, good.header, good.bytes),
            Jump::Ahead(gap) => self.lose(gap),
            Jump::Reset => self.lose(seq),
            Jump::Back => {
                self.counts.rejoined += 1;
                Item::Rejoined
            }
        };
        self.expected_seq = Some(seq);
        Step::Item { item, consumed: 0 }
    }

    fn lose<'a>(&mut self, records: u16) -> Item<'a> {
        self.counts.lost += u64::from(records);
        Item::Lost { records: records.into() }
    }

    fn take<'a>(&mut self, bytes: &'a [u8], header: Header, consumed: usize) -> Step<'a> {
        let (fixed, payload) = bytes[..consumed].split_at(4 * HEADER_WORDS);
        let dt = u32::from_le_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        let stamp = Stamp { seq: header.seq, dt };
        self.place = Place::AfterRecord;
        self.expected_seq = Some(header.seq.wrapping_add(1));
        let item = item(stamp, header.kind, payload);
        match item {
            Item::Record { record, .. } => {
                self.counts.records += 1;
                if let Record::Hello(hello) = record {
                    self.boot = Some(hello.boot);
                }
            }
            _ => self.counts.unknown += 1,
        }
        Step::Item { item, consumed }
    }
}

fn item(stamp: Stamp, kind: u8, payload: &[u8]) -> Item<'_> {
    if let Some(version) = other_version(kind, payload) {
        return Item::OtherVersion { stamp, version, payload };
    }
    match Record::read(kind, payload) {
        Some(record) => Item::Record { stamp, record },
        None => Item::Unknown { stamp, kind, payload },
    }
}

/// The version of a hello, if it is not ours.
fn other_version(kind: u8, payload: &[u8]) -> Option<u16> {
    let version = u16::from_le_bytes([*payload.first()?, *payload.get(1)?]);
    (kind == Hello::KIND && version != VERSION).then_some(version)
}
