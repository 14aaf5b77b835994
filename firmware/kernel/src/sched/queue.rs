//! Queues of slots, linked through the slots themselves: the one mechanism behind every wait.
//!
//! A queue is two bytes and a slot has two link bytes, so a queue needs no memory of its own and
//! a slot can leave from the middle in a fixed number of steps. A slot is in one queue at a time
//! (invariant 1 of the scheduler), which is why one pair of links is enough.
//!
//! Who waited longest comes first. Where urgency counts more (the ready threads, the waiters of a
//! mutex) a [`PriorityQueue`] has one such queue for each priority and a bitmap of those that are
//! not empty, so that neither joining nor leaving nor choosing looks at other slots.

use super::{Entry, PRIORITIES, Slot, THREADS_MAX};

/// The end of a list.
pub(super) const NONE: u8 = u8::MAX;

#[derive(Clone, Copy)]
pub(super) struct Links {
    next: u8,
    /// Whatever it was, in the first of a queue: to leave it stale is cheaper than to note that it is.
    previous: u8,
}

impl Links {
    pub(super) const UNLINKED: Links = Links { next: NONE, previous: NONE };

    pub(super) const fn next_index(self) -> u8 {
        self.next
    }
}

/// A FIFO queue of slots.
#[derive(Clone, Debug)]
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

    /// The same, where somebody is in here.
    #[inline(always)]
    #[must_use]
    pub const fn first_of_some(&self) -> Slot {
        debug_assert!(self.head != NONE, "somebody is");
        Slot(self.head)
    }

    #[inline]
    pub(super) fn push_back(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        entries[slot.index()].links = Links { next: NONE, previous: self.tail };
        match self.tail {
            NONE => self.head = slot.0,
            tail => entries[Slot(tail).index()].links.next = slot.0,
        }
        self.tail = slot.0;
    }

    #[inline(always)]
    pub(super) fn push_front(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        entries[slot.index()].links = Links { next: self.head, previous: NONE };
        match self.head {
            NONE => self.tail = slot.0,
            head => entries[Slot(head).index()].links.previous = slot.0,
        }
        self.head = slot.0;
    }

    /// Takes the first one out. Its links are stale then.
    #[inline]
    pub(super) fn pop_front(&mut self, entries: &mut [Entry; THREADS_MAX]) -> Option<Slot> {
        let slot = self.first()?;
        self.leave_first(entries, slot);
        Some(slot)
    }

    /// The same, where the first one is known.
    #[inline(always)]
    pub(super) fn leave_first(&mut self, entries: &[Entry; THREADS_MAX], first: Slot) {
        self.head = entries[first.index()].links.next;
        if self.head == NONE {
            self.tail = NONE;
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        let Links { next, previous } = entries[slot.index()].links;
        // What is before the first one is stale.
        let previous = if self.head == slot.0 { NONE } else { previous };
        match previous {
            NONE => self.head = next,
            previous => entries[Slot(previous).index()].links.next = next,
        }
        match next {
            NONE => self.tail = previous,
            next => entries[Slot(next).index()].links.previous = previous,
        }
        entries[slot.index()].links = Links::UNLINKED;
    }
}

/// The number of the highest bit that is set; 0 if none is.
///
/// RV32IMC has no instruction for it, and what the compiler makes of `leading_zeros` is three times
/// as long.
#[inline(always)]
pub(super) const fn highest_bit(bits: u16) -> u8 {
    match bits >> 8 {
        0 => OF_BYTE[(bits & 0xFF) as usize],
        byte => OF_BYTE[byte as usize].wrapping_add(8),
    }
}

/// The highest bit of each byte.
static OF_BYTE: [u8; 256] = {
    let mut highest = [0; 256];
    let mut byte = 2;
    while byte < 256 {
        highest[byte] = highest[byte / 2] + 1;
        byte += 1;
    }
    highest
};

/// A queue of slots in which the most urgent comes first, and among equals who waited longest.
#[derive(Clone, Debug)]
pub struct PriorityQueue {
    queues: [WaitQueue; PRIORITIES],
    /// Bit `n` is set if and only if somebody of priority `n` is in here.
    bits: u16,
}

impl Default for PriorityQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl PriorityQueue {
    /// Where the bitmap is in here, in bytes.
    pub(super) const BITS: usize = core::mem::offset_of!(Self, bits);

    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { queues: [const { WaitQueue::new() }; PRIORITIES], bits: 0 }
    }

    /// Whether nobody is in here.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// The highest priority in here; 0 if nobody is.
    #[must_use]
    pub const fn best(&self) -> u8 {
        highest_bit(self.bits)
    }

    /// The bits of those of this priority and above: bit 0 for this one. None for one above the highest,
    /// which is what a collection runs at.
    #[inline(always)]
    pub(super) const fn from(&self, priority: u8) -> u32 {
        self.bits as u32 >> (priority & 31)
    }

    /// Whether somebody of this priority is in here.
    pub(super) const fn has(&self, priority: u8) -> bool {
        self.from(priority) & 1 != 0
    }

    /// Who comes first.
    #[must_use]
    pub const fn first(&self) -> Option<Slot> {
        if self.bits == 0 {
            None
        } else {
            self.queues[self.best() as usize & (PRIORITIES - 1)].first()
        }
    }

    #[inline]
    pub(super) fn push_back(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        let priority = entries[slot.index()].priority;
        self.bits |= 1 << (priority & 15);
        self.queues[priority as usize & (PRIORITIES - 1)].push_back(entries, slot);
    }

    #[inline(always)]
    pub(super) fn push_front(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        let priority = entries[slot.index()].priority;
        self.bits |= 1 << (priority & 15);
        self.queues[priority as usize & (PRIORITIES - 1)].push_front(entries, slot);
    }

    /// Takes out who comes first.
    #[inline]
    pub(super) fn take_first(&mut self, entries: &mut [Entry; THREADS_MAX]) -> Option<Slot> {
        if self.bits == 0 {
            return None;
        }
        let priority = self.best();
        let queue = &mut self.queues[priority as usize & (PRIORITIES - 1)];
        let slot = queue.pop_front(entries);
        if queue.head == NONE {
            self.bits &= !(1 << (priority & 15));
        }
        slot
    }

    /// Takes out who comes first of those of a priority, which there is. Its links are stale then.
    #[inline(always)]
    pub(super) fn take_first_of(
        &mut self,
        entries: &mut [Entry; THREADS_MAX],
        priority: u8,
    ) -> Slot {
        let queue = &mut self.queues[priority as usize & (PRIORITIES - 1)];
        let slot = Slot(queue.head);
        queue.head = entries[slot.index()].links.next;
        if queue.head == NONE {
            queue.tail = NONE;
            self.bits &= !(1 << (priority & 15));
        }
        slot
    }

    /// Takes out who comes first of those of a priority, which there is, and puts another one of it in.
    #[inline(always)]
    pub(super) fn exchange(
        &mut self,
        entries: &mut [Entry; THREADS_MAX],
        priority: u8,
        other: Slot,
    ) -> Slot {
        let queue = &mut self.queues[priority as usize & (PRIORITIES - 1)];
        let slot = Slot(queue.head);
        let next = entries[slot.index()].links.next;
        let tail = core::mem::replace(&mut queue.tail, other.0);
        if next == NONE {
            queue.head = other.0;
            entries[other.index()].links = Links::UNLINKED;
        } else {
            queue.head = next;
            entries[Slot(tail).index()].links.next = other.0;
            entries[other.index()].links = Links { next: NONE, previous: tail };
        }
        slot
    }

    /// Takes a slot out, whose priority is the one that it came with.
    #[inline]
    pub(super) fn remove(&mut self, entries: &mut [Entry; THREADS_MAX], slot: Slot) {
        let priority = entries[slot.index()].priority;
        let queue = &mut self.queues[priority as usize & (PRIORITIES - 1)];
        queue.remove(entries, slot);
        if queue.first().is_none() {
            self.bits &= !(1 << (priority & 15));
        }
    }

    /// Those of one priority.
    pub(super) const fn queue(&self, priority: u8) -> &WaitQueue {
        &self.queues[priority as usize & (PRIORITIES - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bit_is_what_leading_zeros_says() {
        assert_eq!(highest_bit(0), 0);
        for bits in 1..=u16::MAX {
            assert_eq!(u32::from(highest_bit(bits)), 15 - bits.leading_zeros());
        }
    }
}
