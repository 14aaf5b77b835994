//! Looking at all blocks while programs run.
//!
//! The heap may be looked at in sections only, and there may be too many blocks for one of them. So a
//! survey takes several, and whatever runs in between may change the heap. Nobody is
//! asked to note that, because every allocation would pay for it. Instead the surveyor looks at itself: if
//! it was not switched away from and no handler ran, nobody else can have changed anything. Where
//! somebody may have, the survey begins anew, and gives up after a few times.
//!
//! Invariant: what a finished survey has seen is the heap of one instant.

use crate::heap::{Block, Shape, Stage, Tour};
use crate::kernel::{self, Kernel};

/// Blocks that are seen in one section.
const BLOCKS_PER_SECTION: usize = 12;
/// How often a survey is begun.
const TRIES: u32 = 8;

/// What changes whenever somebody else may have run.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    switches: u32,
    handlers: u32,
}

impl Stamp {
    fn of(kernel: &mut Kernel) -> Self {
        Self { switches: kernel.current().switches, handlers: kernel.handler_entries }
    }
}

/// How a survey ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only a complete survey has seen all blocks"]
pub(crate) enum Survey {
    /// All blocks were seen, as they were at one instant.
    Complete,
    /// `see` wanted no more.
    Enough,
    /// The heap changed each time.
    Restless,
    /// The header at this address is none any more; the blocks before it were seen.
    Broken(usize),
}

/// Shows every block, with the number of its area, to `see`, in the order of areas and addresses, until
/// that answers `false`. `begin` is called whenever it begins. `state` is theirs.
///
/// # Context
/// Thread; or handler, and then it is one stretch.
pub(crate) fn survey<S>(
    state: &mut S,
    begin: impl Fn(&mut S, &mut Kernel),
    see: impl Fn(&mut S, &mut Kernel, usize, &Block) -> bool,
) -> Survey {
    let mut stamp = None;
    let mut tour = Tour::default();
    let mut tries = 0;
    loop {
        let ended = kernel::with(|kernel| {
            let now = Stamp::of(kernel);
            if stamp != Some(now) {
                if tries == TRIES {
                    return Some(Survey::Restless);
                }
                tries += 1;
                (stamp, tour) = (Some(now), Tour::default());
                begin(state, kernel);
            }
            look(kernel, &mut tour, |kernel, area, block| see(state, kernel, area, block))
        });
        if let Some(ended) = ended {
            return ended;
        }
    }
}

/// One section.
fn look(
    kernel: &mut Kernel,
    tour: &mut Tour,
    mut see: impl FnMut(&mut Kernel, usize, &Block) -> bool,
) -> Option<Survey> {
    for _ in 0..BLOCKS_PER_SECTION {
        let mut seen = None;
        let stage = kernel.heap.go_on(tour, 1, |area, block| seen = Some((area, *block)));
        if let Some((area, block)) = seen
            && !see(kernel, area, &block)
        {
            return Some(Survey::Enough);
        }
        match stage {
            Stage::More => {}
            Stage::Over => return Some(Survey::Complete),
            Stage::Broken(at) => return Some(Survey::Broken(at)),
        }
    }
    None
}

/// What the heap looks like now: areas, free blocks by size, fragmentation. `None` if it changed too often
/// while it was looked at, or is damaged.
///
/// # Context
/// Thread. Reads all blocks.
#[must_use]
pub fn shape() -> Option<Shape> {
    let mut shape = Shape::default();
    let survey = survey(
        &mut shape,
        |shape, _| *shape = Shape::default(),
        |shape, _, area, block| {
            shape.see(area, block);
            true
        },
    );
    (survey == Survey::Complete).then_some(shape)
}
