//! Builds the guests, once for all tests of all processes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const TARGET: &str = "riscv32imc-unknown-none-elf";
/// What would build something else than the tests expect, or with another compiler.
const ENVIRONMENT: [&str; 5] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
];

static RELEASE: LazyLock<PathBuf> = LazyLock::new(build);

/// The ELF file of a guest.
pub(crate) fn elf(name: &str) -> Vec<u8> {
    let path = RELEASE.join(format!("guest-{name}"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `target/guests`, wherever the host's own target directory is.
fn target_dir() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap().join("guests")
}

fn build() -> PathBuf {
    let target = target_dir();
    std::fs::create_dir_all(&target).unwrap();
    let lock = File::create(target.join("ramscope.lock")).unwrap();
    lock.lock().unwrap();
    let mut cargo = Command::new("cargo");
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("guests"));
    cargo.args(["build", "--release", "--locked", "--target-dir"]).arg(&target);
    for name in ENVIRONMENT {
        cargo.env_remove(name);
    }
    let output = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the guests do not build (is the target there? `rustup target add {TARGET}`):\n{said}"
    );
    target.join(TARGET).join("release")
}
