//! A walk over all blocks in pieces, for whoever may not keep the heap for as long as all of them take.
//!
//! The kernel looks at its heap in sections, and there may be ten thousand blocks. So a
//! tour sees some of them at a time and remembers where it stopped. The place that it remembers is a
//! block's start only as long as nobody changes the heap: who cannot promise that begins anew. A place
//! stays a word of its area whatever happens, so a wrong one leads to wrong figures and no further.

use super::raw::Place;
use super::walk::Places;
use super::{Block, Heap};

/// Where a tour stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tour {
    area: usize,
    next: Option<Place>,
}

/// How a piece of a tour ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a tour that is not over has not seen all blocks"]
pub enum Stage {
    /// There is more to see.
    More,
    /// All blocks of all areas were seen.
    Over,
    /// The header at this address is no header any more.
    Broken(usize),
}

impl Heap {
    /// Shows at most `blocks_max` further blocks to `see`, with the number of their area.
    ///
    /// The heap must be as it was when the tour stopped; if it is not, what is seen is wrong, and
    /// nothing worse.
    pub fn go_on(
        &self,
        tour: &mut Tour,
        blocks_max: usize,
        mut see: impl FnMut(usize, &Block),
    ) -> Stage {
        let mut left = blocks_max;
        while let Some(&area) = self.blocks.memory.areas().get(tour.area) {
            let next = tour.next.unwrap_or(area.first());
            if !(area.contains(next.offset()) || next == area.end()) {
                return Stage::Over;
            }
            let mut places = Places::from(&self.blocks, area, next);
            while left > 0 {
                let Some((place, head)) = places.next() else { break };
                see(tour.area, &self.describe(place, head));
                left -= 1;
            }
            if places.is_complete() {
                *tour = Tour { area: tour.area + 1, next: None };
            } else if left == 0 {
                tour.next = Some(places.standing());
                return Stage::More;
            } else {
                return Stage::Broken(self.blocks.memory.address_of(places.standing()));
            }
        }
        Stage::Over
    }
}
