//! Which threads have a row, in which order, and which share one.

use ramscope_model::{Device, Unit, UnitKey};
use ramscope_wire::UnitId;
use std::collections::{BTreeMap, BTreeSet};

use super::Standing;

/// Broken threads that keep their place among those that live.
const BROKEN_ROWS: usize = 2;

/// The threads of a device in the order of their rows.
pub(super) struct Threads<'a> {
    /// Those that live and the newest that broke, in the order in which they were first heard of.
    pub(super) present: Vec<&'a Unit>,
    /// The others, the newest first. The newest thread of a name stands alone, and so does each that
    /// broke; earlier ones that ended in the same way stand together.
    over: Vec<Vec<&'a Unit>>,
}

impl<'a> Threads<'a> {
    pub(super) fn of(device: &'a Device) -> Self {
        let units = device.units().iter().rev();
        let mut broken = 0;
        let is_present = |unit: &&Unit| match Standing::of(unit) {
            Standing::Live => true,
            Standing::Broken => {
                broken += 1;
                broken <= BROKEN_ROWS
            }
            _ => false,
        };
        let (mut present, over): (Vec<_>, Vec<_>) = units.filter(is_thread).partition(is_present);
        present.reverse();
        Self { present, over: folded(&over, &newest_of_each_name(device)) }
    }

    /// Those that there is room for, and a line about those left out. Where the room does not even
    /// hold one ended thread beside the line, the line is left out.
    pub(super) fn chosen(mut self, room: usize) -> (Vec<Vec<&'a Unit>>, Option<String>) {
        let spare = room.checked_sub(self.present.len());
        let text = match spare {
            None => {
                let keep = room.saturating_sub(1);
                let left_out = self.present.len() + units_in(&self.over) - keep;
                self.keep_present(keep);
                Some(format!("… {left_out} more threads"))
            }
            Some(spare @ 2..) if self.over.len() > spare => {
                let left_out = units_in(&self.over[spare - 1..]);
                self.over.truncate(spare - 1);
                Some(format!("… {left_out} more that have ended"))
            }
            Some(_) => None,
        };
        self.over.truncate(spare.unwrap_or(0));
        let present = self.present.into_iter().map(|unit| vec![unit]);
        let chosen = present.chain(self.over);
        (chosen.collect(), text)
    }

    /// Leaves out the last live threads; a share of the rows is for broken ones, which are what
    /// somebody looks for.
    fn keep_present(&mut self, keep: usize) {
        let is_broken = |unit: &&Unit| Standing::of(unit) == Standing::Broken;
        let broken = self.present.iter().filter(|unit| is_broken(unit)).count();
        let broken_kept = broken.min((keep / 3).max(1)).min(keep);
        let mut older_broken = broken - broken_kept;
        let mut room_for_live = keep - broken_kept;
        self.present.retain(|unit| match is_broken(unit) {
            // The newest broken ones stay, and the first live ones.
            true => !take_one(&mut older_broken),
            false => take_one(&mut room_for_live),
        });
    }
}

/// The newest thread of each name: the live one of a thread that comes and goes, or the last one.
fn newest_of_each_name(device: &Device) -> BTreeSet<UnitKey> {
    let units = device.units().iter().filter(is_thread);
    let by_name: BTreeMap<&str, UnitKey> = units.map(|unit| (unit.base_name(), unit.key)).collect();
    by_name.into_values().collect()
}

/// Puts threads that may share a row at the place of the first of them.
fn folded<'a>(over: &[&'a Unit], newest: &BTreeSet<UnitKey>) -> Vec<Vec<&'a Unit>> {
    let mut rows: Vec<Vec<&Unit>> = Vec::new();
    let mut row_of: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for &unit in over {
        let alone = newest.contains(&unit.key) || Standing::of(unit) == Standing::Broken;
        let likeness = (unit.base_name(), unit.end.map_or_else(String::new, |e| e.how.to_string()));
        match row_of.get(&likeness).filter(|_| !alone) {
            Some(&row) => rows[row].push(unit),
            None => {
                if !alone {
                    row_of.insert(likeness, rows.len());
                }
                rows.push(vec![unit]);
            }
        }
    }
    rows
}

fn units_in(rows: &[Vec<&Unit>]) -> usize {
    rows.iter().map(Vec::len).sum()
}

/// Takes one of what is left, if anything is.
fn take_one(left: &mut usize) -> bool {
    let some = *left > 0;
    *left -= usize::from(some);
    some
}

/// The kernel has a number and a stack like a thread, but a row of its own.
pub(super) fn is_thread(unit: &&Unit) -> bool {
    unit.key.id != UnitId::KERNEL
}
