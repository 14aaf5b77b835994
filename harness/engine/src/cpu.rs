//! The processor's state.

/// Registers of the core.
#[derive(Clone, Debug)]
pub(crate) struct Cpu {}

impl Cpu {
    pub(crate) fn register(&self, _n: u8) -> u32 {
        unimplemented!("the core is being written")
    }
    pub(crate) fn interrupts_enabled(&self) -> bool {
        unimplemented!("the core is being written")
    }
}
