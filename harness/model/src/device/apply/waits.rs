//! Waits that never end, and uses of shared cells that nothing puts in order.
//!
//! A deadlock comes as one record and then one for each wait. The finding is there with the first,
//! and grows with each of the others, so that a lost one costs a sentence and never the finding.

use ramscope_time::Instant;
use ramscope_wire::{Deadlock, DeadlockLink, ObjectId, ObjectKind, Race, SiteId, UnitId};

use crate::device::{Device, UnitKey};
use crate::finding::{Detail, RacingUse};

/// The most waits that a finding lists; a damaged stream could invent more.
const WAITS_MAX: usize = 64;

impl Device {
    pub(super) fn note_deadlock(&mut self, at: Instant, deadlock: &Deadlock) {
        let (report, how, count) = (deadlock.report, deadlock.how, deadlock.links);
        self.find(at, None, Detail::LockDeadlock { report, how, count, waits: Vec::new() });
    }

    pub(super) fn note_deadlock_link(&mut self, link: &DeadlockLink) {
        let wait = self.wait_in_words(link);
        let unit = UnitKey { boot: self.boot.index, id: link.unit };
        let name = self.name_of(link.unit);
        let boot_from = self.boot.from;
        let of_this_boot = self.findings.iter_mut().rev().take_while(|it| it.at >= boot_from);
        for finding in of_this_boot {
            let Detail::LockDeadlock { report, waits, .. } = &mut finding.detail else { continue };
            if *report == link.report && waits.len() < WAITS_MAX {
                waits.push(wait);
                finding.unit.get_or_insert(unit);
                finding.unit_name.get_or_insert(name);
                return;
            }
        }
    }

    fn wait_in_words(&self, link: &DeadlockLink) -> String {
        let unit = self.name_of(link.unit);
        let holder = self.name_of(link.holder);
        if link.kind == ObjectKind::Thread {
            return format!("`{unit}` waits for the end of `{holder}`{}", self.at_site(link.site));
        }
        if link.kind == ObjectKind::Resume {
            let (at, since) = (self.at_site(link.holder_site), micros(link.held_us));
            return format!("`{unit}` is suspended for {since} by `{holder}`{at}");
        }
        let object = self.name_of_object(link.object);
        let waited = micros(link.waited_us);
        let place = self.at_site(link.site);
        let begin = format!("`{unit}` waits for {} `{object}` for {waited}{place}", link.kind);
        let holder_place = self.at_site(link.holder_site);
        match link.holder {
            UnitId::KERNEL => begin,
            holder if holder == link.unit => format!("{begin}, and has it itself{holder_place}"),
            _ => {
                let held = micros(link.held_us);
                format!("{begin}, which `{holder}` has for {held}{holder_place}")
            }
        }
    }

    pub(super) fn note_race(&mut self, at: Instant, race: &Race) {
        let use_of = |unit, access, site| RacingUse {
            unit: self.name_of(unit),
            access,
            place: self.place_in_words(site),
        };
        let detail = Detail::RaceShared {
            cell: self.name_of_object(race.object),
            first: use_of(race.first, race.first_access, race.first_site),
            second: use_of(race.second, race.second_access, race.second_site),
        };
        self.find(at, Some(race.second), detail);
    }

    pub(super) fn name_of_object(&self, id: ObjectId) -> String {
        self.object(id).map_or_else(|| format!("object {id}"), |object| object.name.clone())
    }

    pub(super) fn place_in_words(&self, site: SiteId) -> Option<String> {
        self.site(site).map(|place| format!("{}:{}", place.file, place.line))
    }

    fn at_site(&self, site: SiteId) -> String {
        self.place_in_words(site).map_or_else(String::new, |place| format!(" at {place}"))
    }
}

/// Microseconds in the largest unit that keeps three digits.
fn micros(micros: u32) -> String {
    match micros {
        0..10_000 => format!("{micros} us"),
        10_000..10_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{} s", micros / 1_000_000),
    }
}
