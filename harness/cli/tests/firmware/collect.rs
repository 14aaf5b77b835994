//! Collections on real stacks: what is told to end, what goes back, what stays and why.

use crate::device::Device;
use ramscope_time::Span;

/// What the device prints while the program runs with these arguments, and then for each command.
fn text_of(arguments: &str, commands: &[&str]) -> String {
    let mut device = Device::ready();
    device.ask(&format!("run garbage {arguments}"), "garbage: ended");
    for command in commands {
        device.ask(command, "still pointed to");
        device.run_for(Span::from_millis(100));
    }
    device.text()
}

fn check(arguments: &str, expected: &[&str]) {
    let text = text_of(arguments, &[]);
    let mut rest = text.as_str();
    for line in expected {
        let Some(at) = rest.find(line) else {
            panic!("no `{line}`, or not in its turn, in:\n{text}")
        };
        rest = &rest[at + line.len()..];
    }
}

/// The four threads and main collect and are preempted all the time.
#[test]
fn t17_collections_in_all_threads_leave_the_data_of_each_intact() {
    let text = text_of("how=all", &["gc stat"]);
    assert_eq!(text.matches("garbage: collector Returned\n").count(), 4, "{text}");
    assert!(text.contains("collections 100, "), "{text}");
    assert!(text.contains("garbage: 0 bytes more than before\n"), "{text}");
}

#[test]
fn x46_a_thread_that_nobody_can_wake_is_told_to_end_and_gives_everything_back() {
    check(
        "how=thread",
        &[
            "garbage: 1 units told to end, 0 blocks and 0 owners came back, 0 blocks stay\n",
            "  leaked (unit 3, ",
            "waited for semaphore `gone` at firmware/apps/src/garbage.rs:",
            "garbage: leaked got Err(Exit(",
            "garbage: 0 bytes more than before\n",
        ],
    );
}

#[test]
fn threads_that_wait_for_each_other_are_found_and_told_to_end() {
    check(
        "how=circle",
        &[
            "garbage: 2 units told to end, ",
            "  one (unit 3, ",
            "  other (unit 4, ",
            "garbage: one got Err(Exit(",
            "garbage: 0 bytes more than before\n",
        ],
    );
}

#[test]
fn a_thread_that_somebody_can_wake_is_left_alone() {
    let nothing = "garbage: 0 units told to end, 0 blocks and 0 owners came back, 0 blocks stay\n";
    let end = "garbage: waiter Returned\n";
    check("how=waiting", &[nothing, nothing, nothing, end, "garbage: 0 bytes more than before\n"]);
}

#[test]
fn a_pointer_on_another_stack_keeps_what_is_in_quarantine() {
    check(
        "how=stack",
        &[
            "came back, 1 blocks stay\n",
            "garbage: keeper reads Some(7)\n",
            "1 blocks and 1 owners came back, 0 blocks stay\n",
            "garbage: 0 bytes more than before\n",
        ],
    );
}

/// Who points there is named, by the console too.
#[test]
fn the_pointer_that_keeps_a_block_is_named() {
    let mut device = Device::ready();
    device.type_line("run garbage how=stack");
    device.wait_for("came back, 1 blocks stay", Span::from_seconds(5));
    let text = device.text();
    assert!(text.contains("264 B of unit 4"), "{text}");
    assert!(text.contains("on the stack of keeper (unit 3)"), "{text}");
}

#[test]
fn a_number_that_looks_like_a_pointer_keeps_a_block_and_is_named() {
    check(
        "how=number",
        &[
            "came back, 1 blocks stay\n",
            ", static\n",
            "1 blocks and 1 owners came back, 0 blocks stay\n",
            "garbage: 0 bytes more than before\n",
        ],
    );
}

/// The ledger has entries for 128 owners.
#[test]
fn five_hundred_torn_down_threads_leave_the_heap_as_it_was() {
    let text = text_of("how=crowd times=500", &["gc stat"]);
    assert!(text.contains("garbage: 0 bytes more than before\n"), "{text}");
    assert!(text.contains("bytes given back 548000\n"), "{text}");
}

/// 40 stacks of 16 KiB are more than there is memory.
#[test]
fn an_allocation_that_finds_no_memory_collects_and_is_given_it() {
    check(
        "how=exhausted",
        &["garbage: 40 threads of 16 KiB\n", "garbage: 0 bytes more than before\n"],
    );
}
