//! How fast the engine is, beside QEMU: builds what is to be timed, then has it timed.
//!
//! What times is `ci/qemu-compare`, built without the bugs that can be seeded into the engine: their
//! places cost a little.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::workspace::{Profile, Workspace, succeed};

pub(crate) const NAME: &str = "speed";
pub(crate) const HELP: &str = "how fast the engine and QEMU run the same images, in turn";

const CHIP: &str = "riscv32imc-unknown-none-elf";
const GUESTS: &str = "ci/qemu-compare/guests";
/// What would build other guests than the lock file and the manifest say.
const ENVIRONMENT: [&str; 5] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
];

/// Builds and times; the exit code is that of what times.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    match Workspace::load().and_then(|workspace| time(&workspace, arguments)) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{NAME}: {}", failure.text());
            ExitCode::FAILURE
        }
    }
}

fn time(workspace: &Workspace, arguments: &[&str]) -> Result<ExitCode, Failure> {
    let ramscope = workspace.ramscope(Profile::Release)?;
    for board in ["esp32c3", "virt"] {
        let mut build = Command::new(&ramscope);
        succeed(build.current_dir(&workspace.root).args(["build", "--quiet", "--board", board]))?;
    }
    let guests = workspace.scratch("speed-guests");
    succeed(&mut build_of_guests(&workspace.root.join(GUESTS), &guests))?;
    let mut timing = crate::qemu_compare::program(&[]);
    timing
        .current_dir(&workspace.root)
        .arg("speed")
        .arg("--guests")
        .arg(guests.join(CHIP).join("release"))
        .args(["--images", "target/ramscope"])
        .args(arguments);
    Ok(crate::qemu_compare::code_of(NAME, &mut timing))
}

fn build_of_guests(folder: &Path, target: &Path) -> Command {
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
