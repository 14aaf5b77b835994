//! esp-hal's ADC driver, with and without calibration.

use crate::run::{lines_until, machine, millis};
use ramscope_engine::{Machine, Millivolts};

fn texts(machine: &mut Machine, until_ms: u64) -> Vec<String> {
    lines_until(machine, millis(until_ms)).into_iter().map(|line| line.text).collect()
}

#[test]
fn the_driver_of_the_adc_measures_what_drives_the_pins() {
    let mut machine = machine("analog");
    // Without voltages pins have their levels, and pin 1 is high.
    machine.drive_pin(1, Some(true));
    let expected = ["ground 0, reference 1365", "0 4095 0 0 mV 0 mV 0 mV"];
    assert_eq!(texts(&mut machine, 15), expected);

    for pin in Machine::ANALOG_PINS {
        machine.drive_analog(pin, Some(Millivolts(1_650)));
    }
    machine.drive_analog(1, Some(Millivolts(200)));
    machine.drive_analog(2, Some(Millivolts(750)));
    machine.drive_analog(4, Some(Millivolts(800)));
    // The reading that was under way may be of both.
    let expected = "2047 1000 2000 1649 mV 794 mV 1649 mV";
    assert_eq!(texts(&mut machine, 40).last().unwrap(), expected);

    machine.drive_analog(0, None);
    machine.drive_pin(0, Some(true));
    machine.drive_analog(3, Some(Millivolts(3_300)));
    let expected = "4095 1000 2000 3300 mV 794 mV 1649 mV";
    assert_eq!(texts(&mut machine, 60).last().unwrap(), expected);
    assert_eq!(machine.resets().len(), 1);
}

#[test]
fn a_reading_of_the_adc_touches_nothing_that_is_not_modelled() {
    let mut machine = machine("analog");
    let _ = machine.run(millis(30));
    let touched: Vec<_> = machine
        .unmodelled()
        .iter()
        .filter(|access| access.address & !0xFFF == 0x6004_0000)
        .collect();
    assert!(touched.is_empty(), "{touched:x?}");
}
