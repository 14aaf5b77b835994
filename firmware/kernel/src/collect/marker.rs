//! From words to blocks: scans memory for anything that looks like a pointer into the heap.
//!
//! The problem: what is reached must be scanned in turn, to any depth, without recursion and without
//! memory for it. The idea: a stack of fixed size for blocks that wait to be scanned. When it is
//! full, a block is postponed by a bit of its own ([`Heap::postpone`]), and the lowest one is next when
//! the stack is empty. Where the heap is too full to have such bits the block stays marked and is
//! forgotten; later a walk over all blocks scans every marked one again, until nothing was forgotten on
//! the way. That is slow and always right.
//!
//! A word is a pointer if it lies anywhere in a used block's payload, or right behind it: there is no
//! alignment, no tag, nothing that a compiler could have optimised away.
#![expect(unsafe_code, reason = "reads memory word by word")]

use crate::heap::{Cursor, Heap, Reached, Visited};
use core::ops::Range;
use core::ptr;

/// Blocks that can wait to be scanned.
const WAITING_MAX: usize = 48;
/// What a look-up counts in words that are passed.
const LOOKUP_WORDS: u32 = 8;
const WORD: usize = size_of::<usize>();

/// Who is told what is reached.
pub(crate) trait Watch {
    /// A block was reached by the `word` at address `at`; answers whether its contents count.
    fn reached(&mut self, block: &Reached, at: usize, word: usize) -> Scan;
    /// Whether the contents of a marked block count.
    fn scan_again(&mut self, block: &Reached) -> Scan;
}

/// Whether the contents of a block are to be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    Contents,
    /// The word points to a part of it that nobody uses: the block was not reached.
    Unreached,
    /// It is a stack, of which only a part is in use; who knows which part scans that.
    Nothing,
}

/// See the module's text.
pub(crate) struct Marker {
    /// Where pointers into the heap can point.
    low: usize,
    span: usize,
    /// What is being scanned.
    at: usize,
    end: usize,
    waiting: [usize; WAITING_MAX],
    length: usize,
    forgot: bool,
    again: Option<Cursor>,
    /// Words that were scanned.
    pub(crate) words: u32,
}

impl Marker {
    pub(crate) const fn new() -> Self {
        Self {
            low: 0,
            span: 0,
            at: 0,
            end: 0,
            waiting: [0; WAITING_MAX],
            length: 0,
            forgot: false,
            again: None,
            words: 0,
        }
    }

    /// Forgets everything but the count of words.
    pub(crate) fn begin(&mut self, heap: &Heap) {
        let Range { start, end } = heap.reach_of_pointers();
        (self.low, self.span) = (start, end - start);
        (self.at, self.end, self.length) = (0, 0, 0);
        (self.forgot, self.again) = (false, None);
    }

    /// Goes on with this memory, as far as it is whole words.
    ///
    /// # Safety
    /// It is readable until the next call, or until [`step`](Self::step) has answered true.
    pub(crate) unsafe fn scan(&mut self, range: Range<usize>) {
        debug_assert_eq!(self.at, self.end, "one range after the other");
        self.at = range.start.next_multiple_of(WORD);
        self.end = self.at.max(range.end & !(WORD - 1));
        self.words = self.words.saturating_add(((self.end - self.at) / WORD) as u32);
    }

    /// Takes a block that was marked by other means; its contents are scanned in their turn.
    #[inline]
    pub(crate) fn take(&mut self, heap: &mut Heap, block: &Reached) {
        match self.waiting.get_mut(self.length) {
            Some(place) => {
                *place = block.payload;
                self.length += 1;
            }
            None => self.forgot |= !heap.postpone(block.payload),
        }
    }

    /// Scans as far as `fuel`, in words, lasts; answers whether all is scanned that was reached.
    pub(crate) fn step(&mut self, heap: &mut Heap, watch: &mut impl Watch, fuel: u32) -> bool {
        let mut fuel = fuel;
        loop {
            let Self { mut at, end, low, span, .. } = *self;
            while at < end {
                if fuel == 0 {
                    self.at = at;
                    return false;
                }
                fuel -= 1;
                // SAFETY: within the memory that `scan` was promised, or in a block of the heap that
                // stands still. Volatile: whose it is may write there when it goes on.
                let word = unsafe { ptr::with_exposed_provenance::<usize>(at).read_volatile() };
                if word.wrapping_sub(low) < span {
                    fuel = fuel.saturating_sub(LOOKUP_WORDS);
                    self.follow(heap, watch, at, word);
                }
                at += WORD;
            }
            self.at = end;
            if !self.next_range(heap, watch, &mut fuel) {
                return self.at == self.end && fuel > 0;
            }
        }
    }

    #[inline]
    fn follow(&mut self, heap: &mut Heap, watch: &mut impl Watch, at: usize, word: usize) {
        let Some(block) = heap.reach(word) else { return };
        match watch.reached(&block, at, word) {
            Scan::Contents => self.take(heap, &block),
            Scan::Unreached => heap.forget(&block),
            Scan::Nothing => {}
        }
    }

    /// Goes on with a block that waits; says whether there was one.
    fn next_range(&mut self, heap: &mut Heap, watch: &mut impl Watch, fuel: &mut u32) -> bool {
        if let Some(last) = self.length.checked_sub(1) {
            self.length = last;
            let block = heap.reached_at(self.waiting[last]).expect("it was reached");
            self.begin_block(&block);
            return true;
        }
        if let Some(block) = heap.next_postponed(fuel) {
            self.begin_block(&block);
            return true;
        }
        if self.again.is_none() && core::mem::take(&mut self.forgot) {
            self.again = Some(Cursor::START);
        }
        while let Some(mut cursor) = self.again {
            if *fuel == 0 {
                return false;
            }
            *fuel -= 1;
            let visited = heap.marked_next(&mut cursor);
            self.again = Some(cursor);
            match visited {
                Visited::Used(block) if watch.scan_again(&block) == Scan::Contents => {
                    self.begin_block(&block);
                    return true;
                }
                Visited::Used(_) | Visited::Passed => {}
                Visited::End | Visited::Broken(_) => {
                    self.again = core::mem::take(&mut self.forgot).then_some(Cursor::START);
                }
            }
        }
        false
    }

    fn begin_block(&mut self, block: &Reached) {
        self.words = self.words.saturating_add(block.bytes / WORD as u32);
        let Range { start, end } = block.range();
        (self.at, self.end) = (start, end & !(WORD - 1));
    }
}
