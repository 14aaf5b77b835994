//! Traps: the one entry, what it saves where, and who is told.
//!
//! The thread pointer, which nothing here uses for variables of threads, says whether the kernel is held
//! ([`HELD`]) and whether anything was put off ([`PUT_OFF`]): zero is free. So the entry knows what it has
//! interrupted before it has saved anything, and one instruction takes the kernel or lets it go.
//!
//! *Free:* it swaps to the handlers' stack first and looks at the interrupted stack pointer before
//! it writes a byte through it. If the frame fits the running unit's stack, it goes there, and a
//! switch is no more than answering another context. If not, the stack has overflowed: the frame
//! goes to the handlers' stack, and the kernel ends that unit. From then on the kernel is held, and
//! interrupts are on as soon as the source of this one is quiet. Loads and stores have machine mode's
//! rights until a unit is resumed: an interrupt within the handler leaves user mode in MPP.
//!
//! *Held,* by thread code or by a handler: an interrupt is put off. Its bit in `mie` is cleared, the thread
//! pointer says so, and what was interrupted goes on; [`Port::let_go`](ramscope_kernel::port::Port::let_go), the
//! switch and the end of a handler set the bits again. This takes a word below the stack pointer, for
//! which there is room: sections ask for it, and handlers have a guard. An exception there goes the way
//! of all others, or, within a handler, where `mscratch` is zero, to the emergency stack, from which
//! nothing returns. Both are told apart from interrupts before a byte is written.
#![expect(unsafe_code, reason = "the trap entry")]

use crate::guard::{self, Current};
use crate::interrupts;
use crate::port::{HELD, PUT_OFF};
use core::arch::global_asm;
use core::mem::offset_of;
use core::ptr::NonNull;
use ramscope_kernel::handler;
use ramscope_kernel::port::{Context, Interrupts, Seat};
use ramscope_kernel::teardown::{self, Fault, Overflow};
use ramscope_kernel::wire::OverflowHow;

/// Everything of an interrupted unit but its stack pointer, which is where the frame ends. The
/// harness reads it too, for debuggers.
#[repr(C, align(16))]
struct Frame {
    restore: usize,
    ra: usize,
    t: [usize; 7],
    s: [usize; 12],
    a: [usize; 8],
    mepc: usize,
    mstatus: usize,
    /// Not zero: the kernel was held.
    held: usize,
}

const _: () = assert!(size_of::<Frame>().is_multiple_of(16), "the stack stays aligned");

/// Bytes that the entry takes of the handlers' stack before it has saved anything.
const SCRATCH_BYTES: usize = 16;

global_asm!(
    ".section .trap, \"ax\"",
    // A table of four-byte jumps, one for each interrupt (privileged manual, mtvec, vectored mode).
    ".balign 64",
    ".option push",
    ".option norvc",
    ".global ramscope_vectors",
    "ramscope_vectors:",
    ".rept 12",
    "j ramscope_trap_entry",
    ".endr",
    ".option pop",
    "ramscope_trap_entry:",
    "bnez tp, 5f",
    "csrrw sp, mscratch, sp",
    "6:",
    "sw t0, -4(sp)",
    "sw t1, -8(sp)",
    "sw t2, -12(sp)",
    // Does a frame fit between the bounds of the running unit's stack?
    "csrr t0, mscratch",
    "addi t0, t0, -{frame}",
    "la t1, RAMSCOPE_CURRENT",
    "lw t2, {current_low}(t1)",
    "lw t1, {current_bytes}(t1)",
    "addi t1, t1, -{frame}",
    "sub t2, t0, t2",
    "sltu t2, t1, t2",
    "beqz t2, 1f",
    // It does not: the frame goes to the handlers' stack, below the scratch words.
    "addi t0, sp, -({frame} + {scratch})",
    "1:",
    "sw ra, {ra}(t0)",
    "lw t1, -4(sp)",
    "sw t1, {t}+0(t0)",
    "lw t1, -8(sp)",
    "sw t1, {t}+4(t0)",
    "lw t1, -12(sp)",
    "sw t1, {t}+8(t0)",
    "2:",
    "sw t3, {t}+12(t0)",
    "sw t4, {t}+16(t0)",
    "sw t5, {t}+20(t0)",
    "sw t6, {t}+24(t0)",
    "sw s0, {s}+0(t0)",
    "sw s1, {s}+4(t0)",
    "sw s2, {s}+8(t0)",
    "sw s3, {s}+12(t0)",
    "sw s4, {s}+16(t0)",
    "sw s5, {s}+20(t0)",
    "sw s6, {s}+24(t0)",
    "sw s7, {s}+28(t0)",
    "sw s8, {s}+32(t0)",
    "sw s9, {s}+36(t0)",
    "sw s10, {s}+40(t0)",
    "sw s11, {s}+44(t0)",
    "sw a0, {a}+0(t0)",
    "sw a1, {a}+4(t0)",
    "sw a2, {a}+8(t0)",
    "sw a3, {a}+12(t0)",
    "sw a4, {a}+16(t0)",
    "sw a5, {a}+20(t0)",
    "sw a6, {a}+24(t0)",
    "sw a7, {a}+28(t0)",
    "csrr a1, mcause",
    "csrr a2, mtval",
    "mv a3, t2",
    "csrr a4, mscratch",
    "csrr t1, mepc",
    "sw t1, {mepc}(t0)",
    "csrr t1, mstatus",
    "sw t1, {mstatus}(t0)",
    "sw tp, {held}(t0)",
    "la t1, ramscope_restore_interrupted",
    "sw t1, {restore}(t0)",
    "beqz t2, 3f",
    "mv sp, t0",
    "3:",
    // From here on an exception is a trap within a trap.
    "csrw mscratch, zero",
    "ori tp, tp, 1",
    "li t1, {mprv}",
    "csrc mstatus, t1",
    "mv a0, t0",
    "call ramscope_trap",
    "csrci mstatus, {mie}",
    "addi tp, tp, -1",
    "beqz tp, 4f",
    "jal t0, ramscope_recall_masked",
    "4:",
    "la t0, _ramscope_interrupt_stack_high",
    "csrw mscratch, t0",
    "mv sp, a0",
    "lw t0, 0(sp)",
    "jr t0",
    // The kernel is held: until an interrupt is known to be one, no memory is touched.
    "5:",
    "csrr tp, mcause",
    "bgez tp, 7f",
    "sw t0, -4(sp)",
    "li t0, 1",
    "sll t0, t0, tp", // by the low five bits, its number
    "csrc mie, t0",
    "li tp, {held_and_put_off}",
    "lw t0, -4(sp)",
    "mret",
    // What was in the thread pointer is lost; that nothing was put off does no harm.
    "7:",
    "li tp, {held_and_put_off}",
    "csrrw sp, mscratch, sp",
    "bnez sp, 6b",
    "j 8f",
    "ramscope_restore_interrupted:",
    "lw t0, {mepc}(sp)",
    "csrw mepc, t0",
    "lw t0, {mstatus}(sp)",
    "csrw mstatus, t0",
    "lw ra, {ra}(sp)",
    "lw t0, {t}+0(sp)",
    "lw t1, {t}+4(sp)",
    "lw t2, {t}+8(sp)",
    "lw t3, {t}+12(sp)",
    "lw t4, {t}+16(sp)",
    "lw t5, {t}+20(sp)",
    "lw t6, {t}+24(sp)",
    "lw s0, {s}+0(sp)",
    "lw s1, {s}+4(sp)",
    "lw s2, {s}+8(sp)",
    "lw s3, {s}+12(sp)",
    "lw s4, {s}+16(sp)",
    "lw s5, {s}+20(sp)",
    "lw s6, {s}+24(sp)",
    "lw s7, {s}+28(sp)",
    "lw s8, {s}+32(sp)",
    "lw s9, {s}+36(sp)",
    "lw s10, {s}+40(sp)",
    "lw s11, {s}+44(sp)",
    "lw a0, {a}+0(sp)",
    "lw a1, {a}+4(sp)",
    "lw a2, {a}+8(sp)",
    "lw a3, {a}+12(sp)",
    "lw a4, {a}+16(sp)",
    "lw a5, {a}+20(sp)",
    "lw a6, {a}+24(sp)",
    "lw a7, {a}+28(sp)",
    "addi sp, sp, {frame}",
    "mret",
    // A trap within a trap: all registers to the emergency stack, and never back.
    "8:",
    "la sp, _ramscope_emergency_stack_high - {frame}",
    "sw ra, {ra}(sp)",
    "sw t0, {t}+0(sp)",
    "sw t1, {t}+4(sp)",
    "sw t2, {t}+8(sp)",
    "sw t3, {t}+12(sp)",
    "sw t4, {t}+16(sp)",
    "sw t5, {t}+20(sp)",
    "sw t6, {t}+24(sp)",
    "sw s0, {s}+0(sp)",
    "sw s1, {s}+4(sp)",
    "sw s2, {s}+8(sp)",
    "sw s3, {s}+12(sp)",
    "sw s4, {s}+16(sp)",
    "sw s5, {s}+20(sp)",
    "sw s6, {s}+24(sp)",
    "sw s7, {s}+28(sp)",
    "sw s8, {s}+32(sp)",
    "sw s9, {s}+36(sp)",
    "sw s10, {s}+40(sp)",
    "sw s11, {s}+44(sp)",
    "sw a0, {a}+0(sp)",
    "sw a1, {a}+4(sp)",
    "sw a2, {a}+8(sp)",
    "sw a3, {a}+12(sp)",
    "sw a4, {a}+16(sp)",
    "sw a5, {a}+20(sp)",
    "sw a6, {a}+24(sp)",
    "sw a7, {a}+28(sp)",
    "csrr t0, mepc",
    "sw t0, {mepc}(sp)",
    "mv a0, sp",
    "csrr a1, mcause",
    "csrr a2, mtval",
    "csrr a3, mscratch",
    "csrw mscratch, zero",
    "call ramscope_trap_within_trap",
    "9: j 9b",
    // Says to the trap handler, without touching the stack, that it is used up.
    ".global ramscope_stack_exhausted",
    "ramscope_stack_exhausted:",
    ".option push",
    ".option norvc",
    "ebreak",
    ".option pop",
    "j ramscope_stack_exhausted",
    ".text",
    frame = const size_of::<Frame>(),
    scratch = const SCRATCH_BYTES,
    restore = const offset_of!(Frame, restore),
    ra = const offset_of!(Frame, ra),
    t = const offset_of!(Frame, t),
    s = const offset_of!(Frame, s),
    a = const offset_of!(Frame, a),
    mepc = const offset_of!(Frame, mepc),
    mstatus = const offset_of!(Frame, mstatus),
    held = const offset_of!(Frame, held),
    current_low = const offset_of!(Current, low),
    current_bytes = const offset_of!(Current, bytes),
    mprv = const guard::MPRV,
    mie = const 1 << 3,
    held_and_put_off = const HELD | PUT_OFF,
);

unsafe extern "C" {
    fn ramscope_vectors();
    fn ramscope_stack_exhausted() -> !;
    static _ramscope_interrupt_stack_low: u8;
}

/// Points `mtvec` to the vectors. `mscratch` stays zero until a unit runs: a trap before that goes to
/// the emergency stack.
pub(crate) fn init() {
    // SAFETY: both CSRs belong to this module; interrupts are masked.
    unsafe {
        core::arch::asm!(
            "csrw mtvec, {vectors}",
            vectors = in(reg) ramscope_vectors as *const () as usize | 1,
            options(nostack),
        );
    }
}

/// Ends the running unit: its stack is used up.
pub(crate) fn stack_exhausted() -> ! {
    // SAFETY: the routine touches nothing but traps.
    unsafe { ramscope_stack_exhausted() }
}

const INTERRUPT: usize = 1 << 31;
const BREAKPOINT: usize = 3;
const STORE_FAULT: usize = 7;

/// Every trap of a unit. Answers the context to go on with.
///
/// # Safety
/// Called by the trap entry only.
#[unsafe(no_mangle)]
unsafe extern "C" fn ramscope_trap(
    frame: *const Frame,
    cause: usize,
    value: usize,
    outside: usize,
    sp: usize,
) -> Context {
    // SAFETY: the entry has just written it.
    let frame_ref = unsafe { &*frame };
    let resume = if outside != 0 {
        interrupts::let_others_come();
        Some(outside_of_stack(frame_ref, cause, value, sp))
    } else if cause & INTERRUPT != 0 {
        // SAFETY: this is the trap of a unit that did not hold the kernel, masked by the processor.
        unsafe { handler::enter() };
        interrupts::dispatch(cause as u32 & 0x1F);
        // SAFETY: after `enter`; the entry has completed the frame, and `guard::enter` follows.
        unsafe { handler::leave(frame as Context) }
    } else {
        interrupts::let_others_come();
        Some(exception(frame_ref, cause, value, sp))
    };
    match resume {
        None => frame as Context,
        Some(seat) => {
            // SAFETY: the kernel's own, and nothing else refers to it now.
            let seat = unsafe { seat.as_ref() };
            guard::enter(seat);
            seat.context
        }
    }
}

/// A trap whose frame does not fit the stack that it interrupted.
fn outside_of_stack(frame: &Frame, cause: usize, value: usize, sp: usize) -> NonNull<Seat> {
    let pc = frame.mepc;
    let inside = sp >= guard::current_low();
    match cause {
        BREAKPOINT => exception(frame, cause, value, sp),
        STORE_FAULT if guard::is_in_guard(value, guard::current_low()) => {
            exception(frame, cause, value, sp)
        }
        // Little stack is left, but what happened is an illegal access.
        _ if cause & INTERRUPT == 0 && inside => exception(frame, cause, value, sp),
        _ => {
            // What could not be written is the frame.
            let address = sp.wrapping_sub(size_of::<Frame>());
            end_overflowed(frame, Overflow { how: OverflowHow::Trap, pc, sp, address })
        }
    }
}

fn end_overflowed(frame: &Frame, overflow: Overflow) -> NonNull<Seat> {
    // SAFETY: called in the trap of the unit, and what it answers is resumed.
    unsafe { teardown::overflow(overflow, interrupts_of(frame)) }
}

/// How the unit had interrupts.
fn interrupts_of(frame: &Frame) -> Interrupts {
    const MPIE: usize = 1 << 7;
    let were_on = frame.mstatus & MPIE != 0 && frame.held == 0;
    if were_on { Interrupts::On } else { Interrupts::Masked }
}

fn is_exhausted(pc: usize) -> bool {
    pc == ramscope_stack_exhausted as *const () as usize
}

/// A kernel call found too little stack; `ra` is where in that call.
fn exhausted(frame: &Frame, sp: usize) -> Overflow {
    Overflow { how: OverflowHow::KernelCall, pc: frame.ra, sp, address: sp }
}

fn exception(frame: &Frame, cause: usize, value: usize, sp: usize) -> NonNull<Seat> {
    let pc = frame.mepc;
    if cause == BREAKPOINT && is_exhausted(pc) {
        return end_overflowed(frame, exhausted(frame, sp));
    }
    if cause == STORE_FAULT && guard::is_in_guard(value, guard::current_low()) {
        return end_overflowed(frame, Overflow { how: OverflowHow::Guard, pc, sp, address: value });
    }
    let fault = Fault { cause: cause as u32, pc, address: value, ra: frame.ra };
    // SAFETY: called in the trap of the unit, and what it answers is resumed.
    unsafe { teardown::fault(fault, interrupts_of(frame)) }
}

/// A trap of a handler, or of the kernel before it runs units.
///
/// # Safety
/// Called by the trap entry only.
#[unsafe(no_mangle)]
unsafe extern "C" fn ramscope_trap_within_trap(
    frame: *const Frame,
    cause: usize,
    value: usize,
    sp: usize,
) -> ! {
    // SAFETY: the entry has just written it.
    let frame = unsafe { &*frame };
    let pc = frame.mepc;
    let low = &raw const _ramscope_interrupt_stack_low as usize;
    if cause == STORE_FAULT && guard::is_in_guard(value, low) {
        let overflow = Overflow { how: OverflowHow::HandlerGuard, pc, sp, address: value };
        let by = low.saturating_sub(value.min(sp));
        let what = format_args!("a handler overflowed its stack by {by} B, pc {pc:#010x}");
        teardown::fatal(what, Some(overflow), low);
    }
    let what = format_args!("trap {cause} in a handler, pc {pc:#010x}, address {value:#010x}");
    teardown::fatal(what, None, low)
}
