//! The vectors of the specification. They were worked out from SPEC.md without this crate.
//!
//! A file names its form (`# raw` or `# framed`) in its head; then come bytes in hex, with what
//! they mean behind a `#`, and lines that begin with `=>` for what a reader must give.

use std::fs;
use std::path::{Path, PathBuf};

use crate::stream::{WHOLE, bytes, read_framed, read_raw, words};
use ramscope_wire::{FrameWriter, Item, Piece, RawDecoder, Record, StreamSplitter};

/// The form that a vector is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Raw,
    Framed,
}

/// One file.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) bytes: Vec<u8>,
    expected: Vec<String>,
}

/// All files, by name.
pub(crate) fn all() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 9, "vectors are missing");
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vector {
    let text = fs::read_to_string(path).unwrap();
    let form = if text.lines().any(|line| line == "# raw") { Form::Raw } else { Form::Framed };
    let (expected, hex): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("=>"));
    let bytes = hex
        .iter()
        .flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace())
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    Vector {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        form,
        bytes,
        expected: expected.iter().map(|line| line["=> ".len()..].to_owned()).collect(),
    }
}

#[test]
fn each_vector_reads_as_it_says() {
    let wrong: Vec<String> = all().iter().filter_map(difference).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a vector reads as, if that is not what it says.
fn difference(vector: &Vector) -> Option<String> {
    let items = match vector.form {
        Form::Raw => read_raw(&vector.bytes, WHOLE).items,
        Form::Framed => read_framed(&vector.bytes, WHOLE).items,
    };
    let lines: String = items.iter().map(|item| format!("=> {item}\n")).collect();
    (items != vector.expected).then(|| format!("{} reads as\n{lines}", vector.name))
}

#[test]
fn records_are_written_as_the_vector_has_them() {
    assert_eq!(check_writing("raw-all-kinds.txt"), 24, "23 kinds, Program twice");
    assert_eq!(check_writing("raw-commands.txt"), 10, "9 kinds, FailAllocation twice");
    assert_eq!(check_writing("raw-heap.txt"), 8, "7 kinds, HeapRun twice");
    assert_eq!(check_writing("raw-modules.txt"), 7, "a hello and 6 kinds");
    assert_eq!(check_writing("raw-collect.txt"), 6, "5 kinds and Hello");
}

/// Writes again what was read of a vector; how many records it has.
fn check_writing(name: &str) -> usize {
    let vector = all().into_iter().find(|vector| vector.name == name).unwrap();
    let mut decoder = RawDecoder::new();
    decoder.feed(&vector.bytes);
    decoder.finish();
    let mut written = Vec::new();
    let mut kinds = 0;
    while let Some(item) = decoder.next() {
        let Item::Record { stamp, record } = item else { panic!("{item:?}") };
        written.extend(bytes(&words(&record, stamp.seq, stamp.dt)));
        kinds += 1;
    }
    assert_eq!(written, vector.bytes, "{name}");
    kinds
}

#[test]
fn frames_are_written_as_the_vector_has_them() {
    let vector = all().into_iter().find(|vector| vector.name == "framed.txt").unwrap();
    let mut splitter = StreamSplitter::new();
    splitter.feed(&vector.bytes);
    splitter.finish();
    let mut writer = FrameWriter::new();
    let mut written = Vec::new();
    while let Some(piece) = splitter.next() {
        match piece {
            Piece::Text(text) => written.extend_from_slice(text),
            Piece::Frame { records, .. } => {
                let (words, rest) = records.as_chunks();
                assert_eq!(rest, b"");
                let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
                written.extend(writer.frame(&words));
            }
        }
    }
    assert_eq!(written, vector.bytes);
}

#[test]
fn the_specification_has_each_kind_with_its_words() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("SPEC.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, table) = text.split_once("| kind | words | payload |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut specified = Vec::new();
    for row in table.lines().filter(|row| row.starts_with("| ") && !row.starts_with("|-")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let kind = u8::from_str_radix(&cells[1][..2], 16).unwrap();
        let (words_min, _) = Record::payload_words_of(kind).unwrap();
        let numbers = cells[2].split(['+', ' ']).filter_map(|cell| cell.parse::<usize>().ok());
        assert_eq!(numbers.sum::<usize>(), words_min, "{row}");
        specified.push(kind);
    }
    let known: Vec<u8> =
        (0..=u8::MAX).filter(|kind| Record::payload_words_of(*kind).is_some()).collect();
    assert_eq!(specified, known);
}
