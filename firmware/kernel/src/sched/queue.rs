//! FIFO queues of slots, linked through the slots themselves.
//!
//! A queue is two bytes and a slot has two link bytes, so a queue needs no memory of its own and
//! a slot can leave from the middle in a fixed number of steps. A slot is in one queue at a time
//! (invariant 1 of the scheduler), which is why one pair of links is enough.

use super::{Entry, Slot, THREADS_MAX};

/// The end of a list.
pub(super) const NONE: u8 = u8::MAX;

#[derive(Clone, Copy)]
pub(super) struct Links {
    next: u8,
    previous: u8,
}

impl Links {
    pub(super) const UNLINKED: Links = Links { next: NONE, previous: NONE };

    #[cfg(test)]
    pub(super) const fn next_index(self) -> u8 {
        self.next
    }
}

/// A FIFO queue of slots.
#[derive(Debug)]
pub struct WaitQueue {
    head: u8,
    tail: u8,
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitQueue {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { head: NONE, tail: NONE }
    }

    /// The slot that has waited longest.
    #[must_use]
    pub const fn first(&self) -> Option<Slot> {
        if self.head == NONE { None } else { Some(Slot(self.head)) }
    }

    pub(super) fn push_back(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        entries[slot.index()].links = Links { next: NONE, previous: self.tail };
        match self.tail {
            NONE => self.head = slot.0,
            tail => entries[tail as usize].links.next = slot.0,
        }
        self.tail = slot.0;
    }

    pub(super) fn push_front(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        entries[slot.index()].links = Links { next: self.head, previous: NONE };
        match self.head {
            NONE => self.tail = slot.0,
            head => entries[head as usize].links.previous = slot.0,
        }
        self.head = slot.0;
    }

    pub(super) fn remove(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        let Links { next, previous } = entries[slot.index()].links;
        match previous {
            NONE => self.head = next,
            previous => entries[previous as usize].links.next = next,
        }
        match next {
            NONE => self.tail = previous,
            next => entries[next as usize].links.previous = previous,
        }
        entries[slot.index()].links = Links::UNLINKED;
    }
}
