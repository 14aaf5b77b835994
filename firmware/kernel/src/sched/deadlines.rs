//! The deadlines of blocked slots: a binary heap of slot indices.
//!
//! A sorted list would insert in a loop over all sleepers with interrupts masked; a heap of
//! [`THREADS_MAX`] takes at most five steps. Each slot knows its position, so a wait that ends
//! early leaves from the middle. Equal deadlines leave in the order in which they were set.

use super::queue::NONE;
use super::{Entry, Slot, THREADS_MAX};

#[derive(Clone)]
pub(super) struct Deadlines {
    heap: [u8; THREADS_MAX],
    length: u8,
}

impl Deadlines {
    pub(super) const fn new() -> Self {
        Self { heap: [NONE; THREADS_MAX], length: 0 }
    }

    pub(super) const fn first(&self) -> Option<Slot> {
        if self.length == 0 { None } else { Some(Slot(self.heap[0])) }
    }

    pub(super) fn push(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        let position = self.length as usize;
        self.length += 1;
        self.place(entries, position, slot.0);
        self.rise(entries, position);
    }

    pub(super) fn remove(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        let position = entries[slot.index()].deadline_position as usize;
        entries[slot.index()].deadline_position = NONE;
        self.length -= 1;
        let last = self.heap[self.length as usize];
        if position < self.length as usize {
            self.place(entries, position, last);
            self.rise(entries, position);
            self.sink(entries, entries[last as usize].deadline_position as usize);
        }
    }

    fn place(&mut self, entries: &mut [Entry; THREADS_MAX], position: usize, slot: u8) {
        self.heap[position] = slot;
        entries[slot as usize].deadline_position = position as u8;
    }

    fn earlier(&self, entries: &[Entry; THREADS_MAX], a: usize, b: usize) -> bool {
        let (a, b) = (&entries[self.heap[a] as usize], &entries[self.heap[b] as usize]);
        match a.deadline.cmp(&b.deadline) {
            core::cmp::Ordering::Less => true,
            core::cmp::Ordering::Greater => false,
            // Orders wrap; a difference says which of two came first.
            core::cmp::Ordering::Equal => {
                (a.deadline_order.wrapping_sub(b.deadline_order) as i32) < 0
            }
        }
    }

    fn exchange(&mut self, entries: &mut [Entry; THREADS_MAX], a: usize, b: usize) {
        let (slot_a, slot_b) = (self.heap[a], self.heap[b]);
        self.place(entries, a, slot_b);
        self.place(entries, b, slot_a);
    }

    fn rise(&mut self, entries: &mut [Entry; THREADS_MAX], mut position: usize) {
        while position > 0 {
            let parent = (position - 1) / 2;
            if !self.earlier(entries, position, parent) {
                break;
            }
            self.exchange(entries, position, parent);
            position = parent;
        }
    }

    fn sink(&mut self, entries: &mut [Entry; THREADS_MAX], mut position: usize) {
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
