//! What the heap should hold: a list of blocks and a map of their places, too simple to be wrong.
#![expect(unsafe_code, reason = "writes and reads payloads of blocks that the heap handed out")]

use std::collections::BTreeMap;
use std::ptr::NonNull;

/// How much of a large payload is written and checked with every operation: at both ends.
const EDGE_BYTES: usize = 16;

/// A block that is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) pointer: NonNull<u8>,
    pub(crate) bytes: usize,
    pub(crate) align: usize,
    /// The whole block, header included, as the heap counts it.
    pub(crate) whole: u32,
    /// Which of the owners has it, by their place in the soak's list.
    pub(crate) owner: usize,
    pub(crate) value: u8,
}

impl Held {
    /// Writes all of the payload.
    pub(crate) fn fill(&self) {
        // SAFETY: the payload is ours, and has so many bytes.
        unsafe { self.pointer.write_bytes(self.value, self.bytes) };
    }

    fn byte(&self, at: usize) -> u8 {
        // SAFETY: within the payload.
        let byte = unsafe { self.pointer.add(at) };
        // SAFETY: written when the block was taken or resized.
        unsafe { byte.read() }
    }

    /// Whether all of the payload holds what was written.
    pub(crate) fn is_intact(&self) -> bool {
        (0..self.bytes).all(|at| self.byte(at) == self.value)
    }

    /// Whether its first and last bytes do.
    pub(crate) fn has_intact_edges(&self) -> bool {
        let edge = self.bytes.min(EDGE_BYTES);
        let ends = (0..edge).chain(self.bytes - edge..self.bytes);
        ends.into_iter().all(|at| self.byte(at) == self.value)
    }

    pub(crate) fn start(&self) -> usize {
        self.pointer.addr().get()
    }
}

/// All blocks.
#[derive(Default)]
pub(crate) struct Model {
    held: Vec<Held>,
    /// Where each payload begins and ends.
    places: BTreeMap<usize, usize>,
    /// What all blocks add up to, headers included.
    pub(crate) used: u32,
}

impl Model {
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn all(&self) -> &[Held] {
        &self.held
    }

    pub(crate) fn get(&self, index: usize) -> Held {
        self.held[index]
    }

    /// Adds a block, unless it overlaps another.
    pub(crate) fn add(&mut self, held: Held) -> Result<(), String> {
        self.occupy(&held)?;
        self.used += held.whole;
        self.held.push(held);
        Ok(())
    }

    /// Takes the block at `index` out.
    pub(crate) fn remove(&mut self, index: usize) -> Held {
        let held = self.held.swap_remove(index);
        self.places.remove(&held.start());
        self.used -= held.whole;
        held
    }

    /// Changes the block at `index`, which may have another size, owner or content now.
    pub(crate) fn replace(&mut self, index: usize, now: Held) -> Result<(), String> {
        let before = self.held[index];
        self.places.remove(&before.start());
        self.occupy(&now)?;
        self.used = self.used - before.whole + now.whole;
        self.held[index] = now;
        Ok(())
    }

    fn occupy(&mut self, held: &Held) -> Result<(), String> {
        let (start, end) = (held.start(), held.start() + held.bytes);
        let left = self.places.range(..=start).next_back().map(|(_, end)| *end);
        let right = self.places.range(start..).next().map(|(start, _)| *start);
        if left.is_some_and(|left| left > start) || right.is_some_and(|right| right < end) {
            return Err(format!("a block of {} bytes overlaps another", held.bytes));
        }
        self.places.insert(start, end);
        Ok(())
    }
}
