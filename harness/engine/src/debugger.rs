//! Changing the processor from outside, as a debugger does.
//!
//! Like [`Machine::write_word`] these are stimuli: a run that is to be repeated has to repeat them,
//! each at its instant. They act between two instructions, the only moments at which the outside
//! meets a machine.

use crate::machine::Machine;

impl Machine {
    /// Writes register `x1` to `x31`; only the low five bits of `n` count, and `x0` stays zero.
    pub fn set_register(&mut self, n: u8, value: u32) {
        if n & 31 != 0 {
            self.cpu.registers[usize::from(n & 31)] = value;
        }
    }

    /// Goes on at `address`, rounded down to an even one; a processor that waits wakes up.
    pub fn set_pc(&mut self, address: u32) {
        self.cpu.pc = address & !1;
        self.cpu.waiting = false;
        self.attention = true;
    }
}
