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
//! interrupts are on as soon as the source of this one is quiet.
//!
//! *Held,* by thread code or by a handler: an interrupt is put off. Its line is disabled, the thread
//! pointer says so, and what was interrupted goes on; [`Port::let_go`](ramscope_kernel::port::Port::let_go), the switch and
//! the end of a handler let the lines through again. This takes two words below the stack pointer, for which
//! there is room: sections ask for it, and handlers have a guard. An exception there goes the way
//! of all others, or, within a handler, where `mscratch` is zero, to the emergency stack, from which
//! nothing returns. Both are told apart from interrupts before a byte is written.
#![expect(unsafe_code, reason = "the trap entry")]

use crate::guard::{self, Current, TRIGGERS_ON};
use crate::interrupts::{self, ALL_LINES};
use crate::port::{HELD, PUT_OFF};
use crate::registers::matrix;
use crate::switch::GAVE_WAY_BYTES;
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

/// What a saved context takes of a stack: of a unit that gave way, and of one that was interrupted. For
/// whoever measures.
#[used]
#[unsafe(no_mangle)]
static RAMSCOPE_CONTEXTS: [u32; 2] = [GAVE_WAY_BYTES as u32, size_of::<Frame>() as u32];

/// `mstatus` in the trap of a unit that had interrupts on: MPP is machine, and MPIE is set. What is put off
/// while a handler runs leaves others there.
const INTERRUPTED: usize = 3 << 11 | MPIE;
const MPIE: usize = 1 << 7;

/// Bytes that the entry takes of the handlers' stack before it has saved anything.
const SCRATCH_BYTES: usize = 16;

global_asm!(
    ".section .trap, \"ax\"",
    // 256-byte aligned table of 32 four-byte jumps (TRM, "ESP-RISC-V CPU", mtvec).
    ".balign 256",
    ".option push",
    ".option norvc",
    ".global ramscope_vectors",
    "ramscope_vectors:",
    ".rept 32",
    "j ramscope_trap_entry",
    ".endr",
    ".option pop",
    // What a call may change; the rest is a called function's to keep.
    ".macro ramscope_keep_caller_saved",
    "sw ra, {ra}(t0)",
    "lw t1, -4(sp)",
    "sw t1, {t}+0(t0)",
    "lw t1, -8(sp)",
    "sw t1, {t}+4(t0)",
    "lw t1, -12(sp)",
    "sw t1, {t}+8(t0)",
    "sw t3, {t}+12(t0)",
    "sw t4, {t}+16(t0)",
    "sw t5, {t}+20(t0)",
    "sw t6, {t}+24(t0)",
    "sw a0, {a}+0(t0)",
    "sw a1, {a}+4(t0)",
    "sw a2, {a}+8(t0)",
    "sw a3, {a}+12(t0)",
    "sw a4, {a}+16(t0)",
    "sw a5, {a}+20(t0)",
    "sw a6, {a}+24(t0)",
    "sw a7, {a}+28(t0)",
    ".endm",
    // The rest, where the unit does not go on at once.
    ".macro ramscope_keep_others",
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
    "la t1, ramscope_restore_interrupted",
    "sw t1, {restore}(t0)",
    ".endm",
    // How it was interrupted.
    ".macro ramscope_keep_state",
    "csrr t1, mepc",
    "sw t1, {mepc}(t0)",
    "csrr t1, mstatus",
    "sw t1, {mstatus}(t0)",
    "sw tp, {held}(t0)",
    ".endm",
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
    "lui t1, %hi(RAMSCOPE_CURRENT)",
    "lw t2, %lo(RAMSCOPE_CURRENT + {current_low})(t1)",
    "lw t1, %lo(RAMSCOPE_CURRENT + {current_bytes})(t1)",
    "addi t1, t1, -{frame}",
    "sub t2, t0, t2",
    "bltu t1, t2, 2f",
    "ramscope_keep_caller_saved",
    "csrr a0, mcause",
    "bgez a0, 1f",
    // What is put off meanwhile is a trap of its own.
    "csrr t1, mepc",
    "sw t1, {mepc}(t0)",
    // From here on an exception is a trap within a trap, and the handlers' guard is live.
    "csrw mscratch, zero",
    "csrsi 0x7A5, 8",
    "li tp, 1",
    "addi sp, sp, -{scratch}",
    "sw t0, 0(sp)",
    "mv a1, t0",
    "call ramscope_interrupt",
    "csrci mstatus, {mie}",
    "lw t0, 0(sp)",
    "addi sp, sp, {scratch}",
    "csrw mscratch, sp",
    "addi tp, tp, -1",
    "bnez tp, 11f",
    "12:",
    "bnez a0, 3f",
    "mv sp, t0",
    "lw ra, {ra}(sp)",
    "lw t0, {t}+0(sp)",
    "lw t1, {t}+4(sp)",
    "lw t2, {t}+8(sp)",
    "lw t3, {t}+12(sp)",
    "lw t4, {t}+16(sp)",
    "lw t5, {t}+20(sp)",
    "lw t6, {t}+24(sp)",
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
    // Something was put off: it comes right after the return, for which it left other state.
    "11:",
    "li t1, {enable}",
    "li t2, {lines}",
    "sw t2, 0(t1)",
    "li tp, 0",
    "li t1, {interrupted}",
    "csrw mstatus, t1",
    "lw t1, {mepc}(t0)",
    "csrw mepc, t1",
    "j 12b",
    // Another unit goes on, from its seat.
    "3:",
    "li t1, {interrupted}",
    "sw t1, {mstatus}(t0)",
    "ramscope_keep_others",
    "mv a1, a0",
    "j ramscope_load",
    // The kernel is held: until an interrupt is known to be one, no memory is touched.
    "5:",
    "csrr tp, mcause",
    "bgez tp, 7f",
    "sw t0, -4(sp)",
    "sw t1, -8(sp)",
    "li t0, 1",
    "sll t0, t0, tp", // by the low five bits, the line
    "not t0, t0",
    "li t1, {enable}",
    "lw tp, 0(t1)",
    "and t0, t0, tp",
    "sw t0, 0(t1)",
    "li tp, {held_and_put_off}",
    "lw t0, -4(sp)",
    "lw t1, -8(sp)",
    "mret",
    // What was in the thread pointer is lost; that nothing was put off does no harm.
    "7:",
    "li tp, {held_and_put_off}",
    "csrrw sp, mscratch, sp",
    "bnez sp, 6b",
    "j 8f",
    // An exception.
    "1:",
    "ramscope_keep_state",
    "ramscope_keep_others",
    "li a3, 0",
    "j 4f",
    // No frame fits: it goes to the handlers' stack, below the scratch words.
    "2:",
    "addi t0, sp, -({frame} + {scratch})",
    "ramscope_keep_caller_saved",
    "ramscope_keep_state",
    "ramscope_keep_others",
    "li a3, 1",
    "mv sp, t0",
    "4:",
    "csrr a1, mcause",
    "csrr a2, mtval",
    "csrr a4, mscratch",
    "csrw mscratch, zero",
    "csrsi 0x7A5, 8",
    "ori tp, tp, 1",
    "csrsi mstatus, {mie}",
    "mv a0, t0",
    "call ramscope_trap",
    "mv a1, a0",
    "j ramscope_resume",
    "ramscope_restore_interrupted:",
    "lw t0, {mepc}(sp)",
    "csrw mepc, t0",
    "lw t0, {mstatus}(sp)",
    "csrw mstatus, t0",
    "li t0, {triggers_on}",
    "csrw 0x7A5, t0",
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
    triggers_on = const TRIGGERS_ON,
    held_and_put_off = const HELD | PUT_OFF,
    enable = const matrix::ENABLE.address(),
    lines = const ALL_LINES,
    interrupted = const INTERRUPTED,
    mie = const 1 << 3,
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

/// An interrupt of a unit. Answers who is to go on instead of it, if somebody is.
///
/// # Safety
/// Called by the trap entry only.
#[unsafe(no_mangle)]
unsafe extern "C" fn ramscope_interrupt(
    cause: usize,
    frame: *const Frame,
) -> Option<NonNull<Seat>> {
    // SAFETY: this is the trap of a unit that did not hold the kernel, masked by the processor.
    unsafe { handler::enter() };
    interrupts::dispatch(cause as u32 & 0x1F);
    // SAFETY: after `enter`; if it answers, the entry completes the frame and resumes the answer.
    unsafe { handler::leave(frame as Context) }
}

/// Every other trap of a unit, `outside` of its stack or an exception. Answers who is to go on.
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
) -> NonNull<Seat> {
    // SAFETY: the entry has just written it.
    let frame = unsafe { &*frame };
    match outside {
        0 => exception(frame, cause, value, sp),
        _ => outside_of_stack(frame, cause, value, sp),
    }
}

/// A trap whose frame does not fit the stack that it interrupted.
fn outside_of_stack(frame: &Frame, cause: usize, value: usize, sp: usize) -> NonNull<Seat> {
    let pc = frame.mepc;
    let inside = sp >= guard::current_low();
    match cause {
        BREAKPOINT => exception(frame, cause, value, sp),
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
    if cause == BREAKPOINT && !is_ebreak(pc) {
        let address = stored_address(frame, sp);
        return end_overflowed(frame, Overflow { how: OverflowHow::Guard, pc, sp, address });
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
    if cause == BREAKPOINT && !is_ebreak(pc) {
        let address = stored_address(frame, sp);
        let overflow = Overflow { how: OverflowHow::HandlerGuard, pc, sp, address };
        let by = low.saturating_sub(address.min(sp));
        let what = format_args!("a handler overflowed its stack by {by} B, pc {pc:#010x}");
        teardown::fatal(what, Some(overflow), low);
    }
    let what = format_args!("trap {cause} in a handler, pc {pc:#010x}, address {value:#010x}");
    teardown::fatal(what, None, low)
}

fn halfword(address: usize) -> u32 {
    // SAFETY: the processor has just fetched from there.
    u32::from(unsafe { (address as *const u16).read_volatile() })
}

fn is_ebreak(pc: usize) -> bool {
    const C_EBREAK: u32 = 0x9002;
    const EBREAK: u32 = 0x0010_0073;
    let low = halfword(pc);
    low == C_EBREAK || low | halfword(pc + 2) << 16 == EBREAK
}

/// Where the store at the frame's program counter was going to write: the trigger does not say.
///
/// Formats: RISC-V unprivileged architecture, "S-type" and the compressed stores. Anything else
/// answers the stack pointer.
fn stored_address(frame: &Frame, sp: usize) -> usize {
    let low = halfword(frame.mepc);
    let field = |from: u32, bits: u32| (low >> from & ((1 << bits) - 1)) as usize;
    match (low & 3, low >> 13) {
        // c.sw rs2', uimm(rs1')
        (0, 6) => {
            let offset = field(10, 3) << 3 | field(6, 1) << 2 | field(5, 1) << 6;
            register(frame, sp, field(7, 3) + 8).wrapping_add(offset)
        }
        // c.swsp rs2, uimm(sp)
        (2, 6) => sp.wrapping_add(field(9, 4) << 2 | field(7, 2) << 6),
        (3, _) => {
            let word = low | halfword(frame.mepc + 2) << 16;
            if word & 0x7F != 0x23 {
                return sp;
            }
            let offset = (word as i32 >> 25 << 5) | (word >> 7 & 0x1F) as i32;
            let base = register(frame, sp, (word >> 15 & 0x1F) as usize);
            base.wrapping_add_signed(offset as isize)
        }
        _ => sp,
    }
}

/// The value that register `number` had.
fn register(frame: &Frame, sp: usize, number: usize) -> usize {
    match number {
        1 => frame.ra,
        2 => sp,
        5..=7 => frame.t[number - 5],
        8..=9 => frame.s[number - 8],
        10..=17 => frame.a[number - 10],
        18..=27 => frame.s[number - 16],
        28..=31 => frame.t[number - 25],
        _ => 0,
    }
}
