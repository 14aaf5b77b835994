//! Millions of random operations on the heap: what soaks is `ci/soak`, built optimised.

use std::process::{Command, ExitCode};

pub(crate) const NAME: &str = "soak";
pub(crate) const HELP: &str = "random operations on the heap against a model (--count N --seed S)";

/// Builds and runs it; its exit code is ours.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    let mut soak = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    soak.args(["run", "--quiet", "--locked", "--release", "--package", "ramscope-soak", "--"])
        .args(arguments);
    crate::qemu_compare::code_of(NAME, &mut soak)
}
