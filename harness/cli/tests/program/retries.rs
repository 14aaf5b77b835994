//! A target that fails once: a QEMU that does not start the first time.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scratch::Folder;

const QEMU: &str = "qemu-system-riscv32";
const SCENARIO: &str = "name: again\nversion: 1\nsteps:\n- wait-serial: \"ready\"\n";

/// The QEMU of this computer, if it has one.
fn real() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(QEMU)).find(|qemu| qemu.is_file())
}

/// Runs with a QEMU that fails `failures` times before it does its work.
fn run(name: &str, real: &Path, failures: usize, retries: &str) -> (i32, String) {
    let folder = Folder::new(name);
    let (count, scenario) = (folder.path("count"), folder.write("again.yaml", SCENARIO));
    let script = format!(
        "#!/bin/sh\necho x >> '{count}'\n[ \"$(wc -l < '{count}')\" -gt {failures} ] || exit 1\n\
         exec '{}' \"$@\"\n",
        real.display()
    );
    let impostor = folder.write(&format!("bin/{QEMU}"), script);
    fs::set_permissions(&impostor, fs::Permissions::from_mode(0o755)).unwrap();
    let folders = [PathBuf::from(folder.path("bin"))].into_iter();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ramscope"))
        .args(["run", &scenario, "--target", "qemu-virt", "--retries", retries])
        .args(["--captures", &folder.path("captures")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), text)
}

#[test]
fn a_target_that_failed_is_tried_again_and_told_as_flaky() {
    let Some(real) = real() else { return };
    let (code, text) = run("flaky", &real, 1, "1");
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("it is tried again"), "{text}");
    assert!(text.contains("(flaky: attempt 2)"), "{text}");
}

#[test]
fn a_target_that_fails_more_often_than_that_is_unavailable() {
    let Some(real) = real() else { return };
    let (code, text) = run("broken", &real, 2, "1");
    assert_eq!(code, 3, "{text}");
    assert_eq!(text.matches("it is tried again").count(), 1, "{text}");
}
