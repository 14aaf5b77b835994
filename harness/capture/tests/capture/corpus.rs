//! Files that are meant to hurt a reader: a stored corpus, and mutants of it that are the same in every
//! run.

use std::fs;
use std::path::{Path, PathBuf};

use ramscope_capture::Capture;

use crate::{file_of, short_run};

/// How many mutants each file of the corpus has.
const MUTANTS: u64 = 1_500;

fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    files.into_iter().map(read).collect()
}

/// Numbers that look random and are the same everywhere (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// A file with a few things wrong: bytes changed, stretches taken out, doubled or replaced.
fn mutate(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut mutant = file.to_vec();
    for _ in 0..=numbers.below(4) {
        if mutant.is_empty() {
            break;
        }
        let at = numbers.below(mutant.len());
        let end = (at + 1 + numbers.below(40)).min(mutant.len());
        match numbers.below(5) {
            0 => mutant[at] ^= 1 << numbers.below(8),
            1 => drop(mutant.drain(at..end)),
            2 => {
                let piece = mutant[at..end].to_vec();
                let to = numbers.below(mutant.len());
                mutant.splice(to..to, piece);
            }
            3 => mutant[at..end].fill([0, 0xff, 0x7f, 0x80][numbers.below(4)]),
            _ => mutant.truncate(end),
        }
    }
    mutant
}

/// Reads a file, which must neither panic nor give more than it can hold: an LZ4 block is at most
/// 255 times smaller than what it holds.
fn check(name: &Path, file: &[u8]) {
    let Ok(capture) = Capture::read(&mut &file[..]) else {
        return;
    };
    let bytes: usize = capture.device.iter().map(|chunk| chunk.bytes.len()).sum();
    assert!(bytes <= file.len() * 255 + 64, "{}: {bytes} bytes", name.display());
    if let Some(damage) = capture.damage {
        assert!(damage.at_offset <= file.len() as u64, "{}", name.display());
        assert!(damage.lost_bytes <= file.len() as u64, "{}: {damage}", name.display());
        assert!(!damage.to_string().is_empty());
    }
}

#[test]
fn no_file_of_the_corpus_and_no_mutant_of_it_hurts() {
    let files = corpus();
    assert!(files.len() >= 8, "the corpus is missing");
    let mut numbers = Numbers(0x7261_6d73_636f_7065);
    for (name, file) in &files {
        check(name, file);
        for _ in 0..MUTANTS {
            check(name, &mutate(file, &mut numbers));
        }
    }
}

#[test]
fn a_length_that_no_file_can_have_takes_no_memory() {
    let bombs = corpus().into_iter().filter(|(name, _)| name.to_string_lossy().contains("bomb"));
    for (name, file) in bombs {
        let capture = Capture::read(&mut file.as_slice()).unwrap();
        assert!(capture.damage.is_some(), "{}", name.display());
        assert!(capture.device.is_empty(), "{}", name.display());
    }
}

/// Headers, a file as it is written today, and what has been thought of against readers.
#[test]
#[ignore = "writes the corpus anew"]
fn write_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let whole = file_of(&short_run());
    let head = &whole[..16];
    let chunk = |kind: u8, codec: u8, stored: u32, plain: u32, bytes: &[u8]| {
        let mut header = vec![kind, 1, codec, 0];
        header.extend(stored.to_le_bytes());
        header.extend(plain.to_le_bytes());
        header.extend([0; 8]);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&header);
        crc.update(bytes);
        header.extend(crc.finalize().to_le_bytes());
        [&header, bytes].concat()
    };
    let many = |piece: Vec<u8>, times: usize| [head, &piece.repeat(times)].concat();
    let files: [(&str, Vec<u8>); 10] = [
        ("whole", whole.clone()),
        ("head", head.to_vec()),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("two-in-one", [whole.as_slice(), &whole].concat()),
        ("bomb-stored", many(chunk(1, 0, u32::MAX, u32::MAX, b"x"), 1)),
        ("bomb-plain", many(chunk(1, 1, 4, u32::MAX, b"\x1fa\0\0"), 1)),
        ("bomb-ratio", many(chunk(1, 1, 4, 1 << 20, b"\x1fa\x01\0"), 60)),
        ("bomb-claims", many(chunk(1, 0, 900_000, 900_000, b""), 200)),
        ("empty-chunks", many(chunk(1, 0, 0, 0, b""), 100)),
        ("unknown-kinds", many(chunk(99, 0, 3, 3, b"abc"), 40)),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(format!("{name}.ramscope")), bytes).unwrap();
    }
}
