//! Start-up code and the three devices that a program for the virt machine needs to be timed.
#![no_std]

use core::arch::global_asm;
use core::panic::PanicInfo;
use core::ptr::{read_volatile, write_volatile};

const UART: *mut u8 = 0x1000_0000 as *mut u8;
const FINISHER: *mut u32 = 0x0010_0000 as *mut u32;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const MTIME: *mut u32 = 0x0200_BFF8 as *mut u32;

global_asm!(
    ".section .start, \"ax\"",
    ".global _start",
    "_start:",
    "la sp, _stack_high",
    "call guest",
    "0: j 0b",
);

/// Says something on the UART.
pub fn say(text: &str) {
    for byte in text.bytes() {
        // SAFETY: the transmit register of the 16550, which takes a byte at any time on this machine.
        unsafe { write_volatile(UART, byte) }
    }
}

/// Says a number of eight digits.
pub fn say_hex(value: u32) {
    for digit in (0..8).rev().map(|n| value >> (4 * n) & 15) {
        // SAFETY: as in `say`.
        unsafe { write_volatile(UART, b"0123456789abcdef"[digit as usize]) }
    }
    say("\n");
}

/// Ends the run.
pub fn finish() -> ! {
    // SAFETY: the word that the finisher takes for an end without an error.
    unsafe { write_volatile(FINISHER, 0x5555) }
    loop {}
}

/// The lower half of mtime, which counts at 10 MHz.
pub fn mtime() -> u32 {
    // SAFETY: a register of the CLINT that can be read at any time.
    unsafe { read_volatile(MTIME) }
}

/// Lets a timer interrupt stand from `at` on. Both halves of mtime must be small.
pub fn wake_at(at: u32) {
    // SAFETY: a register of the CLINT; the upper half first stands far in the future.
    unsafe { write_volatile(MTIMECMP.add(1), u32::MAX) }
    // SAFETY: as above.
    unsafe { write_volatile(MTIMECMP, at) }
    // SAFETY: as above.
    unsafe { write_volatile(MTIMECMP.add(1), 0) }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    say("panic\n");
    finish()
}
