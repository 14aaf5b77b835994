//! What holds the engine's virt machine against QEMU, one command each.
//!
//! - `programs` (`cargo xtask qemu-compare`): random programs end alike on both.
//! - `suite` (`cargo xtask riscv-tests`): a folder of ELF tests that say how they ended.
//! - `speed` (`cargo xtask speed`): how fast both execute the same image.
//!
//! Random programs have every instruction of RV32IMC, CSRs, traps of every cause that both machines
//! can raise, interrupts, user mode and memory protection. A program ends in registers, CSRs, a
//! hash of its data and the list of its traps; what the standard leaves free is masked by the table
//! in [`freedom`]. A difference is shrunk to the shortest program that shows it.
//!
//! What is left out, and why: a misaligned access across the end of RAM (either part may be named),
//! `mret` to user mode without any entry of memory protection (QEMU refuses it), debug triggers
//! (implementations differ in all), counters' values (QEMU counts virtual time), and `csrrs` of a
//! read-only CSR with a register that holds zero (illegal by the manual, allowed by QEMU).

mod assembler;
mod batch;
mod code;
mod compare;
mod coverage;
mod driver;
mod elf;
mod freedom;
mod generate;
mod layout;
mod machines;
#[cfg(feature = "mutations")]
mod mutations;
mod opcode;
mod outcome;
mod program;
mod programs;
mod qemu;
mod random;
mod shrink;
mod speed;
mod suite;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("programs") => programs::main(arguments),
        Some("suite") => suite::main(arguments),
        Some("speed") => speed::main(arguments),
        _ => {
            eprintln!("usage: ramscope-qemu-compare programs|suite|speed ..., or cargo xtask help");
            ExitCode::from(2)
        }
    }
}
