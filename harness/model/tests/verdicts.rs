//! What a verdict says of recordings made by hand.

#[path = "support/recording.rs"]
mod recording;

use ramscope_capture::{Capture, HowEnded, ObserverEvent, StepEventKind, Stream};
use ramscope_model::{
    BudgetState, FindingKind, HostError, Judged, Outcome, Standing, Symbol, SymbolTable, Symbols,
    judge,
};
use ramscope_wire::{
    EndReason, LockEvent, LockOp, Object, ObjectId, ObjectKind, Overflow, OverflowHow, OwnerKind,
    Panic, SiteId, UnitEnd, UnitId,
};
use recording::{Recording, scenario};

const STACK: u32 = 0x3fc8_9000;

/// A run of two threads in which nothing goes wrong; it goes on at 1.2 s.
fn healthy() -> Recording {
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096);
    device.thread(2, "counter", STACK, 2_048);
    device.at(100).done(0, "ready").step(1, StepEventKind::Started, "");
    device.at(1_000);
    device.stack(1, 4_096, 300, 812).stack(2, 2_048, 200, 1_204);
    device.owner(OwnerKind::Thread, 1, 4_200, 4_200);
    device.owner(OwnerKind::Thread, 2, 2_056, 3_000);
    device.owner(OwnerKind::Kernel, 0, 1_000, 1_000);
    device.cpu(1, 10, 16_000_000).cpu(2, 20, 80_000_000);
    device.heap(7_256, 9_120);
    device.at(1_200).step(1, StepEventKind::Finished, "1.000 s");
    device
}

fn ended(device: &mut Recording) -> &mut Recording {
    device.ends(&HowEnded::StepsDone)
}

fn judged(device: &Recording, settings: &str) -> Judged {
    judge(&device.capture(&scenario(settings))).expect("the recording has a plan")
}

#[track_caller]
fn check(device: &mut Recording, settings: &str, outcome: Outcome, sentence: &str) -> Judged {
    let judged = judged(ended(device), settings);
    let found = &judged.verdict;
    assert_eq!((found.outcome, found.sentence.as_str()), (outcome, sentence), "{found:#?}");
    judged
}

const BUDGETS: &str =
    "budgets:\n- {thread: counter, stack-peak: 2048}\n- {heap: main, peak: 16KiB}";

#[test]
fn a_run_in_which_everything_holds_passes() {
    check(&mut healthy(), BUDGETS, Outcome::Pass, "2 budgets held");
}

#[test]
fn a_budget_that_is_exceeded_fails_with_its_line_and_both_values() {
    let judged = check(
        &mut healthy(),
        "budgets:\n- {thread: counter, stack-peak: 512}",
        Outcome::Fail,
        "failed: run/thread:counter/stack-peak: at most 512 B, was 1,204 B (at 1.000 s)",
    );
    assert_eq!(judged.verdict.failures[0].line, Some(9));
}

#[test]
fn a_lower_bound_is_broken_from_below() {
    check(
        &mut healthy(),
        "budgets:\n- {thread: counter, stack-margin-min: 1KiB}",
        Outcome::Fail,
        "failed: run/thread:counter/stack-margin-min: at least 1,024 B, was 844 B (at 1.000 s)",
    );
}

#[test]
fn a_budget_on_a_thread_that_never_appeared_fails_with_the_names_that_did() {
    check(
        &mut healthy(),
        "budgets:\n- {thread: cuonter, stack-peak: 512}",
        Outcome::Fail,
        "failed: run/thread:cuonter/stack-peak: at most 512 B, but no thread `cuonter` ever \
         appeared; seen: `counter`, `main`",
    );
}

#[test]
fn a_pattern_is_judged_for_each_thread_that_it_matches() {
    let judged = check(
        &mut healthy(),
        "budgets:\n- {thread: '*', stack-peak: 1000}",
        Outcome::Fail,
        "failed: run/thread:*/stack-peak (counter): at most 1,000 B, was 1,204 B (at 1.000 s)",
    );
    let states: Vec<_> = judged
        .verdict
        .budgets
        .iter()
        .map(|result| (result.name.as_str(), result.state.clone()))
        .collect();
    let expected = [("main", BudgetState::Met), ("counter", BudgetState::Exceeded)];
    assert_eq!(states, expected);
}

const TOO_SMALL: &str = "budgets:\n- {thread: counter, stack-peak: 512}\n\
                         - {thread: main, stack-peak: 2048}\n\
                         expect: {fail: ['run/thread:counter/stack-peak']}";

#[test]
fn an_expected_failure_passes_if_exactly_it_happens() {
    check(
        &mut healthy(),
        TOO_SMALL,
        Outcome::Pass,
        "exactly the expected failure: run/thread:counter/stack-peak 1,204 B > 512 B",
    );
}

#[test]
fn an_expected_failure_that_does_not_happen_fails() {
    let roomy = TOO_SMALL.replacen("512", "1300", 1);
    check(
        &mut healthy(),
        &roomy,
        Outcome::Fail,
        "failed: run/thread:counter/stack-peak was expected to fail (at most 1,300 B), but it held: \
         1,204 B (at 1.000 s)",
    );
}

#[test]
fn another_failure_beside_the_expected_one_fails() {
    let tight = TOO_SMALL.replace("2048", "800");
    check(
        &mut healthy(),
        &tight,
        Outcome::Fail,
        "failed: run/thread:main/stack-peak: at most 800 B, was 812 B (at 1.000 s)",
    );
}

#[test]
fn an_expected_failure_does_not_excuse_a_run_that_did_not_end_normally() {
    let mut device = healthy();
    device.ends(&HowEnded::TimedOut { step: Some(1) });
    assert_eq!(judged(&device, TOO_SMALL).verdict.outcome, Outcome::TimedOut);
    let mut device = healthy();
    device.record(Panic { unit: UnitId(1), line: 7, file: "main.rs", message: "boom" });
    assert_eq!(judged(ended(&mut device), TOO_SMALL).verdict.outcome, Outcome::Fail);
}

fn overflow(how: OverflowHow, in_handler: bool) -> Overflow {
    Overflow {
        unit: UnitId(2),
        how,
        in_handler,
        pc: 0x4200_1234,
        sp: STACK - 128,
        limit: STACK,
        address: STACK - 132,
        by_bytes: 132,
    }
}

struct Deep;

impl Symbols for Deep {
    fn function_at(&self, _pc: u32) -> Option<Symbol> {
        Some(Symbol {
            function: "apps::overflow::deep".into(),
            place: Some(("firmware/apps/src/overflow.rs".into(), 31)),
            ..Symbol::default()
        })
    }
}

#[test]
fn an_overflow_names_thread_function_size_and_by_how_much() {
    let mut device = healthy();
    device.symbols = SymbolTable::of([0x4200_1234], &Deep);
    device.record(overflow(OverflowHow::Guard, false));
    check(
        &mut device,
        "",
        Outcome::Fail,
        "failed: overflow.guard: `counter` overflowed its stack of 2,048 B by 132 B in \
         `apps::overflow::deep` (firmware/apps/src/overflow.rs:31), caught by the guard (at 1.200 s)",
    );
}

#[test]
fn each_way_of_noticing_an_overflow_has_its_id() {
    for (how, in_handler, kind) in [
        (OverflowHow::Guard, false, FindingKind::OverflowGuard),
        (OverflowHow::Switch, false, FindingKind::OverflowSwitch),
        (OverflowHow::Trap, false, FindingKind::OverflowTrap),
        (OverflowHow::KernelCall, false, FindingKind::OverflowKernelCall),
        (OverflowHow::HandlerGuard, true, FindingKind::OverflowHandler),
        (OverflowHow::Trap, true, FindingKind::OverflowHandler),
    ] {
        let mut device = healthy();
        device.record(overflow(how, in_handler));
        let judged = judged(ended(&mut device), "expect: {findings: ['overflow.*']}");
        assert_eq!(judged.verdict.outcome, Outcome::Pass);
        assert_eq!(judged.verdict.findings[0].kind, kind);
    }
}

fn unseen(device: &mut Recording) {
    let instant = device.now();
    device.observe(&ObserverEvent::OverflowUnseen {
        unit: 2,
        pc: 0x4200_1234,
        sp: STACK - 900,
        limit: STACK,
        address: STACK - 896,
        instant,
    });
}

#[test]
fn an_unseen_overflow_names_whose_memory_was_written() {
    let mut device = healthy();
    unseen(&mut device);
    check(
        &mut device,
        "",
        Outcome::Fail,
        "failed: overflow.unseen: `counter` wrote 896 B below its stack of 2,048 B in 0x42001234, \
         into the stack of `main`, and no guard or check noticed (at 1.200 s)",
    );
}

#[test]
fn an_overflow_that_was_noticed_late_is_one_finding() {
    let mut device = healthy();
    unseen(&mut device);
    device.record(overflow(OverflowHow::Switch, false));
    let judged = judged(ended(&mut device), "");
    let [finding] = judged.verdict.findings.as_slice() else {
        panic!("{:#?}", judged.verdict.findings);
    };
    assert_eq!(finding.kind, FindingKind::OverflowSwitch);
    assert!(finding.sentence.ends_with("after it had written into the stack of `main`"));
}

fn panicking() -> Recording {
    let mut device = healthy();
    device.record(Panic {
        unit: UnitId(2),
        line: 12,
        file: "firmware/apps/src/seeds.rs",
        message: "index out of\nbounds",
    });
    device.record(UnitEnd {
        unit: UnitId(2),
        reason: EndReason::Panicked,
        quarantined: true,
        code: 0,
        quarantined_bytes: 2_056,
    });
    device
}

#[test]
fn a_panic_fails_unless_it_is_allowed_or_expected() {
    check(
        &mut panicking(),
        "",
        Outcome::Fail,
        "failed: panic: `counter` panicked at firmware/apps/src/seeds.rs:12: index out of bounds \
         (at 1.200 s)",
    );
    check(&mut panicking(), "findings: {allow: [panic]}", Outcome::Pass, "0 budgets held");
    check(&mut panicking(), "expect: {findings: [panic]}", Outcome::Pass, "as expected: panic");
}

#[test]
fn an_expected_finding_that_does_not_come_fails() {
    check(
        &mut healthy(),
        "expect: {findings: [panic]}",
        Outcome::Fail,
        "failed: finding panic was expected to happen, but it did not",
    );
}

#[test]
fn a_thread_that_ends_with_an_error_is_noted_and_can_be_denied() {
    let failed = UnitEnd {
        unit: UnitId(2),
        reason: EndReason::Failed,
        quarantined: false,
        code: 3,
        quarantined_bytes: 0,
    };
    let mut device = healthy();
    device.record(failed);
    let judged = check(&mut device, "", Outcome::Pass, "0 budgets held");
    assert_eq!(judged.verdict.findings[0].standing, Standing::Noted);
    let mut device = healthy();
    device.record(failed);
    check(
        &mut device,
        "findings: {deny: ['unit.*']}",
        Outcome::Fail,
        "failed: unit.failed: `counter` ended with error 3 (at 1.200 s)",
    );
}

#[test]
fn a_reset_fails_unless_it_is_expected() {
    let reset = |told: bool| {
        let mut device = healthy();
        if told {
            let reason = "rtc-watchdog".to_owned();
            device.observe(&ObserverEvent::Reset { reason });
        }
        device.at(1_250).reboot();
        device
    };
    check(
        &mut reset(true),
        "",
        Outcome::Fail,
        "failed: reset.unexpected: the device was reset (rtc-watchdog) (at 1.200 s)",
    );
    check(
        &mut reset(false),
        "",
        Outcome::Fail,
        "failed: reset.unexpected: the device was reset (software) (at 1.250 s)",
    );
    check(&mut reset(true), "expect: {reset: rtc-watchdog}", Outcome::Pass, "0 budgets held");
    check(&mut reset(true), "expect: {reset: true}", Outcome::Pass, "0 budgets held");
    let other = judged(ended(&mut reset(true)), "expect: {reset: super-watchdog}");
    assert_eq!(other.verdict.outcome, Outcome::Fail);
    check(
        &mut healthy(),
        "expect: {reset: true}",
        Outcome::Fail,
        "failed: a reset was expected to happen, but the device was never reset",
    );
}

#[test]
fn peaks_of_a_boot_before_a_reset_count() {
    let mut device = healthy();
    device.at(1_250).reboot().thread(2, "counter", STACK, 2_048).stack(2, 2_048, 8, 16);
    device.heap(100, 100);
    let settings = "budgets:\n- {thread: counter, stack-peak: 1000}\n- {heap: main, peak: 1KiB}\n\
                    expect: {reset: true}";
    let judged = judged(ended(&mut device), settings);
    let observed: Vec<_> = judged
        .verdict
        .budgets
        .iter()
        .map(|result| (result.name.as_str(), result.observed, result.fails()))
        .collect();
    let expected = [
        ("counter", Some(1_204), true),
        ("counter (boot 1)", Some(16), false),
        ("main", Some(9_120), true),
    ];
    assert_eq!(observed, expected);
}

#[test]
fn a_reset_loses_no_records_whoever_told_of_it() {
    for told in [true, false] {
        let mut device = healthy();
        if told {
            let reason = "software".to_owned();
            device.observe(&ObserverEvent::Reset { reason });
        }
        // The sequence begins anew, and a unit is announced before the hello.
        device.at(1_250).reboot().thread(1, "main", 0x3fc8_8000, 4_096).hello();
        let judged =
            check(&mut device, "expect: {reset: software}", Outcome::Pass, "0 budgets held");
        assert_eq!(judged.feed.device().losses().records, 0, "told: {told}");
    }
}

#[test]
fn a_thread_that_was_reset_before_its_first_sample_is_skipped() {
    let mut device = Recording::new();
    device.thread(2, "counter", STACK, 2_048).at(50).reboot();
    device.thread(2, "counter", STACK, 2_048).stack(2, 2_048, 8, 16);
    check(
        &mut device,
        "budgets:\n- {thread: counter, stack-peak: 1000}\nexpect: {reset: true}",
        Outcome::Pass,
        "1 budget held, 1 skipped",
    );
}

#[test]
fn losses_after_the_last_sample_make_a_budget_inconclusive() {
    let mut device = healthy();
    device.lose(3).hello().hello().hello();
    check(
        &mut device,
        "budgets:\n- {thread: counter, stack-peak: 2048}\nfindings: {allow: [telemetry.lost]}",
        Outcome::Inconclusive,
        "inconclusive: run/thread:counter/stack-peak: telemetry was lost after its last sample",
    );
}

#[test]
fn losses_before_the_last_sample_change_no_budget() {
    let mut device = healthy();
    device.lose(3).hello().stack(2, 2_048, 0, 1_204).hello();
    check(
        &mut device,
        "budgets:\n- {thread: counter, stack-peak: 2048}\nfindings: {allow: [telemetry.lost]}",
        Outcome::Pass,
        "1 budget held",
    );
}

#[test]
fn a_peak_over_its_limit_is_a_failure_whatever_was_lost() {
    let mut device = healthy();
    device.lose(3).hello().hello().hello();
    let settings = "budgets:\n- {thread: counter, stack-peak: 512}";
    assert_eq!(judged(ended(&mut device), settings).verdict.outcome, Outcome::Fail);
}

#[test]
fn a_pass_that_lost_records_could_have_changed_is_inconclusive() {
    let mut device = healthy();
    device.lose(3).hello().hello().hello();
    check(
        &mut device,
        "",
        Outcome::Inconclusive,
        "inconclusive: 3 telemetry records are missing, so a finding may have gone unseen \
         (findings: {allow: [telemetry.lost]} accepts that)",
    );
}

#[test]
fn a_unit_whose_announcement_was_lost_makes_patterns_inconclusive() {
    let mut device = healthy();
    device.lose(1).hello().thread(5, "late", 0, 512).stack(5, 512, 1, 2).hello();
    device.stack(1, 4_096, 300, 812).stack(2, 2_048, 200, 1_204);
    let settings =
        "budgets:\n- {thread: '*', stack-peak: 2048}\nfindings: {allow: [telemetry.lost]}";
    check(
        &mut device,
        settings,
        Outcome::Inconclusive,
        "inconclusive: run/thread:*/stack-peak: what the device said of 2 units was lost",
    );
}

#[test]
fn a_capture_without_telemetry_is_inconclusive_where_budgets_need_it() {
    let mut device = Recording::silent();
    device.raw(Stream::Uart0, b"ready\n").done(0, "ready").done(1, "1 s");
    let settings = "budgets:\n- {heap: main, peak: 1KiB}";
    check(
        &mut device,
        settings,
        Outcome::Inconclusive,
        "inconclusive: run/heap:main/peak: no telemetry arrived",
    );
    check(&mut device, "", Outcome::Pass, "0 budgets held");
}

#[test]
fn a_capture_that_was_cut_is_inconclusive() {
    let capture = healthy().capture(&scenario(BUDGETS));
    let judged = judge(&capture).unwrap();
    assert_eq!(judged.verdict.outcome, Outcome::Inconclusive);
    assert_eq!(judged.verdict.sentence, "inconclusive: the capture ends before the run did");
}

#[test]
fn a_step_that_timed_out_says_what_it_saw() {
    let mut device = Recording::new();
    device.at(10).step(0, StepEventKind::Started, "");
    device.at(5_010).step(0, StepEventKind::TimedOut, "waited 5.000 s; received `rready`");
    device.ends(&HowEnded::TimedOut { step: Some(0) });
    let judged = judged(&device, "");
    assert_eq!(judged.verdict.outcome, Outcome::TimedOut);
    assert_eq!(
        judged.verdict.sentence,
        "timed out: step 0 (boot) was expected to be done in time, but waited 5.000 s; received \
         `rready` (at 5.010 s)"
    );
    assert_eq!(judged.verdict.failures[0].line, Some(4));
}

#[test]
fn how_the_run_ended_decides_before_anything_else() {
    for (how, outcome) in [
        (HowEnded::Interrupted, Outcome::Interrupted),
        (HowEnded::HostWatchdog, Outcome::Unavailable),
        (HowEnded::Error("gone".into()), Outcome::Unavailable),
        (HowEnded::Fatal("no instruction".into()), Outcome::Fail),
        (HowEnded::Deadlocked, Outcome::Fail),
    ] {
        let mut device = panicking();
        device.ends(&how);
        assert_eq!(judged(&device, "").verdict.outcome, outcome, "{how:?}");
    }
}

fn lock_event(lock: u32, unit: u32, op: LockOp) -> LockEvent {
    LockEvent { lock: ObjectId(lock), unit: UnitId(unit), op, site: SiteId::NONE }
}

#[test]
fn threads_that_wait_for_each_other_are_named_with_their_locks() {
    let mut device = healthy();
    for (id, name) in [(1, "a"), (2, "b")] {
        device.record(Object {
            object: ObjectId(id),
            kind: ObjectKind::Lock,
            owner: UnitId::MAIN,
            name,
        });
    }
    device.record(lock_event(1, 1, LockOp::Acquired)).record(lock_event(2, 2, LockOp::Acquired));
    device.record(lock_event(2, 1, LockOp::Waiting)).record(lock_event(1, 2, LockOp::Waiting));
    device.at(2_000);
    check(
        &mut device,
        "",
        Outcome::Fail,
        "failed: deadlock: `main` waits for lock `b`, which `counter` holds; `counter` \
         waits for lock `a`, which `main` holds (at 2.000 s)",
    );
}

#[test]
fn a_capture_without_a_plan_is_refused() {
    let capture = Capture::default();
    assert!(matches!(judge(&capture), Err(HostError::Missing)));
}

#[test]
fn replaying_a_file_gives_the_same_verdict() {
    let mut device = panicking();
    let capture = ended(&mut device).capture(&scenario(TOO_SMALL));
    let mut file = Vec::new();
    capture.write(&mut file).unwrap();
    let replayed = Capture::read(&mut file.as_slice()).unwrap();
    let (first, again) = (judge(&capture).unwrap(), judge(&replayed).unwrap());
    assert_eq!(first.verdict, again.verdict);
    assert_eq!(first.device_hash, again.device_hash);
}
