//! What the device hash depends on.

use crate::{at, short_run};
use proptest::prelude::*;
use ramscope_capture::{Capture, DeviceHash, HostPart, ObserverEvent, Recorder, Stream};

/// The hash of bytes that were recorded in this order.
fn hash_of(appends: &[(Stream, u64, &[u8])]) -> DeviceHash {
    let mut run = Recorder::new();
    for (stream, millis, bytes) in appends {
        run.append(*stream, at(*millis), bytes);
    }
    run.finish().device_hash()
}

#[test]
fn the_hash_is_the_same_on_any_host_and_in_any_version() {
    assert_eq!(
        short_run().device_hash().to_string(),
        "bf3387636ea7d5a3051d53d68b9ba3aa49d26add4c3a2d83d54aed8876a705f1"
    );
}

#[test]
fn how_often_and_in_which_order_streams_are_polled_does_not_change_the_hash() {
    let once = hash_of(&[
        (Stream::Uart0, 1, b"abcd"),
        (Stream::Ring, 1, b"1234"),
        (Stream::Uart0, 2, b"e"),
    ]);
    let often = hash_of(&[
        (Stream::Ring, 1, b"12"),
        (Stream::Uart0, 1, b"a"),
        (Stream::Uart0, 1, b"bc"),
        (Stream::Ring, 1, b""),
        (Stream::Ring, 1, b"34"),
        (Stream::Uart0, 1, b"d"),
        (Stream::Uart0, 2, b"e"),
    ]);
    assert_eq!(once, often);
}

#[test]
fn stream_instant_and_bytes_each_change_the_hash() {
    let hash = hash_of(&[(Stream::Uart0, 1, b"ab"), (Stream::Uart0, 2, b"c")]);
    assert_ne!(hash, hash_of(&[(Stream::Uart0, 1, b"a"), (Stream::Uart0, 2, b"bc")]));
    assert_ne!(hash, hash_of(&[(Stream::Uart0, 1, b"ab"), (Stream::Uart0, 3, b"c")]));
    assert_ne!(hash, hash_of(&[(Stream::Ring, 1, b"ab"), (Stream::Ring, 2, b"c")]));
    assert_ne!(hash, hash_of(&[(Stream::Uart0, 1, b"ab"), (Stream::Ring, 2, b"c")]));
    assert_ne!(hash, hash_of(&[(Stream::Uart0, 1, b"abc")]));
    assert_ne!(hash, hash_of(&[]));
}

#[test]
fn neither_observers_nor_the_host_change_the_hash() {
    let mut run = Recorder::new();
    run.append(Stream::Uart0, at(1), b"a");
    let unobserved = run.capture().device_hash();
    run.event(at(1), &ObserverEvent::Note("seen".into()));
    run.append(Stream::Uart0, at(1), b"b");
    run.host(HostPart { json: "{}".into() });
    let observed = run.finish().device_hash();
    assert_eq!(observed, hash_of(&[(Stream::Uart0, 1, b"ab")]));
    assert_ne!(observed, unobserved);
}

#[test]
fn bytes_of_a_stream_at_one_instant_are_one_chunk() {
    let mut run = Recorder::new();
    run.append(Stream::Uart0, at(1), b"a");
    run.append(Stream::Uart0, at(1), b"");
    run.append(Stream::Uart0, at(1), b"b");
    run.append(Stream::Uart0, at(2), b"c");
    let Capture { device, .. } = run.finish();
    let bytes: Vec<&[u8]> = device.iter().map(|chunk| chunk.bytes.as_slice()).collect();
    assert_eq!(bytes, [&b"ab"[..], b"c"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_hash_is_that_of_the_bytes_however_they_are_cut(
        bytes in prop::collection::vec(any::<u8>(), 1..200),
        cuts in prop::collection::vec(1..30usize, 1..6),
    ) {
        let mut run = Recorder::new();
        let mut rest = bytes.as_slice();
        for length in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*length).min(rest.len()));
            run.append(Stream::Ring, at(7), piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(run.finish().device_hash(), hash_of(&[(Stream::Ring, 7, &bytes)]));
    }
}
