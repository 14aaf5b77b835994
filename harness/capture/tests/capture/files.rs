//! What becomes of whole and of damaged files.

use crate::{at, file_of, short_run};
use proptest::prelude::*;
use ramscope_capture::{
    Capture, CaptureError, DamageKind, FORMAT_VERSION, FileWriter, HowEnded, Recorder, StepEvent,
    Stimulus, Stream,
};

fn read(mut file: &[u8]) -> Result<Capture, CaptureError> {
    Capture::read(&mut file)
}

/// Bytes before the first chunk: magic and version.
const HEAD_BYTES: usize = 16;

#[test]
fn a_capture_is_read_as_it_was_written() {
    let capture = short_run();
    assert_eq!(read(&file_of(&capture)).unwrap(), capture);
    let empty = Recorder::new().finish();
    assert_eq!(read(&file_of(&empty)).unwrap(), empty);
}

/// The bytes of a file that is written as hexadecimal text.
fn from_hex(text: &str) -> Vec<u8> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

#[test]
fn a_file_that_others_made_of_the_same_run_is_the_same_capture() {
    let file = from_hex(include_str!("short-run-v2.txt"));
    assert_eq!(read(&file).unwrap(), short_run());
}

#[test]
fn a_file_of_the_first_format_is_still_read() {
    let file = from_hex(include_str!("short-run-v1.txt"));
    assert_eq!(read(&file).unwrap(), Capture { closing: None, ..short_run() });
}

#[test]
fn a_file_that_grows_with_the_run_has_the_bytes_of_one_written_at_once() {
    let whole = short_run();
    let mut writer = FileWriter::begin(Vec::new(), whole.host.as_ref()).unwrap();
    let mut grown = Recorder::new();
    for chunk in &whole.device {
        let (first, second) = chunk.bytes.split_at(chunk.bytes.len() / 2);
        for piece in [first, second] {
            grown.append(chunk.stream, chunk.instant, piece);
            writer.catch_up(grown.capture()).unwrap();
        }
    }
    assert!(writer.finish(&whole).unwrap() == file_of(&whole));
}

#[test]
fn what_is_left_of_a_killed_run_has_its_plan_and_all_but_the_last_chunk() {
    /// A disk whose contents outlive the writer.
    #[derive(Clone, Default)]
    struct Disk(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);
    impl std::io::Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (whole, disk) = (short_run(), Disk::default());
    let mut writer = FileWriter::begin(disk.clone(), whole.host.as_ref()).unwrap();
    writer.catch_up(&whole).unwrap();
    drop(writer);
    let left = read(&disk.0.borrow()).unwrap();
    assert_eq!(left.host, whole.host);
    assert_eq!(left.device, whole.device[..whole.device.len() - 1]);
    let damage = left.damage.unwrap();
    assert_eq!(damage.kind, DamageKind::NoEnd);
    assert_eq!(
        damage.to_string(),
        format!(
            "at byte {}, after 6.000 ms of device time: the file ends before the run did, and \
             what came later is lost",
            disk.0.borrow().len()
        )
    );
}

#[test]
fn a_stream_longer_than_a_chunk_of_the_file_is_one_chunk_again() {
    let mut run = Recorder::new();
    let noise: Vec<u8> =
        (0..3_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    run.append(Stream::Ring, at(1), &noise);
    let capture = run.finish();
    assert_eq!(read(&file_of(&capture)).unwrap(), capture);
}

#[test]
fn what_repeats_is_compressed() {
    let mut run = Recorder::new();
    run.append(Stream::Ring, at(1), &[0; 100_000]);
    assert!(file_of(&run.finish()).len() < 1_000);
}

#[test]
fn events_are_found_in_their_streams() {
    let capture = short_run();
    let steps: Vec<_> = capture.events::<StepEvent>().map(Result::unwrap).collect();
    assert_eq!((steps.len(), steps[0].event.index, steps[0].instant), (1, 0, at(5)));
    let stimuli: Vec<_> = capture.events::<Stimulus>().map(Result::unwrap).collect();
    assert_eq!(stimuli[0].event, Stimulus::Serial(b"run two-threads\n".to_vec()));
    let ends: Vec<_> = capture.events::<HowEnded>().map(Result::unwrap).collect();
    assert_eq!(ends[0].event, HowEnded::StepsDone);
}

#[test]
fn every_prefix_says_that_it_is_one_and_yields_what_it_holds() {
    let capture = short_run();
    let file = file_of(&capture);
    for length in 0..file.len() {
        match read(&file[..length]) {
            Err(error) => {
                assert!(length < HEAD_BYTES, "{length}: {error}");
                assert!(matches!(error, CaptureError::NotACapture), "{length}: {error}");
            }
            Ok(cut) => {
                let damage = cut.damage.expect("a prefix is damaged");
                assert!(damage.at_offset <= length as u64);
                assert!(matches!(damage.kind, DamageKind::CutChunk | DamageKind::NoEnd));
                assert!(capture.device.starts_with(&cut.device), "{length}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed_and_costs_one_chunk_at_most() {
    let capture = short_run();
    let mut file = file_of(&capture);
    let mut kept_all_but_one = 0;
    for bit in 0..file.len() * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        match read(&file) {
            Err(_) => assert!(bit / 8 < HEAD_BYTES, "bit {bit}"),
            Ok(flipped) => {
                assert!(flipped.damage.is_some(), "bit {bit}");
                let kept = |chunk| capture.device.contains(chunk);
                assert!(
                    flipped.device.iter().all(kept),
                    "bit {bit} gave bytes that were never there"
                );
                kept_all_but_one += usize::from(flipped.device.len() + 1 >= capture.device.len());
            }
        }
        file[bit / 8] ^= 1 << (bit % 8);
    }
    // Also where the length itself was damaged: the next chunk is looked for.
    assert_eq!(kept_all_but_one, (file.len() - HEAD_BYTES) * 8);
}

#[test]
fn what_follows_the_end_is_noticed() {
    let file = [file_of(&short_run()), vec![0]].concat();
    assert_eq!(read(&file).unwrap().damage.unwrap().kind, DamageKind::Trailing);
}

#[test]
fn a_chunk_that_was_taken_out_is_noticed_by_the_hash() {
    let file = file_of(&short_run());
    let text = b"ramscope\r\n> ";
    let at = file.windows(text.len()).position(|bytes| bytes == text).unwrap();
    let without = [&file[..at - 24], &file[at + text.len()..]].concat();
    assert_eq!(read(&without).unwrap().damage.unwrap().kind, DamageKind::Hash);
}

#[test]
fn another_version_is_refused_by_its_number() {
    let mut file = file_of(&short_run());
    file[12] += 1;
    let error = read(&file).unwrap_err();
    assert!(matches!(error, CaptureError::OtherVersion { found } if found == FORMAT_VERSION + 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_garbage_makes_a_reader_panic(
        garbage in prop::collection::vec(any::<u8>(), 0..400),
        from in 0..300usize,
    ) {
        let file = file_of(&short_run());
        let _ = read(&garbage);
        let _ = read(&[&file[..HEAD_BYTES], garbage.as_slice()].concat());
        let capture = read(&[&file[..from.max(HEAD_BYTES)], garbage.as_slice()].concat()).unwrap();
        prop_assert!(capture.damage.is_some());
    }
}
