//! Stored streams that came to harm: read the same for ever.
//!
//! A file's name is `FORM-NUMBER-sent-RECORDS.bin`. Both ends of each stream are whole, so what
//! was sent is what is recovered and what is lost. A stream that ever broke a reader is added.

use std::fs;
use std::path::{Path, PathBuf};

use crate::stream::{framed_samples, raw_samples, read_framed, read_raw};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn recovered_and_lost_are_what_was_sent_in_each_stored_stream() {
    let mut files = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (form, sent) = (name.split('-').next().unwrap(), name.rsplit('-').next().unwrap());
        let sent: u64 = sent.parse().unwrap();
        let stream = fs::read(&path).unwrap();
        match form {
            "raw" => {
                let raw = read_raw(&stream, &[61]);
                assert_eq!(raw.recovered_and_lost(), sent, "{name}: {:?}", raw.counts);
                assert_eq!(raw, read_raw(&stream, &[1]), "{name}");
            }
            "framed" => {
                let framed = read_framed(&stream, &[61]);
                let split = framed.split;
                assert_eq!(split.frames + split.frames_lost, sent, "{name}: {split:?}");
                assert_eq!(framed.counts.records + framed.counts.lost, sent, "{name}");
                assert_eq!(framed, read_framed(&stream, &[1]), "{name}");
            }
            _ => panic!("{name} is of no known form"),
        }
        files += 1;
    }
    assert!(files >= 32, "the corpus is missing");
}

const SENT: u32 = 100;
const WHOLE_ENDS: u32 = 14;

#[test]
#[ignore = "writes the corpus anew"]
fn write_corpus() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for number in 0..16 {
        store("raw", number, harmed(raw_samples, number, &mut chance));
        store("framed", number, harmed(framed_samples, number, &mut chance));
    }
}

fn store(form: &str, number: u32, stream: Vec<u8>) {
    fs::write(folder().join(format!("{form}-{number:02}-sent-{SENT}.bin")), stream).unwrap();
}

/// A stream with `number` times something cut out, flipped or put into its middle.
fn harmed(stream_of: fn(u32) -> Vec<u8>, number: u32, chance: &mut Chance) -> Vec<u8> {
    let stream = stream_of(SENT);
    let (head, tail) = (stream_of(WHOLE_ENDS).len(), stream_of(SENT - WHOLE_ENDS).len());
    let mut middle = stream[head..tail].to_vec();
    for _ in 0..number {
        let at = chance.below(middle.len());
        match chance.below(4) {
            0 => {
                let length = chance.below(90).min(middle.len() - at);
                middle.drain(at..at + length);
            }
            1 => {
                let length = chance.below(40);
                let noise: Vec<u8> = (0..length).map(|_| chance.below(256) as u8).collect();
                middle.splice(at..at, noise);
            }
            _ => middle[at] ^= 1 << chance.below(8),
        }
    }
    [&stream[..head], &middle, &stream[tail..]].concat()
}

/// Xorshift: the same numbers on any host.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
