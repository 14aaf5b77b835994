//! Looking for a text in a log whose line ends are not to be trusted.

/// A text that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The offset after it.
    pub(super) end: usize,
    /// Whether every byte of it is there.
    pub(super) exactness: Exactness,
}

/// How exactly a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exactness {
    /// As it is.
    Exact,
    /// Without some of its line ends, which wokwi-cli swallows at times.
    WithoutLineEnds,
}

/// Looks for a text from an offset on: as it is, or else with line ends missing.
pub(super) fn find(log: &[u8], from: usize, text: &[u8]) -> Option<Found> {
    let rest = log.get(from..)?;
    if text.is_empty() {
        return Some(Found { end: from, exactness: Exactness::Exact });
    }
    let exact = rest.windows(text.len()).position(|bytes| bytes == text);
    if let Some(at) = exact {
        return Some(Found { end: from + at + text.len(), exactness: Exactness::Exact });
    }
    if !text.contains(&b'\n') || text.iter().all(|&byte| is_line_end(byte)) {
        return None;
    }
    let loose = |start: usize| Some(start + match_loosely(&rest[start..], text)?);
    let end = (0..rest.len()).find_map(loose)?;
    Some(Found { end: from + end, exactness: Exactness::WithoutLineEnds })
}

/// How many bytes of a log a text takes that may lack line ends there.
fn match_loosely(log: &[u8], text: &[u8]) -> Option<usize> {
    let mut taken = 0;
    for &byte in text {
        match log.get(taken) {
            Some(&next) if next == byte => taken += 1,
            _ if is_line_end(byte) => {}
            _ => return None,
        }
    }
    Some(taken)
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_may_be_missing_and_nothing_else() {
        let found = |log: &str, text: &str| find(log.as_bytes(), 0, text.as_bytes());
        let at = |end, exactness| Some(Found { end, exactness });
        assert_eq!(found("a\nb\nc", "b\nc"), at(5, Exactness::Exact));
        assert_eq!(found("a\nbc", "b\nc"), at(4, Exactness::WithoutLineEnds));
        assert_eq!(found("ready", "\nready"), at(5, Exactness::WithoutLineEnds));
        assert_eq!(found("a\nb", "ab"), None);
        assert_eq!(found("ab", "\n"), None);
    }
}
