//! Running one small program and looking at what it printed.

use ramscope_board_host::{Run, run};
use ramscope_kernel::{Arguments, Error, Program};

/// A program under test.
pub(crate) type Body = fn(Arguments<'_>) -> Result<(), Error>;

/// What each program under test is called on the console.
pub(crate) const NAME: &str = "test";

/// Runs `body` as the only program of a device, with `commands` typed 10 ms after one another.
pub(crate) fn device(body: Body, commands: &[&str], seconds: u64) -> Run {
    let program = Program { name: NAME, summary: "under test", run: body };
    let run = run(Box::leak(Box::new([program])), commands, seconds);
    println!("{}", run.text);
    run
}

/// Runs `body` and compares what is printed from its start to its end.
pub(crate) fn check(body: Body, expected: &[&str]) {
    assert_eq!(lines(body), expected);
}

/// As [`check`], for a `body` that leaves nothing behind: once with the telemetry at its usual level, at which
/// all calls go the long way, and once without, where most go a short one.
pub(crate) fn check_both_ways(body: Body, expected: &[&str]) {
    check(body, expected);
    assert_eq!(lines_after(body, &["trace off", "run test"]), expected, "without telemetry");
}

/// The lines that `body` prints, from its start to its end, which it must reach in a minute.
pub(crate) fn lines(body: Body) -> Vec<String> {
    lines_after(body, &["run test"])
}

fn lines_after(body: Body, commands: &[&str]) -> Vec<String> {
    let run = device(body, commands, 60);
    let between =
        run.text.split_once("> run test\n").and_then(|(_, rest)| rest.split_once("test: "));
    let (printed, end) = between.unwrap_or_else(|| panic!("no end in:\n{}", run.text));
    assert!(end.starts_with("ended\n"), "the program failed:\n{}", run.text);
    printed.lines().map(str::to_owned).collect()
}
