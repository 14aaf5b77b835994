//! Devices that send nonsense: the model never panics, stays bounded, and does not depend on how
//! bytes were cut.

#[path = "support/recording.rs"]
mod recording;

use proptest::prelude::*;
use ramscope_capture::{Capture, Chunk, HowEnded, Stream};
use ramscope_model::{Device, Feed, Outcome, judge};
use ramscope_time::Instant;
use ramscope_wire::{
    FrameWriter, HEADER_WORDS, Header, Record, State, UnitId, UnitState, Why, header,
};
use recording::{Recording, scenario};

const STREAMS: [Stream; 7] = [
    Stream::Ring,
    Stream::Uart0,
    Stream::Observer,
    Stream::Steps,
    Stream::End,
    Stream::Stimulus,
    Stream::Other(99),
];

const SETTINGS: &str = "budgets:\n- {thread: '*', stack-peak: 1024}\n- {heap: main, peak: 1KiB}\n\
                        - {interrupt: '*', stack-peak: 100}\n- {thread: 'x', cpu-share: 50%}";

/// Judges these chunks; whatever comes out is fine.
fn survive(chunks: Vec<Chunk>) {
    let mut capture = Recording::silent().capture(&scenario(SETTINGS));
    capture.device = chunks;
    let judged = judge(&capture).expect("the host part is whole");
    assert_ne!(judged.verdict.sentence, "");
}

fn chunk() -> impl Strategy<Value = Chunk> {
    let stream = proptest::sample::select(STREAMS.to_vec());
    let bytes = proptest::collection::vec(any::<u8>(), 1..200);
    (stream, any::<u64>(), bytes).prop_map(|(stream, picos, bytes)| Chunk {
        stream,
        instant: Instant::from_picos(picos),
        bytes,
    })
}

/// A record of a known kind with any payload that has the right length; ids mostly small, so that
/// records meet.
fn record_words() -> impl Strategy<Value = (u8, Vec<u32>)> {
    let kinds: Vec<u8> = (0..=u8::MAX).filter(|&k| Record::payload_words_of(k).is_some()).collect();
    let word = prop_oneof![0_u32..8, any::<u32>()];
    proptest::sample::select(kinds).prop_flat_map(move |kind| {
        let (least, most) = Record::payload_words_of(kind).expect("only known kinds are chosen");
        let payload = proptest::collection::vec(word.clone(), least..=most);
        payload.prop_map(move |payload| (kind, payload))
    })
}

fn ring_of(records: &[(u8, Vec<u32>)]) -> Vec<u8> {
    let words = records.iter().enumerate().flat_map(|(seq, (kind, payload))| {
        let head = [header(*kind, payload.len(), seq as u16), 1_000];
        head.into_iter().chain(payload.iter().copied())
    });
    words.flat_map(u32::to_le_bytes).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_survived(chunks in proptest::collection::vec(chunk(), 0..20)) {
        survive(chunks);
    }

    #[test]
    fn any_records_are_survived(records in proptest::collection::vec(record_words(), 0..100)) {
        let bytes = ring_of(&records);
        let instant = Instant::from_picos(1_000_000_000_000);
        survive(vec![Chunk { stream: Stream::Ring, instant, bytes }]);
    }

    #[test]
    fn any_record_can_be_applied(records in proptest::collection::vec(record_words(), 0..200)) {
        let mut device = Device::new();
        for (index, (kind, payload)) in records.iter().enumerate() {
            let bytes: Vec<u8> = payload.iter().flat_map(|word| word.to_le_bytes()).collect();
            if let Some(record) = Record::read(*kind, &bytes) {
                device.apply(Instant::from_picos(index as u64), &record);
            }
        }
        prop_assert!(device.units().len() <= records.len() * 2);
        let _ = device.lock_cycle();
    }

    #[test]
    fn how_bytes_are_cut_changes_nothing(cuts in proptest::collection::vec(1_usize..40, 1..60)) {
        let capture = busy();
        let whole = Feed::of(&capture);
        let mut cut = Feed::new();
        let mut sizes = cuts.iter().cycle();
        for chunk in &capture.device {
            if chunk.stream != Stream::Ring {
                cut.push(chunk.stream, chunk.instant, &chunk.bytes);
                continue;
            }
            let mut rest = chunk.bytes.as_slice();
            while !rest.is_empty() {
                let size = sizes.next().copied().unwrap_or(1).min(rest.len());
                cut.push(chunk.stream, chunk.instant, &rest[..size]);
                rest = &rest[size..];
            }
        }
        cut.finish();
        prop_assert_eq!(format!("{:?}", whole.device()), format!("{:?}", cut.device()));
    }

    #[test]
    fn a_flipped_bit_never_makes_a_broken_budget_pass(bit in 0_usize..4_000) {
        let mut capture = busy();
        let mut bits = bit;
        for chunk in capture.device.iter_mut().filter(|chunk| chunk.stream == Stream::Ring) {
            if let Some(byte) = chunk.bytes.get_mut(bits / 8) {
                *byte ^= 1 << (bits % 8);
                break;
            }
            bits -= 8 * chunk.bytes.len();
        }
        let outcome = judge(&capture).expect("the host part is whole").verdict.outcome;
        prop_assert!(matches!(outcome, Outcome::Fail | Outcome::Inconclusive));
    }
}

fn busy() -> Capture {
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096);
    for round in 1..20 {
        device.at(10 * u64::from(round));
        device.thread(1 + round, "worker", 0x3fc8_a000, 1_024);
        device.stack(1 + round, 1_024, 100, 100 + round);
        device.stack(1, 4_096, 300, 800 + round).heap(100 * round, 120 * round);
        device.cpu(1, round, 1_000 * u64::from(round));
    }
    device.ends(&HowEnded::StepsDone);
    device.capture(&scenario(SETTINGS))
}

#[test]
fn a_device_that_makes_units_for_ever_takes_bounded_memory() {
    let mut device = Device::new();
    for id in 0..(Device::UNITS_MAX as u32 + 10) {
        let state = UnitState {
            unit: UnitId(id),
            state: State::Ready,
            why: Why::New,
            object: ramscope_wire::ObjectId::NONE,
        };
        device.apply(Instant::ZERO, &Record::UnitState(state));
    }
    assert_eq!(device.units().len(), Device::UNITS_MAX);
    assert_eq!(device.forgotten(), 10);
}

#[test]
fn the_second_unit_of_a_name_has_a_number_in_the_order_of_making() {
    let capture = busy();
    let feed = Feed::of(&capture);
    let names: Vec<&str> = feed.device().units().iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names[..4], ["main", "worker", "worker#2", "worker#3"]);
}

#[test]
fn an_announcement_that_comes_late_gives_the_earlier_unit_the_earlier_name() {
    let mut device = Recording::new();
    device.stack(3, 512, 1, 2).thread(4, "worker", 0, 512).thread(3, "worker", 0, 512);
    device.ends(&HowEnded::StepsDone);
    let feed = Feed::of(&device.capture(&scenario("")));
    let name = |id| feed.device().name_of(UnitId(id));
    assert_eq!((name(3).as_str(), name(4).as_str()), ("worker", "worker#2"));
}

#[test]
fn frames_between_lines_of_text_say_the_same_as_the_ring() {
    let capture = busy();
    let by_ring = Feed::of(&capture);
    let mut by_uart = Feed::new();
    let mut writer = FrameWriter::new();
    for chunk in capture.stream(Stream::Ring) {
        by_uart.push(Stream::Uart0, chunk.instant, b"a line\n");
        for record in records_of(&chunk.bytes) {
            let frame: Vec<u8> = writer.frame(&record).collect();
            by_uart.push(Stream::Uart0, chunk.instant, &frame);
        }
    }
    by_uart.finish();
    let units = |feed: &Feed| format!("{:?}{:?}", feed.device().units(), feed.device().heap());
    assert_eq!(units(&by_ring), units(&by_uart));
    assert!(by_uart.console().lines().all(|line| line.text == "a line"));
    assert!(!by_uart.device().losses().any());
}

/// The words of each record of a ring.
fn records_of(ring: &[u8]) -> Vec<Vec<u32>> {
    let words =
        ring.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let words: Vec<u32> = words.collect();
    let mut rest = words.as_slice();
    let mut records = Vec::new();
    while let Some(&head) = rest.first() {
        let (record, after) = rest.split_at(HEADER_WORDS + Header::from_word(head).payload_words);
        records.push(record.to_vec());
        rest = after;
    }
    records
}

#[test]
fn records_have_the_instants_of_their_ticks_also_after_a_reset() {
    let mut device = Recording::new();
    device.at(1_000).thread(2, "early", 0, 512);
    device.at(2_000).reboot().at(2_500).thread(2, "late", 0, 512);
    let feed = Feed::of(&device.capture(&scenario("")));
    let seen: Vec<(&str, u64)> = feed
        .device()
        .units()
        .iter()
        .map(|unit| (unit.name.as_str(), unit.first_seen.as_picos() / 1_000_000_000))
        .collect();
    assert_eq!(seen, [("early", 1_000), ("late", 2_500)]);
}
