//! Deadlines: a binary heap of indices, for the waits of slots and for the instants of timers.
//!
//! A sorted list would insert in a loop over all of them with interrupts masked; a heap of 32 takes
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

    pub(crate) fn push<T: Timed>(&mut self, entries: &mut [T; N], index: u8) {
        let position = self.length as usize;
        self.length += 1;
        self.place(entries, position, index);
        self.rise(entries, position);
    }

    pub(crate) fn remove<T: Timed>(&mut self, entries: &mut [T; N], index: u8) {
        let position = entries[index as usize].position() as usize;
        entries[index as usize].set_position(NOWHERE);
        self.length -= 1;
        let last = self.heap[self.length as usize];
        if position < self.length as usize {
            self.place(entries, position, last);
            self.rise(entries, position);
            self.sink(entries, entries[last as usize].position() as usize);
        }
    }

    /// The deadline of the first one has become a later one.
    pub(crate) fn first_moved<T: Timed>(&mut self, entries: &mut [T; N]) {
        self.sink(entries, 0);
    }

    fn place<T: Timed>(&mut self, entries: &mut [T; N], position: usize, index: u8) {
        self.heap[position] = index;
        entries[index as usize].set_position(position as u8);
    }

    fn earlier<T: Timed>(&self, entries: &[T; N], a: usize, b: usize) -> bool {
        let (a, b) = (&entries[self.heap[a] as usize], &entries[self.heap[b] as usize]);
        match a.deadline().cmp(&b.deadline()) {
            core::cmp::Ordering::Less => true,
            core::cmp::Ordering::Greater => false,
            // Orders wrap; a difference says which of two came first.
            core::cmp::Ordering::Equal => (a.order().wrapping_sub(b.order()) as i32) < 0,
        }
    }

    fn exchange<T: Timed>(&mut self, entries: &mut [T; N], a: usize, b: usize) {
        let (at_a, at_b) = (self.heap[a], self.heap[b]);
        self.place(entries, a, at_b);
        self.place(entries, b, at_a);
    }

    fn rise<T: Timed>(&mut self, entries: &mut [T; N], mut position: usize) {
        while position > 0 {
            let parent = (position - 1) / 2;
            if !self.earlier(entries, position, parent) {
                break;
            }
            self.exchange(entries, position, parent);
            position = parent;
        }
    }

    fn sink<T: Timed>(&mut self, entries: &mut [T; N], mut position: usize) {
        let length = self.length as usize;
        loop {
            let left = 2 * position + 1;
            if left >= length {
                break;
            }
            let right = left + 1;
            let child =
                if right < length && self.earlier(entries, right, left) { right } else { left };
            if !self.earlier(entries, child, position) {
                break;
            }
            self.exchange(entries, position, child);
            position = child;
        }
    }
}
