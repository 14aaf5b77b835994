//! The programs of the image, run whole on the host port.

use ramscope_apps::PROGRAMS;
use ramscope_board_host::run;

/// What `command` prints between its echo and its last line.
fn text_of(command: &str, seconds: u64) -> String {
    let run = run(PROGRAMS, &[command], seconds);
    println!("{}", run.text);
    run.text
}

#[test]
fn two_threads_count_in_turns() {
    let text = text_of("run counting", 20);
    let expected = "\
> run counting
Main thread is running: 0
Thread is running: 0
Main thread is running: 1
";
    assert!(text.contains(expected), "{text}");
    assert!(text.ends_with("counter: Returned\ncounting: ended\n"), "{text}");
}
