//! The image built for the host: the firmware's programs and the host port as a program that explores schedules.
//!
//! The harness links nothing of the kernel. So the explorer of the host port is a program of its own, which is
//! built like an image and started like a target.

use std::path::PathBuf;

use super::{BuildError, toolchain};
use crate::workspace::Workspace;

/// Its package and name.
const PACKAGE: &str = "ramscope-board-host";
const EXPLORER: &str = "explore";

/// Builds the explorer and answers where it is.
///
/// # Errors
/// If cargo cannot be started, or the programs do not compile.
pub fn explorer(workspace: &Workspace) -> Result<PathBuf, BuildError> {
    let target_dir = workspace.firmware_target_dir();
    let output = toolchain::command("cargo", workspace)
        .args(["build", "--quiet", "--package", PACKAGE, "--example", EXPLORER, "--target-dir"])
        .arg(&target_dir)
        .output()
        .map_err(|source| BuildError::NoToolchain { program: "cargo", source })?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::DoesNotCompile { output });
    }
    let name = format!("{EXPLORER}{}", std::env::consts::EXE_SUFFIX);
    Ok(target_dir.join("debug").join("examples").join(name))
}
