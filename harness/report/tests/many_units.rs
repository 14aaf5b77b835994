//! Programs that make thread after thread: what is one row, what keeps its own, and which stack stands
//! for the run.

#[path = "../../model/tests/support/recording.rs"]
mod recording;

use ramscope_capture::HowEnded;
use ramscope_model::{Judged, judge};
use ramscope_report::{Style, detail, table};
use ramscope_wire::{EndReason, Overflow, OverflowHow, OwnerKind, Panic, UnitEnd, UnitId};
use recording::{Recording, scenario};

const STACK: u32 = 0x3fc8_9000;
/// Ticks in a millisecond.
const MILLI: u64 = 160_000;

fn end(device: &mut Recording, id: u32, reason: EndReason) {
    device.record(UnitEnd {
        unit: UnitId(id),
        reason,
        quarantined: false,
        code: 0,
        quarantined_bytes: 0,
    });
}

/// Visitors that come one after the other, each with a deeper stack; the third panics.
fn visited() -> Recording {
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096).at(100).done(0, "`ready`");
    for id in 2..8 {
        device.at(100 * u64::from(id)).thread(id, "visitor", STACK, 1_024);
        device.stack(id, 1_024, 80, 100 * id).owner(OwnerKind::Thread, id, 0, 900 + id);
        device.cpu(id, 10 + id, 20 * MILLI);
        if id == 4 {
            device.record(Panic { unit: UnitId(4), line: 7, file: "visit.rs", message: "lost" });
        }
        end(&mut device, id, if id == 4 { EndReason::Panicked } else { EndReason::Returned });
    }
    device.at(1_000).stack(1, 4_096, 300, 812).cpu(1, 60, 500 * MILLI);
    device.owner(OwnerKind::Thread, 1, 4_200, 4_200).done(1, "1 s");
    device
}

fn judged(device: &mut Recording, settings: &str) -> Judged {
    let capture = device.ends(&HowEnded::StepsDone).capture(&scenario(settings));
    judge(&capture).expect("the recording has a plan")
}

/// Looks for lines; how wide their columns are is tested elsewhere.
#[track_caller]
fn check(text: &str, lines: &[&str]) {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in lines {
        assert!(text.lines().any(|other| words(other) == *line), "{line}\n{text}");
    }
}

#[test]
fn threads_of_a_name_that_ended_well_are_one_row_and_a_broken_one_keeps_its_own() {
    let text = detail(&judged(&mut visited(), "findings: {allow: [panic]}"), Style::Plain);
    check(
        &text,
        &[
            "main thread ready 812 of 4,096 B ##........ 3,284 B 4,200 B 4,200 B 50.00 % 60",
            // The worst peaks; 5 times 20 ms of the 700 ms up to the last one.
            "visitor (5) thread returned 700 of 1,024 B #######... 324 B 0 B 907 B 14.28 % 73",
            "visitor#3 thread panicked 400 of 1,024 B ####...... 624 B 0 B 904 B 5.00 % 14",
        ],
    );
    assert_eq!(text.matches("visitor").count(), 3, "{text}");
}

#[test]
fn a_budget_that_many_meet_is_one_row_with_the_least_headroom() {
    let settings = "budgets:\n- {thread: visitor, stack-peak: 650}\nfindings: {allow: [panic]}";
    let text = detail(&judged(&mut visited(), settings), Style::Plain);
    check(
        &text,
        &[
            "run/thread:visitor/stack-peak met visitor (5) 600 B at most 650 B 50 B 9",
            "run/thread:visitor/stack-peak EXCEEDED visitor#6 700 B at most 650 B - 9",
        ],
    );
}

fn overflow(device: &mut Recording, id: u32) {
    device.record(Overflow {
        unit: UnitId(id),
        how: OverflowHow::Guard,
        in_handler: false,
        pc: 0x4200_1234,
        sp: STACK - 128,
        limit: STACK,
        address: STACK - 132,
        by_bytes: 132,
    });
    end(device, id, EndReason::Overflowed);
}

#[test]
fn an_overflow_that_was_expected_is_not_the_tightest_stack() {
    let mut device = visited();
    device.thread(8, "deep", STACK, 1_024).stack(8, 1_024, 80, 90);
    overflow(&mut device, 8);
    let tightest = |settings: &str| {
        let text = table(&[judged(&mut device.clone(), settings).into()], Style::Plain);
        ["visitor#6", "deep"].map(|name| text.lines().nth(1).unwrap_or_default().contains(name))
    };
    assert_eq!(tightest("expect: {findings: [overflow.guard, panic]}"), [true, false]);
    assert_eq!(tightest("findings: {allow: [overflow.guard, panic]}"), [true, false]);
    assert_eq!(tightest("findings: {allow: [panic]}"), [false, true]);
}
