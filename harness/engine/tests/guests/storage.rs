//! esp-storage on a partition, over resets; checksums and text of the ROM.

use crate::run::{lines_until, machine, millis};
use ramscope_engine::{Machine, ResetReason};

fn texts(machine: &mut Machine) -> Vec<String> {
    lines_until(machine, millis(150)).into_iter().map(|line| line.text).collect()
}

#[test]
fn what_a_program_stores_in_flash_is_there_after_a_reset() {
    let mut machine = machine("storage");
    let expected = [
        "stored [ff, ff, ff, ff, ff]",
        "24576 bytes, runs 10000, data 9000",
        "crc cbf43926 d64e 2f",
        "md5 25f9e794323b453885f5181f1b624d0b",
        "printf -1 of two, 0000beef, 1099511627776, A%",
        "stored [1, 0, 0, 0, 10]",
        "stored [2, 0, 0, 0, 20]",
        "4194304 bytes of flash",
        "done",
    ];
    assert_eq!(texts(&mut machine), expected);
    let reasons: Vec<_> = machine.resets().iter().map(|reset| reset.reason).collect();
    let software = ResetReason::SoftwareCore;
    assert_eq!(reasons, [ResetReason::PowerOn, software, software]);
}
