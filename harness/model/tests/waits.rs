//! Deadlocks, suspicions and races as the device tells them.

use ramscope_model::{Device, FindingKind, NoSymbols};
use ramscope_time::{Instant, Span};
use ramscope_wire::{
    Access, Deadlock, DeadlockHow, DeadlockLink, Object, ObjectEvent, ObjectId, ObjectKind,
    ObjectOp, Race, Record, Site, SiteId, UnitId, UnitKind, UnitNew,
};

fn at(ms: u64) -> Instant {
    Instant::ZERO + Span::from_millis(ms)
}

/// A device with two threads, a mutex, a queue and two sites.
fn device() -> Device {
    let mut device = Device::new();
    for (id, name) in [(3, "left"), (4, "right")] {
        let unit = UnitNew {
            unit: UnitId(id),
            parent: UnitId::MAIN,
            kind: UnitKind::Thread,
            priority: 8,
            site: SiteId::NONE,
            stack_base: 0,
            stack_bytes: 1024,
            stack_requested_bytes: 1024,
            name,
        };
        device.apply(at(0), &Record::UnitNew(unit));
    }
    for (id, kind, name) in [(9, ObjectKind::Mutex, "bus"), (10, ObjectKind::Queue, "readings")] {
        let object = Object { object: ObjectId(id), kind, owner: UnitId::MAIN, name };
        device.apply(at(0), &Record::Object(object));
    }
    for (id, line) in [(1, 10), (2, 20)] {
        let site = Site { id: SiteId(id), line, file: "src/bus.rs" };
        device.apply(at(0), &Record::Site(site));
    }
    device
}

fn link(report: u16, unit: u32, holder: u32) -> DeadlockLink {
    DeadlockLink {
        report,
        unit: UnitId(unit),
        object: ObjectId(9),
        kind: ObjectKind::Mutex,
        site: SiteId(1),
        waited_us: 1_500,
        holder: UnitId(holder),
        holder_site: SiteId(2),
        held_us: 20_000,
    }
}

fn sentences(device: &Device) -> Vec<(FindingKind, String)> {
    device.findings().iter().map(|it| (it.kind(), it.sentence(&NoSymbols))).collect()
}

#[test]
fn a_circle_is_one_finding_with_each_wait_site_and_age() {
    let mut device = device();
    let circle = Deadlock { report: 1, how: DeadlockHow::Circle, links: 2 };
    device.apply(at(5), &Record::Deadlock(circle));
    device.apply(at(5), &Record::DeadlockLink(link(1, 3, 4)));
    device.apply(at(5), &Record::DeadlockLink(link(1, 4, 3)));
    let expected = "2 threads wait in a circle: \
        `left` waits for mutex `bus` for 1500 us at src/bus.rs:10, which `right` has for 20 ms at \
        src/bus.rs:20; \
        `right` waits for mutex `bus` for 1500 us at src/bus.rs:10, which `left` has for 20 ms at \
        src/bus.rs:20";
    assert_eq!(sentences(&device), [(FindingKind::LockDeadlock, expected.to_owned())]);
    assert!(FindingKind::LockDeadlock.fails_by_default());
}

#[test]
fn a_suspicion_is_noted_and_does_not_fail() {
    let mut device = device();
    let suspicion = Deadlock { report: 7, how: DeadlockHow::Suspicion, links: 1 };
    device.apply(at(5), &Record::Deadlock(suspicion));
    device.apply(at(5), &Record::DeadlockLink(link(7, 3, 3)));
    let [(kind, sentence)] = &sentences(&device)[..] else { panic!("one finding") };
    assert_eq!(*kind, FindingKind::LockSuspicion);
    assert!(!kind.fails_by_default());
    assert!(sentence.ends_with(", and has it itself at src/bus.rs:20"), "{sentence}");
}

#[test]
fn a_lost_wait_costs_a_sentence_and_not_the_finding() {
    let mut device = device();
    let stuck = Deadlock { report: 2, how: DeadlockHow::Stuck, links: 3 };
    device.apply(at(5), &Record::Deadlock(stuck));
    let expected = "nothing is left that could end the waits of 3 threads";
    assert_eq!(sentences(&device), [(FindingKind::LockDeadlock, expected.to_owned())]);
}

#[test]
fn waits_of_another_report_are_not_mixed_in() {
    let mut device = device();
    for (report, unit) in [(1, 3), (2, 4)] {
        let one = Deadlock { report, how: DeadlockHow::Circle, links: 1 };
        device.apply(at(5), &Record::Deadlock(one));
        device.apply(at(5), &Record::DeadlockLink(link(report, unit, unit)));
    }
    device.apply(at(6), &Record::DeadlockLink(link(1, 4, 3)));
    let found = sentences(&device);
    assert!(found[0].1.contains("`left` waits") && found[0].1.contains("`right` waits"));
    assert!(!found[1].1.contains("`left` waits"), "{found:?}");
}

#[test]
fn a_race_names_the_cell_both_uses_and_both_places() {
    let mut device = device();
    let race = Race {
        object: ObjectId(11),
        first: UnitId(3),
        second: UnitId(4),
        first_access: Access::Write,
        second_access: Access::Read,
        first_site: SiteId(1),
        second_site: SiteId::NONE,
    };
    device.apply(at(5), &Record::Race(race));
    let expected = "shared cell `object 11` is written by `left` at src/bus.rs:10 and read by \
        `right`, and nothing orders the two";
    assert_eq!(sentences(&device), [(FindingKind::RaceShared, expected.to_owned())]);
}

#[test]
fn who_waits_for_a_queue_is_known_in_order_and_since_when() {
    let mut device = device();
    let mut happens = |ms, unit, op, value| {
        let event =
            ObjectEvent { object: ObjectId(10), unit: UnitId(unit), op, site: SiteId(1), value };
        device.apply(at(ms), &Record::ObjectEvent(event));
    };
    happens(1, 3, ObjectOp::Waiting, 0);
    happens(2, 4, ObjectOp::Waiting, 0);
    happens(3, 1, ObjectOp::Given, 1);
    happens(3, 3, ObjectOp::Granted, 0);
    let queue = device.object(ObjectId(10)).unwrap();
    let waiters: Vec<_> = queue.waiters.iter().map(|it| (it.unit, it.since)).collect();
    assert_eq!(waiters, [(UnitId(4), at(2))]);
    assert_eq!((queue.value, queue.contentions, queue.acquisitions), (Some(1), 2, 1));
}
