//! What the kernel's operations cost in instructions: builds the image, then has it counted.
//!
//! What counts is `ci/cost`: a program of its own, because it contains the engine. Figures, best
//! peers and reasons are in `ci/cost.toml`.

use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::workspace::{Profile, Workspace, succeed};

pub(crate) const NAME: &str = "cost";
pub(crate) const HELP: &str = "instructions of the kernel's operations and masked stretches, held to cost.toml (--profile ROW)";

const BUDGETS: &str = "ci/cost.toml";
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
    let mut count = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    count
        .current_dir(&workspace.root)
        .args(["run", "--quiet", "--locked", "--release", "--package", "ramscope-cost"])
        .args(["--", IMAGE, BUDGETS])
        .args(arguments);
    Ok(crate::qemu_compare::code_of(NAME, &mut count))
}
