//! Start-up code, the two devices that a program for the virt machine needs, and the mask.

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::ptr::write_volatile;

const UART: *mut u8 = 0x1000_0000 as *mut u8;
const FINISHER: *mut u32 = 0x0010_0000 as *mut u32;

global_asm!(
    ".section .start, \"ax\"",
    ".global _start",
    "_start:",
    "la sp, _stack_high",
    "call guest",
    "0: j 0b",
);

/// What the machine says on its UART.
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the transmit register of the 16550, which takes a byte at any time here.
            unsafe { write_volatile(UART, byte) }
        }
        Ok(())
    }
}

/// Prints on the UART.
#[macro_export]
macro_rules! say {
    ($($argument:tt)*) => {{
        use core::fmt::Write as _;
        // It never fails.
        let _ = write!($crate::machine::Console, $($argument)*);
    }};
}

/// Ends the run.
pub fn finish() -> ! {
    // SAFETY: the word that the finisher takes for an end without an error.
    unsafe { write_volatile(FINISHER, 0x5555) }
    loop {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say!("{info}\n");
    finish()
}

/// Masks interrupts, as every user of `critical-section` on this processor does.
struct Mask;

critical_section::set_impl!(Mask);

const MIE: usize = 1 << 3;

// SAFETY: one hart, and an interrupt that is masked cannot come between.
unsafe impl critical_section::Impl for Mask {
    unsafe fn acquire() -> bool {
        let before: usize;
        // SAFETY: clears mstatus.MIE and nothing else.
        unsafe { asm!("csrrci {}, mstatus, 8", out(reg) before) };
        before & MIE != 0
    }

    unsafe fn release(were_on: bool) {
        if were_on {
            // SAFETY: sets mstatus.MIE, as it was.
            unsafe { asm!("csrsi mstatus, 8") };
        }
    }
}
