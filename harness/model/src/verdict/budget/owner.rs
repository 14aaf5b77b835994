//! Owners of memory as subjects of budgets.
//!
//! A thread that is made anew each time a phase is carried out has another number each time, and what it
//! leaves behind stays with that number. Whoever asks what a phase leaves means the name. So all
//! owners of one name are one subject, and what they hold is added up.

use ramscope_scenario::Metric;
use ramscope_wire::{ObjectId, OwnerKind, UnitId, UnitKind};
use std::collections::BTreeMap;

use crate::device::{Device, Holding, Unit, UnitKey};
use crate::verdict::budget::figure::Figure;

/// All owners of one name.
pub(super) struct OwnersOf<'a> {
    pub(super) name: String,
    /// Of the present boot.
    members: Vec<((OwnerKind, UnitId), &'a Holding)>,
}

impl<'a> OwnersOf<'a> {
    /// Every name, with all that bear it.
    pub(super) fn all(device: &'a Device) -> Vec<Self> {
        let boot = device.boot().index;
        let units = device.units().iter().filter(|unit| {
            unit.key == UnitKey { boot, ..unit.key } && unit.key.id != UnitId::KERNEL
        });
        let units = units
            .filter(|unit| unit.heap.sampled_at.is_some())
            .map(|unit| (unit.base_name().to_owned(), ((kind_of(unit), unit.key.id), &unit.heap)));
        let others = device.owners().map(|owner| {
            let key = (owner.kind, owner.unit);
            let timer = (owner.kind == OwnerKind::Timer)
                .then(|| device.timer(ObjectId(owner.unit.0)))
                .flatten();
            let name = match timer {
                Some(timer) => timer.base_name.clone(),
                None => device.owner_name(key),
            };
            (name, (key, &owner.heap))
        });
        let mut by_name: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (name, member) in units.chain(others) {
            by_name.entry(name).or_default().push(member);
        }
        by_name.into_iter().map(|(name, members)| Self { name, members }).collect()
    }

    /// What samples call them.
    pub(super) fn keys(&self) -> impl Iterator<Item = &(OwnerKind, UnitId)> {
        self.members.iter().map(|(key, _)| key)
    }

    /// The figure in the whole run: what all of them hold, or the most that one of them held.
    pub(super) fn figure(&self, metric: Metric, losses_at_end: u64) -> Figure {
        let holdings = || self.members.iter().map(|(_, holding)| *holding);
        let sum = holdings().map(|holding| u64::from(holding.current)).sum();
        let highest = holdings().max_by_key(|holding| holding.peak);
        let (value, at) = match (metric, highest) {
            (Metric::HeapPeak, Some(highest)) => (highest.peak.into(), Some(highest.peak_at)),
            _ => (sum, holdings().filter_map(|holding| holding.sampled_at).max()),
        };
        Figure::Known {
            value,
            capacity: None,
            at,
            is_final: holdings().all(|holding| holding.losses_seen >= losses_at_end),
        }
    }
}

const fn kind_of(unit: &Unit) -> OwnerKind {
    match unit.kind {
        UnitKind::Task => OwnerKind::Task,
        UnitKind::Tasklet => OwnerKind::Tasklet,
        _ => OwnerKind::Thread,
    }
}
