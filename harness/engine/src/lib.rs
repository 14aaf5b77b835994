//! The built-in machine: an RV32IMC core and the ESP32-C3 around it, or QEMU's virt machine.
//!
//! A firmware image runs in the harness's own process: nothing is installed, nothing is started,
//! and the whole device is plain data that can be cloned, compared and hashed. The machine models
//! what firmware can observe through memory and registers, not how the silicon does it.
//!
//! What the model promises:
//! 1. **Pure.** A run is a function of image, inputs and seed: no I/O, no host clock, no threads.
//! 2. **Exact.** [`Machine::run`] stops at the first instruction boundary that is not before
//!    `until`; cutting a run into pieces changes nothing, and neither does an observer.
//! 3. **One instruction is one CPU cycle** of the clock that the firmware set. There are no
//!    caches and no wait states; a trap costs the cycle of the instruction that caused it, and
//!    taking an interrupt costs none. Idle time (WFI) is skipped, and counts as cycles.
//! 4. **No ROM file.** Functions of the mask ROM that programs call are done natively; the run
//!    ends with the name of one that is missing.
//! 5. **Nothing is ignored silently.** A register that is not modelled keeps what is written,
//!    and is listed by [`Machine::unmodelled`].
//!
//! Where the model is stricter or simpler than silicon, the module that decides it says so.

mod board;
mod boot;
mod clock;
mod code;
mod cpu;
mod debugger;
mod devices;
mod hash;
mod image;
mod machine;
mod md5;
mod memory;
#[cfg(feature = "mutations")]
mod mutation;
mod noise;
mod observer;
mod rom;
mod tohost;
mod virt;

pub use boot::Boot;
pub use image::{Chip, Image, ImageError};
pub use machine::{
    Access, Fatal, Machine, Millivolts, Options, PinState, ResetEvent, ResetReason, Stop, UartByte,
    UartLosses, Unmapped, UnmodelledAccess,
};
#[cfg(feature = "mutations")]
pub use mutation::Mutation;
pub use observer::{CpuView, Flow, Nobody, Observer};
pub use tohost::{NotATest, TestElf, TestRun, TestVerdict, UnhandledTrap};
