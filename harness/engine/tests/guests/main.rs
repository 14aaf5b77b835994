//! Programs built from crates.io, unmodified, on the built-in machine: what they print and when.
//!
//! They are crates of a workspace of their own (`guests`), which the first test builds; that needs
//! the target `riscv32imc-unknown-none-elf` and, the first time, the network.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod analog;
#[path = "../machine/app.rs"]
mod app;
mod boots;
mod build;
mod copies;
mod executor;
mod hello;
mod peripherals;
mod resets;
mod run;
mod storage;
mod threads;
