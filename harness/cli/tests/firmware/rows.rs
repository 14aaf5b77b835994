//! Rows of the conformance list that need what the host port lacks: time slices and real stacks.

use crate::device::Device;
use ramscope_time::Span;

/// What the device prints until the program `name` has ended.
fn text_of(name: &str, command: &str) -> String {
    let mut device = Device::ready();
    device.type_line(command);
    device.wait_for(&format!("{name}: ended"), Span::from_seconds(20));
    device.text()
}

/// MicroPython raises an error inside of the thread; here nothing unwinds, so the thread ends, and
/// says why.
#[test]
fn t10_infinite_recursion_ends_only_its_thread() {
    let text = text_of("overflow", "run overflow how=recursion");
    assert!(text.contains("overflow: deep Overflowed, main goes on\n"), "{text}");
    assert!(text.contains("overflowed its stack of 1536 B"), "{text}");
}

#[test]
fn t12_a_busy_thread_does_not_stretch_the_sleeps_of_another() {
    let text = text_of("coop", "run coop");
    let in_time = text.lines().filter(|line| line.ends_with(" ms late at most, in time"));
    assert_eq!(in_time.count(), 2, "{text}");
}

#[test]
fn m04_deep_recursion_is_an_error_of_the_thread_and_not_a_crash() {
    let text = text_of("overflow", "run overflow how=recursion");
    assert!(text.contains("it ends alone"), "{text}");
    assert!(text.ends_with("overflow: ended\n"), "{text}");
}

/// What a kernel call finds too little of is a margin that is checked, so that the overflow is reported
/// before anything is overwritten.
#[test]
fn x48_a_kernel_call_without_its_margin_of_stack_is_an_overflow_that_writes_nothing() {
    let text = text_of("overflow", "run overflow how=yield");
    assert!(text.contains("has used up its stack") || text.contains("overflowed"), "{text}");
    assert!(text.contains("main goes on"), "{text}");
}
