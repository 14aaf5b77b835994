//! Units: that they exist, what they do, that they end.

use ramscope_time::Instant;
use ramscope_wire::{
    EndReason, ObjectId, State, Suspension, Switch, UnitEnd as UnitEndRecord, UnitId, UnitNew,
    UnitState, Why,
};

use crate::device::unit::{Ending, Suspended, Unit, UnitEnd, UnitKey};
use crate::device::{Device, What};
use crate::finding::Detail;
use crate::series::Series;

/// The most units that get a new number because an earlier one of their name was told late.
const RENUMBERED_MAX: usize = 1_024;

impl Device {
    /// The unit, made up if it has never been heard of; `None` if there is no room.
    pub(super) fn unit_mut(&mut self, at: Instant, id: UnitId) -> Option<&mut Unit> {
        if let Some(&index) = self.by_id.get(&id) {
            return Some(&mut self.units[index]);
        }
        if self.units.len() == Self::UNITS_MAX {
            self.forgotten += 1;
            return None;
        }
        let key = UnitKey { boot: self.boot.index, id };
        self.by_id.insert(id, self.units.len());
        self.units.push(Unit::unannounced(key, at));
        self.units.last_mut()
    }

    pub(super) fn announce(&mut self, at: Instant, new: &UnitNew<'_>) {
        let Some(unit) = self.unit_mut(at, new.unit) else {
            return;
        };
        let first_time = !unit.announced;
        unit.announce(new);
        if first_time {
            self.name_unit(new.unit, new.name);
            let name = self.name_of(new.unit);
            let unit = new.unit;
            self.log.push(at, What::UnitStarted { unit, name });
        }
    }

    /// Gives a unit its name, and units of the same name that came later their number. Ids are
    /// serial, so the order of ids is the order of making, even if announcements were lost. What
    /// comes out of order is rare, so there is a bound on the work for it.
    pub(super) fn name_unit(&mut self, id: UnitId, name: &str) {
        let namesakes = self.by_name.entry(name.to_owned()).or_default();
        let position = namesakes.partition_point(|&other| other < id);
        namesakes.insert(position, id);
        let later = namesakes.iter().enumerate().skip(position);
        for (index, other) in later.take(RENUMBERED_MAX) {
            let unit = &mut self.units[self.by_id[other]];
            unit.number = index as u32 + 1;
            unit.name = match unit.number {
                1 => name.to_owned(),
                number => format!("{name}#{number}"),
            };
        }
    }

    pub(super) fn change_state(&mut self, at: Instant, change: &UnitState) {
        if change.state == State::Running {
            self.running = Some(change.unit);
        }
        if let Some(unit) = self.unit_mut(at, change.unit)
            && !unit.is_over()
        {
            unit.enter(at, change.state, change.why, change.object);
        }
    }

    pub(super) fn note_suspension(&mut self, at: Instant, record: &Suspension) {
        let by = match record.by {
            UnitId::KERNEL => "an interrupt handler".to_owned(),
            by => self.name_of(by),
        };
        let Some(unit) = self.unit_mut(at, record.unit).filter(|unit| !unit.is_over()) else {
            return;
        };
        let (why, waits_for) = (unit.why, unit.waits_for);
        unit.enter(at, record.state, why, waits_for);
        unit.suspended =
            (record.state == State::Suspended).then_some(Suspended { at, by, site: record.site });
    }

    pub(super) fn switch(&mut self, at: Instant, switch: &Switch) {
        if let Some(left) = self.running.filter(|&left| left != switch.to)
            && let Some(unit) = self.unit_mut(at, left)
            && !unit.is_over()
        {
            unit.enter(at, switch.state_left, switch.why, unit.waits_for);
        }
        self.running = Some(switch.to);
        let to = UnitKey { boot: self.boot.index, id: switch.to };
        self.history.switch(at, to, switch.state_left, switch.why);
        if let Some(unit) = self.unit_mut(at, switch.to) {
            unit.enter(at, State::Running, Why::None, ObjectId::NONE);
        }
    }

    pub(super) fn end_unit(&mut self, at: Instant, record: &UnitEndRecord) {
        let losses_seen = self.losses.serial();
        let with_series = self.units.len() <= Self::UNITS_WITH_SERIES_MAX;
        let Some(unit) = self.unit_mut(at, record.unit) else {
            return;
        };
        if unit.is_over() {
            return;
        }
        let how = Ending::Ended(record.reason);
        unit.enter(at, State::Ended, Why::Ended, ObjectId::NONE);
        unit.end = Some(UnitEnd {
            at,
            how,
            code: record.code,
            quarantined_bytes: record.quarantined_bytes,
            losses_seen,
        });
        unit.stack.used = 0;
        unit.heap.current = record.quarantined_bytes;
        unit.heap.series.push(at, record.quarantined_bytes);
        if !with_series {
            unit.stack.used_series = Series::new();
            unit.stack.peak_series = Series::new();
            unit.heap.series = Series::new();
        }
        let name = unit.name.clone();
        for object in self.objects.values_mut() {
            object.forget_waiter(record.unit);
        }
        let (unit, code) = (record.unit, record.code);
        self.log.push(at, What::UnitEnded { unit, name, how });
        match record.reason {
            EndReason::Failed => self.find(at, Some(unit), Detail::Failed { code }),
            EndReason::Refused => self.find(at, Some(unit), Detail::Refused),
            _ => {}
        }
    }
}
