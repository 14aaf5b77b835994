//! Texts within records: a length byte, UTF-8, zeros up to the next word.
//!
//! The padding must be zero and a text holds no zero byte, so that nearly every damaged length is
//! noticed even in the raw form, which has no checksum.

use crate::payload::WordSink;

/// The longest name, file name or label in a record.
pub const NAME_BYTES_MAX: usize = 63;
/// The longest panic message in a record.
pub const MESSAGE_BYTES_MAX: usize = 127;

/// The words that a text of at most `bytes_max` bytes can take.
pub(crate) const fn words_max(bytes_max: usize) -> usize {
    (1 + bytes_max).div_ceil(4)
}

/// The part of `text` that is sent: up to its first zero byte and to the last character that fits.
pub(crate) fn fit(text: &str, bytes_max: usize) -> &str {
    let end = text.bytes().take(bytes_max).position(|byte| byte == 0).unwrap_or(bytes_max);
    &text[..text.floor_char_boundary(end)]
}

/// The words that a text takes that has been fitted.
pub(crate) fn words(fitted: &str) -> usize {
    (1 + fitted.len()).div_ceil(4)
}

/// Writes a text that has been fitted.
pub(crate) fn write(fitted: &str, sink: &mut impl WordSink) {
    let mut word = fitted.len() as u32;
    let mut at = 1;
    for byte in fitted.bytes() {
        if at == 4 {
            sink.push(word);
            (word, at) = (0, 0);
        }
        word |= u32::from(byte) << (8 * at);
        at += 1;
    }
    sink.push(word);
}

/// The text at the start of `payload` and what follows it; `None` if it is damaged.
pub(crate) fn read(payload: &[u8], bytes_max: usize) -> Option<(&str, &[u8])> {
    let length = usize::from(*payload.first()?);
    let end = (1 + length).next_multiple_of(4);
    if length > bytes_max || payload.len() < end {
        return None;
    }
    let (bytes, padding) = payload[1..end].split_at(length);
    if bytes.contains(&0) || padding.iter().any(|&byte| byte != 0) {
        return None;
    }
    Some((core::str::from_utf8(bytes).ok()?, &payload[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, sent: &str) {
        assert_eq!(fit(text, 5), sent);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        check("hello", "hello");
        check("hellos", "hello");
        check("hell\u{e9}", "hell");
        check("", "");
    }

    #[test]
    fn a_text_ends_at_its_first_zero_byte() {
        check("a\0b", "a");
    }

    #[test]
    fn a_damaged_length_or_padding_is_refused() {
        assert_eq!(read(b"\x03abc", 5), Some(("abc", &b""[..])));
        assert_eq!(read(b"\x02abc", 5), None);
        assert_eq!(read(b"\x03ab\0", 5), None);
        assert_eq!(read(b"\x06abcdef\0", 5), None);
        assert_eq!(read(b"\x02a\xff\0", 5), None);
        assert_eq!(read(b"\x04abc", 5), None);
        assert_eq!(read(b"", 5), None);
    }
}
