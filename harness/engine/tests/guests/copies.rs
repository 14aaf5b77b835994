//! Copies of a machine in the middle of a run.

use crate::run::{machine, millis};
use ramscope_engine::Machine;

fn outcome(mut machine: Machine, until_ms: u64) -> (u64, u64, Vec<ramscope_engine::UartByte>) {
    let _ = machine.run(millis(until_ms));
    (machine.state_hash(), machine.instructions(), machine.take_uart0())
}

/// The guest runs code in flash and RAM, switches threads, and goes below a stack.
#[test]
fn a_copy_and_its_original_go_on_identically() {
    let whole = outcome(machine("threads"), 120);
    let mut original = machine("threads");
    let mut copies = Vec::new();
    for ms in [0, 1, 3, 20, 45, 81, 83] {
        let _ = original.run(millis(ms));
        copies.push(original.clone());
    }
    assert!(outcome(original, 120) == whole);
    for copy in copies {
        assert!(outcome(copy, 120) == whole);
    }
}

#[test]
fn what_happens_to_a_copy_does_not_happen_to_its_original() {
    let whole = outcome(machine("hello"), 60);
    let mut original = machine("hello");
    let _ = original.run(millis(15));
    let mut copy = original.clone();
    for address in (0x3FC8_0000..0x3FCE_0000).step_by(4) {
        copy.write_word(address, 0).unwrap();
    }
    let _ = copy.run(millis(20));
    assert!(outcome(original, 60) == whole);
}
