//! The devices of QEMU's virt machine, as far as a kernel without a disk touches them.
//!
//! Sources: QEMU's `hw/riscv/virt.c` for the addresses; the SiFive CLINT and PLIC manuals; the
//! data sheet of the 16550.
//!
//! Choices of this model:
//! 1. Only the devices below are there; a load or store anywhere else is an access fault, where
//!    QEMU has more (PCI, virtio, a real-time clock, commands to the flash).
//! 2. The CPU clock is 125 MHz, which is what `-icount shift=3` makes of QEMU: eight nanoseconds
//!    an instruction. mtime counts at 10 MHz of the same time.

mod clint;
mod plic;
mod uart;

use crate::hash::StateHasher;
use crate::machine::ResetReason;
use clint::Clint;
use plic::Plic;
use ramscope_time::Instant;
use std::hash::Hash;
use uart::Uart16550;

/// An instruction takes eight nanoseconds.
pub(crate) const CPU_PERIOD_PS: u64 = 8_000;
/// Picoseconds of one step of mtime.
pub(crate) const MTIME_PERIOD_PS: u64 = 100_000;
/// Interrupt sources of the PLIC, number 0 (none) counted.
pub(crate) const SOURCES: usize = plic::SOURCES;

/// The PLIC's line of the UART.
const UART_LINE: u32 = 10;

const FINISHER: u32 = 0x0010_0000;
const FINISHER_BYTES: u32 = 0x1000;
const CLINT: u32 = 0x0200_0000;
const CLINT_BYTES: u32 = 0x1_0000;
const PLIC: u32 = 0x0C00_0000;
const PLIC_BYTES: u32 = 0x60_0000;
const UART: u32 = 0x1000_0000;
const UART_BYTES: u32 = 0x100;

/// mip bits (privileged manual, "Machine Interrupt Registers").
pub(crate) mod interrupt {
    pub(crate) const SOFTWARE: u32 = 1 << 3;
    pub(crate) const TIMER: u32 = 1 << 7;
    pub(crate) const EXTERNAL: u32 = 1 << 11;
}

/// The block that an address belongs to, and the offset within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Finisher(u32),
    Clint(u32),
    Plic(u32),
    Uart(u32),
}

fn block(address: u32) -> Option<Block> {
    let within = |base: u32, bytes: u32| {
        let offset = address.wrapping_sub(base);
        (offset < bytes).then_some(offset)
    };
    within(FINISHER, FINISHER_BYTES)
        .map(Block::Finisher)
        .or_else(|| within(CLINT, CLINT_BYTES).map(Block::Clint))
        .or_else(|| within(PLIC, PLIC_BYTES).map(Block::Plic))
        .or_else(|| within(UART, UART_BYTES).map(Block::Uart))
}

/// Whether an address is a register's.
pub(crate) fn is_register(address: u32) -> bool {
    block(address).is_some()
}

/// Whether an access of `bytes` is one that the device at `address` answers: the UART's registers
/// are bytes (a longer access means the byte at its address), all others words.
pub(crate) fn answers(address: u32, bytes: u32) -> bool {
    match block(address) {
        Some(Block::Uart(offset)) => offset < 8 && address.is_multiple_of(bytes),
        Some(_) => bytes == 4 && address.is_multiple_of(4),
        None => false,
    }
}

/// What the firmware asked of the finisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Finish {
    Exit(u32),
    Reset,
}

/// All devices.
#[derive(Clone, Debug)]
pub(crate) struct Virt {
    clint: Clint,
    plic: Plic,
    pub(crate) uart: Uart16550,
    finish: Option<Finish>,
    /// A device that knows about time was touched, so `next_event` may have moved.
    pub(crate) plans_changed: bool,
}

impl Virt {
    /// The devices at power-on.
    pub(crate) fn new() -> Self {
        Self {
            clint: Clint::default(),
            plic: Plic::new(),
            uart: Uart16550::new(),
            finish: None,
            plans_changed: true,
        }
    }

    /// Resets everything; time goes on.
    pub(crate) fn reset(&mut self, _: ResetReason, now: Instant) {
        self.clint = Clint::default();
        self.plic = Plic::new();
        self.uart.reset(now);
        self.finish = None;
    }

    /// Brings every device up to `now`.
    pub(crate) fn sync(&mut self, now: Instant) {
        self.clint.sync(now);
        self.uart.sync(now);
        self.update_sources();
    }

    /// Shows the UART's output to the PLIC.
    pub(crate) fn update_sources(&mut self) {
        self.plic.set_level(UART_LINE, self.uart.interrupt());
    }

    /// The next instant at which a device will do something by itself.
    pub(crate) fn next_event(&self) -> Instant {
        self.clint.next_event().min(self.uart.next_event())
    }

    /// A reset that was asked for, once.
    pub(crate) fn take_reset(&mut self) -> Option<ResetReason> {
        let is_reset = self.finish == Some(Finish::Reset);
        is_reset.then(|| {
            self.finish = None;
            ResetReason::SoftwareCore
        })
    }

    /// The exit code, once the firmware has asked for the end.
    pub(crate) fn exit_code(&self) -> Option<u32> {
        match self.finish {
            Some(Finish::Exit(code)) => Some(code),
            _ => None,
        }
    }

    /// The interrupts that are pending, as bits of mip.
    pub(crate) fn pending(&self) -> u32 {
        let bit = |level: bool, bit: u32| if level { bit } else { 0 };
        bit(self.clint.software_interrupt(), interrupt::SOFTWARE)
            | bit(self.clint.timer_interrupt(), interrupt::TIMER)
            | bit(self.plic.interrupt(), interrupt::EXTERNAL)
    }

    /// Raises a line of the PLIC from outside, until its interrupt is claimed.
    pub(crate) fn raise(&mut self, line: u8) {
        self.plic.raise(u32::from(line));
    }

    /// The processor took an interrupt. A line of the PLIC falls when it is claimed, not before.
    pub(crate) fn acknowledge(&mut self, _: u32) {}

    /// Reads the register at an address that [`answers`]; `None` where there is none.
    pub(crate) fn read(&mut self, address: u32, now: Instant) -> Option<u32> {
        self.sync(now);
        let value = match block(address)? {
            Block::Finisher(_) => 0,
            Block::Clint(offset) => self.clint.read(offset, now),
            Block::Plic(offset) => self.plic.read(offset),
            Block::Uart(offset) => {
                self.plans_changed = true;
                u32::from(self.uart.read(offset, now))
            }
        };
        self.update_sources();
        Some(value)
    }

    /// Writes the register at an address that [`answers`]; `None` where there is none.
    pub(crate) fn write(&mut self, address: u32, value: u32, now: Instant) -> Option<()> {
        self.sync(now);
        match block(address)? {
            Block::Finisher(0) => self.finish = finish(value).or(self.finish),
            Block::Finisher(_) => {}
            Block::Clint(offset) => self.clint.write(offset, value, now),
            Block::Plic(offset) => self.plic.write(offset, value),
            Block::Uart(offset) => self.uart.write(offset, value as u8, now),
        }
        self.plans_changed = true;
        self.update_sources();
        Some(())
    }

    /// What a register shows at the last [`sync`](Self::sync), without side effects.
    pub(crate) fn peek(&self, address: u32) -> u32 {
        match block(address) {
            Some(Block::Clint(offset)) => self.clint.peek(offset),
            Some(Block::Plic(offset)) => self.plic.peek(offset),
            Some(Block::Uart(_)) => {
                let of = |n: u32| u32::from(self.uart.peek((address & !3) % 8 + n)) << (8 * n);
                of(0) | of(1) | of(2) | of(3)
            }
            Some(Block::Finisher(_)) | None => 0,
        }
    }

    pub(crate) fn hash_into(&self, hasher: &mut StateHasher) {
        (&self.clint, &self.plic, &self.uart, self.finish).hash(hasher);
    }
}

/// What a word written to the finisher means.
fn finish(value: u32) -> Option<Finish> {
    match value & 0xFFFF {
        0x5555 => Some(Finish::Exit(0)),
        0x3333 => Some(Finish::Exit(value >> 16)),
        0x7777 => Some(Finish::Reset),
        _ => None,
    }
}
