//! Rows of the conformance list on the built-in machine, as the program `contract` checks them.

use crate::device::Device;
use ramscope_time::Span;

/// What the device says to a command, until a text.
fn text_of(command: &str, until: &str, at_most: Span) -> String {
    let mut device = Device::ready();
    // Nothing is sampled, so that time without work costs nothing.
    device.ask("trace off", "trace off\n");
    device.type_line(command);
    device.wait_for(until, at_most);
    device.text()
}

/// A row that the device checks.
fn holds(row: &str) {
    let text = text_of(&format!("run contract row={row}"), "contract: ", Span::from_seconds(20));
    let line = format!("contract: {row} ");
    let told = text.lines().find(|it| it.starts_with(&line)).unwrap_or_else(|| panic!("{text}"));
    assert!(told.ends_with(": holds"), "{text}");
}

macro_rules! rows {
    ($($test:ident = $row:literal;)*) => {
        $(
            #[test]
            fn $test() {
                holds($row);
            }
        )*
    };
}

rows! {
    c01_virtual_timers_come_and_go = "c01";
    c02_a_timer_with_an_id_comes_and_goes = "c02";
    c03_two_ids_are_two_timers = "c03";
    c06_a_timer_with_an_id_calls_as_often_as_its_period_has_passed = "c06";
    c08_callbacks_get_their_argument_and_never_nest = "c08";
    c09_a_sleep_of_nothing_begins_one_callback = "c09";
    c10_interruptions_are_one_until_it_is_delivered = "c10";
    x01_a_timed_acquire_gives_up_on_time_and_leaves_no_trace = "x01";
    x02_what_is_no_time_out_is_refused = "x02";
    x03_wake_up_order_is_fifo = "x03";
    x07_stack_figures_are_those_of_the_thread = "x07";
    x11_a_tick_that_waits_when_its_timer_is_stopped_is_late = "x11";
    x12_a_period_that_is_changed_while_armed_begins_anew = "x12";
    x13_timers_of_one_instant_fire_in_the_order_of_their_ids = "x13";
}

#[test]
fn x04_a_self_deadlock_is_reported() {
    let end = "deadlock: nothing is left that could end the wait of 1 thread\n";
    let text = text_of("run contract row=x04", end, Span::from_seconds(2));
    assert!(text.contains("suspicion: a thread waits for itself\n"), "{text}");
    let chain = "main (unit 1) waits for lock `own` for ";
    assert!(text.contains(chain) && text.contains(", and has it itself at "), "{text}");
}

#[test]
fn x05_a_circle_of_two_mutexes_is_told_with_both_places_of_both() {
    let text = text_of("run deadlock kind=mutex", "deadlock: ended", Span::from_seconds(2));
    let at =
        text.find("deadlock: 2 threads wait in a circle\n").unwrap_or_else(|| panic!("{text}"));
    for line in text[at..].lines().skip(1).take(2) {
        assert_eq!(line.matches("firmware/apps/src/deadlock.rs:").count(), 2, "{text}");
    }
}

#[test]
fn x06_slots_and_memory_that_run_out_are_told_apart() {
    let missing = |command: &str| {
        let text = text_of(command, "crowd: ended", Span::from_seconds(100));
        let line = text.lines().find(|line| line.contains(" started, then ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{text}"))
    };
    let small = missing("run crowd");
    assert!(small.contains("out of thread slots: all 64 are taken"), "{small}");
    let large = missing("run crowd stack=40000");
    assert!(large.contains("out of memory for a stack: 40064 B wanted"), "{large}");
}

#[test]
fn x14_nothing_happens_when_32_bits_of_ticks_wrap() {
    let command = "run contract row=x14";
    let text = text_of(command, "contract: ended", Span::from_seconds(310));
    assert!(text.contains("contract: x14 nothing happens when 32 bits of ticks wrap: holds\n"));
}
