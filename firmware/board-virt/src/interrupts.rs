//! The three interrupts: clock and software from the CLINT, the UART through the PLIC.

use crate::registers::{clint, plic};
use crate::{clock, player, uart};
use core::arch::asm;
use core::cell::Cell;
use ramscope_kernel::{console, handler};

// The numbers of mcause (privileged manual, table of mcause values).
const SOFTWARE: u32 = 3;
const CLOCK: u32 = 7;
const EXTERNAL: u32 = 11;

/// What [`raise`] is to run.
struct Raised(Cell<Option<fn()>>);

#[expect(unsafe_code, reason = "shared between units and handlers")]
// SAFETY: touched with interrupts masked only.
unsafe impl Sync for Raised {}

static RAISED: Raised = Raised(Cell::new(None));

/// Lets the UART's line through, and enables what is not the clock's.
#[expect(unsafe_code, reason = "writes a CSR")]
pub(crate) fn init() {
    clint::MSIP.write(0);
    plic::PRIORITY_UART.write(1);
    plic::THRESHOLD.write(0);
    plic::ENABLE.write(1 << plic::LINE_UART);
    // SAFETY: interrupts are masked in mstatus.
    unsafe { asm!("csrs mie, {}", in(reg) 1 << SOFTWARE | 1 << EXTERNAL, options(nostack)) };
}

/// Serves the interrupt of this number. Called by the trap handler only.
#[expect(unsafe_code, reason = "tells the kernel what only a handler may")]
pub(crate) fn dispatch(number: u32) {
    match number {
        CLOCK => {
            clock::acknowledge();
            // SAFETY: between `enter` and `leave` of the trap handler.
            let is_kernels = unsafe { !player::is_on() || player::clock() };
            if is_kernels {
                // SAFETY: as above.
                unsafe { handler::clock() };
            }
        }
        EXTERNAL => {
            let line = plic::CLAIM.read();
            if line == plic::LINE_UART {
                serve_uart();
            }
            if line != 0 {
                plic::CLAIM.write(line);
            }
        }
        SOFTWARE => {
            clint::MSIP.write(0);
            if let Some(work) = RAISED.0.take() {
                work();
                // SAFETY: between `enter` and `leave` of the trap handler.
                unsafe { handler::ran_program() };
            }
        }
        _ => {}
    }
}

#[expect(unsafe_code, reason = "tells the kernel what only a handler may")]
fn serve_uart() {
    let (received, room) = uart::due();
    if received {
        let mut bytes = [0; 32];
        let count = uart::receive(&mut bytes);
        // SAFETY: between `enter` and `leave` of the trap handler.
        unsafe { console::received(&bytes[..count]) };
    }
    if room {
        // SAFETY: between `enter` and `leave` of the trap handler.
        unsafe { console::transmit_ready() };
    }
}

/// Runs `work` in a software interrupt, unless something else waits for that already. Interrupts
/// masked by the caller.
pub(crate) fn raise(work: fn()) -> bool {
    let free = RAISED.0.get().is_none();
    if free {
        RAISED.0.set(Some(work));
        clint::MSIP.write(1);
    }
    free
}
