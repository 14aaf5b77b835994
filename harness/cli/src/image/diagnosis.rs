//! What building an image needs, checked one by one, for `ramscope doctor`.

use super::TARGET;
use super::toolchain::{self, Toolchain};
use crate::workspace::Workspace;

/// The state of one thing that a build needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The thing.
    pub subject: &'static str,
    /// What is there, or what is wrong and what would help.
    pub state: Result<String, String>,
}

/// Checks everything that a build needs and changes nothing.
#[must_use]
pub fn diagnose(workspace: &Workspace) -> Vec<Diagnosis> {
    vec![
        Diagnosis { subject: "compiler", state: version("rustc", workspace) },
        Diagnosis { subject: "cargo", state: version("cargo", workspace) },
        Diagnosis { subject: "target", state: target(workspace) },
        Diagnosis { subject: "linker", state: host_linker(workspace) },
    ]
}

fn version(program: &'static str, workspace: &Workspace) -> Result<String, String> {
    let output = toolchain::command(program, workspace).arg("--version").output();
    let output = output.map_err(|error| {
        format!(
            "{program} cannot be started ({error}): install Rust with rustup, https://rustup.rs"
        )
    })?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(toolchain::last_line(&output)),
    }
}

fn target(workspace: &Workspace) -> Result<String, String> {
    let toolchain = Toolchain::find(workspace).map_err(|error| error.to_string())?;
    match toolchain.has_target() {
        true => Ok(TARGET.to_owned()),
        false => Err(format!(
            "{TARGET} is missing; `ramscope build` adds it, or `rustup target add {TARGET}`"
        )),
    }
}

/// The linker for the host is needed by build scripts. Elsewhere than on Unix its name varies.
fn host_linker(workspace: &Workspace) -> Result<String, String> {
    if cfg!(not(unix)) {
        return Ok("the host's own".to_owned());
    }
    let output = toolchain::command("cc", workspace).arg("--version").output();
    let output = output.map_err(|_| {
        "cc cannot be started: install a C toolchain, for example gcc or clang".to_owned()
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or("cc").to_owned())
}
