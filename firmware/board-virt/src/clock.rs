//! The clock: mtime as the kernel's ticks, mtimecmp as its alarm, mcycle as its time stamps.
//!
//! mtime counts at 10 MHz and the kernel at 16 MHz, so a tick is mtime * 8 / 5, rounded down: no
//! error adds up, because every reading is converted from the whole count. An alarm is rounded up,
//! so that it never comes before its tick.

use crate::interrupts::want_clock;
use crate::player;
use crate::registers::clint;
use core::arch::asm;

/// The rate of [`stamp`], in hertz: mcycle counts nanoseconds, and the kernel wants a multiple of
/// its 16 MHz.
pub(crate) const STAMP_HZ: u32 = 800_000_000;

/// The widest count whose product with 8 still fits: the sun will not see it.
const MTIME_MAX: u64 = u64::MAX / 8;

/// No alarm yet: mtimecmp is zero after reset, so its interrupt stands.
pub(crate) fn init() {
    set_alarm(None);
}

/// `value / 5` without a division of 64 bits, which this core does not have.
#[inline]
fn fifth(value: u64) -> u64 {
    /// 2^32 is five times this, and one.
    const FIFTH_OF_2_32: u32 = 858_993_459;
    let (high, low) = ((value >> 32) as u32, value as u32);
    let rest = high % 5;
    let low = rest * FIFTH_OF_2_32 + low / 5 + (low % 5 + rest) / 5;
    u64::from(high / 5) << 32 | u64::from(low)
}

/// A counter of two CSRs, read as one.
macro_rules! counter {
    ($low:literal, $high:literal) => {{
        let (mut high, mut low, mut again): (u32, u32, u32);
        loop {
            // SAFETY: reading a counter has no effect.
            unsafe {
                asm!(
                    concat!("csrr {}, ", $high),
                    concat!("csrr {}, ", $low),
                    concat!("csrr {}, ", $high),
                    out(reg) high, out(reg) low, out(reg) again,
                    options(nomem, nostack),
                );
            }
            if high == again {
                break u64::from(high) << 32 | u64::from(low);
            }
        }
    }};
}

/// Ticks of the time stamps: nanoseconds times 4 / 5; the low 32 bits of the whole count.
#[inline(always)]
#[expect(unsafe_code, reason = "reads CSRs")]
pub(crate) fn stamp() -> u32 {
    if player::is_on() {
        player::take_records();
    }
    fifth(counter!("mcycle", "mcycleh") << 2) as u32
}

/// mtime.
#[expect(unsafe_code, reason = "reads CSRs")]
pub(crate) fn mtime() -> u64 {
    counter!("time", "timeh")
}

/// Ticks since boot.
pub(crate) fn now() -> u64 {
    fifth(mtime() << 3)
}

/// Raises the clock interrupt at `at`. The kernel is held.
///
/// Without an alarm the interrupt is disabled: QEMU hangs if it waits for an mtimecmp that no time
/// reaches.
pub(crate) fn set_alarm(at: Option<u64>) {
    let mtime = at.map(|at| {
        let whole = at.min(MTIME_MAX);
        // ceil(at * 5 / 8), without losing the top bits of the product.
        (whole >> 3) * 5 + ((whole & 7) * 5).div_ceil(8)
    });
    match player::is_on() {
        true => player::kernel_alarm(mtime),
        false => strike(mtime),
    }
}

/// Lets the interrupt come when mtime is this, or not at all.
pub(crate) fn strike(mtime: Option<u64>) {
    let Some(mtime) = mtime else {
        return want_clock(false);
    };
    clint::MTIMECMP_HIGH.write(u32::MAX); // so that no value between old and new strikes
    clint::MTIMECMP_LOW.write(mtime as u32);
    clint::MTIMECMP_HIGH.write((mtime >> 32) as u32);
    want_clock(true);
}

/// The alarm went off: it is over until the next is set.
pub(crate) fn acknowledge() {
    want_clock(false);
}
