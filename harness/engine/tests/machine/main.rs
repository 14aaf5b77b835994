//! Whole programs on the built-in machine, through its public interface.

mod asm;
mod board;
mod csr;
mod determinism;
mod devices;
mod elf;
mod image;
mod instructions;
mod interrupts;
mod memory;
mod observer;
mod program;
mod resets;
mod traps;
mod triggers;
