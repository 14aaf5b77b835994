//! The interrupt matrix: three sources, three lines, one priority.
//!
//! Lines 2 to 4: line 1 does not work on silicon. All level-triggered: one that was put off interrupts
//! again when it is let through. No handler runs within another.

use crate::port::{Esp32c3, note_put_off};
use crate::registers::{matrix, system};
use crate::{clock, uart};
use core::cell::Cell;
use ramscope_kernel::port::Port;
use ramscope_kernel::{console, handler};

const LINE_CLOCK: u32 = 2;
const LINE_UART: u32 = 3;
const LINE_RAISED: u32 = 4;
/// All of them, as the enable register has them.
pub(crate) const ALL_LINES: u32 = 1 << LINE_CLOCK | 1 << LINE_UART | 1 << LINE_RAISED;

/// What [`raise`] is to run.
struct Raised(Cell<Option<fn()>>);

#[expect(unsafe_code, reason = "shared between units and handlers")]
// SAFETY: touched with interrupts masked only.
unsafe impl Sync for Raised {}

static RAISED: Raised = Raised(Cell::new(None));

/// Routes and enables the three sources.
pub(crate) fn init() {
    matrix::MAP.plus(matrix::SOURCE_SYSTIMER_TARGET0).write(LINE_CLOCK);
    matrix::MAP.plus(matrix::SOURCE_UART0).write(LINE_UART);
    matrix::MAP.plus(matrix::SOURCE_FROM_CPU_0).write(LINE_RAISED);
    matrix::TYPE.write(0);
    for line in [LINE_CLOCK, LINE_UART, LINE_RAISED] {
        matrix::PRIORITY.plus(line as usize).write(2);
    }
    matrix::THRESHOLD.write(1);
    matrix::ENABLE.write(ALL_LINES);
}

/// Turns interrupts on in a handler, whose source is quiet by now.
#[inline(always)]
fn let_others_come() {
    Esp32c3::unmask(true);
}

/// Serves `line`. Called by the trap handler only, masked; interrupts are on afterwards.
#[expect(unsafe_code, reason = "tells the kernel what only a handler may")]
#[inline(always)]
pub(crate) fn dispatch(line: u32) {
    match line {
        LINE_CLOCK => serve_clock(),
        LINE_UART => serve_uart(),
        LINE_RAISED => {
            system::FROM_CPU_0.write(0);
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

#[inline(never)]
#[expect(unsafe_code, reason = "tells the kernel what only a handler may")]
fn serve_clock() {
    clock::acknowledge();
    let_others_come();
    // SAFETY: between `enter` and `leave` of the trap handler.
    unsafe { handler::clock() };
}

#[inline(never)]
#[expect(unsafe_code, reason = "tells the kernel what only a handler may")]
fn serve_uart() {
    // The bytes take a while: put off until they are taken, as if it came in a section.
    note_put_off();
    matrix::ENABLE.clear(1 << LINE_UART);
    let_others_come();
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
    uart::acknowledge();
}

/// Runs `work` on [`LINE_RAISED`], unless something else waits for that already. Interrupts masked
/// by the caller.
pub(crate) fn raise(work: fn()) -> bool {
    let free = RAISED.0.get().is_none();
    if free {
        RAISED.0.set(Some(work));
        system::FROM_CPU_0.write(1);
    }
    free
}
