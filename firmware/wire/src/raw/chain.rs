//! How a stretch of bytes proves to be records.

use super::{Tail, other_version};
use crate::payload::{HEADER_WORDS, Header, RECORD_PAYLOAD_WORDS_MAX};
use crate::record::{Hello, Record};

/// A jump of the sequence by more than this is a step back.
pub(super) const GAP_MAX: u16 = 0x7fff;

/// The longest chain that any rule asks for.
pub(super) const LINKS_MAX: usize = 8;

/// Where a chain is too short because the stream ends, and its place is not known, only a small
/// jump is believed.
const GAP_AT_END_MAX: u16 = 64;

/// How long a chain must be, and how far its sequence numbers may jump.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    count: usize,
    gap_max: u16,
    /// How far the first may jump if the stream ends within the chain; none if it must not end.
    gap_at_end_max: Option<u16>,
    /// Whether the first record may be one that only the number after it can prove: of an unknown
    /// kind and not the next in sequence, or the hello of another boot whose start was missed.
    first_unproved: bool,
}

/// The rules of a stream.
#[derive(Debug)]
pub(super) struct Evidence {
    /// Where a record ended just before.
    pub(super) after_record: Links,
    /// Where nothing is known, for numbers ahead of those read.
    pub(super) anywhere: Links,
    /// Where nothing is known, for numbers that are not ahead.
    pub(super) anew: Links,
}

impl Evidence {
    /// For raw streams. The records after it tell a jump from a damaged number, as what follows a
    /// damaged number is not ahead of it; two were not enough where the same bit of both was
    /// flipped. Three links at a random place are there by chance once in some 10^9 places, eight
    /// in sequence never.
    pub(super) const RAW: Self = Self {
        after_record: Links {
            count: 3,
            gap_max: GAP_MAX,
            gap_at_end_max: Some(GAP_MAX),
            first_unproved: true,
        },
        anywhere: Links {
            count: 3,
            gap_max: GAP_MAX,
            gap_at_end_max: Some(GAP_AT_END_MAX),
            first_unproved: false,
        },
        anew: Links { count: LINKS_MAX, gap_max: 0, gap_at_end_max: None, first_unproved: false },
    };

    /// For records whose checksum holds: each proves itself.
    pub(super) const CHECKED: Self = {
        let one = Links {
            count: 1,
            gap_max: GAP_MAX,
            gap_at_end_max: Some(GAP_MAX),
            first_unproved: true,
        };
        Self { after_record: one, anywhere: one, anew: one }
    };
}

/// What stands at a place, as far as it can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// No record.
    Not,
    /// Possibly the beginning of a record.
    More,
    /// A record.
    Good(Good),
}

/// A record that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Good {
    pub(super) header: Header,
    /// With its header.
    pub(super) bytes: usize,
    /// Whether its kind is known.
    pub(super) known: bool,
    /// The boot, if it is a hello.
    boot: Option<u32>,
}

/// How a record's number goes on from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Jump {
    /// So many numbers are left out.
    Ahead(u16),
    /// A hello after a reset, whose numbers began at zero. A device that lost its power counts its
    /// boots anew, so the boot may be the same.
    Reset,
    /// It is one of those before.
    Back,
}

impl Good {
    /// How its number goes on from the one that was expected, after a hello of `boot`.
    ///
    /// A hello whose boot is another but whose number is a little ahead may have come after a
    /// reset or have a damaged boot: it is taken as a gap, which is not far wrong either way.
    pub(super) fn jump(&self, expected_seq: Option<u16>, boot: Option<u32>) -> Jump {
        let seq = self.header.seq;
        let gap = expected_seq.map_or(0, |expected| seq.wrapping_sub(expected));
        let is_back = gap > GAP_MAX;
        match self.boot {
            Some(_) if seq == 0 && is_back => Jump::Reset,
            Some(_) if self.boot != boot && (is_back || seq == 0 && gap > 0) => Jump::Reset,
            _ if is_back => Jump::Back,
            _ => Jump::Ahead(gap),
        }
    }

    /// Whether it surely is the first record after a reset: both its number and its boot say so.
    fn begins_another_boot(&self, boot: Option<u32>) -> bool {
        self.header.seq == 0 && self.boot != boot
    }
}

/// What stands at the start of `bytes`.
pub(super) fn look(bytes: &[u8]) -> Link {
    let Some((&[kind, words, seq_low, seq_high], rest)) = bytes.split_first_chunk() else {
        return Link::More;
    };
    let header = Header::from_word(u32::from_le_bytes([kind, words, seq_low, seq_high]));
    if header.kind == 0 || header.payload_words > RECORD_PAYLOAD_WORDS_MAX {
        return Link::Not;
    }
    // The version stands in the first payload word; a hello's length says nothing before that.
    let foreign = match rest.get(4..8) {
        Some(first_word) => header.payload_words > 0 && other_version(kind, first_word).is_some(),
        None if header.kind == Hello::KIND => return Link::More,
        None => false,
    };
    let limits = if foreign { None } else { Record::payload_words_of(header.kind) };
    if limits.is_some_and(|(min, max)| !(min..=max).contains(&header.payload_words)) {
        return Link::Not;
    }
    let length = 4 * (HEADER_WORDS + header.payload_words);
    let Some(payload) = bytes.get(4 * HEADER_WORDS..length) else {
        return Link::More;
    };
    let record = limits.map(|_| Record::read(header.kind, payload));
    let boot = match record {
        Some(None) => return Link::Not,
        Some(Some(Record::Hello(hello))) => Some(hello.boot),
        _ => None,
    };
    Link::Good(Good { header, bytes: length, known: record.is_some(), boot })
}

/// A chain as far as it has been followed.
pub(super) struct Chain {
    links: Links,
    expected_seq: Option<u16>,
    boot: Option<u32>,
    first: Option<Good>,
    first_gap: u16,
    /// Whether the last link needs the next number after it to be believed.
    is_unproved: bool,
    end: Link,
}

impl Chain {
    pub(super) fn new(links: Links, expected_seq: Option<u16>, boot: Option<u32>) -> Self {
        Self {
            links,
            expected_seq,
            boot,
            first: None,
            first_gap: 0,
            is_unproved: false,
            end: Link::More,
        }
    }

    /// Whatever number the first record has is right.
    pub(super) fn anew(mut self) -> Self {
        self.expected_seq = None;
        self
    }

    /// Follows the chain from the start of `bytes`.
    pub(super) fn follow(mut self, mut bytes: &[u8]) -> Self {
        for _ in 0..self.links.count {
            self.end = match look(bytes) {
                Link::Good(good) if self.fits(&good) => Link::Good(good),
                Link::Good(_) => Link::Not,
                other => other,
            };
            let Link::Good(good) = self.end else {
                return self;
            };
            self.first.get_or_insert(good);
            self.boot = good.boot.or(self.boot);
            self.expected_seq = Some(good.header.seq.wrapping_add(1));
            bytes = &bytes[good.bytes..];
        }
        self
    }

    fn fits(&mut self, good: &Good) -> bool {
        let (gap, proves_itself) = match good.jump(self.expected_seq, self.boot) {
            Jump::Ahead(gap) => (gap, good.known || gap == 0 && self.expected_seq.is_some()),
            Jump::Reset => (0, good.begins_another_boot(self.boot)),
            Jump::Back => return false,
        };
        let is_first = self.first.is_none();
        if is_first {
            self.first_gap = gap;
        }
        let after_unproved = core::mem::replace(&mut self.is_unproved, !proves_itself);
        let may_be_unproved = is_first && self.links.first_unproved;
        let gap_max = if after_unproved { 0 } else { self.links.gap_max };
        gap <= gap_max && (proves_itself || may_be_unproved)
    }

    /// The first record, if the chain proves it.
    pub(super) fn decide(self, tail: Tail) -> Link {
        let is_believed_at_end = self.links.gap_at_end_max.is_some_and(|max| self.first_gap <= max);
        match (self.end, self.first, tail) {
            (Link::Good(_), Some(first), _) => Link::Good(first),
            (Link::More, _, Tail::Open) => Link::More,
            (Link::More, Some(first), Tail::Ended) if is_believed_at_end => Link::Good(first),
            _ => Link::Not,
        }
    }
}
