//! The engine held against QEMU.
//!
//! What compares is a program of its own (`ci/qemu-compare`), because it has to be built optimised
//! and with bugs to be seeded, which nothing else should be.

use std::process::{Command, ExitCode};

/// One command of that program.
pub(crate) struct Comparison {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// What the program calls it.
    command: &'static str,
}

pub(crate) const COMPARISONS: [Comparison; 2] = [
    Comparison {
        name: "qemu-compare",
        help: "random programs end alike on the engine and on QEMU (--count N --seed S, --mutations)",
        command: "programs",
    },
    Comparison {
        name: "riscv-tests",
        help: "a folder of ELF tests that report through tohost (FOLDER or --own, --qemu)",
        command: "suite",
    },
];

impl Comparison {
    /// Builds and starts it; its exit code is ours.
    pub(crate) fn run(&self, arguments: &[&str]) -> ExitCode {
        let mut command = program(&["--features", "mutations"]);
        code_of(self.name, command.arg(self.command).args(arguments))
    }
}

/// The program, built optimised with these options; its own arguments are to follow.
pub(crate) fn program(options: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["run", "--quiet", "--release", "--package", "ramscope-qemu-compare"])
        .args(options)
        .arg("--");
    command
}

/// Its exit code, or a failure if a signal ended it.
pub(crate) fn code_of(name: &str, command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            eprintln!("{name}: cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
