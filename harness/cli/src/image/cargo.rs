//! Starting cargo, quietly: its words matter only if it fails.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::toolchain::{self, Toolchain};
use super::{Board, BuildError, Notice, TARGET};
use crate::workspace::Workspace;

/// The profile in the workspace's manifest that images are built with.
const PROFILE: &str = "firmware";
/// How long cargo may be silent before a person is told why nothing happens.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Builds the image and answers where it is.
pub(super) fn build(
    workspace: &Workspace,
    board: Board,
    toolchain: &Toolchain,
    notice: &mut dyn FnMut(Notice),
) -> Result<PathBuf, BuildError> {
    let target_dir = workspace.firmware_target_dir();
    let child = toolchain::command("cargo", workspace)
        .args(["build", "--profile", PROFILE, "--target", TARGET, "--package", &board.package()])
        .args(["--bin", &board.binary()])
        .arg("--target-dir")
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", toolchain.remap_flags(workspace, &target_dir))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| BuildError::NoToolchain { program: "cargo", source })?;
    let (succeeded, output) = wait(child, notice)?;
    match succeeded {
        true => Ok(target_dir.join(TARGET).join(PROFILE).join(board.binary())),
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
