//! From a few lines of assembler to a machine that runs them.

use crate::asm::Asm;
use crate::elf::Elf;
use ramscope_engine::{Image, Machine, Options, Stop};
use ramscope_time::{Instant, Span};

/// Flash, where programs stand unless they say otherwise.
pub(crate) const FLASH: u32 = 0x4200_0000;
/// The start of SRAM1 on the data bus, and a place for data.
pub(crate) const DATA: u32 = 0x3FC8_0000;
/// The start of SRAM1 on the instruction bus.
pub(crate) const IRAM: u32 = 0x4038_0000;

/// An image of a program that starts at `base`; its labels become symbols.
pub(crate) fn image_at(base: u32, build: impl FnOnce(&mut Asm)) -> Image {
    let mut asm = Asm::new(base);
    build(&mut asm);
    let (bytes, labels) = asm.finish();
    let elf = Elf {
        entry: base,
        segments: vec![(base, base, bytes)],
        symbols: labels.into_iter().collect(),
        ..Elf::default()
    };
    Image::from_elf(&elf.write()).unwrap()
}

/// An image of a program in flash.
pub(crate) fn image(build: impl FnOnce(&mut Asm)) -> Image {
    image_at(FLASH, build)
}

/// A machine with a program in flash.
pub(crate) fn machine(build: impl FnOnce(&mut Asm)) -> Machine {
    Machine::esp32c3(&image(build), &Options::default())
}

/// A machine that has run a program for 100 microseconds (8,000 instructions).
pub(crate) fn ran(build: impl FnOnce(&mut Asm)) -> Machine {
    let mut machine = machine(build);
    assert_eq!(machine.run(micros(100)), Stop::Reached);
    machine
}

/// The instant `n` microseconds after power-on.
pub(crate) fn micros(n: u64) -> Instant {
    Instant::ZERO + Span::from_micros(n)
}

/// The instant `n` milliseconds after power-on.
pub(crate) fn millis(n: u64) -> Instant {
    Instant::ZERO + Span::from_millis(n)
}

/// The bytes that left UART0, as text.
pub(crate) fn text(machine: &mut Machine) -> String {
    let bytes = machine.take_uart0().iter().map(|sent| sent.byte).collect();
    String::from_utf8(bytes).unwrap()
}
