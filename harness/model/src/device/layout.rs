//! How the heap's memory is divided: its areas, its free blocks by size, a map, and marks.
//!
//! The totals by owner answer who has how much. This answers why an allocation fails although enough
//! is free, who sits in the middle, and what a stretch of a program left behind. A map and a mark
//! come as several records; one that is not complete when the next one begins is thrown away, so
//! that nobody takes half of it for the whole.

use ramscope_time::Instant;
use ramscope_wire::{
    BlockState, HeapArea, HeapMark, HeapRun, HeapShape, ObjectId, OwnerKind, SiteHolding, SiteId,
    UnitId,
};

use crate::device::Device;
use crate::series::Series;

/// How the heap is divided, as far as the device has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeapLayout {
    areas: Vec<Area>,
    shape: Option<Shape>,
    /// The most that any sample of any boot said to be fragmented.
    worst: Option<Shape>,
    fragmented_series: Series,
    map: Option<HeapMap>,
    coming_map: HeapMap,
    marks: Vec<Mark>,
}

/// One of the heap's areas, in bytes of whole blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Its number.
    pub number: u8,
    /// Its name.
    pub name: String,
    /// The address of its first block.
    pub base: u32,
    /// What its blocks cover.
    pub bytes: u32,
    /// In use.
    pub used: u32,
    /// Not in use.
    pub free: u32,
    /// The largest free block.
    pub largest_free: u32,
    /// Used blocks, a count.
    pub used_blocks: u32,
    /// Free blocks, a count.
    pub free_blocks: u32,
}

/// How the free bytes were divided at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// When.
    pub at: Instant,
    /// Free bytes.
    pub free: u32,
    /// Those of them that lie outside of the largest free block of their area.
    pub fragmented: u32,
    /// Bytes that the heap could still get for a further area.
    pub max_new_split: u32,
    /// Free blocks by size: of `16 << n` bytes and more, but fewer than the next.
    pub free_by_size: [u16; 16],
    /// [`Losses::serial`](crate::Losses::serial) at that time.
    pub losses_seen: u64,
}

/// A map of the heap at an instant: stretches in the order of areas and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeapMap {
    /// Its number within the boot.
    pub number: u16,
    /// When its last stretch came.
    pub at: Instant,
    /// Its stretches.
    pub runs: Vec<Run>,
}

/// Neighbouring blocks of one owner, site and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The address of the first block.
    pub start: u32,
    /// Bytes of all of them.
    pub bytes: u32,
    /// How many they are.
    pub blocks: u16,
    /// What they are.
    pub state: BlockState,
    /// Whose they are; nobody's if they are free.
    pub owner: (OwnerKind, UnitId),
    /// Where they were allocated.
    pub site: SiteId,
}

/// What the heap held when somebody marked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its number within the boot.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// When.
    pub at: Instant,
    /// Bytes in use.
    pub bytes: u32,
    /// Used blocks.
    pub blocks: u32,
    /// How many holdings it has when it is complete.
    pub parts: u16,
    /// By owner and site.
    pub holdings: Vec<SiteHeld>,
}

/// What an owner held of what was allocated at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteHeld {
    /// Who.
    pub owner: (OwnerKind, UnitId),
    /// Where it was allocated.
    pub site: SiteId,
    /// Bytes.
    pub bytes: u32,
    /// Blocks.
    pub blocks: u32,
}

impl Shape {
    /// The share of the free bytes that is fragmented, in hundredths of a per cent, rounded up.
    #[must_use]
    pub fn fragmentation(&self) -> u32 {
        match self.free {
            0 => 0,
            free => (u64::from(self.fragmented) * 10_000).div_ceil(u64::from(free)) as u32,
        }
    }
}

impl Mark {
    /// Whether all that belongs to it has come.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.holdings.len() == usize::from(self.parts)
    }
}

impl HeapLayout {
    /// The areas, by their numbers.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The last sample.
    #[must_use]
    pub fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// The sample in which the largest share was fragmented.
    #[must_use]
    pub fn worst(&self) -> Option<&Shape> {
        self.worst.as_ref()
    }

    /// Fragmented bytes over time.
    #[must_use]
    pub fn fragmented_series(&self) -> &Series {
        &self.fragmented_series
    }

    /// The last complete map of this boot.
    #[must_use]
    pub fn map(&self) -> Option<&HeapMap> {
        self.map.as_ref()
    }

    /// The marks of this boot, in their order.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The device has been reset.
    pub(super) fn begin_boot(&mut self) {
        let kept = (self.worst, std::mem::take(&mut self.fragmented_series));
        *self = Self { worst: kept.0, fragmented_series: kept.1, ..Self::default() };
    }

    fn sample(&mut self, shape: Shape) {
        let worse = |worst: &Shape| shape.fragmentation() > worst.fragmentation();
        if self.worst.as_ref().is_none_or(worse) {
            self.worst = Some(shape);
        }
        self.fragmented_series.push(shape.at, shape.fragmented);
        self.shape = Some(shape);
    }

    fn take_area(&mut self, area: Area) {
        // A number is a byte, so there are never more than 256.
        self.areas.retain(|known| known.number != area.number);
        if area.bytes == 0 {
            // The heap has given it back.
            return;
        }
        self.areas.push(area);
        self.areas.sort_by_key(|area| area.number);
    }

    fn take_run(&mut self, at: Instant, record: &HeapRun) {
        if record.index == 0 {
            self.coming_map = HeapMap { number: record.map, ..HeapMap::default() };
        }
        let coming = &mut self.coming_map;
        let is_next = coming.number == record.map && coming.runs.len() == usize::from(record.index);
        if !is_next {
            return;
        }
        coming.at = at;
        coming.runs.push(Run {
            start: record.start,
            bytes: record.bytes,
            blocks: record.blocks,
            state: record.state,
            owner: (record.owner_kind, record.owner),
            site: record.site,
        });
        if record.is_last {
            self.map = Some(std::mem::take(coming));
        }
    }

    /// Says whether there was room.
    fn take_mark(&mut self, at: Instant, record: &HeapMark<'_>) -> bool {
        self.marks.retain(|mark| mark.name != record.name);
        let has_room = self.marks.len() < Device::LIST_MAX;
        if has_room {
            self.marks.push(Mark {
                number: record.mark,
                name: record.name.to_owned(),
                at,
                bytes: record.bytes,
                blocks: record.blocks,
                parts: record.parts,
                holdings: Vec::new(),
            });
        }
        has_room
    }

    fn take_holding(&mut self, record: &SiteHolding) {
        let Some(mark) = self.marks.iter_mut().find(|mark| mark.number == record.mark) else {
            return;
        };
        if !mark.is_complete() {
            mark.holdings.push(SiteHeld {
                owner: (record.owner_kind, record.owner),
                site: record.site,
                bytes: record.bytes,
                blocks: record.blocks,
            });
        }
    }
}

impl Device {
    pub(super) fn sample_area(&mut self, record: &HeapArea<'_>) {
        self.layout.take_area(Area {
            number: record.area,
            name: record.name.to_owned(),
            base: record.base,
            bytes: record.bytes,
            used: record.used,
            free: record.free,
            largest_free: record.largest_free,
            used_blocks: record.used_blocks,
            free_blocks: record.free_blocks,
        });
    }

    pub(super) fn sample_shape(&mut self, at: Instant, record: &HeapShape) {
        let counts =
            [record.free_of_16, record.free_of_256, record.free_of_4096, record.free_of_65536];
        let mut free_by_size = [0; 16];
        free_by_size.copy_from_slice(counts.as_flattened());
        self.layout.sample(Shape {
            at,
            free: record.free,
            fragmented: record.fragmented,
            max_new_split: record.max_new_split,
            free_by_size,
            losses_seen: self.losses.serial(),
        });
    }

    pub(super) fn draw_map(&mut self, at: Instant, record: &HeapRun) {
        self.layout.take_run(at, record);
    }

    pub(super) fn mark_heap(&mut self, at: Instant, record: &HeapMark<'_>) {
        if !self.layout.take_mark(at, record) {
            self.forgotten += 1;
        }
    }

    pub(super) fn mark_holding(&mut self, record: &SiteHolding) {
        self.layout.take_holding(record);
    }

    /// What an owner of memory is called.
    #[must_use]
    pub fn owner_name(&self, (kind, unit): (OwnerKind, UnitId)) -> String {
        match (kind, unit) {
            (OwnerKind::Thread | OwnerKind::Task | OwnerKind::Tasklet, unit) => self.name_of(unit),
            (kind, UnitId::KERNEL) => kind.to_string(),
            (OwnerKind::Timer, UnitId(number)) => match self.timer(ObjectId(number)) {
                Some(timer) => timer.name.clone(),
                None => format!("timer {number}"),
            },
            (kind, unit) => format!("{kind} {unit}"),
        }
    }

    /// A place in the source as `file:line`, if it is known.
    #[must_use]
    pub fn place_name(&self, site: SiteId) -> Option<String> {
        let place = self.sites.get(&site)?;
        Some(format!("{}:{}", place.file, place.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(map: u16, index: u16, is_last: bool) -> HeapRun {
        HeapRun {
            map,
            index,
            start: 0x1000 * u32::from(index),
            bytes: 0x1000,
            blocks: 1,
            site: SiteId::NONE,
            owner: UnitId::KERNEL,
            owner_kind: OwnerKind::Kernel,
            state: BlockState::Used,
            is_last,
        }
    }

    fn map_of(runs: &[HeapRun]) -> Option<(u16, usize)> {
        let mut layout = HeapLayout::default();
        runs.iter().for_each(|run| layout.take_run(Instant::ZERO, run));
        layout.map().map(|map| (map.number, map.runs.len()))
    }

    #[test]
    fn a_map_counts_when_its_last_stretch_has_come_and_none_is_missing() {
        assert_eq!(map_of(&[run(1, 0, false), run(1, 1, true)]), Some((1, 2)));
        assert_eq!(map_of(&[run(1, 0, false)]), None);
        assert_eq!(map_of(&[run(1, 0, false), run(1, 2, true)]), None, "one is lost");
        let second = [run(1, 0, true), run(2, 0, false), run(3, 0, true)];
        assert_eq!(map_of(&second), Some((3, 1)), "the second was never complete");
    }

    #[test]
    fn the_seeds_heap_is_hardly_fragmented() {
        let shape = Shape {
            at: Instant::ZERO,
            free: 47_600,
            fragmented: 176,
            max_new_split: 110_592,
            free_by_size: [0; 16],
            losses_seen: 0,
        };
        assert_eq!(shape.fragmentation(), 37);
    }
}
