//! Whole programs on the built-in machine, through its public interface.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod app;
mod asm;
mod board;
mod boots;
mod chaos;
mod csr;
mod determinism;
mod devices;
mod elf;
mod flash;
mod image;
mod instructions;
mod interrupts;
mod memory;
mod observer;
mod program;
mod resets;
mod rom;
mod traps;
mod triggers;
mod virt;
