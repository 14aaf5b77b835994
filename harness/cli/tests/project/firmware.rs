//! The firmware of the project that the transcripts are about: it says that it is up, and counts.
//!
//! It stands for an image that ramscope did not build and knows nothing of. `firmware.elf` is made of
//! it by hand, so that no test depends on a compiler:
//!
//! ```text
//! rustc --edition 2024 --target riscv32imc-unknown-none-elf -O -C panic=abort -C strip=symbols \
//!     -C link-arg=-Ttext=0x40380000 -C link-arg=--image-base=0x3fca0000 -C link-arg=-estart \
//!     --remap-path-prefix=$PWD=. firmware.rs -o firmware.elf
//! ```
#![no_std]
#![no_main]

use core::arch::naked_asm;
use core::ptr::write_volatile;

const UART0_FIFO: *mut u32 = 0x6000_0000 as *mut u32;

#[unsafe(naked)]
#[unsafe(no_mangle)]
extern "C" fn start() -> ! {
    naked_asm!("li sp, 0x3fcc0000", "j {main}", main = sym main)
}

extern "C" fn main() -> ! {
    say(b"hello from another project\nready\n");
    for round in 0..3u8 {
        for _ in 0..200_000 {
            core::hint::spin_loop();
        }
        say(&[b'r', b'o', b'u', b'n', b'd', b' ', b'0' + round, b'\n']);
    }
    loop {
        core::hint::spin_loop();
    }
}

fn say(text: &[u8]) {
    for &byte in text {
        // SAFETY: the address is that of UART0's FIFO, and nothing else runs.
        unsafe { write_volatile(UART0_FIFO, byte.into()) }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
