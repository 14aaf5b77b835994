//! What must hold after each operation, at intervals, and in the end.

use super::Soak;
use crate::arena::GIVEN;
use ramscope_kernel::heap::HEADER_BYTES;
use std::alloc::Layout;

impl Soak {
    /// After every operation: the identity, and the account of the owner that took part.
    pub(super) fn check(&mut self, owner: usize) -> Result<(), String> {
        let totals = self.heap.totals();
        let sum = totals.used + totals.free + self.overhead;
        if sum as usize != GIVEN {
            return Err(format!("used + free + overhead is {sum}, not {GIVEN}"));
        }
        self.peak = self.peak.max(self.model.used);
        let told = (totals.used, totals.used_blocks as usize, totals.peak_used);
        // A block that moves is there twice for a moment.
        if (told.0, told.1) != (self.model.used, self.model.len()) || told.2 < self.peak {
            return Err(format!("used {}, blocks and peak are {told:?}", self.model.used));
        }
        self.peak = told.2;
        let ours = &self.owners[owner];
        match self.heap.owner(ours.index) {
            Some(told) if (told.current, told.peak) == (ours.current, ours.peak) => Ok(()),
            told => Err(format!("an owner has {} and had {}: {told:?}", ours.current, ours.peak)),
        }
    }

    /// Every header, every owner, every byte, and whether the largest free block can be had.
    pub(super) fn walk(&mut self) -> Result<(), String> {
        self.heap.check().map_err(|broken| format!("an invariant is broken: {broken:?}"))?;
        for owner in 0..self.owners.len() {
            self.check(owner)?;
        }
        if !self.model.all().iter().all(crate::model::Held::is_intact) {
            return Err("somebody wrote to a block that is held".to_owned());
        }
        self.compare_blocks()?;
        self.measure_largest()?;
        self.counts.walks += 1;
        Ok(())
    }

    /// The used blocks of a walk are those of the model.
    fn compare_blocks(&self) -> Result<(), String> {
        let areas: Vec<_> = self.heap.areas().map(|(area, _)| area).collect();
        let blocks = areas.into_iter().flat_map(|area| self.heap.blocks(area));
        let mut walked: Vec<_> = blocks
            .filter(|block| !block.free)
            .map(|block| (block.payload(), block.bytes, block.owner))
            .collect();
        let owner = |index: usize| self.owners[index].index;
        let held = self.model.all().iter();
        let mut held: Vec<_> =
            held.map(|held| (held.start(), held.whole, owner(held.owner))).collect();
        walked.sort_unstable();
        held.sort_unstable();
        match walked == held {
            true => Ok(()),
            false => Err("a walk finds other blocks than are held".to_owned()),
        }
    }

    /// What is told to be the largest that fits does, and eight bytes more do not.
    fn measure_largest(&mut self) -> Result<(), String> {
        let totals = self.heap.totals();
        if totals.largest_free == 0 {
            return Ok(());
        }
        if totals.free >= totals.total / 10 {
            let share =
                100.0 * f64::from(totals.largest_free + HEADER_BYTES) / f64::from(totals.free);
            let (sum, count, least) = self.shares;
            self.shares = (sum + share, count + 1, least.min(share));
        }
        let layout = |bytes: u32| {
            Layout::from_size_align(bytes as usize, 8).expect("a size far below the largest")
        };
        let owner = self.owners[0].index;
        if self.heap.allocate(layout(totals.largest_free + 8), owner, 0).is_ok() {
            return Err("more fits than what is told to be the largest".to_owned());
        }
        let taken = self.take(totals.largest_free as usize, 8, 0)?;
        match taken {
            Some(_) => self.free(self.model.len() - 1).map(|_| ()),
            None => Err("what is told to be the largest does not fit".to_owned()),
        }
    }

    /// All is given back: no owner has anything, and no area has more than one block.
    pub(super) fn check_empty(&mut self) -> Result<(), String> {
        self.walk()?;
        let totals = self.heap.totals();
        let areas = self.heap.areas().count() as u32;
        match (totals.used, totals.used_blocks, totals.free_blocks) {
            (0, 0, free) if free == areas => Ok(()),
            _ => Err(format!("all was given back, and yet: {totals:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_operations_keep_the_identity() {
        let report = Soak::new(7).run(100_000).expect("nothing is wrong");
        let counts = report.counts;
        let happened = [counts.refused, counts.moved, counts.stuck, counts.bad_pointers];
        assert!(happened.into_iter().all(|times| times > 10), "{counts:?}");
        assert!(report.peak_used > report.total / 10 * 9, "{report:?}");
    }

    #[test]
    fn a_seed_is_a_run() {
        let run = |seed| Soak::new(seed).run(5_000).expect("nothing is wrong");
        assert_eq!(run(3), run(3));
        assert_ne!(run(3).digest, run(4).digest);
    }

    #[test]
    #[expect(unsafe_code, reason = "writes beyond a block, to be found")]
    fn an_overrun_is_found_by_the_next_walk() {
        let mut soak = Soak::new(5);
        for operation in 0..2_000 {
            soak.step(operation).expect("nothing is wrong yet");
        }
        let held = soak.model.get(10);
        // SAFETY: a block is never the last of an area here; there stands the next one's header.
        let header = unsafe { held.pointer.add(held.whole as usize - 8) };
        // SAFETY: as above, and nobody goes on with this heap.
        unsafe { header.write_bytes(0xEE, 8) };
        assert!(soak.walk().is_err());
    }
}
