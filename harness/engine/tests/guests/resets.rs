//! Resets of every kind, what survives them, and what the chip is born with.

use crate::run::{image, lines_until, millis};
use ramscope_engine::{Machine, Options, ResetReason};

fn texts(seed: u64) -> (Vec<String>, Vec<ResetReason>) {
    let mut machine = Machine::esp32c3(&image("resets"), &Options { seed });
    let lines = lines_until(&mut machine, millis(200));
    let reasons = machine.resets().iter().map(|reset| reset.reason).collect();
    (lines.into_iter().map(|line| line.text).collect(), reasons)
}

#[test]
fn a_program_sees_why_it_was_reset_and_keeps_rtc_memory() {
    let (texts, reasons) = texts(1);
    let seen = ["ChipPowerOn", "CoreSw", "Cpu0Sw", "CoreMwdt0", "CoreMwdt1", "SysRtcWdt"];
    let boots = (1..).zip(seen).map(|(n, reason)| format!("boot {n}: {reason}"));
    assert_eq!(texts[..6], boots.collect::<Vec<_>>());
    let expected = [
        ResetReason::PowerOn,
        ResetReason::SoftwareCore,
        ResetReason::SoftwareCpu,
        ResetReason::Timg0WatchdogCore,
        ResetReason::Timg1WatchdogCore,
        ResetReason::RtcWatchdogSystem,
    ];
    assert_eq!(reasons, expected);
    let born = ["revision ChipRevision { major: 0, minor: 4 }", "flash abcd5432"];
    assert_eq!(texts[8..], born);
}

#[test]
fn random_numbers_and_the_address_come_from_the_seed() {
    let [one, again, other] = [1, 1, 2].map(|seed| texts(seed).0.split_off(6));
    assert_eq!(one, again);
    assert_ne!(one[0], other[0], "random number");
    assert_ne!(one[1], other[1], "address");
    assert_eq!(one[2..], other[2..]);
}
