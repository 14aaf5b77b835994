//! Inputs that nobody wrote by hand: random bytes, and random pieces of what means something.

use crate::document::Document;
use crate::edit;
use crate::item::Items;
use crate::value::Value;
use crate::write::Writer;

/// Numbers that look random and are the same each time (Marsaglia's xorshift, 32 bit).
struct Random(u32);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % bound
    }
}

const PIECES: [&str; 22] = [
    "[", "]", "=", ":", ";", "#", "\n", "\r\n", "\r", "\"", " ", "\t", "a", "B", "key", "section",
    "\u{feff}", "ü", "0x", "-1", "\u{0}", "1.5",
];

fn pieces(random: &mut Random) -> String {
    (0..random.below(24)).map(|_| PIECES[random.below(PIECES.len())]).collect()
}

#[test]
fn random_bytes_are_read_or_refused_and_lines_are_counted() {
    let mut random = Random(0x2545_F491);
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..random.below(64)).map(|_| random.below(256) as u8).collect();
        let lines = Items::of(&bytes).map(|(line, _)| line.0);
        assert!(lines.eq(1..=Items::of(&bytes).count() as u32));
        if let Err(problem) = Document::<8>::read(&bytes) {
            assert!(problem.line.0 as usize <= Items::of(&bytes).count());
        }
    }
}

#[test]
fn random_pieces_read_the_same_after_they_were_written_again() {
    let mut random = Random(7);
    let mut readable = 0;
    for _ in 0..50_000 {
        let text = pieces(&mut random);
        let Ok(document) = Document::<24>::read(text.as_bytes()) else { continue };
        readable += 1;
        let mut again = String::new();
        let mut writer = Writer::new(&mut again);
        for section in core::iter::once("").chain(document.sections()) {
            if !section.is_empty() {
                writer.section(section).unwrap();
            }
            for (_, key, value) in document.pairs(section) {
                writer.pair(key, value.text()).unwrap();
            }
        }
        let written = Document::<24>::read(again.as_bytes()).unwrap();
        assert!(written.sections().eq(document.sections()), "{text:?}");
        for section in core::iter::once("").chain(document.sections()) {
            let pairs = |d: &Document<'_, 24>| -> Vec<(String, String)> {
                d.pairs(section).map(|(_, k, v)| (k.to_owned(), v.text().to_owned())).collect()
            };
            assert_eq!(pairs(&written), pairs(&document), "{text:?}");
        }
    }
    assert!(readable > 1000, "most of the cases say nothing: {readable}");
}

#[test]
fn an_edit_of_random_pieces_changes_one_key_and_no_other() {
    let mut random = Random(99);
    for _ in 0..50_000 {
        let (text, value) = (pieces(&mut random), pieces(&mut random));
        let Ok(before) = Document::<24>::read(text.as_bytes()) else { continue };
        let mut out = String::new();
        if edit::set(&text, "section", "key", &value, &mut out).is_err() {
            continue;
        }
        let after = Document::<26>::read(out.as_bytes()).unwrap();
        assert_eq!(after.get("section", "KEY").map(Value::text), Some(&*value), "{text:?}");
        for section in core::iter::once("").chain(before.sections()) {
            for (_, key, value) in before.pairs(section) {
                let is_the_one = section == "section" && key.eq_ignore_ascii_case("key");
                assert!(is_the_one || after.get(section, key) == Some(value), "{text:?}");
            }
        }
    }
}

#[test]
fn random_values_are_of_a_kind_or_not() {
    let mut random = Random(5);
    for _ in 0..50_000 {
        let text = pieces(&mut random);
        let value = Value::read(&text);
        let _ = (value.integer(), value.thousandths(), value.switch(), value.list().count());
    }
}
