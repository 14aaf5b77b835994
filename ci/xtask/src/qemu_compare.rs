//! Random programs on the engine and on QEMU, compared.
//!
//! The comparison is a program of its own (`ci/qemu-compare`), because it has to be built optimised
//! and with bugs to be seeded, which nothing else should be.

use std::process::{Command, ExitCode};

pub(crate) const NAME: &str = "qemu-compare";
pub(crate) const HELP: &str =
    "random programs end alike on the engine and on QEMU (--count N --seed S, --mutations)";

/// Builds and starts it; its exit code is ours.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "ramscope-qemu-compare"])
        .args(["--features", "mutations", "--"])
        .args(arguments)
        .status();
    match status {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).map_or(
            ExitCode::FAILURE, // a signal ended it
            ExitCode::from,
        ),
        Err(error) => {
            eprintln!("{NAME}: cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
