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
        let half = |at: usize| unsafe { (at as *const u16).read_volatile() };
        let bytes = wire::call_bytes(half(address - 4), half(address - 2))?;
        Some(address - bytes as usize)
    }
}
