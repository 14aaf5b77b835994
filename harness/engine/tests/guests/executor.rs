//! embassy-executor with esp-rtos's time driver.

use crate::run::{lines_until, machine, millis};

#[test]
fn tasks_wait_for_time_and_for_each_other() {
    let mut machine = machine("executor");
    let lines = lines_until(&mut machine, millis(100));
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["executor", "1 at 9 ms", "4 at 16 ms", "9 at 23 ms", "done"]);
    let busy = machine.instructions() * 100 / machine.cycles();
    assert!(busy < 10, "{busy} % of the time busy, but there is nothing to do");
}
