//! Deadlines: a binary heap of indices, for the waits of slots and for the instants of timers.
//!
//! A sorted list would insert in a loop over all of them with the kernel held; a heap of 32 takes
//! at most five steps, one of 64 six. Each entry knows its position, so a wait that ends early, or a
//! timer that is stopped, leaves from the middle. Of equal deadlines the lower order goes first:
//! waits count their order up, timers have one for life.

/// The position of what is not in the heap.
pub(crate) const NOWHERE: u8 = u8::MAX;

/// What has a deadline and a place in a [`Deadlines`].
pub(crate) trait Timed {
    /// When.
    fn deadline(&self) -> u64;
    /// Which of equal deadlines goes first; it wraps.
    fn order(&self) -> u32;
    /// Where it is in the heap.
    fn position(&self) -> u8;
    /// Keeps where it is in the heap.
    fn set_position(&mut self, position: u8);
}

#[derive(Clone)]
pub(crate) struct Deadlines<const N: usize> {
    heap: [u8; N],
    length: u8,
}

impl<const N: usize> Deadlines<N> {
    pub(crate) const fn new() -> Self {
        const { assert!(N < NOWHERE as usize, "positions and the mark share a byte") };
        Self { heap: [NOWHERE; N], length: 0 }
    }

    pub(crate) const fn first(&self) -> Option<u8> {
        if self.length == 0 { None } else { Some(self.heap[0]) }
    }

    #[inline]
    pub(crate) fn push<T: Timed>(&mut self, entries: &mut [T; N], index: u8) {
        let position = self.length as usize;
        self.length = self.length.wrapping_add(1);
        match position {
            0 => self.place(entries, 0, index),
            _ => _ = self.rise(entries, position, index),
        }
    }

    #[inline]
    pub(crate) fn remove<T: Timed>(&mut self, entries: &mut [T; N], index: u8) {
        let position = entries[index as usize % N].position() as usize;
        entries[index as usize % N].set_position(NOWHERE);
        self.length = self.length.wrapping_sub(1);
        let last = self.heap[self.length as usize % N];
        if position < self.length as usize && !self.rise(entries, position, last) {
            self.sink(entries, position, last);
        }
    }

    /// The deadline of the first one has become a later one.
    pub(crate) fn first_moved<T: Timed>(&mut self, entries: &mut [T; N]) {
        self.sink(entries, 0, self.heap[0]);
    }

    #[inline(always)]
    fn place<T: Timed>(&mut self, entries: &mut [T; N], position: usize, index: u8) {
        self.heap[position % N] = index;
        entries[index as usize % N].set_position(position as u8);
    }

    /// Whether `a` goes before `b`.
    #[inline(always)]
    fn earlier<T: Timed>(entries: &[T; N], a: u8, b: u8) -> bool {
        let (a, b) = (&entries[a as usize % N], &entries[b as usize % N]);
        match (a.deadline(), b.deadline()) {
            (a, b) if a != b => a < b,
            // Orders wrap; a difference says which of two came first.
            _ => (a.order().wrapping_sub(b.order()) as i32) < 0,
        }
    }

    /// Puts `index` where it belongs on the way from `position` up; says whether that is above it. Those that it
    /// passes move down one after the other, and it is written once.
    #[inline(never)]
    fn rise<T: Timed>(&mut self, entries: &mut [T; N], from: usize, index: u8) -> bool {
        let mut position = from;
        while position > 0 {
            let parent = (position - 1) / 2;
            let above = self.heap[parent % N];
            if !Self::earlier(entries, index, above) {
                break;
            }
            self.place(entries, position, above);
            position = parent;
        }
        self.place(entries, position, index);
        position != from
    }

    /// Puts `index` where it belongs on the way from `position` down.
    fn sink<T: Timed>(&mut self, entries: &mut [T; N], mut position: usize, index: u8) {
        let length = self.length as usize;
        loop {
            let left = 2 * position + 1;
            if left >= length {
                break;
            }
            let right = left + 1;
            let (at_left, at_right) = (self.heap[left % N], self.heap[right % N]);
            let is_right = right < length && Self::earlier(entries, at_right, at_left);
            let (child, below) = if is_right { (right, at_right) } else { (left, at_left) };
            if !Self::earlier(entries, below, index) {
                break;
            }
            self.place(entries, position, below);
            position = child;
        }
        self.place(entries, position, index);
    }
}
