//! A guest on a machine.

use crate::build::elf;
use ramscope_engine::{Image, Machine, Options, Stop};
use ramscope_time::{Instant, Span};

/// A guest's image, straight from its ELF file.
pub(crate) fn image(name: &str) -> Image {
    Image::from_elf(&elf(name)).unwrap()
}

/// A machine with a guest, just powered on.
pub(crate) fn machine(name: &str) -> Machine {
    Machine::esp32c3(&image(name), &Options::default())
}

/// The instant `n` milliseconds after power-on.
pub(crate) fn millis(n: u64) -> Instant {
    Instant::ZERO + Span::from_millis(n)
}

/// A line of the console.
#[derive(Debug)]
pub(crate) struct Line {
    /// When its first byte was sent.
    pub(crate) starts: Instant,
    pub(crate) text: String,
}

/// Runs to an instant; the lines that left UART0 meanwhile.
pub(crate) fn lines_until(machine: &mut Machine, until: Instant) -> Vec<Line> {
    let stop = machine.run(until);
    let sent = machine.take_uart0();
    let lines: Vec<Line> = sent
        .split_inclusive(|sent| sent.byte == b'\n')
        .map(|line| {
            let bytes = line.iter().map(|sent| sent.byte).collect();
            let text = String::from_utf8(bytes).unwrap().trim_end().into();
            Line { starts: line[0].at, text }
        })
        .collect();
    assert!(matches!(stop, Stop::Reached | Stop::Deadlocked), "{stop:?} after {lines:#?}");
    lines
}

/// Runs to an instant; the text that left UART0 meanwhile.
#[expect(dead_code, reason = "for the guests to come")]
pub(crate) fn text_until(machine: &mut Machine, until: Instant) -> String {
    lines_until(machine, until).into_iter().map(|line| line.text + "\n").collect()
}
