//! The heap's map as squares, and what changed between two marks.
//!
//! A map is a list of stretches of uneven length, which nobody can take in at a glance. A picture
//! cuts each area into squares of the same number of bytes; a square belongs to whoever has the
//! longest piece of it. All that shows a map (text, page, screen) draws these squares, so that no
//! two of them disagree.

use ramscope_wire::{BlockState, OwnerKind, SiteId, UnitId};

use crate::device::{HeapLayout, HeapMap, Mark, Run};

/// The smallest square: the smallest block.
const SQUARE_BYTES_MIN: u32 = 16;

/// Who owns something.
pub type MapOwner = (OwnerKind, UnitId);

/// One area of a map, cut into squares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaPicture {
    /// The address of the first square.
    pub start: u32,
    /// Its squares.
    pub squares: Vec<Square>,
}

/// What a square shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Square {
    /// What the longest piece in it is.
    pub shows: Shows,
    /// Whether a part of it is free.
    pub has_free: bool,
}

/// What the longest piece of a square is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Nothing in it is in use.
    Free,
    /// Freed, but kept back.
    Quarantined,
    /// Somebody's: an index into [`HeapMap::owners`].
    Owner(usize),
}

/// How what an owner holds of one place differs between two marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub owner: MapOwner,
    /// Where it was allocated.
    pub site: SiteId,
    /// Bytes more, or fewer.
    pub bytes: i64,
    /// Blocks more, or fewer.
    pub blocks: i64,
}

impl HeapLayout {
    /// Bytes in a square, so that the largest area has at most so many: a power of two.
    #[must_use]
    pub fn square_bytes(&self, squares_max: u32) -> u32 {
        let largest = self.areas().iter().map(|area| area.bytes).max().unwrap_or(0);
        largest.div_ceil(squares_max.max(1)).next_power_of_two().max(SQUARE_BYTES_MIN)
    }
}

impl HeapMap {
    /// Who holds how much, the most first.
    #[must_use]
    pub fn owners(&self) -> Vec<(MapOwner, u64)> {
        let mut owners: Vec<(MapOwner, u64)> = Vec::new();
        for run in self.runs.iter().filter(|run| run.state != BlockState::Free) {
            match owners.iter_mut().find(|(owner, _)| *owner == run.owner) {
                Some((_, held)) => *held += u64::from(run.bytes),
                None => owners.push((run.owner, run.bytes.into())),
            }
        }
        owners.sort_by_key(|(owner, held)| (std::cmp::Reverse(*held), *owner));
        owners
    }

    /// The squares of each piece of memory without a gap: an area each.
    #[must_use]
    pub fn picture(&self, square_bytes: u32) -> Vec<AreaPicture> {
        let owners = self.owners();
        let joins = |a: &Run, b: &Run| a.start.wrapping_add(a.bytes) == b.start;
        self.runs.chunk_by(joins).map(|runs| area(runs, &owners, square_bytes.max(1))).collect()
    }
}

fn area(runs: &[Run], owners: &[(MapOwner, u64)], square_bytes: u32) -> AreaPicture {
    let start = runs.first().map_or(0, |run| run.start);
    let bytes: u32 = runs.iter().map(|run| run.bytes).sum();
    let count = bytes.div_ceil(square_bytes) as usize;
    // What is shown, how long its piece is, and how much of the square is in use.
    let mut squares = vec![(Shows::Free, 0_u32, 0_u32); count];
    for run in runs.iter().filter(|run| run.state != BlockState::Free) {
        let shows = match run.state {
            BlockState::Quarantined => Shows::Quarantined,
            _ => {
                let index = owners.iter().position(|(owner, _)| *owner == run.owner);
                Shows::Owner(index.expect("each run that is not free has its owner listed"))
            }
        };
        let (from, to) = (run.start - start, run.start - start + run.bytes);
        for at in from / square_bytes..to.div_ceil(square_bytes) {
            let piece = to.min((at + 1) * square_bytes) - from.max(at * square_bytes);
            let (shown, longest, used) = &mut squares[at as usize];
            *used += piece;
            if piece > *longest {
                (*shown, *longest) = (shows, piece);
            }
        }
    }
    let squares = squares.into_iter();
    let squares = squares.map(|(shows, _, used)| Square { shows, has_free: used < square_bytes });
    AreaPicture { start, squares: squares.collect() }
}

impl Mark {
    /// What is different at a later mark, by owner and place, the largest growth first.
    #[must_use]
    pub fn changes_to(&self, later: &Self) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        let before = self.holdings.iter().map(|held| (held, -1_i64));
        for (held, sign) in later.holdings.iter().map(|held| (held, 1)).chain(before) {
            let (bytes, blocks) = (sign * i64::from(held.bytes), sign * i64::from(held.blocks));
            let same = |it: &&mut Change| (it.owner, it.site) == (held.owner, held.site);
            match changes.iter_mut().find(same) {
                Some(change) => {
                    (change.bytes, change.blocks) = (change.bytes + bytes, change.blocks + blocks)
                }
                None => changes.push(Change { owner: held.owner, site: held.site, bytes, blocks }),
            }
        }
        changes.retain(|change| (change.bytes, change.blocks) != (0, 0));
        changes.sort_by_key(|it| (std::cmp::Reverse(it.bytes), it.owner, it.site));
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::SiteHeld;
    use ramscope_time::Instant;

    fn run(start: u32, bytes: u32, state: BlockState, unit: u32) -> Run {
        let owner = (OwnerKind::Thread, UnitId(unit));
        Run { start, bytes, blocks: 1, state, owner, site: SiteId::NONE }
    }

    #[test]
    fn a_square_is_of_the_longest_piece_and_knows_of_what_is_free_in_it() {
        let runs = vec![
            run(0x1000, 128, BlockState::Used, 5),
            run(0x1080, 48, BlockState::Used, 6),
            run(0x10b0, 16, BlockState::Free, 0),
            run(0x10c0, 64, BlockState::Free, 0),
            run(0x1100, 64, BlockState::Quarantined, 6),
            run(0x9000, 64, BlockState::Used, 6),
        ];
        let map = HeapMap { runs, ..HeapMap::default() };
        let square = |shows, has_free| Square { shows, has_free };
        let first = vec![
            square(Shows::Owner(1), false),
            square(Shows::Owner(1), false),
            square(Shows::Owner(0), true),
            square(Shows::Free, true),
            square(Shows::Quarantined, false),
        ];
        let second = vec![square(Shows::Owner(0), false)];
        assert_eq!(
            map.picture(64),
            [
                AreaPicture { start: 0x1000, squares: first },
                AreaPicture { start: 0x9000, squares: second }
            ]
        );
    }

    #[test]
    fn what_two_marks_share_is_no_change() {
        let held = |unit, bytes, blocks| SiteHeld {
            owner: (OwnerKind::Thread, UnitId(unit)),
            site: SiteId::NONE,
            bytes,
            blocks,
        };
        let mark = |holdings| Mark {
            number: 0,
            name: String::new(),
            at: Instant::ZERO,
            bytes: 0,
            blocks: 0,
            parts: 0,
            holdings,
        };
        let before = mark(vec![held(1, 64, 1), held(2, 32, 1), held(3, 16, 1)]);
        let after = mark(vec![held(1, 64, 1), held(2, 96, 3), held(4, 128, 2)]);
        let changes = before.changes_to(&after);
        let changes: Vec<_> =
            changes.iter().map(|it| (it.owner.1.0, it.bytes, it.blocks)).collect();
        assert_eq!(changes, [(4, 128, 2), (2, 64, 2), (3, -16, -1)]);
    }
}
