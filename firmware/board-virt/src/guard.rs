//! Stack guards: two entries of memory protection, and the bounds that traps check.
//!
//! A store into a guard raises an access fault before anything is written, and says where
//! (privileged manual, "Physical Memory Protection"). A locked entry binds machine mode but never
//! moves; an entry that moves binds user mode only. So units run with the rights of user mode for
//! their loads and stores (mstatus.MPRV, MPP = user), and the guard of the handlers, which never
//! moves, is locked. Loads from a guard are allowed, as on the ESP32-C3.
//!
//! # What QEMU remembers
//! QEMU keeps for each page that was accessed what was allowed then, and forgets it when a `pmpcfg` register
//! is written; up to 7.2 not when a `pmpaddr` register is (`target/riscv/pmp.c`). So a guard that moves
//! into a page which was accessed before would guard nothing. Whoever arms a guard therefore writes
//! `pmpcfg0` as it is. Where a guard moves away nothing is to be forgotten: accesses to a page of which an
//! entry covers a part are looked at one by one.

use core::arch::asm;
use core::cell::UnsafeCell;
use ramscope_kernel::GUARD_BYTES;
use ramscope_kernel::port::Seat;

const _: () = assert!(GUARD_BYTES == 64, "one NAPOT range of 64 bytes");

/// The low bits of the address of a NAPOT range of 64 bytes; the address itself counts words.
pub(crate) const NAPOT_64: u32 = 7;
/// A range at the top of the address space, where there is no memory.
pub(crate) const NOWHERE: u32 = 0xFFFF_FFC0 >> 2 | NAPOT_64;
/// pmpcfg0: entry 0 NAPOT, readable; entry 1 the same and locked; entry 2 NAPOT, everything.
const ENTRIES: u32 = 0x1F << 16 | 0x99 << 8 | 0x19;
/// mstatus.MPRV and MPP = machine: nothing is bound yet that is not locked.
const MPRV_AND_MPP: u32 = MPRV | MPP;
/// mstatus.MPRV.
pub(crate) const MPRV: u32 = 1 << 17;
/// mstatus.MPP.
pub(crate) const MPP: u32 = 3 << 11;

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

/// The address register for a guard at `first`.
fn guard_at(first: usize) -> u32 {
    (first as u32) >> 2 | NAPOT_64
}

/// Arms both guards.
#[expect(unsafe_code, reason = "writes CSRs")]
pub(crate) fn init(handlers_low: usize) {
    // SAFETY: the entries guard memory that nobody may write; entry 0 guards nothing yet.
    unsafe {
        asm!(
            "csrw pmpaddr0, {nowhere}",
            "csrw pmpaddr1, {handlers}",
            "csrw pmpaddr2, {all}",
            "csrw pmpcfg0, {entries}",
            "csrs mstatus, {mprv}",
            nowhere = in(reg) NOWHERE,
            handlers = in(reg) guard_at(handlers_low - GUARD_BYTES),
            all = in(reg) u32::MAX,
            entries = in(reg) ENTRIES,
            mprv = in(reg) MPRV_AND_MPP,
            options(nostack),
        );
    }
}

/// Makes memory behind the board's RAM, up to `end`, what it is on a machine of the size that the
/// image is linked for: not there, for whoever asks.
///
/// Two locked entries below the one that allows everything, which moves up.
#[expect(unsafe_code, reason = "writes CSRs")]
pub(crate) fn take_away(first: usize, end: usize) {
    /// pmpcfg0, entries 2 and 3: entry 3 reaches from 2's address to its own, locked, and allows
    /// nothing. pmpcfg1: entry 4 as entry 2 was.
    const REACH: u32 = 0x88 << 24 | ENTRIES & 0xFFFF;
    // SAFETY: nothing of the image lies there, and between the two writes machine mode runs.
    unsafe {
        asm!(
            "csrw pmpaddr4, {all}",
            "csrw pmpcfg1, {everything}",
            "csrw pmpaddr2, {first}",
            "csrw pmpaddr3, {end}",
            "csrw pmpcfg0, {reach}",
            all = in(reg) u32::MAX,
            everything = in(reg) 0x1F_u32,
            first = in(reg) first >> 2,
            end = in(reg) end >> 2,
            reach = in(reg) REACH,
            options(nostack),
        );
    }
}

/// Moves guard and bounds to the unit that a trap is going to resume.
#[expect(unsafe_code, reason = "writes a CSR and the shared bounds")]
pub(crate) fn enter(seat: &Seat) {
    let current = RAMSCOPE_CURRENT.0.get();
    let low = seat.stack.low;
    let value =
        Current { unit: seat.unit, low: low as u32, bytes: seat.stack.bytes as u32, reserved: 0 };
    // SAFETY: interrupts are masked.
    unsafe { current.write_volatile(value) };
    // SAFETY: the range below the stack is its guard.
    unsafe {
        asm!(
            "csrw pmpaddr0, {guard}",
            // See "What QEMU remembers".
            "csrr {entries}, pmpcfg0",
            "csrw pmpcfg0, {entries}",
            guard = in(reg) guard_at(low - GUARD_BYTES),
            entries = out(reg) _,
            options(nostack),
        );
    }
}

/// Whether an address is in the guard below a stack.
pub(crate) fn is_in_guard(address: usize, low: usize) -> bool {
    (low - GUARD_BYTES..low).contains(&address)
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
