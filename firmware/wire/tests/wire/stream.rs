//! Streams to read, and what was read of them in a form that outlives the decoder.

use ramscope_wire::{Board, Level, SiteId, UnitKind, VERSION};
use ramscope_wire::{
    Clock, FrameWriter, FramedDecoder, FramedItem, HEADER_WORDS, Hello, Item, Payload, RawCounts,
    RawDecoder, Record, SplitCounts, StackSample, State, Switch, UnitId, UnitNew, Why, WindowId,
    write_record,
};

/// How a stream is cut into pieces: their lengths, over and over.
pub(crate) type Pieces<'a> = &'a [usize];

/// All at once.
pub(crate) const WHOLE: Pieces<'static> = &[usize::MAX];

/// What a raw stream held.
#[derive(Debug, PartialEq)]
pub(crate) struct Raw {
    pub(crate) items: Vec<String>,
    pub(crate) counts: RawCounts,
    record_bytes: u64,
}

impl Raw {
    /// Records of whatever kind, and those that the sequence misses.
    pub(crate) fn recovered_and_lost(&self) -> u64 {
        self.counts.records + self.counts.unknown + self.counts.lost
    }
}

/// Reads a raw stream; each byte must end up in a record or as damage.
pub(crate) fn read_raw(bytes: &[u8], pieces: Pieces<'_>) -> Raw {
    let mut decoder = RawDecoder::new();
    let (mut items, mut record_bytes) = (Vec::new(), 0);
    let mut take = |decoder: &mut RawDecoder| {
        while let Some(item) = decoder.next() {
            record_bytes += bytes_of(&item);
            items.push(format!("{item:?}"));
        }
    };
    for piece in cut(bytes, pieces) {
        decoder.feed(piece);
        take(&mut decoder);
    }
    decoder.finish();
    take(&mut decoder);
    let counts = decoder.counts();
    assert_eq!(record_bytes + counts.damaged_bytes, bytes.len() as u64, "bytes are accounted for");
    Raw { items, counts, record_bytes }
}

/// What a framed stream held.
#[derive(Debug, PartialEq)]
pub(crate) struct Framed {
    pub(crate) text: Vec<u8>,
    pub(crate) items: Vec<String>,
    pub(crate) counts: RawCounts,
    pub(crate) split: SplitCounts,
}

/// Reads a framed stream; text is joined, because how it is cut means nothing.
pub(crate) fn read_framed(bytes: &[u8], pieces: Pieces<'_>) -> Framed {
    let mut decoder = FramedDecoder::new();
    let (mut text, mut items) = (Vec::new(), Vec::new());
    let mut text_of_item = Vec::new();
    let mut take = |decoder: &mut FramedDecoder| {
        while let Some(item) = decoder.next() {
            if let FramedItem::Text(piece) = item {
                text.extend_from_slice(piece);
                text_of_item.extend_from_slice(piece);
                continue;
            }
            tell_text(&mut text_of_item, &mut items);
            items.push(format!("{item:?}"));
        }
    };
    for piece in cut(bytes, pieces) {
        decoder.feed(piece);
        take(&mut decoder);
    }
    decoder.finish();
    take(&mut decoder);
    tell_text(&mut text_of_item, &mut items);
    let (counts, split) = (decoder.counts(), decoder.split_counts());
    assert_eq!(split.text_bytes, text.len() as u64);
    Framed { text, items, counts, split }
}

fn tell_text(text: &mut Vec<u8>, items: &mut Vec<String>) {
    if !text.is_empty() {
        items.push(format!("Text({})", text.escape_ascii()));
        text.clear();
    }
}

fn cut<'a>(mut bytes: &'a [u8], pieces: Pieces<'_>) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = pieces.iter().cycle();
    core::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let length = (*lengths.next()?).clamp(1, bytes.len());
        let (piece, rest) = bytes.split_at(length);
        bytes = rest;
        Some(piece)
    })
}

fn bytes_of(item: &Item<'_>) -> u64 {
    let payload = match item {
        Item::Record { record, .. } => 4 * record.payload_words(),
        Item::Unknown { payload, .. } | Item::OtherVersion { payload, .. } => payload.len(),
        Item::Lost { .. } | Item::Damaged { .. } | Item::Rejoined => return 0,
    };
    (4 * HEADER_WORDS + payload) as u64
}

/// The raw form of a record.
pub(crate) fn words(record: &Record<'_>, seq: u16, dt: u32) -> Vec<u32> {
    let mut words = Vec::new();
    write_record(record, seq, dt, &mut words);
    words
}

/// The bytes of some words.
pub(crate) fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The `index`-th record of a program that does a bit of everything.
pub(crate) fn sample(index: u32) -> Record<'static> {
    let unit = UnitId(1 + index % 3);
    match index % 7 {
        0 => Record::Hello(hello(1, u64::from(index) * 160)),
        1 => UnitNew {
            unit,
            parent: UnitId::MAIN,
            kind: UnitKind::Thread,
            priority: 5,
            site: SiteId(7),
            stack_base: 0x3fc9_0000,
            stack_bytes: 2048,
            stack_requested_bytes: 2000,
            name: "worker#2",
        }
        .into(),
        2 => Clock { ticks: u64::from(index) * 160 }.into(),
        3 => StackSample {
            unit,
            stack_bytes: 2048,
            used_now: index,
            peak_boot: index + 400,
            peak_window: index + 100,
            window: WindowId(index / 10),
        }
        .into(),
        _ => Switch { to: unit, state_left: State::Blocked, why: Why::Sleep }.into(),
    }
}

/// A hello of this version.
pub(crate) fn hello(boot: u32, ticks: u64) -> Hello<'static> {
    Hello {
        version: VERSION,
        board: Board::Esp32c3,
        build_id: 0x1122_3344_5566_7788,
        timestamp_hz: 160_000_000,
        ticks,
        boot,
        reset_reason: 1,
        level: Level::All,
        dropped: 0,
        name: "sample",
    }
}

/// The raw form of the first `count` records of the sample program.
pub(crate) fn raw_samples(count: u32) -> Vec<u8> {
    (0..count).flat_map(|index| bytes(&words(&sample(index), index as u16, 160))).collect()
}

/// The framed form of `count` sample records, one a frame, with a line of text after each third.
pub(crate) fn framed_samples(count: u32) -> Vec<u8> {
    let mut writer = FrameWriter::new();
    let mut stream = Vec::new();
    for index in 0..count {
        stream.extend(writer.frame(&words(&sample(index), index as u16, 160)));
        if index % 3 == 2 {
            stream.extend_from_slice(line(index).as_bytes());
        }
    }
    stream
}

/// The line of text after a record.
pub(crate) fn line(index: u32) -> String {
    format!("count {index}\r\n")
}
