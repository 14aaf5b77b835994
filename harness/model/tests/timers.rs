//! Timers and callbacks as the device tells of them.

use ramscope_model::{Device, FindingKind, NoSymbols, Timer};
use ramscope_time::{Instant, Span};
use ramscope_wire::{
    CallbackSample, CallbackWait, ClockLateness, Object, ObjectId, ObjectKind, Record, Site,
    SiteId, TimerMode, TimerNew, TimerSample, UnitId, UnitKind, UnitNew, WindowId, WindowOpened,
};

fn at(ms: u64) -> Instant {
    Instant::ZERO + Span::from_millis(ms)
}

fn new(timer: u32, id: u16, name: &str) -> Record<'_> {
    Record::TimerNew(TimerNew {
        timer: ObjectId(timer),
        id,
        mode: TimerMode::Periodic,
        unit: UnitId::MAIN,
        site: SiteId::NONE,
        period_ns: 100_000_000,
        name,
    })
}

const SAMPLE: TimerSample = TimerSample {
    timer: ObjectId(5),
    fired: 20,
    delivered: 20,
    coalesced: 0,
    dropped: 0,
    late: 0,
    last_ns: 1_000,
    worst_ns: 4_000,
    worst_window_ns: 4_000,
    window: WindowId::BOOT,
};

fn find<'a>(device: &'a Device, name: &str) -> &'a Timer {
    device.timers().iter().find(|timer| timer.name == name).expect("it was told")
}

fn sentences(device: &Device) -> Vec<(FindingKind, String)> {
    device.findings().iter().map(|it| (it.kind(), it.sentence(&NoSymbols))).collect()
}

#[test]
fn timers_of_one_name_are_numbered_in_the_order_of_making() {
    let mut device = Device::new();
    device.apply(at(1), &new(5, u16::MAX, "blink"));
    device.apply(at(1), &new(7, 1, "blink"));
    // Told again for readers who join.
    device.apply(at(9), &new(5, u16::MAX, "blink"));
    device.apply(at(9), &new(7, 1, "blink"));
    assert_eq!(device.timers().len(), 2);
    assert_eq!(find(&device, "blink").id, None);
    let second = find(&device, "blink#2");
    assert_eq!((second.id, second.period), (Some(1), Span::from_millis(100)));
}

#[test]
fn a_sample_of_a_timer_that_was_never_told_is_kept() {
    let mut device = Device::new();
    device.apply(at(3), &Record::TimerSample(SAMPLE));
    assert_eq!(find(&device, "timer 5").last, Some(SAMPLE));
    device.apply(at(4), &new(5, 0, "timer0"));
    assert_eq!(find(&device, "timer0").last, Some(SAMPLE));
}

#[test]
fn lost_ticks_are_one_finding_of_each_timer_that_grows() {
    let mut device = Device::new();
    device.apply(at(1), &new(5, 0, "timer0"));
    device.apply(at(2), &Record::TimerSample(SAMPLE));
    assert_eq!(sentences(&device), []);
    for (ms, dropped) in [(3, 1), (4, 1), (5, 3)] {
        device.apply(at(ms), &Record::TimerSample(TimerSample { dropped, ..SAMPLE }));
    }
    let lost = "3 ticks of timer `timer0` were lost: the queue of callbacks was full";
    assert_eq!(sentences(&device), [(FindingKind::CallbackDropped, lost.to_owned())]);
    assert_eq!(device.findings()[0].at, at(3));
    assert!(FindingKind::CallbackDropped.fails_by_default());
    device.apply(at(6), &Record::TimerSample(TimerSample { dropped: 3, late: 1, ..SAMPLE }));
    let late = "1 tick of timer `timer0` still waited for the callback when it was stopped";
    assert_eq!(sentences(&device)[1], (FindingKind::TimerLate, late.to_owned()));
    assert!(!FindingKind::TimerLate.fails_by_default());
}

#[test]
fn the_worst_lateness_is_told_when_it_first_came_and_by_window() {
    let mut device = Device::new();
    device.apply(at(2), &Record::TimerSample(SAMPLE));
    device.apply(at(3), &Record::TimerSample(TimerSample { worst_ns: 9_000, ..SAMPLE }));
    device.apply(at(4), &Record::TimerSample(TimerSample { worst_ns: 9_000, ..SAMPLE }));
    assert_eq!(find(&device, "timer 5").worst_at, at(3));
    device.apply(at(5), &Record::WindowOpened(WindowOpened { window: WindowId(1) }));
    let sample =
        TimerSample { worst_ns: 9_000, worst_window_ns: 70, window: WindowId(1), ..SAMPLE };
    device.apply(at(6), &Record::TimerSample(sample));
    let worst = |window: usize| device.windows()[window].timers[&0].get().map(|it| it.worst_ns);
    assert_eq!((worst(0), worst(1)), (Some(4_000), Some(70)));
}

#[test]
fn the_clock_and_the_queue_have_figures_of_their_own() {
    let mut device = Device::new();
    let window = WindowId::BOOT;
    let clock = ClockLateness { worst_ns: 500, worst_window_ns: 500, window };
    device.apply(at(1), &Record::ClockLateness(clock));
    assert_eq!(device.interrupts().clock.get().map(|it| it.worst_ns), Some(500));
    let sample = CallbackSample {
        queued: 9,
        delivered: 8,
        refused: 1,
        dropped: 0,
        failed: 0,
        waiting_peak: 2,
        longest_wait_ns: 1,
        longest_run_ns: 2,
        window,
    };
    device.apply(at(1), &Record::CallbackSample(sample));
    assert_eq!(device.callbacks().last, Some((at(1), sample)));
}

#[test]
fn a_callback_that_waits_for_the_displaced_names_both_places() {
    let mut device = Device::new();
    for (id, name) in [(1, "main"), (6, "callbacks")] {
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
    let (object, kind) = (ObjectId(9), ObjectKind::Lock);
    let lock = Object { object, kind, owner: UnitId::MAIN, name: "bus" };
    device.apply(at(0), &Record::Object(lock));
    for (id, line) in [(1, 10), (2, 20)] {
        device.apply(at(0), &Record::Site(Site { id: SiteId(id), line, file: "src/bus.rs" }));
    }
    let wait = CallbackWait {
        unit: UnitId(6),
        displaced: UnitId::MAIN,
        object,
        site: SiteId(1),
        displaced_site: SiteId(2),
    };
    device.apply(at(1), &Record::CallbackWait(wait));
    let expected = "a callback waits for lock `bus` at src/bus.rs:10, which `main` has at \
        src/bus.rs:20, and was displaced by it";
    assert_eq!(sentences(&device), [(FindingKind::CallbackWaits, expected.to_owned())]);
}
