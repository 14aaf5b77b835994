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
