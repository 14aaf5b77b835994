//! What may have called for an allocation: words on the stack that look like return addresses.
//!
//! A machine that sees every call knows this exactly. A device that has only itself has its stack: images have
//! neither frame pointers nor unwind tables, but whoever called left the address to return to, and
//! right before such an address stands an instruction that calls. Words that calls of long ago left
//! look the same, so whoever shows them says that they are guesses.
//!
//! It is done only where every allocation is told (`trace all`).
//!
//! Invariant: only words between here and the end of the running unit's own stack are read, and only
//! instructions of regions of code.

#![expect(unsafe_code, reason = "reads its own stack and its own instructions")]

use crate::kernel::Kernel;
use ramscope_wire as wire;
use wire::{Level, RegionKind, UnitId};

/// Words of the stack that are looked at, so that the section stays short.
const WORDS_MAX: usize = 160;
/// Calls that are told.
const CALLS: usize = 8;

impl Kernel {
    /// Tells the calls that the stack shows, after the allocation of the block at `address`.
    #[inline(never)]
    pub(super) fn tell_calls(&mut self, address: usize) {
        if self.in_handler() {
            return;
        }
        let here = 0_u32;
        let from = (&raw const here).addr() & !3;
        let stack = self.current().stack;
        let end = stack.low + stack.bytes;
        // On the host a unit's stack is another one than the kernel knows.
        if !(stack.low..end).contains(&from) {
            return;
        }
        let mut calls = [0; CALLS];
        let mut places = calls.iter_mut();
        for at in (from..end.min(from + 4 * WORDS_MAX)).step_by(4) {
            // SAFETY: by the invariant, a word of this stack.
            let word = unsafe { (at as *const u32).read_volatile() };
            if let Some(call) = self.call_before(word as usize) {
                let Some(place) = places.next() else { break };
                *place = call as u32;
            }
        }
        let [first, second, third, fourth, fifth, sixth, seventh, eighth] = calls;
        let unit = UnitId(self.current().unit);
        let address = address as u32;
        self.record(
            Level::All,
            &wire::AllocCalls {
                address,
                unit,
                first,
                second,
                third,
                fourth,
                fifth,
                sixth,
                seventh,
                eighth,
            },
        );
    }

    /// The instruction right before `address`, if that is code and it calls.
    fn call_before(&self, address: usize) -> Option<usize> {
        let is_code = |region: &&crate::port::Region| {
            let start = region.start().addr();
            region.kind() == RegionKind::Code
                && (start + 4..start + region.bytes()).contains(&address)
        };
        if !address.is_multiple_of(2) || self.facts().regions.iter().find(is_code).is_none() {
            return None;
        }
        // SAFETY: by the invariant, instructions of a region of code.
        let half = |at: usize| u32::from(unsafe { (at as *const u16).read_volatile() });
        let (far, near) = (half(address - 4), half(address - 2));
        if is_call(far | near << 16) {
            return Some(address - 4);
        }
        is_short_call(near).then_some(address - 2)
    }
}

/// `jal ra, ...` or `jalr ra, ...` (RISC-V unprivileged specification, "Unconditional Jumps").
const fn is_call(instruction: u32) -> bool {
    let to_ra = instruction >> 7 & 0x1f == 1;
    let jal = instruction & 0x7f == 0x6f;
    let jalr = instruction & 0x707f == 0x67;
    to_ra && (jal || jalr)
}

/// `c.jal ...` or `c.jalr rs1` (the same, "Control Transfer Instructions").
const fn is_short_call(instruction: u32) -> bool {
    let jal = instruction & 0xe003 == 0x2001;
    let jalr = instruction & 0xf07f == 0x9002 && instruction >> 7 & 0x1f != 0;
    jal || jalr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_that_call_are_known_by_their_bits() {
        assert!(is_call(0x0000_00ef) && is_call(0x0000_80e7), "jal ra, 0; jalr ra, ra, 0");
        assert!(!is_call(0x0000_006f) && !is_call(0x0000_8067), "j 0; ret");
        assert!(is_short_call(0x9502) && is_short_call(0x2001), "c.jalr a0; c.jal 0");
        assert!(!is_short_call(0x8082) && !is_short_call(0x9002), "ret; c.ebreak");
    }
}
