//! Stacks: how they are laid out, painted and read.
//!
//! A stack grows down. Below its lowest byte stands a guard that nothing may write; the port
//! watches it. Before a unit first runs its stack is painted with one pattern, and the lowest
//! word that lost the paint is the high-water mark: what was the most in use since then. The mark
//! is exact to a word, but for bytes of a frame that were reserved and never written.
#![expect(unsafe_code, reason = "reads and paints raw stack memory")]

use crate::port::StackRange;

/// The bytes below a stack that no unit may write: one NAPOT range of a debug trigger
/// (ESP32-C3 technical reference manual, chapter "Debug Assistant"; RISC-V debug specification).
pub const GUARD_BYTES: usize = 64;

/// What every kernel call must find left of the caller's stack, so that an overflow never strikes
/// with kernel state half written. Measured on the engine by the program `headroom`, an
/// interrupt's frame included; the scenario `scenarios/stacks/headroom.yaml` fails when it grows past.
pub const KERNEL_STACK_MAX: usize = 576;

/// What one section of the kernel may take of the caller's stack, the few words included with which an
/// interrupt is put off. Each section checks for itself, so that also the calls that promise nothing cannot be broken off
/// in the middle of one.
pub(crate) const SECTION_STACK_MAX: usize = 272;

/// What a panic needs of its thread's stack to say what happened, an interrupt's frame included. With
/// less it is reported as a stack that was used up, because its message cannot be formatted: a thread
/// with the smallest stack can never say why it panicked.
pub const PANIC_STACK_MAX: usize = 1024;

/// The smallest stack that a thread gets: room for one saved context and a kernel call.
pub const STACK_BYTES_MIN: usize = 1024;

/// What a thread gets that does not ask (MicroPython's ESP32 port gives 4 KiB usable).
pub const STACK_BYTES_DEFAULT: usize = 4096;

const PAINT: u32 = 0xC5C5_C5C5;

/// Paints the whole words of `range`. Boards paint the stack of their handlers with it.
///
/// # Safety
/// Nobody uses the memory.
pub unsafe fn paint(range: StackRange) {
    let end = range.low + range.bytes;
    let mut at = range.low as *mut u32;
    // Sixteen words a turn, written out: a new thread waits for this.
    for _ in 0..range.bytes / 64 {
        for word in 0..16 {
            // SAFETY: inside of the range; volatile so that the loop stays one.
            unsafe { at.wrapping_add(word).write_volatile(PAINT) };
        }
        at = at.wrapping_add(16);
    }
    while at.addr() + 4 <= end {
        // SAFETY: as above.
        unsafe { at.write_volatile(PAINT) };
        at = at.wrapping_add(1);
    }
}

/// The most bytes of `range` that were in use since it was painted.
///
/// # Safety
/// The memory is readable.
#[must_use]
pub(crate) unsafe fn high_water_bytes(range: StackRange) -> usize {
    let end = range.low + range.bytes;
    let mut at = range.low as *const u32;
    let is_paint = |at: *const u32| {
        // SAFETY: inside of the range; others may write meanwhile, which volatile allows for.
        unsafe { at.read_volatile() == PAINT }
    };
    // Most of it is paint: sixteen words at a time.
    for _ in 0..range.bytes / 64 {
        if !(0..16).all(|word| is_paint(at.wrapping_add(word))) {
            break;
        }
        at = at.wrapping_add(16);
    }
    while at.addr() + 4 <= end && is_paint(at) {
        at = at.wrapping_add(1);
    }
    end - at.addr()
}

impl StackRange {
    /// The first address above the stack.
    #[must_use]
    pub const fn high(self) -> usize {
        self.low + self.bytes
    }

    /// Whether `address` is one that the stack pointer may have.
    #[must_use]
    pub const fn holds(self, address: usize) -> bool {
        address >= self.low && address <= self.high()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_the_deepest_word_ever_written() {
        let mut memory = [0_u32; 64];
        let range = StackRange { low: memory.as_mut_ptr() as usize, bytes: 256 };
        let high_water = || {
            // SAFETY: the array is ours.
            unsafe { high_water_bytes(range) }
        };
        let write = |address: usize| {
            // SAFETY: the array is ours.
            unsafe { (address as *mut u32).write_volatile(1) };
        };
        // SAFETY: the array is ours.
        unsafe { paint(range) };
        assert_eq!(high_water(), 0);
        write(range.high() - 8);
        assert_eq!(high_water(), 8);
        write(range.low + 16);
        assert_eq!(high_water(), 240);
    }
}
