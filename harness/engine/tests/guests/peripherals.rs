//! esp-hal's timers, software interrupts, pins and UARTs.

use crate::run::{lines_until, machine, millis};
use ramscope_engine::{Machine, UartByte};

const BUTTON: u8 = 5;
const LED: u8 = 4;

fn texts(machine: &mut Machine, until_ms: u64) -> Vec<String> {
    lines_until(machine, millis(until_ms)).into_iter().map(|line| line.text).collect()
}

fn text(bytes: Vec<UartByte>) -> String {
    String::from_utf8(bytes.iter().map(|sent| sent.byte).collect()).unwrap()
}

/// `wanted` microseconds and the few that the guest takes to notice.
fn check_micros(line: &str, label: &str, wanted: u64) {
    let figure = line.strip_prefix(label).and_then(|rest| rest.strip_suffix(" us"));
    let micros: u64 = figure.unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
    assert!((wanted..wanted + 20).contains(&micros), "{line:?}");
}

#[test]
fn peripherals_work_by_interrupts() {
    let mut machine = machine("peripherals");
    let lines = texts(&mut machine, 50);
    check_micros(&lines[0], "one shot of 1 ms: ", 1_000);
    check_micros(&lines[1], "one shot of 3 ms: ", 3_000);
    check_micros(&lines[2], "five periods of 2 ms: ", 10_000);
    assert_eq!(lines[3..], ["three software interrupts", "button High, led Low"]);
    assert_eq!(text(machine.take_uart1()), "second\n");
    assert!(machine.pin(BUTTON) && !machine.pin(LED));

    machine.drive_pin(BUTTON, Some(false));
    assert_eq!(texts(&mut machine, 60), ["pressed"]);
    assert!(machine.pin(LED));
    machine.drive_pin(BUTTON, None);
    assert_eq!(texts(&mut machine, 70), ["released", "type"]);
    assert!(!machine.pin(LED));

    machine.receive_uart1(b"HAL");
    assert_eq!(texts(&mut machine, 75), Vec::<String>::new());
    assert_eq!(text(machine.take_uart1()), "IBM");
    machine.receive_uart0(b"hello\n");
    assert_eq!(texts(&mut machine, 80), ["done"]);
    assert_eq!(text(machine.take_uart1()), "HELLO");
}
