//! The kernel's port.
#![expect(unsafe_code, reason = "implements the kernel's port")]

use crate::registers::{clint, finisher};
use crate::{clock, guard, interrupts, notes, player, switch, trap, uart};
use core::arch::asm;
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use ramscope_kernel::Kernel;
use ramscope_kernel::command::Doorbell;
use ramscope_kernel::debugger::UnitTable;
use ramscope_kernel::port::{Context, Port, ResetNote, SAVED_REGISTERS, Seat, StackRange};

struct Instance(UnsafeCell<Kernel>);

// SAFETY: the kernel touches it while it is held or interrupts are masked only.
unsafe impl Sync for Instance {}

/// In the thread pointer: the kernel is held. One less of it is what letting go does.
pub(crate) const HELD: usize = 1;
/// In the thread pointer: the trap entry has put an interrupt off. Only there while the kernel is held.
pub(crate) const PUT_OFF: usize = 2;

static KERNEL: Instance = Instance(UnsafeCell::new(Kernel::new()));

/// For debuggers: nothing here reads it, so the linker script keeps it.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".rodata.RAMSCOPE_UNITS")]
static RAMSCOPE_UNITS: UnitTable = UnitTable::of(KERNEL.0.get());

/// For the host that writes commands: the software interrupt.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".rodata.RAMSCOPE_DOORBELL")]
static RAMSCOPE_DOORBELL: Doorbell = Doorbell::new(clint::MSIP.address(), 1);

/// `mstatus.MIE`.
const MIE: usize = 1 << 3;

pub(crate) struct Virt;

// SAFETY: masking is mstatus.MIE; the kernel is held where the thread pointer is not zero, and the trap
// entry runs no handler then; it checks before it writes.
unsafe impl Port for Virt {
    #[inline(always)]
    fn kernel() -> NonNull<Kernel> {
        // SAFETY: the address of a static.
        unsafe { NonNull::new_unchecked(KERNEL.0.get()) }
    }

    #[inline(always)]
    fn hold() {
        // SAFETY: the compiler keeps nothing in the thread pointer. No `nomem`: it also keeps the
        // compiler from moving accesses out of the section.
        unsafe { asm!("ori tp, tp, {}", const HELD, options(nostack)) };
    }

    #[inline(always)]
    fn is_held() -> bool {
        let held: usize;
        // SAFETY: reads a register.
        unsafe { asm!("mv {}, tp", out(reg) held, options(nomem, nostack)) };
        held != 0
    }

    #[inline(always)]
    fn let_go(was_free: bool) {
        if was_free {
            // SAFETY: as in `hold`. One instruction lets it go, or finds that something was put off.
            unsafe {
                asm!(
                    "addi tp, tp, -1",
                    "beqz tp, 2f",
                    "jal t0, ramscope_recall",
                    "2:",
                    out("t0") _, out("t1") _, options(nostack),
                );
            }
        }
    }

    #[inline(always)]
    fn let_go_masked() {
        // SAFETY: as in `let_go`.
        unsafe {
            asm!(
                "csrci mstatus, 8",
                "addi tp, tp, -1",
                "beqz tp, 2f",
                "jal t0, ramscope_recall_masked",
                "2:",
                out("t0") _, out("t1") _, options(nostack),
            );
        }
    }

    #[inline(always)]
    fn mask() -> bool {
        let before: usize;
        // SAFETY: clears one bit of mstatus. No `nomem`: it also keeps the compiler from moving
        // accesses out of the section.
        unsafe { asm!("csrrci {}, mstatus, 8", out(reg) before, options(nostack)) };
        before & MIE != 0
    }

    #[inline(always)]
    fn unmask(were_on: bool) {
        if were_on {
            // SAFETY: sets one bit of mstatus; no `nomem`, as above.
            unsafe { asm!("csrsi mstatus, 8", options(nostack)) };
        }
    }

    fn now() -> u64 {
        clock::now()
    }

    #[inline(always)]
    fn timestamp() -> u32 {
        clock::stamp()
    }

    fn set_alarm(at: Option<u64>) {
        clock::set_alarm(at);
    }

    unsafe fn prepare(stack: StackRange, entry: extern "C" fn() -> !) -> Context {
        // SAFETY: as promised by the caller.
        unsafe { switch::prepare(stack, entry) }
    }

    #[inline(always)]
    unsafe fn switch(from: NonNull<Seat>, to: NonNull<Seat>) {
        // SAFETY: as promised by the caller.
        unsafe { switch::switch(from, to) };
    }

    unsafe fn leave(finish: extern "C" fn() -> !) -> ! {
        // SAFETY: as promised by the caller.
        unsafe { switch::leave(finish) }
    }

    unsafe fn resume(to: NonNull<Seat>) -> ! {
        // SAFETY: as promised by the caller.
        unsafe { switch::resume(to) }
    }

    #[inline(always)]
    fn stack_pointer() -> Option<usize> {
        let pointer;
        // SAFETY: reads a register.
        unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack)) };
        Some(pointer)
    }

    #[inline(always)]
    fn saved_registers(into: &mut [usize; SAVED_REGISTERS]) {
        switch::saved_registers(into);
    }

    #[inline(always)]
    fn has_stack(bytes: usize) -> bool {
        guard::has_stack(bytes)
    }

    #[inline(always)]
    fn is_stack_short(bytes: usize) -> bool {
        guard::is_stack_short(bytes)
    }

    fn stack_exhausted() -> ! {
        trap::stack_exhausted()
    }

    fn idle() {
        if player::is_on() {
            player::take_records();
        }
        // SAFETY: waits; an interrupt that is pending ends it at once.
        unsafe { asm!("wfi", options(nomem, nostack)) };
    }

    fn code_address(written: usize) -> Option<usize> {
        Some(written)
    }

    /// QEMU translates code; this is what tells it that there is new code.
    fn code_changed() {
        // SAFETY: orders stores and fetches. As a word: the assembler knows it only with Zifencei.
        unsafe { asm!(".word 0x0000100F", options(nostack)) };
    }

    fn transmit(bytes: &[u8]) -> usize {
        uart::transmit(bytes)
    }

    fn want_transmit(on: bool) {
        uart::want_transmit(on);
    }

    fn transmit_now(bytes: &[u8]) {
        uart::transmit_now(bytes);
    }

    fn raise(work: fn()) -> bool {
        let were_on = Self::mask();
        let taken = interrupts::raise(work);
        Self::unmask(were_on);
        taken
    }

    fn reset(note: ResetNote) -> ! {
        let _ = Self::mask();
        notes::leave(note);
        uart::drain();
        if player::is_on() {
            player::reset();
        }
        finisher::FINISHER.write(finisher::RESET);
        loop {
            Self::idle();
        }
    }
}

ramscope_kernel::port!(Virt);
