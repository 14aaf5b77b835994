//! What cuts and damage do to each vector and to longer streams.

use crate::stream::{
    Framed, Pieces, Raw, WHOLE, bytes, framed_samples, hello, line, raw_samples, read_framed,
    read_raw, sample, words,
};
use crate::vectors::{self, Form};
use ramscope_wire::{FRAME_WORDS_MAX, FrameWriter, Record};

/// Bytes one by one, and pieces that fit nothing.
const CUTS: [Pieces<'static>; 3] = [&[1], &[7, 2, 13], &[64, 1]];

fn read_any(form: Form, bytes: &[u8], pieces: Pieces<'_>) -> Vec<String> {
    match form {
        Form::Raw => read_raw(bytes, pieces).items,
        Form::Framed => read_framed(bytes, pieces).items,
    }
}

#[test]
fn how_a_stream_is_cut_into_pieces_changes_nothing() {
    for vector in vectors::all() {
        for pieces in CUTS {
            let whole = read_any(vector.form, &vector.bytes, WHOLE);
            assert_eq!(read_any(vector.form, &vector.bytes, pieces), whole, "{}", vector.name);
        }
    }
}

#[test]
fn every_prefix_and_every_suffix_of_each_vector_is_read() {
    for vector in vectors::all() {
        for at in 0..=vector.bytes.len() {
            let (prefix, suffix) = vector.bytes.split_at(at);
            for part in [prefix, suffix] {
                let whole = read_any(vector.form, part, WHOLE);
                assert_eq!(read_any(vector.form, part, &[1]), whole, "{} at {at}", vector.name);
            }
        }
    }
}

#[test]
fn every_single_bit_flip_of_each_vector_is_read() {
    for vector in vectors::all() {
        for_each_flip(&vector.bytes, 0..vector.bytes.len(), |flipped, at| {
            let whole = read_any(vector.form, flipped, WHOLE);
            let pieces = read_any(vector.form, flipped, &[5, 3]);
            assert_eq!(pieces, whole, "{} with bit {at} flipped", vector.name);
        });
    }
}

fn for_each_flip(
    bytes: &[u8],
    range: core::ops::Range<usize>,
    mut check: impl FnMut(&[u8], usize),
) {
    let mut flipped = bytes.to_vec();
    for bit in range.start * 8..range.end * 8 {
        flipped[bit / 8] ^= 1 << (bit % 8);
        check(&flipped, bit);
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
}

/// How many records the sample streams have, and how many at each end are left alone: the first
/// must be read to know where counting starts, and the last so that a loss can be seen.
const SENT: u32 = 24;
const WHOLE_ENDS: u32 = 7;

#[test]
fn a_flipped_bit_costs_at_most_one_raw_record_and_it_is_counted() {
    let stream = raw_samples(SENT);
    let range = raw_samples(WHOLE_ENDS).len()..raw_samples(SENT - WHOLE_ENDS).len();
    for_each_flip(&stream, range, |flipped, bit| {
        let Raw { counts, .. } = &read_raw(flipped, WHOLE);
        assert_eq!(counts.records + counts.unknown + counts.lost, SENT.into(), "bit {bit}");
        assert!(counts.lost <= 1, "bit {bit}: {counts:?}");
        assert_eq!(counts.rejoined, 0, "bit {bit}");
    });
}

#[test]
fn a_flipped_bit_costs_at_most_one_frame_and_no_text() {
    let stream = framed_samples(SENT);
    let range = framed_samples(WHOLE_ENDS).len()..framed_samples(SENT - WHOLE_ENDS).len();
    for_each_flip(&stream, range, |flipped, bit| {
        let Framed { split, counts, text, .. } = &read_framed(flipped, WHOLE);
        assert_eq!(split.frames + split.frames_lost, SENT.into(), "bit {bit}");
        assert_eq!(counts.records + counts.lost, SENT.into(), "bit {bit}");
        assert!(split.frames_lost <= 1, "bit {bit}");
        assert_eq!(counts.damaged_bytes, 0, "bit {bit}");
        let lines = (0..SENT).filter(|index| index % 3 == 2 && contains(text, &line(*index)));
        assert!(lines.count() >= SENT as usize / 3 - 1, "bit {bit} lost more than its own line");
        if split.frames_lost == 0 {
            assert_eq!(split.false_starts, 0, "bit {bit}");
        }
    });
}

fn contains(text: &[u8], line: &str) -> bool {
    text.windows(line.len()).any(|window| window == line.as_bytes())
}

#[test]
fn every_stretch_cut_out_of_a_raw_stream_is_counted() {
    let stream = raw_samples(SENT);
    let (from, to) = (raw_samples(WHOLE_ENDS).len(), raw_samples(SENT - WHOLE_ENDS).len());
    for start in (from..to).step_by(3) {
        for end in (start..to).step_by(5) {
            let cut = [&stream[..start], &stream[end..]].concat();
            assert_eq!(read_raw(&cut, WHOLE).recovered_and_lost(), SENT.into(), "{start}..{end}");
        }
    }
}

#[test]
fn a_reset_begins_the_sequence_anew_without_loss() {
    for boot in [1, 2] {
        let mut stream = raw_samples(10);
        stream.extend(bytes(&words(&Record::Hello(hello(boot, 0)), 0, 0)));
        stream.extend(bytes(&words(&sample(5), 1, 160)));
        stream.extend(bytes(&words(&sample(5), 2, 160)));
        let counts = read_raw(&stream, WHOLE).counts;
        assert_eq!((counts.records, counts.lost, counts.damaged_bytes), (13, 0, 0), "boot {boot}");
    }
}

#[test]
fn a_reset_whose_start_was_missed_counts_what_was_missed() {
    let mut stream = raw_samples(20);
    stream.extend(bytes(&words(&Record::Hello(hello(2, 0)), 7, 0)));
    stream.extend(bytes(&words(&sample(5), 8, 160)));
    stream.extend(bytes(&words(&sample(5), 9, 160)));
    let counts = read_raw(&stream, WHOLE).counts;
    assert_eq!((counts.records, counts.lost, counts.damaged_bytes), (23, 7, 0));
}

#[test]
fn a_stream_whose_numbers_step_back_is_joined_anew() {
    let part = |from: u16| -> Vec<u8> {
        (0..10).flat_map(|index| bytes(&words(&sample(3), from + index, 160))).collect()
    };
    let counts = read_raw(&[part(20_000), part(100)].concat(), WHOLE).counts;
    assert_eq!((counts.records, counts.rejoined), (20, 1));
    assert_eq!((counts.lost, counts.damaged_bytes), (0, 0));
}

#[test]
fn a_frame_holds_as_many_words_as_it_promises() {
    let mut stream = Vec::new();
    let mut writer = FrameWriter::new();
    for word in [0, 0x0101_0101, u32::MAX] {
        stream.extend(writer.frame(&[word; FRAME_WORDS_MAX]));
    }
    assert!(stream.len() <= 3 * ramscope_wire::FRAME_BYTES_MAX);
    assert_eq!(read_framed(&stream, WHOLE).split.frames, 3);
}
