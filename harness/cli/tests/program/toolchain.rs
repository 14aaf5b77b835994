//! Building where something of the toolchain is missing: scripts stand in for its programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::scratch::Folder;

/// A folder of programs, and the workspace that they are called in.
struct Tools(Folder);

impl Tools {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        folder.write("workspace/firmware/board-esp32c3/Cargo.toml", "");
        fs::create_dir_all(folder.path("bin")).unwrap();
        Self(folder)
    }

    /// A compiler whose system folder is empty.
    fn with_compiler(self) -> Self {
        let sysroot = self.0.path("sysroot");
        self.with("rustc", &format!("echo '{sysroot}'"))
    }

    fn with(self, program: &str, script: &str) -> Self {
        let path = self.0.write(&format!("bin/{program}"), format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Exit code and stderr of `ramscope build`.
    fn build(&self) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_ramscope"))
            .arg("build")
            .current_dir(self.0.path("workspace"))
            .env("PATH", self.0.path("bin"))
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"");
        assert!(!Path::new(&self.0.path("workspace/target/ramscope/esp32c3.elf")).exists());
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn without_a_compiler_the_way_to_one_is_named() {
    let (code, stderr) = Tools::new("no-compiler").build();
    assert_eq!(code, 3);
    assert!(stderr.contains("install Rust with rustup"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1);
}

#[test]
fn a_compiler_that_does_not_work_is_quoted() {
    let script = "echo 'error: toolchain stable is not installed' >&2; exit 1";
    let (code, stderr) = Tools::new("broken-compiler").with("rustc", script).build();
    assert_eq!(code, 3);
    assert!(stderr.contains("does not work: toolchain stable is not installed"), "{stderr}");
}

#[test]
fn a_missing_target_is_added_and_said() {
    let tools = Tools::new("target").with_compiler();
    let added = tools.0.path("added");
    let tools = tools
        .with("rustup", &format!("echo \"$@\" > '{added}'"))
        .with("cargo", "echo 'error: linker `cc` not found' >&2; exit 1");
    let (code, stderr) = tools.build();
    assert_eq!(fs::read_to_string(added).unwrap(), "target add riscv32imc-unknown-none-elf\n");
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines[0].contains("adding the Rust target riscv32imc-unknown-none-elf"), "{stderr}");
    // And a missing linker is one sentence too.
    assert_eq!(code, 3);
    assert!(lines[1].contains("install a C toolchain"), "{stderr}");
}

#[test]
fn a_target_that_cannot_be_added_is_said() {
    let tools = Tools::new("no-target").with_compiler();
    let (code, stderr) = tools.with("rustup", "echo 'error: no network' >&2; exit 1").build();
    assert_eq!(code, 3);
    assert!(stderr.contains("could not be added: no network"), "{stderr}");
}

#[test]
fn without_rustup_a_missing_target_is_still_one_sentence() {
    let (code, stderr) = Tools::new("no-rustup").with_compiler().build();
    assert_eq!(code, 3);
    assert!(stderr.contains("rustup cannot be started"), "{stderr}");
}
