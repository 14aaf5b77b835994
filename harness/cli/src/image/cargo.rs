//! Starting cargo, quietly: its words matter only if it fails.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::toolchain::{self, Toolchain};
use super::{Board, BuildError, Notice, TARGET, modules};
use crate::workspace::Workspace;

/// The profile in the workspace's manifest that images are built with.
const PROFILE: &str = "firmware";
/// The variable that names the file system with the modules to the boards' build scripts.
const STORAGE: &str = "RAMSCOPE_STORAGE";
/// How long cargo may be silent before a person is told why nothing happens.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Builds the image and answers where it is.
pub(super) fn build(
    workspace: &Workspace,
    board: Board,
    (toolchain, storage): (&Toolchain, Option<&Path>),
    notice: &mut dyn FnMut(Notice),
) -> Result<PathBuf, BuildError> {
    let target_dir = workspace.firmware_target_dir();
    let mut command = toolchain::command("cargo", workspace);
    command.args(["build", "--package", &board.package(), "--bin", &board.binary()]);
    if let Some(storage) = storage {
        command.env(STORAGE, storage);
    }
    run(command.args(["--profile", PROFILE]), workspace, toolchain, notice)?;
    Ok(target_dir.join(TARGET).join(PROFILE).join(board.binary()))
}

/// Builds a module as a static library and answers where it is.
pub(super) fn module(
    workspace: &Workspace,
    package: &str,
    toolchain: &Toolchain,
    notice: &mut dyn FnMut(Notice),
) -> Result<PathBuf, BuildError> {
    let mut command = toolchain::command("cargo", workspace);
    command.args(["rustc", "--package", package, "--lib", "--crate-type", "staticlib"]);
    run(command.args(["--profile", modules::PROFILE]), workspace, toolchain, notice)?;
    Ok(modules::library(&workspace.firmware_target_dir(), package))
}

fn run(
    command: &mut Command,
    workspace: &Workspace,
    toolchain: &Toolchain,
    notice: &mut dyn FnMut(Notice),
) -> Result<(), BuildError> {
    let target_dir = workspace.firmware_target_dir();
    let child = command
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", toolchain.remap_flags(workspace, &target_dir))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| BuildError::NoToolchain { program: "cargo", source })?;
    let (succeeded, output) = wait(child, notice)?;
    match succeeded {
        true => Ok(()),
        false if output.contains("error: linker `") => Err(BuildError::NoLinker),
        false => Err(BuildError::DoesNotCompile { output }),
    }
}

/// Waits for cargo; tells of it once if it takes long. Answers whether it succeeded, and its words.
fn wait(mut child: Child, notice: &mut dyn FnMut(Notice)) -> Result<(bool, String), BuildError> {
    let mut stderr = child.stderr.take().expect("stderr was asked for");
    let (done, words) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = Vec::new();
        // What could be read counts, also if the pipe breaks.
        let _ = stderr.read_to_end(&mut output);
        let _ = done.send(output);
    });
    let output = words.recv_timeout(PATIENCE).or_else(|_| {
        notice(Notice::Building);
        words.recv()
    });
    let status =
        child.wait().map_err(|source| BuildError::NoToolchain { program: "cargo", source })?;
    let output = output.unwrap_or_default();
    Ok((status.success(), String::from_utf8_lossy(&output).into_owned()))
}
