//! Who called whom when a stack was deepest.
//!
//! A high-water mark says how deep a stack was, not what was so deep. The machine sees each call, so the
//! callers need not be guessed from words on the stack: each call is noted with the stack pointer that it
//! was made with, and it is over as soon as another one is made with the same or a higher one. A store
//! below everything before it is a new high-water mark, and the calls that are not over then are its
//! chain, exactly.
//!
//! An interrupt strikes a function that has not called anybody: its instruction is noted like a call until
//! the handler returns, so that the saved registers below are told apart from the function's own frame.
//!
//! Invariants:
//! 1. The notes of a unit have falling stack pointers, the first one is the outermost.
//! 2. Only calls on the unit's own stack are noted: those of handlers run on another.

use std::collections::BTreeMap;

use ramscope_capture::ObserverEvent;

/// Calls that are noted of one unit; what is deeper is not told.
const CALLS_MAX: usize = 128;
/// Units that are followed; of more the later ones are not.
const UNITS_MAX: usize = 4096;

/// The calls of all units.
#[derive(Clone, Debug, Default)]
pub(super) struct DeepestCalls {
    running: u32,
    current: UnitCalls,
    others: BTreeMap<u32, UnitCalls>,
}

/// The calls of one unit.
#[derive(Clone, Debug, Default)]
struct UnitCalls {
    /// Instructions that called, with their stack pointers.
    open: Vec<Call>,
    /// The instruction before which it was interrupted, until it goes on.
    interrupted: Option<Call>,
    deepest: Option<Chain>,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    sp: u32,
    pc: u32,
}

/// The chain at a high-water mark.
#[derive(Clone, Debug)]
struct Chain {
    sp: u32,
    pc: u32,
    /// Innermost first.
    callers: Vec<Call>,
}

impl DeepestCalls {
    /// Another unit runs.
    pub(super) fn switch_to(&mut self, unit: u32) {
        if unit == self.running {
            return;
        }
        let next = self.others.remove(&unit).unwrap_or_default();
        let before = std::mem::replace(&mut self.current, next);
        if self.others.len() < UNITS_MAX {
            self.others.insert(self.running, before);
        }
        self.running = unit;
    }

    /// The device was reset: numbers of units begin anew.
    pub(super) fn device_reset(&mut self) {
        *self = Self::default();
    }

    /// A call by the instruction at `pc`, on the unit's own stack.
    #[inline]
    pub(super) fn call(&mut self, sp: u32, pc: u32) {
        let open = &mut self.current.open;
        while open.last().is_some_and(|call| call.sp <= sp) {
            open.pop();
        }
        if open.len() < CALLS_MAX {
            open.push(Call { sp, pc });
        }
    }

    /// The running unit is interrupted before the instruction at `pc`.
    pub(super) fn trap(&mut self, sp: u32, pc: u32) {
        self.current.interrupted = Some(Call { sp, pc });
    }

    /// The running unit goes on after an interrupt.
    pub(super) fn trap_return(&mut self) {
        self.current.interrupted = None;
    }

    /// The calls of the running unit that are not over, innermost first, right after one was made.
    pub(super) fn open_calls(&self) -> Vec<u32> {
        self.current.open.iter().rev().map(|call| call.pc).collect()
    }

    /// A store on the unit's own stack.
    #[inline]
    pub(super) fn store(&mut self, sp: u32, pc: u32) {
        if self.current.deepest.as_ref().is_none_or(|deepest| sp < deepest.sp) {
            self.note(sp, pc);
        }
    }

    #[cold]
    fn note(&mut self, sp: u32, pc: u32) {
        let interrupted = self.current.interrupted.iter();
        let all = interrupted.chain(self.current.open.iter().rev());
        let mut callers: Vec<Call> = Vec::new();
        for call in all.filter(|call| call.sp > sp) {
            // What had been called when the interrupt came may be over: its note stands below.
            if callers.last().is_none_or(|inner| inner.sp <= call.sp) {
                callers.push(*call);
            }
        }
        self.current.deepest = Some(Chain { sp, pc, callers });
    }

    /// What there is to tell, unit by unit.
    pub(super) fn events(&self) -> Vec<ObserverEvent> {
        let current = (&self.running, &self.current);
        let mut all: Vec<_> = self.others.iter().chain([current]).collect();
        all.sort_by_key(|(unit, _)| **unit);
        let told = all.into_iter().filter_map(|(unit, calls)| {
            let Chain { sp, pc, callers } = calls.deepest.as_ref()?;
            Some(ObserverEvent::Deepest {
                unit: *unit,
                sp: *sp,
                pc: *pc,
                callers: callers.iter().map(|call| call.pc).collect(),
                sps: callers.iter().map(|call| call.sp).collect(),
            })
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(calls: &DeepestCalls) -> (u32, Vec<u32>) {
        let event = calls.events().into_iter().next_back();
        let Some(ObserverEvent::Deepest { pc, callers, .. }) = event else { panic!("{event:?}") };
        (pc, callers)
    }

    #[test]
    fn the_chain_is_that_of_the_deepest_store_and_not_of_later_ones() {
        let mut calls = DeepestCalls::default();
        calls.switch_to(3);
        calls.call(0x1000, 10);
        calls.call(0xFE0, 20);
        calls.store(0xFC0, 30);
        // Both are over: another call is made from the outermost function.
        calls.call(0x1000, 11);
        calls.store(0xFD0, 31);
        assert_eq!(chain(&calls), (30, vec![20, 10]));
        calls.store(0xFB0, 32);
        assert_eq!(chain(&calls), (32, vec![11]));
    }

    #[test]
    fn an_interrupted_function_stands_between_its_callers_and_the_handlers_entry() {
        let mut calls = DeepestCalls::default();
        calls.call(0x1000, 10);
        calls.call(0xFE0, 20);
        // The call at 20 is over, and so is its note, when the function at 21 is interrupted.
        calls.trap(0xFE8, 21);
        calls.store(0xF60, 90);
        assert_eq!(chain(&calls), (90, vec![21, 10]));
        calls.trap_return();
        calls.store(0xF50, 22);
        assert_eq!(chain(&calls), (22, vec![20, 10]));
    }

    #[test]
    fn units_have_chains_of_their_own() {
        let mut calls = DeepestCalls::default();
        calls.switch_to(1);
        calls.call(0x2000, 40);
        calls.store(0x1FF0, 41);
        calls.switch_to(2);
        calls.call(0x3000, 50);
        calls.store(0x2FF0, 51);
        calls.switch_to(1);
        calls.store(0x1FE0, 42);
        calls.switch_to(2);
        assert_eq!(chain(&calls), (51, vec![50]));
        calls.device_reset();
        assert!(calls.events().is_empty());
    }
}
