//! The three interrupts: clock and software from the CLINT, the UART through the PLIC. All are levels:
//! one that was put off interrupts again when it is let through. No handler runs within another.

use crate::port::Virt;
use crate::registers::{clint, plic};
use crate::{clock, player, uart};
use core::arch::asm;
use core::cell::Cell;
use ramscope_kernel::port::Port;
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

/// Bits of `mie` that stand, but for those that are put off. The trap entry reads it.
#[repr(transparent)]
pub(crate) struct Wanted(Cell<u32>);

#[expect(unsafe_code, reason = "shared with the trap entry")]
// SAFETY: one word; written while the kernel is held.
unsafe impl Sync for Wanted {}

pub(crate) static WANTED: Wanted = Wanted(Cell::new(1 << SOFTWARE | 1 << EXTERNAL));

/// Lets the clock's interrupt through, or not.
#[expect(unsafe_code, reason = "writes a CSR")]
pub(crate) fn want_clock(on: bool) {
    const BIT: u32 = 1 << CLOCK;
    let others = WANTED.0.get() & !BIT;
    if on {
        WANTED.0.set(others | BIT);
        // SAFETY: the kernel is held: if it comes at once it is put off.
        unsafe { asm!("csrs mie, {}", in(reg) BIT, options(nostack)) };
    } else {
        WANTED.0.set(others);
        // SAFETY: as above.
        unsafe { asm!("csrc mie, {}", in(reg) BIT, options(nostack)) };
    }
}

/// Turns interrupts on in a handler, whose source is quiet by now.
pub(crate) fn let_others_come() {
    Virt::unmask(true);
}

/// Lets the UART's line through, and enables what is not the clock's.
#[expect(unsafe_code, reason = "writes a CSR")]
pub(crate) fn init() {
    clint::MSIP.write(0);
    plic::PRIORITY_UART.write(1);
    plic::THRESHOLD.write(0);
    plic::ENABLE.write(1 << plic::LINE_UART);
    // SAFETY: interrupts are masked in mstatus.
    unsafe { asm!("csrs mie, {}", in(reg) WANTED.0.get(), options(nostack)) };
}

/// Serves the interrupt of this number. Called by the trap handler only, masked; interrupts are on
/// afterwards.
#[expect(unsafe_code, reason = "tells the kernel what only a handler may")]
pub(crate) fn dispatch(number: u32) {
    match number {
        CLOCK => {
            clock::acknowledge();
            let_others_come();
            // SAFETY: between `enter` and `leave` of the trap handler.
            let is_kernels = unsafe { !player::is_on() || player::clock() };
            if is_kernels {
                // SAFETY: as above.
                unsafe { handler::clock() };
            }
        }
        EXTERNAL => {
            // A line that is claimed is quiet until that is completed.
            let line = plic::CLAIM.read();
            let_others_come();
            if line == plic::LINE_UART {
                serve_uart();
            }
            if line != 0 {
                plic::CLAIM.write(line);
            }
        }
        SOFTWARE => {
            clint::MSIP.write(0);
            let work = RAISED.0.take();
            let_others_come();
            if let Some(work) = work {
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
