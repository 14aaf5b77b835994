//! Units that bear the same name: how they are told apart, and how one budget bounds them all.

#[path = "support/recording.rs"]
mod recording;

use ramscope_capture::{HowEnded, ObserverEvent};
use ramscope_model::{Feed, Judged, Outcome, judge};
use ramscope_wire::{EndReason, UnitEnd, UnitId};
use recording::{Recording, scenario};

/// A run in which three visitors come and go, the second with the deepest stack.
fn visited() -> Recording {
    let mut device = Recording::new();
    device.thread(1, "main", 0x3fc8_8000, 4_096).stack(1, 4_096, 300, 812);
    device.at(100).done(0, "ready");
    for (id, peak) in [(2, 100), (3, 600), (4, 200)] {
        device.thread(id, "visitor", 0x3fc8_9000, 1_024).stack(id, 1_024, 80, peak);
        device.record(UnitEnd {
            unit: UnitId(id),
            reason: EndReason::Returned,
            quarantined: false,
            code: 0,
            quarantined_bytes: 0,
        });
    }
    device.at(1_000).done(1, "1 s");
    device
}

#[track_caller]
fn check(device: &mut Recording, settings: &str, outcome: Outcome, sentence: &str) -> Judged {
    let capture = device.ends(&HowEnded::StepsDone).capture(&scenario(settings));
    let judged = judge(&capture).expect("the recording has a plan");
    let found = &judged.verdict;
    assert_eq!((found.outcome, found.sentence.as_str()), (outcome, sentence), "{found:#?}");
    judged
}

fn names(judged: &Judged) -> Vec<&str> {
    judged.verdict.budgets.iter().map(|result| result.name.as_str()).collect()
}

#[test]
fn a_budget_on_a_name_bounds_every_unit_of_it() {
    let judged = check(
        &mut visited(),
        "budgets:\n- {thread: visitor, stack-peak: 512}",
        Outcome::Fail,
        "failed: run/thread:visitor/stack-peak (visitor#2): at most 512 B, was 600 B (at 200.000 ms)",
    );
    assert_eq!(names(&judged), ["visitor", "visitor#2", "visitor#3"]);
}

#[test]
fn a_budget_that_holds_for_many_is_one_budget() {
    let settings = "budgets:\n- {thread: visitor, stack-peak: 600}";
    check(&mut visited(), settings, Outcome::Pass, "1 budget held");
}

#[test]
fn a_number_means_one_unit_alone() {
    let settings = "budgets:\n- {thread: 'visitor#3', stack-peak: 512}";
    let judged = check(&mut visited(), settings, Outcome::Pass, "1 budget held");
    assert_eq!(names(&judged), ["visitor#3"]);
}

#[test]
fn a_name_that_firmware_wrote_with_a_number_is_no_number_of_ours() {
    let mut device = visited();
    device.thread(5, "lift#2", 0x3fc8_9000, 1_024).stack(5, 1_024, 80, 90);
    let settings = "budgets:\n- {thread: 'lift#2', stack-peak: 512}";
    let judged = check(&mut device, settings, Outcome::Pass, "1 budget held");
    let lift = judged.feed.device().unit(UnitId(5)).expect("it was announced");
    assert_eq!(lift.base_name(), "lift#2");
    device.thread(6, "lift#2", 0x3fc8_9000, 1_024);
    let feed = Feed::of(&device.capture(&scenario("")));
    let second = feed.device().unit(UnitId(6)).expect("it was announced");
    assert_eq!((second.name.as_str(), second.base_name()), ("lift#2#2", "lift#2"));
}

#[test]
fn a_unit_whose_name_was_lost_may_be_a_namesake() {
    let mut device = visited();
    device.lose(1).hello().thread(6, "late", 0, 512).stack(6, 512, 1, 2).hello();
    check(
        &mut device,
        "budgets:\n- {thread: visitor, stack-peak: 600}\nfindings: {allow: [telemetry.lost]}",
        Outcome::Inconclusive,
        "inconclusive: run/thread:visitor/stack-peak: what the device said of 1 unit was lost",
    );
}

#[test]
fn records_are_counted_over_all_boots() {
    let mut device = Recording::silent();
    device.hello().thread(1, "main", 0, 512);
    device.at(500).observe(&ObserverEvent::Reset { reason: "software".into() });
    device.reboot().thread(1, "main", 0, 512);
    assert_eq!(Feed::of(&device.capture(&scenario(""))).records(), 4);
}
