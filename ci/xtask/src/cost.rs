//! What the kernel's operations cost in instructions: builds the image, then has it counted.
//!
//! What counts is `ci/cost`: a program of its own, because it contains the engine. Figures, best
//! peers and reasons are in `ci/cost.toml`.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::workspace::{Profile, Workspace, succeed};

pub(crate) const NAME: &str = "cost";
pub(crate) const HELP: &str = "instructions of the kernel's operations and masked stretches, held to cost.toml (--profile ROW)";

const BUDGETS: &str = "ci/cost.toml";
const CHIP: &str = "riscv32imc-unknown-none-elf";
const ALLOCATORS: &str = "ci/cost/allocators";
/// What would build another program than its lock file and manifest say.
/// `RUSTUP_TOOLCHAIN` stays: without it a dependency's own `rust-toolchain` file would choose its compiler.
const ENVIRONMENT: [&str; 4] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"];
const IMAGE: &str = "target/ramscope/esp32c3.elf";

/// Builds and counts; the exit code is that of what counts.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    match Workspace::load().and_then(|workspace| count(&workspace, arguments)) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{NAME}: {}", failure.text());
            ExitCode::FAILURE
        }
    }
}

fn count(workspace: &Workspace, arguments: &[&str]) -> Result<ExitCode, Failure> {
    let ramscope = workspace.ramscope(Profile::Release)?;
    let mut build = Command::new(&ramscope);
    let build = build.current_dir(&workspace.root);
    succeed(build.args(["build", "--quiet", "--board", "esp32c3"]))?;
    let scratch = workspace.scratch("cost-allocators");
    succeed(&mut build_of_allocators(&workspace.root.join(ALLOCATORS), &scratch))?;
    let mut count = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    count
        .current_dir(&workspace.root)
        .args(["run", "--quiet", "--locked", "--release", "--package", "ramscope-cost"])
        .args(["--", IMAGE])
        .arg(scratch.join(CHIP).join("release/allocators"))
        .arg(BUDGETS)
        .args(arguments);
    Ok(crate::qemu_compare::code_of(NAME, &mut count))
}

fn build_of_allocators(folder: &Path, target: &Path) -> Command {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build
        .current_dir(folder)
        .args(["build", "--release", "--locked", "--target", CHIP, "--target-dir"])
        .arg(target);
    for name in ENVIRONMENT {
        build.env_remove(name);
    }
    build
}
