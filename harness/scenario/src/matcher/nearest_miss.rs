//! The stretch of received bytes that is most like what was waited for.
//!
//! Approximate search by Sellers: a table of edit distances whose first row is zero, so that a
//! match may begin anywhere. Each cell also carries where its match began. Time is pattern times text, so
//! both are bounded.

use super::NearestMiss;

/// Longer patterns have no nearest miss: nobody would see the difference in a message.
const PATTERN_BYTES_MAX: usize = 256;
/// Only the last bytes received are looked at.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// A cell of the table: the edits of the best match that ends here, and where it begins.
#[derive(Clone, Copy)]
struct Cell {
    edits: usize,
    start: usize,
}

/// The best stretch of `text`, which stands at `offset` of the stream, if it has at most a third
/// of the pattern's bytes wrong. Of equally good ones the last counts: it is in the person's view.
pub(super) fn find(pattern: &[u8], offset: u64, text: &[u8]) -> Option<NearestMiss> {
    if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
        return None;
    }
    let skipped = text.len().saturating_sub(TEXT_BYTES_MAX);
    let text = &text[skipped..];
    let (end, best) = best_end(pattern, text)?;
    let bytes = text[best.start..end].to_vec();
    if best.edits > pattern.len() / 3 || bytes.is_empty() {
        return None;
    }
    Some(NearestMiss { offset: offset + (skipped + best.start) as u64, bytes, edits: best.edits })
}

fn best_end(pattern: &[u8], text: &[u8]) -> Option<(usize, Cell)> {
    let mut column: Vec<Cell> = (0..=pattern.len()).map(|edits| Cell { edits, start: 0 }).collect();
    let mut best: Option<(usize, Cell)> = None;
    for (index, &byte) in text.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut column[0], Cell { edits: 0, start: index + 1 });
        for row in 1..=pattern.len() {
            let changed = usize::from(pattern[row - 1] != byte);
            let candidates = [
                Cell { edits: diagonal.edits + changed, ..diagonal },
                Cell { edits: column[row].edits + 1, ..column[row] },
                Cell { edits: column[row - 1].edits + 1, ..column[row - 1] },
            ];
            diagonal = column[row];
            column[row] = candidates.into_iter().min_by_key(|cell| cell.edits).expect("three");
        }
        let last = column[pattern.len()];
        if best.is_none_or(|(_, best)| last.edits <= best.edits) {
            best = Some((index + 1, last));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: Option<(&str, usize)>) {
        let found = find(pattern.as_bytes(), 100, text.as_bytes());
        let found =
            found.map(|miss| (String::from_utf8(miss.bytes).unwrap(), miss.edits, miss.offset));
        let at = |part: &str| 100 + text.rfind(part).unwrap() as u64;
        assert_eq!(found, expected.map(|(part, edits)| (part.to_owned(), edits, at(part))));
    }

    #[test]
    fn a_changed_letter_and_a_missing_one_are_near() {
        check("Hello world", "boot\nhello world\n> ", Some(("hello world", 1)));
        check("counter: 10\n", "counter: 1\ncounter: 11\n", Some(("counter: 11\n", 1)));
    }

    #[test]
    fn nothing_alike_is_not_near() {
        check("ready", "boot\n> ", None);
        check("ready", "", None);
    }
}
