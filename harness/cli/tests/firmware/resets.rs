//! Resets of the real image: it comes back, counts its boots, and says where it is.

use crate::device::Device;
use ramscope_time::Span;
use ramscope_wire::Record;

/// Number of the boot and sequence number of each boot's first record, which is a hello.
fn boots(device: &Device) -> Vec<(u32, u16)> {
    let mut boots: Vec<(u32, u16)> = Vec::new();
    let mut last_seq = u16::MAX;
    device.each_record(|stamp, record| {
        let is_first = boots.is_empty() || stamp.seq < last_seq && last_seq - stamp.seq < 0x8000;
        last_seq = stamp.seq;
        match record {
            Record::Hello(hello) if boots.last().is_none_or(|(boot, _)| *boot != hello.boot) => {
                boots.push((hello.boot, stamp.seq));
            }
            other => assert!(!is_first, "a boot begins with {other:?}"),
        }
    });
    boots
}

#[test]
fn the_first_record_of_a_boot_is_a_hello_with_number_zero() {
    let mut device = Device::ready();
    device.run_for(Span::from_millis(100));
    assert_eq!(boots(&device), [(1, 0)]);
}

#[test]
fn after_a_reset_the_device_boots_again_and_works_as_before() {
    let mut device = Device::ready();
    device.ask("run caught", "caught: ended\n");
    device.ask("reset", "ready\n");
    device.run_for(Span::from_millis(100));
    assert_eq!(boots(&device), [(1, 0), (2, 0)]);
    let before = device.text().len();
    device.ask("run caught", "caught: ended\n");
    assert_eq!(boots(&device), [(1, 0), (2, 0)]);
    let text = device.text();
    assert_eq!(text.matches("ready\n").count(), 2, "{text}");
    assert!(!text.contains("last boot:"), "{text}");
    assert!(text[before..].contains("Exception in thread: sensor silent"), "{text}");
}

#[test]
fn a_reset_in_the_middle_of_a_program_ends_the_program() {
    let mut device = Device::ready();
    device.type_line("run counting");
    device.run_for(Span::from_millis(2_500));
    device.ask("reset", "ready\n");
    let before = device.text().len();
    device.run_for(Span::from_seconds(5));
    assert_eq!(device.text().len(), before, "{}", device.text());
    device.ask("run caught", "caught: ended\n");
    assert_eq!(boots(&device), [(1, 0), (2, 0)]);
}

#[test]
fn the_boot_after_an_overflow_in_a_handler_says_so() {
    let mut device = Device::ready();
    device.ask("run overflow how=handler", "ready\n");
    let text = device.text();
    assert!(text.contains("last boot: ended by a stack overflow in a handler\n"), "{text}");
    assert_eq!(boots(&device), [(1, 0), (2, 0)]);
    device.ask("reset", "ready\n");
    let text = device.text();
    assert_eq!(text.matches("last boot:").count(), 1, "{text}");
    assert_eq!(boots(&device), [(1, 0), (2, 0), (3, 0)]);
}
