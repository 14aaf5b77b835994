//! Registers that the model does not know: they keep what is written and are counted.
//!
//! Firmware that sets up a peripheral nobody looks at runs on, and the run says which registers it
//! relied on without effect.

use crate::machine::{Access, UnmodelledAccess};
use std::collections::BTreeMap;

/// Read-back storage for registers, with a list of who touched them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    values: BTreeMap<u32, u32>,
    /// Where in `accesses` an address is listed.
    listed: BTreeMap<u32, usize>,
    accesses: Vec<UnmodelledAccess>,
}

impl Storage {
    pub(super) fn read(&mut self, address: u32, pc: u32) -> u32 {
        self.access(address, pc, Access::Read).reads += 1;
        self.peek(address)
    }

    pub(super) fn write(&mut self, address: u32, value: u32, pc: u32) {
        self.access(address, pc, Access::Write).writes += 1;
        self.values.insert(address, value);
    }

    pub(super) fn peek(&self, address: u32) -> u32 {
        self.values.get(&address).copied().unwrap_or(0)
    }

    fn access(&mut self, address: u32, pc: u32, first: Access) -> &mut UnmodelledAccess {
        let next = self.accesses.len();
        let index = *self.listed.entry(address).or_insert(next);
        if index == next {
            self.accesses.push(UnmodelledAccess { address, pc, first, reads: 0, writes: 0 });
        }
        &mut self.accesses[index]
    }

    /// A reset of the digital core empties the registers; what was touched stays listed.
    pub(super) fn reset(&mut self) {
        self.values.clear();
    }

    pub(crate) fn accesses(&self) -> &[UnmodelledAccess] {
        &self.accesses
    }

    pub(super) fn hash_into(&self, hasher: &mut crate::hash::StateHasher) {
        std::hash::Hash::hash(&self.values, hasher);
    }
}
