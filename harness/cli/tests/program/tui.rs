//! `ramscope tui` without a terminal: pictures of the screen, and refusals.

use crate::scratch::{Called, Folder, ramscope};
use crate::whole_path::image;

fn picture(more: &[&str]) -> Called {
    let fixed = ["tui", "--once", "--elf", image()];
    ramscope(fixed.iter().chain(more))
}

#[test]
fn a_picture_shows_what_the_demo_does_and_is_the_same_each_time() {
    let called = picture(&["--at", "2500ms"]);
    assert_eq!(called.code, 0, "{called:?}");
    for words in ["demo on engine", "2.50 s", "none lost", "sampler", "logger: ", "interrupts"] {
        assert!(called.stdout.contains(words), "{words}: {}", called.stdout);
    }
    assert_eq!(called.stdout.lines().count(), 30);
    assert_eq!(picture(&["--at", "2500ms"]).stdout, called.stdout);
}

#[test]
fn a_program_that_does_not_exist_is_refused_with_the_nearest() {
    let called = picture(&["--program", "demmo"]);
    assert_eq!((called.code, called.stdout.as_str()), (2, ""));
    assert!(called.stderr.contains("did you mean `demo`?"), "{called:?}");
}

#[test]
fn without_a_terminal_it_says_what_works_there_and_builds_nothing() {
    let called = ramscope(["tui"]);
    assert_eq!(called.code, 2);
    let sentence = "error: there is no terminal to draw on; `--once` prints the screen as text\n";
    assert_eq!(called.stderr, sentence);
}

#[test]
fn what_was_seen_is_recorded_and_can_be_replayed() {
    let folder = Folder::new("tui-record");
    let capture = folder.path("kept/demo.ramscope");
    let called = picture(&["--at", "2s", "--record", &capture]);
    assert_eq!(called.code, 0, "{called:?}");
    assert!(called.stderr.contains("demo.ramscope; `ramscope replay`"), "{called:?}");
    assert_eq!(called.stdout, picture(&["--at", "2s"]).stdout, "recording changes nothing");

    let replayed = ramscope(["replay", &capture]);
    assert_eq!(replayed.code, 130, "{replayed:?}");
    for words in ["demo  interrupted", "ramscope tui, seed 1", "visitor", "program demo: started"] {
        assert!(replayed.stdout.contains(words), "{words}: {}", replayed.stdout);
    }
    assert!(!replayed.stdout.contains("step"), "{}", replayed.stdout);

    let shown = ramscope(["show", &capture]).stdout;
    assert!(shown.contains("sent `run demo seconds=3600`"), "{shown}");
    assert!(shown.contains("ended Interrupted"), "{shown}");
    let console = ramscope(["show", "--console", &capture]).stdout;
    assert!(console.contains("> run demo"), "{console}");
}

#[test]
fn a_picture_leaves_no_recording_unless_it_is_asked_for() {
    let called = picture(&["--at", "100ms"]);
    assert_eq!((called.code, called.stderr.as_str()), (0, ""));
    let called = picture(&["--at", "100ms", "--record", env!("CARGO_TARGET_TMPDIR")]);
    assert_eq!((called.code, called.stdout.as_str()), (3, ""), "{called:?}");
}
