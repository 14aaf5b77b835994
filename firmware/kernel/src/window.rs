//! Measuring windows: stretches of device time with peaks of their own.
//!
//! A budget of a phase asks for the deepest use of a stack between two instants, and a stack
//! remembers only one mark. So at the first instant everything is read and sent for the last
//! time, stacks are painted anew, and the next mark belongs to the next window. It all happens
//! at the end of one handler: what the samples say about the closing window is the last word, and the
//! new one begins with what is in use at that instant.
//!
//! Peaks since boot live on beside the paint and lose nothing.
#![expect(unsafe_code, reason = "paints stacks")]

use crate::port::{self, StackRange};
use crate::sample;
use crate::sched::Slot;
use crate::stack::paint;
use crate::timer;
use crate::{collect, kernel};
use ramscope_wire as wire;
use wire::{Level, WindowId};

/// What [`repaint_interrupts`] leaves alone below its stack pointer.
const IN_USE_BYTES: usize = 64;

/// Closes the window that is open, and opens this one, or the next if its number is not ahead.
///
/// # Context
/// Handler, when the interrupted unit's context is known.
pub(crate) fn open(number: WindowId) {
    sample::everything();
    sample::slots().for_each(repaint);
    kernel::with(|kernel| {
        kernel.window = number.0.max(kernel.window.saturating_add(1));
        kernel.heap.open_window();
        kernel.interrupt_peak_window = 0;
        kernel.handler_longest_window = 0;
        timer::open_window(kernel);
        collect::open_window(kernel);
        let window = WindowId(kernel.window);
        kernel.record(Level::Samples, &wire::WindowOpened { window });
    });
}

/// Paints what a stack does not use now. No thread runs, so what is below its stack pointer is free.
fn repaint(slot: Slot) {
    let Some(pointer) = port::stack_pointer() else { return };
    let found = kernel::with(|kernel| {
        sample::stack_of(kernel, slot, pointer).filter(|_| !sample::is_over(kernel, slot))
    });
    let Some((_, range, sp)) = found else { return };
    let bytes = sp.saturating_sub(range.low).min(range.bytes);
    // SAFETY: below the saved stack pointer of a unit, while a handler runs.
    unsafe { paint(StackRange { low: range.low, bytes }) };
}

/// Paints what the handlers' stack does not use now: what commands have put there is no use of it.
///
/// # Context
/// Handler.
#[inline(never)]
pub(crate) fn repaint_interrupts() {
    let range = kernel::with(|kernel| kernel.facts().interrupt_stack);
    let Some(pointer) = port::stack_pointer().filter(|pointer| range.holds(*pointer)) else {
        return;
    };
    let bytes = (pointer - range.low).saturating_sub(IN_USE_BYTES);
    // SAFETY: below our own stack pointer, with room left for the loop's frame; nothing nests.
    unsafe { paint(StackRange { low: range.low, bytes }) };
}
