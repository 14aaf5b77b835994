//! A used block that changes its size where it stands.
//!
//! The problem: a growing buffer that is always copied needs both of its copies at once, which on a
//! device with 300 KiB is the difference between fitting and not. The idea: a block ends where its
//! right neighbour begins, so it can take from a free neighbour, or leave it what it no longer
//! needs, and nobody else notices.
//!
//! The payload never moves, so the pointer stays, and so does every alignment that it had. The
//! heap's invariants hold before and after; the ledger sees one block that became larger or smaller,
//! never a block more.

use core::ptr::NonNull;

use super::blocks::{Blocks, Used};
use super::{BLOCK_BYTES_MIN, BadPointer, Heap, OwnerIndex, block_bytes};

/// What became of a request for another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a block that could not grow is as small as before"]
pub enum Resized {
    /// The block has the size now, and its whole bytes went from one number to the other.
    InPlace {
        /// Whose block it is.
        owner: OwnerIndex,
        /// The whole block before.
        from_bytes: u32,
        /// The whole block now.
        to_bytes: u32,
    },
    /// There is no room to its right; nothing changed.
    NoRoom,
}

impl Heap {
    /// Makes a block's payload `payload_bytes` long without moving it, if there is room.
    ///
    /// Constant time. The payload's bytes up to the smaller of both sizes stay as they are; new ones
    /// are not cleared.
    ///
    /// # Errors
    /// As [`Heap::free`]; a refused pointer changes nothing.
    ///
    /// # Safety
    /// If `pointer` is the start of a used block, nobody may use its bytes beyond the new size any
    /// more.
    #[expect(unsafe_code, reason = "the heap cannot check who still uses the block's end")]
    pub unsafe fn resize(
        &mut self,
        pointer: NonNull<u8>,
        payload_bytes: usize,
    ) -> Result<Resized, BadPointer> {
        let used = self.blocks.used_at(pointer.addr().get())?;
        let owner = used.owner;
        if self.ledger.is_quarantined(owner) {
            return Err(BadPointer::Quarantined);
        }
        let from_bytes = used.head.plain_bytes();
        let resized = block_bytes(payload_bytes).and_then(|need| self.blocks.resize(used, need));
        Ok(match resized {
            Some(to_bytes) => {
                self.ledger.resize(owner, from_bytes, to_bytes);
                Resized::InPlace { owner, from_bytes, to_bytes }
            }
            None => Resized::NoRoom,
        })
    }
}

impl Blocks {
    /// Makes a used block one of `need` bytes, or of a few more that cannot be a block, and says how
    /// many; `None` if its right neighbour cannot give them.
    fn resize(&mut self, used: Used, need: u32) -> Option<u32> {
        let Used { place, head, right, right_head, .. } = used;
        let mut have = head.plain_bytes();
        let gain = if right_head.is_free() { right_head.plain_bytes() } else { 0 };
        if have + gain < need {
            return None;
        }
        if gain > 0 {
            self.unlink(right, self.classes.class_of(gain));
            self.free -= 1;
            have += gain;
        }
        let rest = have - need;
        let bytes = if rest < BLOCK_BYTES_MIN { have } else { need };
        self.memory.store(place, head.with_bytes(bytes).word());
        let after = self.right(place, have);
        let after_head = self.head(after).without_previous_free();
        if bytes == have {
            self.memory.store(after, after_head.word());
        } else {
            self.memory.store(after, after_head.with_previous_free().word());
            let rest_place = self.right(place, need);
            self.insert(rest_place, rest);
            self.free += 1;
        }
        Some(bytes)
    }
}
