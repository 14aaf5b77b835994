//! The queue of callbacks: eight places, first come, first served.

use crate::timer::TimerIndex;

/// Callbacks that can wait: MicroPython's `MICROPY_SCHEDULER_DEPTH` on the ESP32.
pub const QUEUE_MAX: usize = 8;

/// What is to be called.
#[derive(Clone, Copy)]
pub(crate) enum Job {
    /// What a program scheduled.
    Call { work: fn(usize), argument: usize },
    /// The callback of a timer. Each timer waits at most once.
    Timer(TimerIndex),
}

/// A callback that waits.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) job: Job,
    /// When it came due, or was scheduled; ticks since boot.
    pub(crate) since: u64,
}

pub(crate) struct JobQueue {
    entries: [Option<Entry>; QUEUE_MAX],
    first: usize,
    length: usize,
}

impl JobQueue {
    pub(crate) const fn new() -> Self {
        Self { entries: [None; QUEUE_MAX], first: 0, length: 0 }
    }

    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Puts a callback behind all others; says whether there was a place.
    #[must_use]
    pub(crate) fn push(&mut self, entry: Entry) -> bool {
        if self.length == QUEUE_MAX {
            return false;
        }
        self.entries[(self.first + self.length) % QUEUE_MAX] = Some(entry);
        self.length += 1;
        true
    }

    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries[self.first].take()?;
        self.first = (self.first + 1) % QUEUE_MAX;
        self.length -= 1;
        Some(entry)
    }

    /// Takes out the callback of a timer that waits; the others keep their order. Seven moves at
    /// most.
    pub(crate) fn remove(&mut self, timer: TimerIndex) {
        let mut kept = 0;
        for place in 0..self.length {
            let entry = self.entries[(self.first + place) % QUEUE_MAX].take();
            let is_it =
                matches!(entry, Some(Entry { job: Job::Timer(index), .. }) if index == timer);
            if !is_it {
                self.entries[(self.first + kept) % QUEUE_MAX] = entry;
                kept += 1;
            }
        }
        self.length = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(index: u8) -> Entry {
        Entry { job: Job::Timer(TimerIndex(index)), since: 0 }
    }

    fn drained(queue: &mut JobQueue) -> Vec<u8> {
        let index = |entry: Entry| match entry.job {
            Job::Timer(index) => index.0,
            Job::Call { argument, .. } => argument as u8,
        };
        std::iter::from_fn(|| queue.pop()).map(index).collect()
    }

    #[test]
    fn the_ninth_finds_no_place() {
        let mut queue = JobQueue::new();
        assert!((0..8).all(|index| queue.push(timer(index))));
        assert!(!queue.push(timer(8)));
        assert_eq!(drained(&mut queue), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_removed_leaves_no_gap_wherever_the_ring_begins() {
        for start in 0..8 {
            for removed in 0..8 {
                let mut queue = JobQueue::new();
                for _ in 0..start {
                    assert!(queue.push(timer(99)));
                    assert!(queue.pop().is_some());
                }
                assert!((0..8).all(|index| queue.push(timer(index))));
                queue.remove(TimerIndex(removed));
                assert!(queue.push(timer(8)));
                let expected: Vec<u8> = (0..9).filter(|index| *index != removed).collect();
                assert_eq!(drained(&mut queue), expected);
                assert_eq!(queue.length(), 0);
            }
        }
    }
}
