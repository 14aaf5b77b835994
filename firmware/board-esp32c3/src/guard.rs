//! Stack guards: two debug triggers, and the bounds that traps check.
//!
//! A trigger fires *before* a store into its 64-byte range (RISC-V debug specification, "Trigger
//! Module"; ESP32-C3 technical reference manual, "Debug Assistant"). PMP entries cannot do this:
//! through ESP-IDF's boot chain all of them arrive locked. Every trap clears `tcontrol.MTE`, so
//! the trap entry sets it again: the handlers' own guard is live while they run.

use core::arch::asm;
use core::cell::UnsafeCell;
use ramscope_kernel::GUARD_BYTES;

const _: () = assert!(GUARD_BYTES == 64, "one NAPOT range of 64 bytes");

/// `tdata1`: address match, NAPOT range, machine mode, stores.
const STORES_IN_RANGE: u32 = 2 << 28 | 1 << 7 | 1 << 6 | 1 << 1;
/// The low bits of a NAPOT range of 64 bytes.
pub(crate) const NAPOT_64: u32 = 0x1F;
/// A range at the top of the address space, where there is no memory.
pub(crate) const NOWHERE: u32 = 0xFFFF_FFC0 | NAPOT_64;
/// `tcontrol`: machine-mode triggers on, now and after `mret`.
pub(crate) const TRIGGERS_ON: u32 = 1 << 7 | 1 << 3;

/// The unit that runs and its stack: read by the trap entry, and by the harness's observer.
#[repr(C, align(16))]
pub(crate) struct Current {
    pub(crate) unit: u32,
    pub(crate) low: u32,
    pub(crate) bytes: u32,
    reserved: u32,
}

#[repr(transparent)]
pub(crate) struct CurrentCell(UnsafeCell<Current>);

#[expect(unsafe_code, reason = "shared with the trap entry")]
// SAFETY: written with interrupts masked only.
unsafe impl Sync for CurrentCell {}

#[expect(unsafe_code, reason = "a name that the trap entry and the harness know")]
#[unsafe(no_mangle)]
static RAMSCOPE_CURRENT: CurrentCell =
    CurrentCell(UnsafeCell::new(Current { unit: 0, low: 0, bytes: 0, reserved: 0 }));

/// Arms both triggers. Trigger 0 stays selected, for the switch to move.
#[expect(unsafe_code, reason = "writes CSRs")]
pub(crate) fn init(handlers_low: usize) {
    let handlers = (handlers_low - GUARD_BYTES) as u32 | NAPOT_64;
    // SAFETY: the triggers watch memory that nobody may write; trigger 0 watches nothing yet.
    unsafe {
        asm!(
            "csrwi 0x7A0, 1",
            "csrw 0x7A2, {handlers}",
            "csrw 0x7A1, {stores}",
            "csrwi 0x7A0, 0",
            "csrw 0x7A2, {nowhere}",
            "csrw 0x7A1, {stores}",
            "csrw 0x7A5, {on}",
            handlers = in(reg) handlers,
            stores = in(reg) STORES_IN_RANGE,
            nowhere = in(reg) NOWHERE,
            on = in(reg) TRIGGERS_ON,
            options(nostack),
        );
    }
}

/// The lowest address of the running unit's stack.
#[expect(unsafe_code, reason = "reads the shared bounds")]
pub(crate) fn current_low() -> usize {
    let current = RAMSCOPE_CURRENT.0.get();
    // SAFETY: a field of the static.
    let low = unsafe { &raw const (*current).low };
    // SAFETY: a word that changes only together with the unit that runs.
    unsafe { low.read_volatile() as usize }
}

/// Whether the running unit has so many bytes of its stack left. A handler's stack pointer may look as
/// if not, so who finds that looks again.
#[inline(always)]
pub(crate) fn has_stack(bytes: usize) -> bool {
    !is_stack_short(bytes) || is_handler()
}

/// Whether the running thread has less than so many bytes of its stack left. Not in handlers.
#[inline(always)]
#[expect(unsafe_code, reason = "reads a register and a word of the shared bounds")]
pub(crate) fn is_stack_short(bytes: usize) -> bool {
    let pointer: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack)) };
    // SAFETY: the address of a word of a static.
    let low = unsafe { &raw const (*RAMSCOPE_CURRENT.0.get()).low };
    // SAFETY: a word that changes only together with the unit that runs.
    let low = unsafe { low.read_volatile() };
    pointer < (low as usize).wrapping_add(bytes)
}

/// Whether a handler or start-up code runs: that is when `mscratch` is zero.
#[cold]
#[inline(never)]
#[expect(unsafe_code, reason = "reads a register")]
fn is_handler() -> bool {
    let scratch: usize;
    // SAFETY: reads a register.
    unsafe { asm!("csrr {}, mscratch", out(reg) scratch, options(nomem, nostack)) };
    scratch == 0
}
