//! What one boot tells the next: three words of RAM that start-up code leaves alone; a reset keeps
//! RAM.

use ramscope_kernel::port::ResetNote;

/// A value that memory has after power-on only by an unlikely accident.
const MAGIC: u32 = 0x5243_5352;

#[repr(C)]
struct Notes {
    magic: u32,
    boots: u32,
    note: u32,
}

#[expect(unsafe_code, reason = "memory that start-up code must not clear")]
#[unsafe(link_section = ".noinit.notes")]
static mut NOTES: Notes = Notes { magic: 0, boots: 0, note: 0 };

/// Counts this boot; answers its number and what the last one left.
#[expect(unsafe_code, reason = "memory that start-up code must not clear")]
pub(crate) fn take() -> (u32, &'static str) {
    let notes = &raw mut NOTES;
    // SAFETY: start-up code runs alone; volatile because the image says it is zero.
    let mut value = unsafe { notes.read_volatile() };
    if value.magic != MAGIC {
        value = Notes { magic: MAGIC, boots: 0, note: 0 };
    }
    value.boots += 1;
    let text = match value.note {
        note if note == ResetNote::HandlerOverflow as u32 => {
            "ended by a stack overflow in a handler"
        }
        note if note == ResetNote::KernelFault as u32 => {
            "ended by a fault in a handler or in the kernel"
        }
        _ => "",
    };
    value.note = 0;
    let boots = value.boots;
    // SAFETY: as above.
    unsafe { notes.write_volatile(value) };
    (boots, text)
}

/// Leaves a note for the next boot.
#[expect(unsafe_code, reason = "memory that start-up code must not clear")]
pub(crate) fn leave(note: ResetNote) {
    let notes = &raw mut NOTES;
    // SAFETY: the device is about to reset; nothing else runs.
    let value = unsafe { notes.read_volatile() };
    // SAFETY: as above.
    unsafe { notes.write_volatile(Notes { note: note as u32, ..value }) };
}
