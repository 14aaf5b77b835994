//! The kernel's port.
#![expect(unsafe_code, reason = "implements the kernel's port")]

use crate::registers::{gpio, rtc, sram, system};
use crate::{clock, flash, guard, interrupts, notes, switch, trap, uart};
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

/// Notes that a handler has silenced its line: it comes again after it. Interrupts are masked.
#[inline(always)]
pub(crate) fn note_put_off() {
    // SAFETY: the compiler keeps nothing in the thread pointer, and the kernel is held.
    unsafe { asm!("ori tp, tp, {}", const PUT_OFF, options(nomem, nostack)) };
}

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
static RAMSCOPE_DOORBELL: Doorbell = Doorbell::new(system::FROM_CPU_0.address(), 1);

/// `mstatus.MIE`.
const MIE: usize = 1 << 3;

pub(crate) struct Esp32c3;

// SAFETY: masking is mstatus.MIE; the kernel is held where the thread pointer is not zero, and the trap
// entry runs no handler then; it checks before it writes.
unsafe impl Port for Esp32c3 {
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
        let were_on = Self::mask();
        let now = clock::now();
        Self::unmask(were_on);
        now
    }

    #[inline(always)]
    fn timestamp() -> u32 {
        clock::cycles()
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
        // SAFETY: waits; an interrupt that is pending ends it at once.
        unsafe { asm!("wfi", options(nomem, nostack)) };
    }

    /// Inputs are enabled from reset on; the boot button's pin 9 is pulled up.
    fn pin(number: u8) -> Option<bool> {
        (number < gpio::PINS).then(|| gpio::IN.read() >> number & 1 == 1)
    }

    fn set_pin(number: u8, high: bool) -> bool {
        if number >= gpio::PINS {
            return false;
        }
        let level = if high { gpio::OUT_SET } else { gpio::OUT_CLEAR };
        level.write(1 << number);
        gpio::OUT_SELECT.plus(usize::from(number)).write(gpio::SELECT_OUT);
        gpio::ENABLE_SET.write(1 << number);
        true
    }

    fn shift_out(clock: u8, data: u8, bytes: &[u8]) -> bool {
        let are_pins = clock < gpio::PINS && data < gpio::PINS && clock != data;
        if !are_pins || !Self::set_pin(clock, false) || !Self::set_pin(data, false) {
            return false;
        }
        for byte in bytes {
            for bit in (0..8).rev() {
                let level = if byte >> bit & 1 != 0 { gpio::OUT_SET } else { gpio::OUT_CLEAR };
                level.write(1 << data);
                gpio::OUT_SET.write(1 << clock);
                gpio::OUT_CLEAR.write(1 << clock);
            }
        }
        true
    }

    fn flash_bytes() -> u32 {
        flash::bytes()
    }

    fn flash_read(at: u32, into: &mut [u8]) -> bool {
        flash::read(at, into)
    }

    fn flash_write(at: u32, bytes: &[u8]) -> bool {
        flash::write(at, bytes)
    }

    fn flash_erase(at: u32) -> bool {
        flash::erase(at)
    }

    /// SRAM1 is on two buses, and code is fetched through the other one (technical reference manual,
    /// "System and Memory").
    fn code_address(written: usize) -> Option<usize> {
        sram::DATA_BUS
            .contains(&written)
            .then(|| written - sram::DATA_BUS.start + sram::INSTRUCTION_BUS)
    }

    /// There is no cache before SRAM; what was stored must be there before it is fetched.
    fn code_changed() {
        // SAFETY: orders accesses.
        unsafe { asm!("fence rw, rw", options(nostack)) };
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
        // The last byte is still in the shift register: two characters at 115200 baud.
        let end = clock::now() + 16 * 200;
        while clock::now() < end {}
        rtc::OPTIONS0.set(rtc::SW_SYS_RST);
        loop {
            Self::idle();
        }
    }
}

ramscope_kernel::port!(Esp32c3);
