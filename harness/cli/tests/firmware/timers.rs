//! Timers and callbacks on the built-in machine, where handlers interrupt whoever runs.

use crate::device::Device;
use ramscope_time::Span;

/// What `command` prints until its last line.
fn lines(command: &str, end: &str) -> Vec<String> {
    let mut device = Device::ready();
    device.type_line(command);
    device.wait_for(end, Span::from_seconds(20));
    device.text().lines().map(str::to_owned).collect()
}

fn has(lines: &[String], line: &str) {
    assert!(lines.iter().any(|it| it == line), "no `{line}` in {lines:#?}");
}

/// Twelve timers at one instant and eight places: what finds none is counted by its timer.
#[test]
fn x10_a_storm_on_the_queue_loses_nothing_silently() {
    let lines = lines("run storm", "storm: ended");
    has(&lines, "storm: 0 lost silently");
    assert!(!lines.iter().any(|line| line.contains(" 0 dropped")), "{lines:#?}");
    has(&lines, "storm: 8 of 108 callbacks scheduled from a callback");
}

/// Three frequencies in step, one of which divides into no whole number of ticks.
#[test]
fn c04_timers_call_as_often_as_their_periods_have_passed() {
    let lines = lines("run ticker seconds=3", "ticker: ended");
    has(&lines, "ticker: after 1 s 3, 10 and 100 ticks");
    has(&lines, "ticker: after 3 s 9, 30 and 300 ticks");
    has(&lines, "ticker: 0 lost");
}

#[test]
fn a_key_is_the_button_of_boards_without_one() {
    let mut device = Device::ready();
    device.type_line("run menu");
    device.wait_for("Press A to select program", Span::from_seconds(1));
    device.type_line("key A");
    device.wait_for("menu: ended", Span::from_seconds(1));
    assert!(device.text().contains("menu: program A is selected\nmenu: 0 ticks lost\n"));
}

#[test]
fn ctrl_c_interrupts_a_program_that_waits() {
    let mut device = Device::ready();
    device.type_line("run ticker");
    device.wait_for("after 1 s", Span::from_seconds(2));
    device.type_bytes("\u{3}");
    device.wait_for("ticker: failed: interrupted", Span::from_seconds(1));
}
