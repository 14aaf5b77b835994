//! Which level a piece of metal has: wires, switches, resistors, and whoever drives them.
//!
//! The problem: a pin shows what reaches it over wires and closed switches, else what reaches it
//! through resistors, and the chip's own pins are both ends of such paths. The idea: everything is
//! resistance. Each source has one (a supply or an output none, an input's pull much), a path
//! adds its own, and at each place the source at the least distance wins. That is no voltage, but
//! it is the level, wherever a circuit is meant to give one.
//!
//! Invariants:
//! 1. Wires and closed switches have no resistance, so all that they join has one level.
//! 2. Of two sources that are equally near the low one wins, so no order of parts shows.
//! 3. What drives a pin from outside never depends on that pin's own output.

/// A piece of metal: pins that wires join for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Net(pub(super) usize);

/// A source at a net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) net: Net,
    pub(super) high: bool,
    /// What stands between the source and its net.
    pub(super) ohms: u64,
}

/// What joins two nets, and how well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) ends: (Net, Net),
    pub(super) ohms: u64,
}

/// The level of each of `nets` nets; `None` where no source reaches.
pub(super) fn levels(nets: usize, sources: &[Source], paths: &[Path]) -> Vec<Option<bool>> {
    let mut nearest: Vec<Option<Reach>> = vec![None; nets];
    for source in sources {
        let reach = Reach { ohms: source.ohms, high: source.high };
        take_nearer(&mut nearest[source.net.0], reach);
    }
    // A shortest path visits no net twice, so that many rounds are enough.
    for _ in 0..nets {
        let mut changed = false;
        for &Path { ends: (a, b), ohms } in paths {
            for (from, to) in [(a, b), (b, a)] {
                if let Some(Reach { ohms: before, high }) = nearest[from.0] {
                    let reach = Reach { ohms: before.saturating_add(ohms), high };
                    changed |= take_nearer(&mut nearest[to.0], reach);
                }
            }
        }
        if !changed {
            break;
        }
    }
    nearest.into_iter().map(|reach| reach.map(|reach| reach.high)).collect()
}

/// The source that counts at a net: the nearest; of equally near ones `false` orders first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reach {
    ohms: u64,
    high: bool,
}

/// Whether `reach` is nearer than what was there.
fn take_nearer(place: &mut Option<Reach>, reach: Reach) -> bool {
    let is_nearer = place.is_none_or(|known| reach < known);
    if is_nearer {
        *place = Some(reach);
    }
    is_nearer
}

/// Joins things into groups: which of them are one net.
#[derive(Clone, Debug)]
pub(super) struct Groups(Vec<usize>);

impl Groups {
    pub(super) fn new(things: usize) -> Self {
        Self((0..things).collect())
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.head(a), self.head(b));
        self.0[a.max(b)] = a.min(b);
    }

    fn head(&self, mut thing: usize) -> usize {
        while self.0[thing] != thing {
            thing = self.0[thing];
        }
        thing
    }

    /// The net of each thing, numbered without gaps, and how many there are.
    pub(super) fn nets(&self) -> (Vec<Net>, usize) {
        let heads: Vec<usize> = (0..self.0.len()).filter(|&n| self.0[n] == n).collect();
        let number = |thing| heads.binary_search(&self.head(thing)).expect("a head is listed");
        ((0..self.0.len()).map(|thing| Net(number(thing))).collect(), heads.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(net: usize, high: bool, ohms: u64) -> Source {
        Source { net: Net(net), high, ohms }
    }

    fn path(a: usize, b: usize, ohms: u64) -> Path {
        Path { ends: (Net(a), Net(b)), ohms }
    }

    fn check(sources: &[Source], paths: &[Path], expected: &[Option<bool>]) {
        assert_eq!(levels(expected.len(), sources, paths), expected);
        let turned: Vec<Path> =
            paths.iter().rev().map(|p| path(p.ends.1.0, p.ends.0.0, p.ohms)).collect();
        assert_eq!(levels(expected.len(), sources, &turned), expected, "in another order");
    }

    #[test]
    fn a_net_that_nothing_reaches_has_no_level() {
        check(&[source(0, true, 0)], &[], &[Some(true), None]);
    }

    #[test]
    fn a_closed_switch_is_stronger_than_a_pull() {
        let pull_up = [source(0, true, 0), source(1, false, 0)];
        check(&pull_up, &[path(0, 2, 10_000)], &[Some(true), Some(false), Some(true)]);
        let pressed = [path(0, 2, 10_000), path(2, 1, 0)];
        check(&pull_up, &pressed, &[Some(true), Some(false), Some(false)]);
    }

    #[test]
    fn the_smaller_resistor_wins_and_resistors_in_a_row_add_up() {
        let rails = [source(0, true, 0), source(1, false, 0)];
        let level = |paths: &[Path]| levels(4, &rails, paths)[2];
        assert_eq!(level(&[path(0, 2, 1_000), path(1, 2, 4_700)]), Some(true));
        assert_eq!(level(&[path(0, 3, 4_000), path(3, 2, 1_000), path(1, 2, 4_700)]), Some(false));
    }

    #[test]
    fn of_equally_near_sources_the_low_one_wins() {
        check(&[source(0, true, 0), source(0, false, 0)], &[], &[Some(false)]);
    }

    #[test]
    fn things_that_are_joined_in_any_order_are_one_net() {
        let mut groups = Groups::new(5);
        groups.join(4, 3);
        groups.join(1, 3);
        assert_eq!(groups.nets(), (vec![Net(0), Net(1), Net(2), Net(1), Net(1)], 4 - 1));
    }
}
