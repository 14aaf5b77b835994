//! The clock: SYSTIMER unit 0 counts, comparator 0 raises the alarm; and the cycle counter.

use crate::registers::{system, systimer};
use core::arch::asm;

/// The rate of the cycle counter after [`init`], in hertz.
pub(crate) const CPU_HZ: u32 = 160_000_000;

/// Sets the CPU to 160 MHz, starts the counters. The PLL runs after the ROM's direct boot.
pub(crate) fn init() {
    system::CPU_PER_CONF.write(system::CPU_PER_CONF_160_MHZ);
    let rest = system::SYSCLK_CONF.read() & !system::SOC_CLK_SEL;
    system::SYSCLK_CONF.write(rest | system::SOC_CLK_PLL);
    systimer::CONF.write(systimer::CONF_VALUE);
    systimer::TARGET0_CONF.write(0);
    start_cycle_counter();
}

/// The performance counter counts cycles: event 1, enabled (chapter "ESP-RISC-V CPU").
#[expect(unsafe_code, reason = "writes CSRs")]
fn start_cycle_counter() {
    // SAFETY: the three CSRs of the performance counter affect nothing else.
    unsafe {
        asm!("csrwi 0x7E0, 1", "csrwi 0x7E1, 1", "csrwi 0x7E2, 0", options(nomem, nostack));
    }
}

/// The low 32 bits of the cycle counter.
#[inline(always)]
#[expect(unsafe_code, reason = "reads a CSR")]
pub(crate) fn cycles() -> u32 {
    let cycles;
    // SAFETY: reading `mpccr` has no effect.
    unsafe { asm!("csrr {}, 0x7E2", out(reg) cycles, options(nomem, nostack)) };
    cycles
}

/// Ticks since boot. Interrupts masked: a handler that reads it too would replace the snapshot.
#[inline]
pub(crate) fn now() -> u64 {
    systimer::UNIT0_OP.write(systimer::UPDATE);
    while systimer::UNIT0_OP.read() & systimer::VALID == 0 {}
    u64::from(systimer::VALUE_HI.read()) << 32 | u64::from(systimer::VALUE_LO.read())
}

/// Raises the clock interrupt at `at`. The kernel is held.
pub(crate) fn set_alarm(at: Option<u64>) {
    let Some(at) = at else {
        return systimer::INT_ENA.write(0);
    };
    // The comparator takes what is further away than half its range for the past. An alarm that
    // comes too early asks for the next one. What is that near to boot needs no look at the clock.
    let at = if at >> 50 == 0 { at } else { at.min(now() + (1 << 50)) };
    systimer::TARGET0_HI.write((at >> 32) as u32);
    systimer::TARGET0_LO.write(at as u32);
    systimer::COMP0_LOAD.write(1);
    systimer::INT_ENA.write(1);
}

/// The alarm went off: clears the interrupt.
pub(crate) fn acknowledge() {
    systimer::INT_ENA.write(0);
    systimer::INT_CLR.write(1);
}
