//! Random programs on the engine's virt machine and on QEMU: `cargo xtask qemu-compare`.
//!
//! Every instruction of RV32IMC, CSRs, traps of every cause that both machines can raise,
//! interrupts, user mode and memory protection. A program ends in registers, CSRs, a hash of its
//! data and the list of its traps; what the standard leaves free is masked by the table in
//! [`freedom`]. A difference is shrunk to the shortest program that shows it.
//!
//! What is left out, and why: a misaligned access across the end of RAM (either part may be named),
//! `mret` to user mode without any entry of memory protection (QEMU refuses it), debug triggers
//! (implementations differ in all), counters' values (QEMU counts virtual time), and `csrrs` of a
//! read-only CSR with a register that holds zero (illegal by the manual, allowed by QEMU).

mod batch;
mod code;
mod compare;
mod coverage;
mod driver;
mod freedom;
mod generate;
mod layout;
mod machines;
#[cfg(feature = "mutations")]
mod mutations;
mod opcode;
mod outcome;
mod program;
mod random;
mod shrink;

use compare::{Settings, compare};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask qemu-compare [--count N] [--seed S] [--at-least N] [--qemu PROGRAM] [--mutations]

  --count N      programs (default 2000)
  --seed S       which programs (default 1)
  --at-least N   how often each instruction and cause must occur (default: one in 200 programs)
  --qemu PROGRAM what to start (default qemu-system-riscv32)
  --mutations    seeds bugs into the engine, one after the other: each must be found

Exit codes: 0 they agree, 1 they differ or something occurred too seldom, 2 usage, 3 no QEMU.
";

fn main() -> ExitCode {
    let mut settings = Settings::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok());
        let understood = match argument.as_str() {
            "--count" => number().map(|n| settings.count = n),
            "--seed" => number().map(|n| settings.seed = n),
            "--at-least" => number().map(|n| settings.at_least = Some(n)),
            "--qemu" => arguments.next().map(|program| settings.qemu = program),
            "--mutations" => {
                settings.mutations = true;
                Some(())
            }
            _ => None,
        };
        if understood.is_none() {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    match compare(&settings) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("qemu-compare: {error}");
            ExitCode::from(3)
        }
    }
}
