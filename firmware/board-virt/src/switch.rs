//! Changing stacks: one routine, and the two kinds of saved context.
//!
//! A context is a stack pointer. The word it points to is the address of the code that restores
//! the rest, so a unit that gave way (callee-saved registers only) and one that was interrupted
//! (all of them) are resumed by the same two instructions.
#![expect(unsafe_code, reason = "switches stacks")]

use crate::guard::{self, Current};
use crate::interrupts::WANTED;
use core::arch::{asm, global_asm};
use core::mem::offset_of;
use core::ptr::NonNull;
use ramscope_kernel::GUARD_BYTES;
use ramscope_kernel::port::{Context, SAVED_REGISTERS, Seat, StackRange};

/// What a unit that gave way has on its stack. The harness reads it too, for debuggers.
#[repr(C, align(16))]
struct GaveWay {
    restore: usize,
    ra: usize,
    s: [usize; 12],
}

unsafe extern "C" {
    fn ramscope_switch(from: NonNull<Seat>, to: NonNull<Seat>);
    fn ramscope_resume(unused: usize, to: NonNull<Seat>) -> !;
    fn ramscope_restore_gave_way();
    fn ramscope_leave(finish: extern "C" fn() -> !) -> !;
}

global_asm!(
    ".section .trap, \"ax\"",
    ".global ramscope_switch",
    "ramscope_switch:",
    "addi sp, sp, -{size}",
    "sw ra, {ra}(sp)",
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
    // What restores the rest follows this jump: its address is in t0.
    "jal t0, 1f",
    ".global ramscope_restore_gave_way",
    "ramscope_restore_gave_way:",
    // If a trap resumes this unit, MPP is machine or MPRV is clear, and the guard would not bind.
    "li t0, {mpp}",
    "csrc mstatus, t0",
    "li t0, {mprv}",
    "csrs mstatus, t0",
    "lw ra, {ra}(sp)",
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
    "addi sp, sp, {size}",
    "csrsi mstatus, {mie}",
    "ret",
    "1:",
    "sw t0, {restore}(sp)",
    "sw sp, {context}(a0)",
    ".global ramscope_load",
    "ramscope_load:",
    "lw a2, {unit}(a1)",
    "lw a3, {low}(a1)",
    "lw a4, {bytes}(a1)",
    "lw a1, {context}(a1)",
    "lui t0, %hi(RAMSCOPE_CURRENT)",
    "sw a2, %lo(RAMSCOPE_CURRENT + {current_unit})(t0)",
    "sw a3, %lo(RAMSCOPE_CURRENT + {current_low})(t0)",
    "sw a4, %lo(RAMSCOPE_CURRENT + {current_bytes})(t0)",
    "addi t1, a3, -{guard_bytes}",
    "srli t1, t1, 2",
    "ori t1, t1, {napot}",
    "csrw pmpaddr0, t1",
    // See `guard`, "What QEMU remembers".
    "csrr t1, pmpcfg0",
    "csrw pmpcfg0, t1",
    "mv sp, a1",
    "lw t0, 0(sp)",
    "jr t0",
    // The stack of the handlers is free while the kernel is held and no handler runs. The guard
    // goes first: the heap may write there as soon as the stack is given back.
    ".global ramscope_leave",
    "ramscope_leave:",
    "li t0, {nowhere}",
    "csrw pmpaddr0, t0",
    // No unit runs from here to the next load: a trap would be one of the kernel itself.
    "csrw mscratch, zero",
    "la sp, _ramscope_interrupt_stack_high",
    "jr a0",
    ".global ramscope_resume",
    "ramscope_resume:",
    "csrci mstatus, {mie}",
    "addi tp, tp, -1",
    "beqz tp, 2f",
    "jal t0, ramscope_recall_masked",
    "2:",
    "la t0, _ramscope_interrupt_stack_high",
    "csrw mscratch, t0",
    "j ramscope_load",
    // Something was put off: it comes again. Once the thread pointer is one less than while the kernel was
    // held; called by `t0`.
    ".global ramscope_recall",
    "ramscope_recall:",
    "csrci mstatus, {mie}",
    "lui t1, %hi({wanted})",
    "lw t1, %lo({wanted})(t1)",
    "csrs mie, t1",
    "li tp, 0",
    "csrsi mstatus, {mie}",
    "jr t0",
    // The same for who has masked interrupts: it comes as soon as the context goes on.
    ".global ramscope_recall_masked",
    "ramscope_recall_masked:",
    "lui t1, %hi({wanted})",
    "lw t1, %lo({wanted})(t1)",
    "csrs mie, t1",
    "li tp, 0",
    "jr t0",

    ".text",
    size = const size_of::<GaveWay>(),
    restore = const offset_of!(GaveWay, restore),
    ra = const offset_of!(GaveWay, ra),
    s = const offset_of!(GaveWay, s),
    context = const offset_of!(Seat, context),
    unit = const offset_of!(Seat, unit),
    low = const offset_of!(Seat, stack.low),
    bytes = const offset_of!(Seat, stack.bytes),
    mie = const 1 << 3,
    current_unit = const offset_of!(Current, unit),
    current_low = const offset_of!(Current, low),
    current_bytes = const offset_of!(Current, bytes),
    guard_bytes = const GUARD_BYTES,
    napot = const guard::NAPOT_64,
    nowhere = const guard::NOWHERE as i32,
    mpp = const guard::MPP,
    mprv = const guard::MPRV,
    wanted = sym WANTED,
);

/// A context that calls `entry` on an empty stack, with interrupts on.
///
/// # Safety
/// The stack is valid and unused.
pub(crate) unsafe fn prepare(stack: StackRange, entry: extern "C" fn() -> !) -> Context {
    let at = (stack.low + stack.bytes - size_of::<GaveWay>()) & !15;
    let restore = ramscope_restore_gave_way as *const () as usize;
    let frame = GaveWay { restore, ra: entry as usize, s: [0; 12] };
    // SAFETY: inside of the stack, as promised by the caller.
    unsafe { (at as *mut GaveWay).write(frame) };
    at
}

/// Stores `s0` to `s11` as the caller has them.
#[inline(always)]
pub(crate) fn saved_registers(into: &mut [usize; SAVED_REGISTERS]) {
    // SAFETY: twelve stores to the array.
    unsafe {
        asm!(
            "sw s0, 0({0})",
            "sw s1, 4({0})",
            "sw s2, 8({0})",
            "sw s3, 12({0})",
            "sw s4, 16({0})",
            "sw s5, 20({0})",
            "sw s6, 24({0})",
            "sw s7, 28({0})",
            "sw s8, 32({0})",
            "sw s9, 36({0})",
            "sw s10, 40({0})",
            "sw s11, 44({0})",
            in(reg) into.as_mut_ptr(),
            options(nostack),
        );
    }
}

/// # Safety
/// As `Port::switch`.
#[inline(always)]
pub(crate) unsafe fn switch(from: NonNull<Seat>, to: NonNull<Seat>) {
    // SAFETY: as promised by the caller.
    unsafe { ramscope_switch(from, to) };
}

/// # Safety
/// As `Port::resume`.
pub(crate) unsafe fn resume(to: NonNull<Seat>) -> ! {
    // SAFETY: as promised by the caller.
    unsafe { ramscope_resume(0, to) }
}

/// # Safety
/// As `Port::leave`.
pub(crate) unsafe fn leave(finish: extern "C" fn() -> !) -> ! {
    // SAFETY: as promised by the caller.
    unsafe { ramscope_leave(finish) }
}
