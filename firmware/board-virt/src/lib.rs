//! QEMU's `virt` machine, RV32, bare: start-up, UART, clock, interrupts, guards.
//!
//! The kernel's second, independent machine: any Debian or Ubuntu host has it, and the built-in
//! engine imitates it. The line that QEMU is started with makes it look like a small chip: code
//! executes in place in flash at `0x2000_0000`, and RAM has 400 KiB.
//!
//! The files are those of `board-esp32c3`, and differ where the machine does:
//! - **Guards** are entries of memory protection, not debug triggers. They must bind machine mode
//!   and yet move, so units run with mstatus.MPRV set and MPP = user: their loads and stores, and
//!   nothing else, have the rights of user mode.
//! - **Time** is mtime, 10 MHz, as the kernel's 16 MHz, and mcycle, which counts nanoseconds under
//!   `-icount`, as time stamps of 800 MHz: a multiple of the kernel's clock, as it asks.
//!
//! - **Input** can be a script in memory (`player`), because nobody can type to an emulator at a known
//!   instant. Without one nothing of it runs.
//!
//! Invariants: 1 to 3 of `board-esp32c3`, and
//! 4. Entry 0 guards the running unit's stack, entry 1, locked, the handlers'; entry 2 allows user
//!    mode everything else.
//! 5. While a unit runs, MPRV is set and MPP is user. A trap sets MPP to machine, and then handlers clear
//!    MPRV, because what is put off while they run leaves user mode in MPP. So they and the restoring of
//!    a frame are bound by locked entries only; who resumes a unit puts both back.
#![no_std]
#![cfg(target_arch = "riscv32")]

mod clock;
mod guard;
mod interrupts;
mod notes;
mod player;
mod port;
mod registers;
mod start;
mod switch;
mod trap;
mod uart;

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
