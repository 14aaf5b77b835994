//! The order of loads and stores between the ring's one writer and its one reader.
//!
//! The writer looks how far the reader has come, puts the words of a record where the reader does
//! not look yet, and only then moves the write offset over them. It is written over a trait, so
//! that every interleaving with a reader can be tried with memory that shows what a weaker machine than
//! ours might do (`RUSTFLAGS="--cfg loom" cargo test -p ramscope-kernel --lib protocol`).

use ramscope_wire::WordSink;

/// The memory that both ends share. Positions are words from the start of the ring.
pub(super) trait Place {
    /// Words in the ring; a power of two.
    const WORDS: u32;
    /// How far the reader has come.
    fn read(&self) -> u32;
    /// Puts a word. `at` is below [`WORDS`](Self::WORDS).
    fn put(&self, at: u32, word: u32);
    /// Moves the write offset, after all words that were put before.
    fn publish(&self, write: u32);
}

/// Takes words, one after the other.
pub(super) struct Cursor<'a, P> {
    place: &'a P,
    at: u32,
}

impl<P: Place> WordSink for Cursor<'_, P> {
    #[inline(always)]
    fn push(&mut self, word: u32) {
        // The mask proves to the compiler that the position is within the ring.
        self.place.put(self.at & (P::WORDS - 1), word);
        self.at = (self.at + 1) & (P::WORDS - 1);
    }
}

/// Puts `words` words, which `fill` pushes, behind `write`. Answers where they end; `None` if the reader,
/// who has come to `read`, has left no room: one word stays free, so that full is not empty.
#[inline(always)]
pub(super) fn put<'a, P: Place>(
    place: &'a P,
    (read, write): (u32, u32),
    words: usize,
    fill: impl FnOnce(&mut Cursor<'a, P>),
) -> Option<u32> {
    let used = write.wrapping_sub(read) & (P::WORDS - 1);
    if used as usize + words >= P::WORDS as usize {
        return None;
    }
    let mut cursor = Cursor { place, at: write };
    fill(&mut cursor);
    Some(cursor.at)
}

#[cfg(all(test, loom))]
mod tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicU32, Ordering, fence};
    use loom::thread;

    const WORDS: usize = 8;
    const RECORD_WORDS: usize = 3;

    struct Memory {
        ring: [AtomicU32; WORDS],
        write: AtomicU32,
        read: AtomicU32,
    }

    impl Place for Memory {
        const WORDS: u32 = WORDS as u32;

        fn read(&self) -> u32 {
            let read = self.read.load(Ordering::Relaxed);
            fence(Ordering::Acquire);
            read
        }

        fn put(&self, at: u32, word: u32) {
            self.ring[at as usize].store(word, Ordering::Relaxed);
        }

        fn publish(&self, write: u32) {
            fence(Ordering::Release);
            self.write.store(write, Ordering::Relaxed);
        }
    }

    /// Reads what is there: each record is whole, and they come in order.
    fn read_all(memory: &Memory, expected: &mut u32) {
        let write = memory.write.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let mut at = memory.read.load(Ordering::Relaxed);
        while at != write {
            for _ in 0..RECORD_WORDS {
                let word = memory.ring[at as usize].load(Ordering::Relaxed);
                assert_eq!(word, *expected, "half a record, or one that was overwritten");
                at = (at + 1) & (Memory::WORDS - 1);
            }
            *expected += 1;
        }
        fence(Ordering::Release);
        memory.read.store(at, Ordering::Relaxed);
    }

    #[test]
    fn a_reader_never_sees_half_a_record_nor_one_that_was_overwritten() {
        loom::model(|| {
            let memory = Arc::new(Memory {
                ring: [(); WORDS].map(|()| AtomicU32::new(0)),
                write: AtomicU32::new(0),
                read: AtomicU32::new(0),
            });
            let theirs = memory.clone();
            let reader = thread::spawn(move || {
                let mut expected = 1;
                read_all(&theirs, &mut expected);
                read_all(&theirs, &mut expected);
                expected
            });
            let (mut write, mut next) = (0, 1);
            for _ in 0..4 {
                let places = (memory.read(), write);
                let end = put(&*memory, places, RECORD_WORDS, |cursor| {
                    for _ in 0..RECORD_WORDS {
                        cursor.push(next);
                    }
                });
                if let Some(end) = end {
                    (write, next) = (end, next + 1);
                    memory.publish(write);
                }
            }
            let mut expected = reader.join().unwrap();
            read_all(&memory, &mut expected);
            assert_eq!(expected, next, "all that was written was read");
        });
    }
}
