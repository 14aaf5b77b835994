//! Decoded code of the flash that an image maps, shared by all machines of the image.
//!
//! Most of an image is never executed by a short run, and decoding all of it takes longer than such
//! a run. So it is decoded a piece at a time where a program goes. But each way from one piece into
//! another leaves the execute loop, and a program that goes back and forth would pay for that again
//! and again; after [`CROSSINGS_MAX`] of them the whole is decoded in one, once for the image.
//!
//! Which of both serves is not to be seen from inside the machine: entries are the same.

use crate::cpu::decode::{Decoded, decode};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Bytes of flash that are decoded at once.
const PIECE: u32 = 0x1000;
/// Entries into pieces after which a machine asks for the whole.
const CROSSINGS_MAX: u32 = 2_000;

/// Flash and its decoded code.
pub(crate) struct FlashCode {
    bytes: Arc<[u8]>,
    pieces: Box<[OnceLock<Arc<[Decoded]>>]>,
    whole: OnceLock<Arc<[Decoded]>>,
}

/// How often a machine has gone into a piece.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Crossings(u32);

/// Entries for a stretch of flash.
pub(super) struct Found {
    pub(super) code: Arc<[Decoded]>,
    /// Offset of the first entry, in bytes.
    pub(super) start: u32,
}

impl FlashCode {
    /// Nothing is decoded yet.
    pub(crate) fn new(bytes: Arc<[u8]>) -> Self {
        let pieces = bytes.len().div_ceil(PIECE as usize);
        Self {
            bytes,
            pieces: (0..pieces).map(|_| OnceLock::new()).collect(),
            whole: OnceLock::new(),
        }
    }

    /// Bytes of flash that have entries: whole half-words.
    pub(super) fn end(&self) -> u32 {
        self.bytes.len() as u32 & !1
    }

    /// The code around an offset below [`end`](Self::end).
    pub(super) fn around(&self, offset: u32, crossings: &mut Crossings) -> Found {
        if let Some(whole) = self.whole.get() {
            return Found { code: Arc::clone(whole), start: 0 };
        }
        if crossings.0 >= CROSSINGS_MAX {
            let whole = self.whole.get_or_init(|| self.decode(0, self.end()));
            return Found { code: Arc::clone(whole), start: 0 };
        }
        crossings.0 += 1;
        let start = offset & !(PIECE - 1);
        let piece = &self.pieces[(offset / PIECE) as usize];
        let code = piece.get_or_init(|| self.decode(start, (start + PIECE).min(self.end())));
        Found { code: Arc::clone(code), start }
    }

    /// Decodes at every half-word from `start` to `end`; the last instruction may reach beyond.
    fn decode(&self, start: u32, end: u32) -> Arc<[Decoded]> {
        let half = |at: usize| {
            let pair = self.bytes.get(at..at + 2)?;
            Some(u16::from_le_bytes([pair[0], pair[1]]))
        };
        (start as usize / 2..end as usize / 2)
            .map(|n| decode(half(2 * n).unwrap_or(0), half(2 * n + 2)))
            .collect()
    }
}

impl fmt::Debug for FlashCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decoded = self.pieces.iter().filter(|piece| piece.get().is_some()).count();
        f.debug_struct("FlashCode")
            .field("bytes", &self.bytes.len())
            .field("pieces", &decoded)
            .field("whole", &self.whole.get().is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pieces and a bit, in which instructions reach from one into the next.
    fn flash() -> FlashCode {
        let bytes: Vec<u8> = (0..3 * PIECE + 64).map(|n| (n * 37 + n / 251) as u8 | 3).collect();
        FlashCode::new(bytes.into())
    }

    #[test]
    fn pieces_and_the_whole_have_the_same_entries() {
        let flash = flash();
        let mut crossings = Crossings::default();
        let mut of_pieces = Vec::new();
        while of_pieces.len() < flash.end() as usize / 2 {
            let found = flash.around(2 * of_pieces.len() as u32, &mut crossings);
            assert_eq!(found.start as usize, 2 * of_pieces.len());
            of_pieces.extend_from_slice(&found.code);
        }
        let whole = flash.around(0, &mut Crossings(CROSSINGS_MAX));
        assert_eq!(whole.start, 0);
        assert!(*whole.code == *of_pieces);
    }

    #[test]
    fn a_machine_that_goes_back_and_forth_gets_the_whole() {
        let flash = flash();
        let mut crossings = Crossings::default();
        let lengths: Vec<usize> = (0..=CROSSINGS_MAX)
            .map(|n| flash.around(n % 2 * PIECE, &mut crossings).code.len())
            .collect();
        assert_eq!(lengths[0], PIECE as usize / 2);
        assert_eq!(*lengths.last().unwrap(), flash.end() as usize / 2);
    }
}
