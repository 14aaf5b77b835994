//! Units that load and store.

use super::Generator;
use crate::code::{Instruction, ins, li};
use crate::layout::{DATA, DATA_BYTES, RAM_END};
use crate::program::Unit;

const LOADS: [&str; 5] = ["lb", "lh", "lw", "lbu", "lhu"];
const STORES: [&str; 3] = ["sb", "sh", "sw"];

impl Generator {
    /// A load or store of any kind at `offset` from `base`.
    pub(super) fn load_or_store(&mut self, base: u32, offset: i32) -> Instruction {
        if self.random.one_in(2) {
            let name = *self.random.pick(&LOADS);
            ins(name, self.target(), base, 0, offset)
        } else {
            let name = *self.random.pick(&STORES);
            ins(name, 0, base, self.random.below(32), offset)
        }
    }

    /// Two accesses to the same place of the data, aligned or not.
    pub(super) fn access(&mut self) -> Unit {
        let base = self.scratch();
        let offset = self.random.below(4096) as i32 - 2048;
        let mut place = self.random.below(DATA_BYTES - 8);
        if !self.random.one_in(3) {
            place &= !3;
        }
        let mut unit = li(base, (DATA + place).wrapping_sub(offset as u32));
        unit.push(self.load_or_store(base, offset));
        if unit[2].bits & 0x7F == 0x23 {
            let name = *self.random.pick(&LOADS);
            unit.push(ins(name, self.target(), base, 0, offset));
        }
        unit
    }

    pub(super) fn compressed_access(&mut self) -> Unit {
        let base = self.short();
        let offset = 4 * self.random.below(32) as i32;
        let place = 4 * self.random.below((DATA_BYTES - 128) / 4);
        let mut unit = li(base, DATA + place);
        let data = self.short();
        unit.push(match self.random.below(2) {
            0 => ins("c.lw", data, base, 0, offset),
            _ => ins("c.sw", 0, base, data, offset),
        });
        unit
    }

    pub(super) fn stack_access(&mut self) -> Unit {
        let offset = 4 * self.random.below(64) as i32;
        let place = 4 * self.random.below((DATA_BYTES - 256) / 4);
        let mut unit = li(2, DATA + place);
        unit.push(match self.random.below(2) {
            0 => ins("c.lwsp", self.scratch(), 2, 0, offset),
            _ => ins("c.swsp", 0, 2, self.random.below(32), offset),
        });
        unit
    }

    /// An aligned access past the end of RAM. One that begins within RAM and ends past it is left
    /// out: the manual lets mtval name either part.
    pub(super) fn faulting_access(&mut self) -> Unit {
        let base = self.scratch();
        let mut unit = li(base, RAM_END + 4 * self.random.below(0x400));
        unit.push(self.load_or_store(base, 0));
        unit
    }
}
