//! What the robot has seen: a grid around where it began, and ways through it.
//!
//! Each cell has a confidence: every echo that ended in it makes it fuller, every one that went through
//! emptier. A way is found by a wave from its goal (Lee's algorithm), through cells that are not full and
//! have no full neighbour: the robot is wider than a point.

use crate::angle::{Angle, ONE};
use crate::drive::Place;

/// Cells a side.
pub const SIDE: usize = 32;
/// The side of a cell in millimetres.
pub const CELL_MM: i32 = 100;

const CELLS: usize = SIDE * SIDE;
/// Confidence goes so far either way.
const SURE: i8 = 20;
/// From here on a cell is full.
const FULL: i8 = 4;
/// An echo that ends in a cell says more than one that passes: the beam is wide.
const ENDS: i8 = 4;
const PASSES: i8 = -1;
/// The wave has not been here.
const DRY: u8 = 0;

/// A cell of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// From the left.
    pub column: u8,
    /// From the far side.
    pub row: u8,
}

impl Cell {
    /// The cell of a place; `None` beyond the grid.
    #[must_use]
    pub fn at(x_mm: i32, y_mm: i32) -> Option<Self> {
        let half = SIDE as i32 / 2;
        let column = x_mm.checked_add(CELL_MM / 2)?.div_euclid(CELL_MM) + half;
        let row = half - y_mm.checked_add(CELL_MM / 2)?.div_euclid(CELL_MM);
        let inside = |at: i32| (0..SIDE as i32).contains(&at);
        (inside(column) && inside(row)).then_some(Self { column: column as u8, row: row as u8 })
    }

    /// Its middle, in millimetres to the right of and ahead of the begin.
    #[must_use]
    pub const fn middle(self) -> (i32, i32) {
        let half = SIDE as i32 / 2;
        ((self.column as i32 - half) * CELL_MM, (half - self.row as i32) * CELL_MM)
    }

    const fn index(self) -> usize {
        self.row as usize * SIDE + self.column as usize
    }

    fn of_index(index: usize) -> Self {
        Self { column: (index % SIDE) as u8, row: (index / SIDE) as u8 }
    }

    /// The cells beside it, to the four sides.
    fn beside(self) -> impl Iterator<Item = Self> {
        let steps = [(0, -1), (1, 0), (0, 1), (-1, 0)];
        steps.into_iter().filter_map(move |(right, down)| {
            let column = self.column.checked_add_signed(right)?;
            let row = self.row.checked_add_signed(down)?;
            let inside = usize::from(column) < SIDE && usize::from(row) < SIDE;
            inside.then_some(Self { column, row })
        })
    }
}

/// What is known of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing yet, or as much for as against.
    Unknown,
    /// Sound went through.
    Free,
    /// Sound came back.
    Full,
}

/// The map.
#[derive(Clone, Debug)]
pub struct Map {
    confidence: [i8; CELLS],
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl Map {
    /// Nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self { confidence: [0; CELLS] }
    }

    /// What is known of a cell.
    #[must_use]
    pub const fn known(&self, cell: Cell) -> Known {
        match self.confidence[cell.index()] {
            FULL.. => Known::Full,
            0..FULL => Known::Unknown,
            ..0 => Known::Free,
        }
    }

    /// Takes in what the sensor heard at a place: an echo from so far away, or none within that.
    pub fn hear(&mut self, from: Place, distance_mm: u32, echo: Echo) {
        let distance = distance_mm.min(SIDE as u32 * CELL_MM as u32) as i32;
        let mut last = None;
        // Half a cell at a time, so that none is jumped over.
        for way in (0..distance).step_by(CELL_MM as usize / 2) {
            let cell = ahead_of(from, way);
            if cell != last {
                self.change(last, PASSES);
                last = cell;
            }
        }
        let end = ahead_of(from, distance);
        if last != end {
            self.change(last, PASSES);
        }
        self.change(end, if echo == Echo::Heard { ENDS } else { PASSES });
    }

    fn change(&mut self, cell: Option<Cell>, by: i8) {
        if let Some(cell) = cell {
            let confidence = &mut self.confidence[cell.index()];
            *confidence = confidence.saturating_add(by).clamp(-SURE, SURE);
        }
    }

    /// How many cells are known to be what.
    #[must_use]
    pub fn count(&self, what: Known) -> usize {
        (0..CELLS).filter(|index| self.known(Cell::of_index(*index)) == what).count()
    }

    /// The first step of a shortest way, and how many cells it has; `None` if there is no way. `wave` is
    /// room to work in.
    #[must_use]
    pub fn way(&self, from: Cell, to: Cell, wave: &mut Wave) -> Option<(Cell, u16)> {
        wave.marks = [DRY; CELLS];
        wave.marks[to.index()] = mark(0);
        let mut length = 0;
        // Each round wets what lies beside wet cells; a way has no more cells than the grid.
        while wave.marks[from.index()] == DRY {
            if !self.spread(length, from, wave) {
                return None;
            }
            length += 1;
        }
        if length == 0 {
            return Some((to, 0));
        }
        let is_nearer = |cell: &Cell| wave.marks[cell.index()] == mark(length - 1);
        from.beside().find(is_nearer).map(|cell| (cell, length))
    }

    /// Spreads the wave by one cell; whether it got anywhere.
    fn spread(&self, round: u16, from: Cell, wave: &mut Wave) -> bool {
        let mut spread = false;
        for index in 0..CELLS {
            // Cells of three rounds ago have the same mark, and no dry cell beside them any more.
            if wave.marks[index] != mark(round) {
                continue;
            }
            for cell in Cell::of_index(index).beside() {
                let is_dry = wave.marks[cell.index()] == DRY;
                // The robot is where it is, whatever the map says.
                if is_dry && (cell == from || self.is_passable(cell)) {
                    wave.marks[cell.index()] = mark(round + 1);
                    spread = true;
                }
            }
        }
        spread
    }

    fn is_passable(&self, cell: Cell) -> bool {
        let is_full = |cell: Cell| self.known(cell) == Known::Full;
        !is_full(cell) && !cell.beside().any(is_full)
    }
}

/// Whether something came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// From the distance that is given.
    Heard,
    /// Nothing up to the distance that is given.
    Silent,
}

/// Room for a search: a mark for each cell that the wave has reached. Three marks in turn are enough to
/// tell which of two cells beside each other is nearer (Akers), and take half the memory of distances.
#[derive(Clone, Debug)]
pub struct Wave {
    marks: [u8; CELLS],
}

const fn mark(round: u16) -> u8 {
    (round % 3) as u8 + 1
}

impl Default for Wave {
    fn default() -> Self {
        Self::new()
    }
}

impl Wave {
    /// Dry everywhere.
    #[must_use]
    pub const fn new() -> Self {
        Self { marks: [DRY; CELLS] }
    }
}

fn ahead_of(from: Place, way_mm: i32) -> Option<Cell> {
    let (right, ahead) = step(from.heading, way_mm);
    Cell::at(from.x_mm.checked_add(right)?, from.y_mm.checked_add(ahead)?)
}

/// How far to the right and ahead a way in some direction leads.
fn step(heading: Angle, way_mm: i32) -> (i32, i32) {
    (way_mm * heading.sine() / ONE, way_mm * heading.cosine() / ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x_mm: i32, y_mm: i32, degrees: i32) -> Place {
        Place { x_mm, y_mm, heading: Angle::of_tenths(degrees * 10) }
    }

    fn cell(x_mm: i32, y_mm: i32) -> Cell {
        Cell::at(x_mm, y_mm).unwrap()
    }

    /// A map with a wall of so many cells across, so far ahead.
    fn walled(ahead_mm: i32, cells: i32) -> Map {
        let mut map = Map::new();
        for x in -cells / 2..=cells / 2 {
            map.hear(place(x * CELL_MM, ahead_mm - 300, 0), 300, Echo::Heard);
        }
        map
    }

    #[test]
    fn an_echo_fills_where_it_ends_and_empties_where_it_passes() {
        let mut map = Map::new();
        map.hear(place(0, 0, 90), 500, Echo::Heard);
        assert_eq!(map.known(cell(500, 0)), Known::Full);
        for x in [0, 100, 200, 300, 400] {
            assert_eq!(map.known(cell(x, 0)), Known::Free, "{x}");
        }
        assert_eq!(map.known(cell(600, 0)), Known::Unknown);
        assert_eq!(map.count(Known::Full), 1);
    }

    #[test]
    fn silence_empties_all_the_way() {
        let mut map = Map::new();
        map.hear(place(0, 0, 180), 600, Echo::Silent);
        assert_eq!(map.count(Known::Full), 0);
        assert_eq!(map.count(Known::Free), 7);
    }

    #[test]
    fn a_thing_that_was_carried_away_is_forgotten() {
        let mut map = Map::new();
        (0..9).for_each(|_| map.hear(place(0, 0, 0), 300, Echo::Heard));
        (0..30).for_each(|_| map.hear(place(0, 0, 0), 900, Echo::Heard));
        assert_eq!(map.known(cell(0, 300)), Known::Free);
    }

    #[test]
    fn a_way_in_the_open_is_straight() {
        let (first, length) =
            Map::new().way(cell(0, 0), cell(0, 500), &mut Wave::default()).unwrap();
        assert_eq!((first, length), (cell(0, 100), 5));
        let here = Map::new().way(cell(0, 0), cell(0, 0), &mut Wave::default());
        assert_eq!(here, Some((cell(0, 0), 0)));
    }

    #[test]
    fn a_way_leads_around_a_wall_and_leaves_it_room() {
        let map = walled(500, 7);
        let (_, length) = map.way(cell(0, 0), cell(0, 1000), &mut Wave::default()).unwrap();
        // Ten ahead; five to the side and back, because beside the wall there is no room.
        assert_eq!(length, 10 + 2 * 5);
    }

    #[test]
    fn behind_a_wall_without_a_gap_there_is_no_way() {
        let map = walled(500, 33);
        assert_eq!(map.way(cell(0, 0), cell(0, 1000), &mut Wave::default()), None);
    }

    #[test]
    fn beyond_the_grid_nothing_is_kept() {
        let mut map = Map::new();
        map.hear(place(1500, 1600, 45), u32::MAX, Echo::Heard);
        map.hear(place(i32::MAX, i32::MIN, 45), 500, Echo::Heard);
        assert_eq!(map.count(Known::Full), 0);
        assert_eq!(Cell::at(-1651, 0), None);
        assert_eq!(Cell::at(-1650, 0).map(Cell::middle), Some((-1600, 0)));
    }
}
