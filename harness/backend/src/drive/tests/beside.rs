//! What stands beside the steps: phases, faults, waits and texts.

use super::*;
use ramscope_wire::{FailAllocation, Header};

/// The instant and the kind of each command that was given.
fn commands(capture: &Capture) -> Vec<(Instant, u8, u32)> {
    let stimuli = capture.events::<Stimulus>().map(|event| event.unwrap());
    let command = |timed: ramscope_capture::Timed<Stimulus>| match timed.event {
        Stimulus::Command(words) => {
            Some((timed.instant, Header::from_word(words[0]).kind, words[2]))
        }
        _ => None,
    };
    stimuli.filter_map(command).collect()
}

const LISTENS: Scripted = Scripted {
    now: Instant::ZERO,
    says: Vec::new(),
    sleeps_for_ever: false,
    dies_at: None,
    takes_commands: true,
};

#[test]
fn a_window_opens_at_the_instant_at_which_a_phase_begins_or_ends() {
    let run = run_of(
        "- delay: 3ms\n- wait-serial: \"ok\"\n- delay: 2ms",
        "  settle: 0ms\n  phases: {middle: {from: 1, to: 1}, last: {from: 2, to: 2}}\n",
    );
    let device = Scripted { says: Scripted::saying(&[(15, "ok then")]).says, ..LISTENS };
    let ran = carry_out(&run, device);
    let open = OpenWindow::KIND;
    let expected = [
        (micros(3_000), open, 1_000),
        (micros(15_020), open, 2_000),
        (micros(17_020), open, 3_000),
    ];
    assert_eq!(commands(&ran.capture), expected);
    let end = ran.capture.events::<HowEnded>().next().unwrap().unwrap();
    assert_eq!(end.instant, micros(18_020), "it has a millisecond to say what it measured");
}

#[test]
fn a_target_that_takes_no_commands_runs_the_steps_all_the_same() {
    let run = run_of("- delay: 3ms\n- delay: 2ms", "  phases: {last: {from: 1, to: 1}}\n");
    let ran = carry_out(&run, Scripted::default());
    assert_eq!((ran.ended, commands(&ran.capture)), (HowEnded::StepsDone, Vec::new()));
}

#[test]
fn an_allocation_fault_is_a_command_right_before_its_step() {
    let run = run_of(
        "- delay: 3ms\n- delay: 2ms",
        "  inject:\n  - {at: 1, allocation: {nth: 4, owner: net}}\n",
    );
    let ran = carry_out(&run, LISTENS);
    assert_eq!(commands(&ran.capture), [(micros(3_000), FailAllocation::KIND, 4)]);
}

#[test]
fn a_line_that_loses_everything_is_silent_until_the_fault_is_over() {
    let run = run_of(
        "- write-serial: \"a\"\n- delay: 5ms\n- write-serial: \"b\"\n- wait-serial: \"got b\"",
        "  inject:\n  - {at: 0, until: 4ms, uart: {loss: 100%}}\n",
    );
    let ran = carry_out(&run, Scripted::default());
    assert_eq!(ran.ended, HowEnded::StepsDone);
    let mut stimuli = ran.capture.events::<Stimulus>().map(|event| event.unwrap());
    let told: Vec<_> = stimuli.by_ref().map(|timed| (timed.instant, timed.event)).collect();
    let detail = "of 1 bytes to the device 0 were damaged and 1 lost, of 4 bytes from it 0 and 4";
    let expected = [
        (micros(0), Stimulus::FaultBegins { fault: 0 }),
        (micros(0), Stimulus::Serial(Vec::new())),
        (micros(4_000), Stimulus::FaultEnds { fault: 0, detail: detail.into() }),
        (micros(5_000), Stimulus::Serial(b"b".to_vec())),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_step_is_over_when_the_wait_that_follows_it_is() {
    let run = run_of(
        "- write-serial: \"x\"\n- write-serial: \"y\"",
        "  waits:\n  - {after: 0, until: {regex: \"^tick [3-9]$\"}}\n",
    );
    let ticks: Vec<(u64, &str)> = vec![(5, "tick 1\n"), (6, "tick 2\n"), (7, "tick 3\n")];
    let ran = carry_out(&run, Scripted::saying(&ticks));
    assert_eq!(ran.ended, HowEnded::StepsDone);
    assert_eq!(steps(&ran.capture)[1].instant, micros(7_070));
}

#[test]
fn a_wait_that_never_ends_names_its_line_and_what_came_instead() {
    let run = run_of(
        "- write-serial: \"x\"",
        "  waits:\n  - {after: 0, until: {text: \"done\"}, within: 20ms}\n",
    );
    let ran = carry_out(&run, Scripted::default());
    assert_eq!(ran.ended, HowEnded::TimedOut { step: Some(0) });
    assert_eq!(
        steps(&ran.capture).pop().unwrap().detail,
        "the wait of line 8 for \"\\\"done\\\"\" was not over after 20.000 ms; 5 bytes were \
         received since it began"
    );
}

#[test]
fn a_text_that_is_forbidden_ends_the_run() {
    let run = run_of("- wait-serial: \"never\"", "  fail-on: [\"fine\", {regex: \"^pan.c\"}]\n");
    let ran = carry_out(&run, Scripted::saying(&[(5, "a\n"), (6, "panic at 3\n"), (90, "b")]));
    assert_eq!(ran.ended, HowEnded::ForbiddenText { entry: 1 });
    let end = ran.capture.events::<HowEnded>().next().unwrap().unwrap();
    assert_eq!(end.instant, micros(10_000), "at the end of the slice in which it was said");
}

#[test]
fn a_time_out_says_what_came_what_was_near_and_what_came_too_early() {
    let run = run_of("- delay: 10ms\n- wait-serial: \"connected\"", "  timeout: 100ms\n");
    let device = Scripted::saying(&[(1, "connected\n"), (20, "conected\n")]);
    let ran = carry_out(&run, device);
    assert_eq!(
        steps(&ran.capture).pop().unwrap().detail,
        "waited 90.000 ms; \"connected\" did not come; 9 bytes were received since the step \
         began, at last \"conected\\n\"; nearest to it: \"conected\" (1 change away); it came 1 \
         bytes before the step began: `match: cursor` takes that"
    );
}
