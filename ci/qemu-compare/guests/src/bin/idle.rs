//! A second in which almost nothing happens: a hundred times it wakes, looks at the time, and waits
//! for the next.
#![no_std]
#![no_main]

use core::arch::asm;
use speed_guests::{finish, mtime, say, wake_at};

const WAKES: u32 = 100;
/// Ten milliseconds.
const PERIOD: u32 = 100_000;

#[unsafe(no_mangle)]
extern "C" fn guest() -> ! {
    say("idle\n");
    // SAFETY: interrupts stay off in mstatus, so one that stands only ends a wait.
    unsafe { asm!("csrs mie, {}", in(reg) 1 << 7) }
    for n in 1..=WAKES {
        wake_at(n * PERIOD);
        while mtime() < n * PERIOD {
            // SAFETY: the timer has been set.
            unsafe { asm!("wfi") }
        }
    }
    finish()
}
