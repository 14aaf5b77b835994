//! esp-hal alone: the clock set-up, the console, a periodic interrupt of the system timer.

use crate::run::{Line, lines_until, machine, millis};

#[test]
fn hello_prints_a_line_for_each_interrupt() {
    let mut machine = machine("hello");
    let lines = lines_until(&mut machine, millis(100));
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    let expected = [
        "hello, reset reason Some(ChipPowerOn)",
        "tick 1",
        "tick 2",
        "tick 3",
        "tick 4",
        "tick 5",
        "done",
    ];
    assert_eq!(texts, expected);
    assert_eq!(machine.cpu_hz(), 160_000_000);
    assert_eq!(machine.resets().len(), 1, "esp-hal has turned the watchdogs off");
    // A line starts as soon as the interrupt has been noticed.
    let ticks: Vec<&Line> = lines[1..6].iter().collect();
    for (tick, next) in ticks.iter().zip(&ticks[1..]) {
        let off = next.starts.since(tick.starts).as_picos().abs_diff(10_000_000_000);
        assert!(off < 5_000_000, "{next:?} is {off} ps off");
    }
}
