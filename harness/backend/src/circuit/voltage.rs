//! Which voltage a piece of metal has, for pins that an ADC measures.
//!
//! The problem: a potentiometer is a voltage between its rails, and so is what lies between two
//! resistors; "the nearest source wins" ([`nets`](super::nets)) has no answer there. The idea: what is
//! wired without resistance is one node; at every node without a source the currents add up to
//! nothing (Kirchhoff), which is one linear equation a node.
//!
//! Choices of this model: sources are 0 V and 3.3 V and as strong as it takes; neither an ADC nor the
//! pull of an input draws current.
//!
//! Invariants:
//! 1. Only nodes that a path leads to from a source have a voltage, so the equations have exactly one
//!    solution.
//! 2. Of two sources that meet without resistance the low one wins, as for levels.

use ramscope_engine::Millivolts;

use super::nets::{Groups, Net, Path, Source};

/// The supply.
const HIGH_MILLIVOLTS: f64 = 3_300.0;

/// A path between two nodes.
struct Resistor {
    ends: (usize, usize),
    siemens: f64,
}

/// The voltage of each of `nets` nets; `None` where no source reaches.
pub(super) fn voltages(nets: usize, sources: &[Source], paths: &[Path]) -> Vec<Option<Millivolts>> {
    let mut groups = Groups::new(nets);
    paths
        .iter()
        .filter(|path| path.ohms == 0)
        .for_each(|path| groups.join(path.ends.0.0, path.ends.1.0));
    let (node, nodes) = groups.nets();
    let node_of = |net: Net| node[net.0].0;
    let mut known = vec![None; nodes];
    for source in sources {
        let millivolts = if source.high { HIGH_MILLIVOLTS } else { 0.0 };
        let place: &mut Option<f64> = &mut known[node_of(source.net)];
        *place = Some(place.map_or(millivolts, |other: f64| other.min(millivolts)));
    }
    let resistors: Vec<Resistor> = paths
        .iter()
        .filter(|path| path.ohms != 0)
        .map(|path| Resistor {
            ends: (node_of(path.ends.0), node_of(path.ends.1)),
            siemens: 1.0 / path.ohms as f64,
        })
        .collect();
    let solved = solve(&known, &resistors);
    let rounded = |millivolts: f64| Millivolts(millivolts.round() as u16);
    (0..nets).map(|net| solved[node_of(Net(net))].map(rounded)).collect()
}

/// Gives every node that a source reaches its voltage.
fn solve(known: &[Option<f64>], resistors: &[Resistor]) -> Vec<Option<f64>> {
    let reached = reached(known, resistors);
    let open: Vec<usize> = (0..known.len()).filter(|&n| known[n].is_none() && reached[n]).collect();
    let mut rows = vec![vec![0.0; open.len() + 1]; open.len()];
    for (row, &node) in rows.iter_mut().zip(&open) {
        for resistor in resistors {
            let other = match resistor.ends {
                (a, b) if a == b => continue,
                (a, b) if a == node => b,
                (a, b) if b == node => a,
                _ => continue,
            };
            row[open.binary_search(&node).expect("it is open")] += resistor.siemens;
            match known[other] {
                Some(millivolts) => row[open.len()] += resistor.siemens * millivolts,
                None => {
                    row[open.binary_search(&other).expect("it is reached")] -= resistor.siemens;
                }
            }
        }
    }
    let mut solved = known.to_vec();
    for (node, millivolts) in open.iter().zip(eliminate(rows)) {
        solved[*node] = Some(millivolts);
    }
    solved
}

/// The nodes to which a path leads from a source.
fn reached(known: &[Option<f64>], resistors: &[Resistor]) -> Vec<bool> {
    let mut reached: Vec<bool> = known.iter().map(Option::is_some).collect();
    for _ in 0..known.len() {
        for &Resistor { ends: (a, b), .. } in resistors {
            let either = reached[a] || reached[b];
            (reached[a], reached[b]) = (either, either);
        }
    }
    reached
}

/// Solves the equations, of which each diagonal entry outweighs its row, so no pivot is zero.
fn eliminate(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let unknowns = rows.len();
    for n in 0..unknowns {
        let pivot = rows[n].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(other, _)| *other != n) {
            let factor = row[n] / pivot[n];
            row.iter_mut().zip(&pivot).for_each(|(entry, above)| *entry -= factor * above);
        }
    }
    rows.iter().enumerate().map(|(n, row)| row[unknowns] / row[n]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[(usize, usize, u64)], expected: &[Option<u16>]) {
        let sources = [(0, true), (1, false)];
        let sources = sources.map(|(net, high)| Source { net: Net(net), high, ohms: 0 });
        let path = |&(a, b, ohms)| Path { ends: (Net(a), Net(b)), ohms };
        let paths: Vec<Path> = paths.iter().map(path).collect();
        let found: Vec<_> = voltages(expected.len(), &sources, &paths)
            .into_iter()
            .map(|voltage| voltage.map(|Millivolts(millivolts)| millivolts))
            .collect();
        assert_eq!(found, expected, "{paths:?}");
    }

    #[test]
    fn two_resistors_between_the_rails_divide_the_supply() {
        check(&[(0, 2, 1_000), (2, 1, 2_000)], &[Some(3_300), Some(0), Some(2_200)]);
        check(&[(0, 2, 0), (2, 1, 2_000)], &[Some(3_300), Some(0), Some(3_300)]);
    }

    #[test]
    fn a_resistor_to_nowhere_carries_no_current() {
        let divider = [(0, 2, 1_000), (2, 1, 2_000), (2, 3, 47_000)];
        check(&divider, &[Some(3_300), Some(0), Some(2_200), Some(2_200), None]);
    }

    #[test]
    fn dividers_that_are_joined_load_each_other() {
        // A bridge: 2.2 V and 1.1 V, each with 667 ohms, over 1 kilo-ohm.
        let bridge = [(0, 2, 1_000), (2, 1, 2_000), (0, 3, 2_000), (3, 1, 1_000), (2, 3, 1_000)];
        check(&bridge, &[Some(3_300), Some(0), Some(1_886), Some(1_414)]);
    }

    #[test]
    fn a_short_circuit_is_low() {
        check(&[(0, 2, 0), (2, 1, 0)], &[Some(0), Some(0), Some(0)]);
    }
}
