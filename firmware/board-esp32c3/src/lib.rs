//! ESP32-C3, bare: start-up, UART, clock, interrupts, guards.
//!
//! The problem: the kernel needs a clock, a console and a guard below each stack, and the image
//! must run wherever an ESP32-C3 is or is imitated, without a boot loader or a vendor library in the
//! way, and without a ROM call until somebody writes to flash. The idea: touch as few registers as possible, all of them named in
//! `registers.rs`, and nothing that only works on one of the machines.
//!
//! Proven on the built-in engine. **Untested on silicon**: no board was at hand.
//!
//! Invariants:
//! 1. No handler runs within another, or while the kernel is held: what comes then is put off (`trap`). They
//!    run on a stack of their own.
//! 2. `mscratch` holds the top of that stack while a unit runs, and zero while a handler, start-up code
//!    or the kernel between two units does: a trap that no unit can answer for is told apart by one
//!    branch and goes to the emergency stack.
//! 3. Nothing is written through an interrupted stack pointer before it was compared with the
//!    bounds in `RAMSCOPE_CURRENT`, but where the kernel is held: who took it has looked that there is room.
//!    The thread pointer says so; it is zero while the kernel is free.
//! 4. Debug trigger 0 guards the running unit's stack, trigger 1 the handlers'; trigger 0 is the
//!    selected one except while `guard.rs` arms them.
#![no_std]
#![cfg(target_arch = "riscv32")]

mod clock;
mod flash;
mod guard;
mod interrupts;
mod notes;
mod port;
mod registers;
mod start;
mod switch;
mod trap;
mod uart;
mod watchdogs;

pub use start::start;

/// Programs of this image may use the `alloc` crate: its memory is the kernel's heap.
#[global_allocator]
static HEAP: ramscope_kernel::mem::KernelHeap = ramscope_kernel::mem::KernelHeap;

/// Makes this crate's start-up code run the kernel with these programs.
#[macro_export]
macro_rules! run {
    ($programs:expr) => {
        #[unsafe(no_mangle)]
        extern "C" fn ramscope_main() -> ! {
            $crate::start($programs)
        }
    };
}
