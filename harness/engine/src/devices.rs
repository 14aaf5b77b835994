//! The peripherals, and the bus that leads to them.
//!
//! No device ticks. Each can be brought up to an instant ([`Devices::sync`]), says when it will
//! next do something by itself ([`Devices::next_event`]), and shows its interrupt outputs; between
//! events the processor runs undisturbed, and while it waits time jumps from event to event.
//!
//! Invariants:
//! 1. What a device shows at an instant does not depend on how often it was brought up to date
//!    before.
//! 2. A device changes its outputs by itself only at instants that `next_event` has announced.
//! 3. An access to a register that no device knows reaches [`Storage`], which lists it.

pub(crate) mod adc;
pub(crate) mod analog;
pub(crate) mod efuse;
pub(crate) mod gpio;
pub(crate) mod matrix;
pub(crate) mod rtc;
mod spi_flash;
pub(crate) mod storage;
pub(crate) mod system;
pub(crate) mod systimer;
pub(crate) mod timg;
pub(crate) mod uart;
mod watchdog;

use crate::hash::StateHasher;
use crate::machine::{Millivolts, ResetReason};
use crate::noise::Noise;
use adc::{Adc, Input};
use analog::Analog;
use efuse::Efuse;
use gpio::Gpio;
use matrix::{Matrix, source};
use ramscope_time::Instant;
use rtc::Rtc;
use spi_flash::SpiFlash;
use std::hash::Hash;
use storage::Storage;
use system::System;
use systimer::Systimer;
use timg::Timg;
use uart::Uart;
use watchdog::Action;

/// Where registers start and end.
const PERIPHERALS: std::ops::Range<u32> = 0x6000_0000..0x600D_1000;
const RANDOM: u32 = 0x6002_60B0;
/// RTC_CNTL shares its page with other blocks that begin here.
const RTC_CNTL_END: u32 = 0x800;
/// What a pin that is high has, unless something outside says otherwise.
const SUPPLY: Millivolts = Millivolts(3_300);

/// All peripherals.
#[derive(Clone, Debug)]
pub(crate) struct Devices {
    pub(crate) uart: [Uart; 2],
    systimer: Systimer,
    timg: [Timg; 2],
    rtc: Rtc,
    pub(crate) matrix: Matrix,
    pub(crate) system: System,
    pub(crate) gpio: Gpio,
    pub(crate) adc: Adc,
    pub(crate) analog: Analog,
    efuse: Efuse,
    spi_flash: SpiFlash,
    random: Noise,
    pub(crate) storage: Storage,
    /// Sources that are held up from outside until their interrupt is taken.
    stimuli: u64,
    reset: Option<ResetReason>,
    /// A device that knows about time was written to, so `next_event` may have moved.
    pub(crate) plans_changed: bool,
}

/// The block that a register belongs to.
#[derive(Clone, Copy)]
enum Block {
    Uart(usize),
    Gpio,
    IoMux,
    Adc,
    SpiFlash,
    Efuse,
    Rtc,
    Timg(usize),
    Systimer,
    System,
    Matrix,
    Unknown,
}

impl Block {
    /// Whether a write may change what happens later, or the chip as a whole.
    fn knows_time(self) -> bool {
        matches!(self, Block::Uart(_) | Block::Rtc | Block::Timg(_) | Block::Systimer)
    }
}

fn block(address: u32) -> Block {
    match address & !0xFFF {
        0x6000_0000 => Block::Uart(0),
        0x6001_0000 => Block::Uart(1),
        0x6000_2000 => Block::SpiFlash,
        0x6000_4000 => Block::Gpio,
        0x6000_9000 => Block::IoMux,
        0x6000_8000 if address & 0xFFF < RTC_CNTL_END => Block::Rtc,
        0x6000_8000 => Block::Efuse,
        0x6001_F000 => Block::Timg(0),
        0x6002_0000 => Block::Timg(1),
        0x6002_3000 => Block::Systimer,
        0x6004_0000 => Block::Adc,
        0x600C_0000 => Block::System,
        0x600C_2000 => Block::Matrix,
        _ => Block::Unknown,
    }
}

/// Whether an address is a register's.
pub(crate) fn is_register(address: u32) -> bool {
    PERIPHERALS.contains(&address)
}

impl Devices {
    /// The peripherals at power-on.
    pub(crate) fn new(seed: u64, random: Noise, flash_bytes: u32) -> Self {
        let now = Instant::ZERO;
        Self {
            uart: [Uart::new(), Uart::new()],
            systimer: Systimer::new(now),
            timg: [Timg::new(true, now), Timg::new(false, now)],
            rtc: Rtc::new(ResetReason::PowerOn, now),
            matrix: Matrix::new(),
            system: System::new(),
            gpio: Gpio::new(0, 0),
            adc: Adc::new(),
            analog: Analog::default(),
            efuse: Efuse::new(seed),
            spi_flash: SpiFlash::new(flash_bytes),
            random,
            storage: Storage::default(),
            stimuli: 0,
            reset: None,
            plans_changed: true,
        }
    }

    /// Resets what a reset of this reason reaches.
    pub(crate) fn reset(&mut self, reason: ResetReason, now: Instant) {
        self.reset = None;
        self.stimuli = 0;
        if reason.is_cpu_only() {
            self.rtc.note_cpu_reset(reason);
            return;
        }
        for uart in &mut self.uart {
            uart.reset(now);
        }
        self.systimer = Systimer::new(now);
        self.timg = [Timg::new(true, now), Timg::new(false, now)];
        self.matrix = Matrix::new();
        self.system = System::new();
        self.gpio.reset();
        self.adc.reset();
        self.spi_flash.reset();
        self.analog = Analog::default();
        self.storage.reset();
        if reason.is_whole_system() {
            self.rtc = Rtc::new(reason, now);
        } else {
            self.rtc.reset_core(reason, now);
        }
    }

    /// Brings every device up to `now`.
    pub(crate) fn sync(&mut self, now: Instant) {
        for uart in &mut self.uart {
            uart.sync(now);
        }
        self.systimer.sync(now);
        self.sync_timg(0, now);
        self.sync_timg(1, now);
        self.sync_rtc(now);
        self.update_sources();
    }

    fn sync_timg(&mut self, n: usize, now: Instant) {
        if let Some(action) = self.timg[n].sync(now) {
            let reason = match (n, action) {
                (0, Action::ResetCpu) => ResetReason::Timg0WatchdogCpu,
                (0, _) => ResetReason::Timg0WatchdogCore,
                (_, Action::ResetCpu) => ResetReason::Timg1WatchdogCpu,
                (_, _) => ResetReason::Timg1WatchdogCore,
            };
            self.reset.get_or_insert(reason);
        }
    }

    fn sync_rtc(&mut self, now: Instant) {
        if let Some(reason) = self.rtc.sync(now) {
            self.reset.get_or_insert(reason);
        }
    }

    /// Shows the interrupt outputs to the matrix.
    pub(crate) fn update_sources(&mut self) {
        let up = |number: u32, level: bool| u64::from(level) << number;
        let sources = self.stimuli
            | up(source::GPIO, self.gpio.interrupt())
            | up(source::UART0, self.uart[0].interrupt())
            | up(source::UART1, self.uart[1].interrupt())
            | up(source::RTC, self.rtc.interrupt())
            | up(source::APB_ADC, self.adc.interrupt())
            | u64::from(self.timg[0].interrupts()) << source::TG0_T0
            | u64::from(self.timg[1].interrupts()) << source::TG1_T0
            | u64::from(self.systimer.interrupts()) << source::SYSTIMER
            | u64::from(self.system.software_interrupts()) << source::FROM_CPU;
        self.matrix.set_sources(sources);
    }

    /// The next instant at which a device will do something by itself.
    pub(crate) fn next_event(&self) -> Instant {
        [
            self.uart[0].next_event(),
            self.uart[1].next_event(),
            self.systimer.next_event(),
            self.timg[0].next_event(),
            self.timg[1].next_event(),
            self.rtc.next_event(),
        ]
        .into_iter()
        .min()
        .expect("there are devices")
    }

    /// A reset that was asked for, once.
    pub(crate) fn take_reset(&mut self) -> Option<ResetReason> {
        self.reset.take()
    }

    /// Raises a source from outside: a software interrupt as the firmware would, any other until
    /// its interrupt is taken.
    pub(crate) fn raise(&mut self, number: u8) {
        let number = u32::from(number);
        match number.checked_sub(source::FROM_CPU) {
            Some(n @ 0..=3) => self.system.raise_software_interrupt(n),
            _ => self.stimuli |= 1 << number,
        }
        self.update_sources();
    }

    /// The processor took a line: sources that were raised from outside fall.
    pub(crate) fn acknowledge(&mut self, line: u32) {
        if self.stimuli != 0 {
            self.stimuli &= !self.matrix.sources_of(line);
            self.update_sources();
        }
    }

    /// Reads the register at an aligned address for the instruction at `pc`.
    pub(crate) fn read(&mut self, address: u32, pc: u32, now: Instant) -> u32 {
        if address == RANDOM {
            return self.random.draw() as u32;
        }
        let offset = address & 0xFFF;
        self.plans_changed |= Self::reading_changes(address);
        let known = match block(address) {
            Block::Uart(n) => self.uart[n].read(offset, now),
            Block::Gpio => self.gpio.peek(offset),
            Block::IoMux => self.gpio.peek_mux(offset),
            Block::Adc => self.adc.peek(offset),
            Block::SpiFlash => self.spi_flash.peek(offset),
            Block::Rtc => {
                self.sync_rtc(now);
                self.rtc.peek(offset)
            }
            Block::Timg(n) => {
                self.sync_timg(n, now);
                self.timg[n].peek(offset)
            }
            Block::Systimer => self.systimer.read(offset, now),
            Block::System => self.system.peek(offset),
            Block::Matrix => self.matrix.peek(offset),
            Block::Efuse => self.efuse.peek(offset),
            Block::Unknown => None,
        };
        known.unwrap_or_else(|| self.storage.read(address, pc))
    }

    /// Writes the register at an aligned address for the instruction at `pc`.
    pub(crate) fn write(&mut self, address: u32, value: u32, pc: u32, now: Instant) {
        let offset = address & 0xFFF;
        let block = block(address);
        self.plans_changed |= block.knows_time();
        let known = match block {
            Block::Uart(n) => self.uart[n].write(offset, value, now),
            Block::Gpio => self.gpio.write(offset, value),
            Block::IoMux => self.gpio.write_mux(offset, value),
            Block::Adc => self.write_adc(offset, value),
            Block::SpiFlash => self.spi_flash.write(offset, value),
            Block::Rtc => {
                self.sync_rtc(now);
                match self.rtc.write(offset, value, now) {
                    Some(reset) => {
                        self.reset = self.reset.or(reset);
                        true
                    }
                    None => false,
                }
            }
            Block::Timg(n) => {
                self.sync_timg(n, now);
                self.timg[n].write(offset, value, now)
            }
            Block::Systimer => self.systimer.write(offset, value, now),
            Block::System => self.system.write(offset, value),
            Block::Matrix => self.matrix.write(offset, value),
            Block::Efuse => self.efuse.peek(offset).is_some(),
            Block::Unknown => address == RANDOM,
        };
        if !known {
            self.storage.write(address, value, pc);
        }
    }

    fn write_adc(&mut self, offset: u32, value: u32) -> bool {
        let Self { adc, analog, gpio, .. } = self;
        let driven: [_; adc::PINS] = std::array::from_fn(|pin| adc.driven(pin));
        adc.write(offset, value, |unit, input| match input {
            Input::Pin(pin) if gpio.output(pin).is_none() && driven[pin].is_some() => {
                driven[pin].unwrap_or_default()
            }
            Input::Pin(pin) if gpio.level(pin) => SUPPLY,
            Input::Pin(_) | Input::Nothing => Millivolts(0),
            Input::Calibration => adc::calibration_voltage(analog.calibration_input(unit)),
        })
    }

    /// What a register shows at the last [`sync`](Self::sync), without side effects.
    pub(crate) fn peek(&self, address: u32) -> u32 {
        let offset = address & 0xFFF;
        let known = match block(address) {
            Block::Uart(n) => self.uart[n].peek(offset),
            Block::Gpio => self.gpio.peek(offset),
            Block::IoMux => self.gpio.peek_mux(offset),
            Block::Adc => self.adc.peek(offset),
            Block::SpiFlash => self.spi_flash.peek(offset),
            Block::Rtc => self.rtc.peek(offset),
            Block::Timg(n) => self.timg[n].peek(offset),
            Block::Systimer => self.systimer.peek(offset),
            Block::System => self.system.peek(offset),
            Block::Matrix => self.matrix.peek(offset),
            Block::Efuse => self.efuse.peek(offset),
            Block::Unknown => None,
        };
        known.unwrap_or_else(|| self.storage.peek(address))
    }

    /// Whether reading a register changes it.
    pub(crate) fn reading_changes(address: u32) -> bool {
        address & 0xFFF == 0 && matches!(block(address), Block::Uart(_))
    }

    pub(crate) fn hash_into(&self, hasher: &mut StateHasher) {
        self.uart.hash(hasher);
        self.systimer.hash(hasher);
        self.timg.hash(hasher);
        self.rtc.hash(hasher);
        (&self.matrix, &self.system, &self.gpio, &self.efuse).hash(hasher);
        (&self.adc, &self.analog, &self.spi_flash).hash(hasher);
        (&self.random, self.stimuli).hash(hasher);
        self.storage.hash_into(hasher);
    }
}
