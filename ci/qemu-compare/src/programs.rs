//! The command: random programs on both machines, compared.

use crate::compare::{Settings, compare};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask qemu-compare [--count N] [--seed S] [--at-least N] [--qemu PROGRAM]
                                [--mutations|--masks]

  --count N      programs (default 2000)
  --seed S       which programs (default 1)
  --at-least N   how often each instruction, CSR and cause must occur (default: one in 200 programs)
  --qemu PROGRAM what to start (default qemu-system-riscv32)
  --masks        only prints what is not compared, and why
  --mutations    seeds bugs into the engine, one after the other: each must be found

Exit codes: 0 they agree, 1 they differ or something occurred too seldom, 2 usage, 3 no QEMU.
";

/// Reads the arguments, compares, and says how it went.
pub(crate) fn main(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut settings = Settings::default();
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok());
        let understood = match argument.as_str() {
            "--count" => number().map(|n| settings.count = n),
            "--seed" => number().map(|n| settings.seed = n),
            "--at-least" => number().map(|n| settings.at_least = Some(n)),
            "--qemu" => arguments.next().map(|program| settings.qemu = program),
            "--masks" => {
                print!("{}", crate::freedom::table());
                return ExitCode::SUCCESS;
            }
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
