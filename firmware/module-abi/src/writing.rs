//! Printing.

use crate::calls;
use core::fmt::{self, Write};

/// The longest line; the rest is cut off.
const LINE_BYTES: usize = 120;

struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let width = character.len_utf8();
            let Some(room) = self.bytes.get_mut(self.length..self.length + width) else {
                return Ok(());
            };
            character.encode_utf8(room);
            self.length += width;
        }
        Ok(())
    }
}

/// Prints one line on the device's console, of at most 120 bytes; see [`println!`](crate::println).
pub fn print_line(line: fmt::Arguments<'_>) {
    if let Some(text) = line.as_str() {
        return calls::ramscope_print(text.as_ptr(), text.len());
    }
    let mut buffer = Line { bytes: [0; LINE_BYTES], length: 0 };
    // The writer never fails.
    let _ = buffer.write_fmt(line);
    calls::ramscope_print(buffer.bytes.as_ptr(), buffer.length);
}
