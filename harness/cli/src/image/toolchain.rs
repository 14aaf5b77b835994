//! The Rust toolchain that the workspace names, and an environment in which it builds the same.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{BuildError, TARGET};
use crate::workspace::Workspace;

/// What is kept of cargo's variables: where it is and how it reaches the registry, nothing that
/// changes code.
const KEPT: [&str; 5] =
    ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_TERM_"];
/// Variables that change what is built. Those of a `cargo run` around us are among them.
const CLEARED: [&str; 5] = ["CARGO", "__CARGO", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"];

/// A toolchain that works.
#[derive(Debug)]
pub(super) struct Toolchain {
    sysroot: PathBuf,
    /// Where the sources of the standard library seem to lie in a prebuilt library, if they are
    /// installed: the compiler then prefers the real place.
    library_sources: Option<String>,
}

impl Toolchain {
    /// Asks the compiler that the workspace's toolchain file names.
    pub(super) fn find(workspace: &Workspace) -> Result<Self, BuildError> {
        let sysroot = PathBuf::from(ask_rustc(workspace, &["--print", "sysroot"])?.trim());
        let library_sources = match sysroot.join("lib/rustlib/src/rust").is_dir() {
            true => {
                commit_hash(&ask_rustc(workspace, &["-vV"])?).map(|hash| format!("/rustc/{hash}"))
            }
            false => None,
        };
        Ok(Self { sysroot, library_sources })
    }

    /// Whether it compiles for the chip.
    pub(super) fn has_target(&self) -> bool {
        self.sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
    }

    /// The linker that is part of the toolchain, whatever host it is for.
    pub(super) fn linker(&self) -> Result<PathBuf, BuildError> {
        let name = format!("rust-lld{}", std::env::consts::EXE_SUFFIX);
        let hosts = self.sysroot.join("lib/rustlib").read_dir().into_iter().flatten().flatten();
        let mut linkers = hosts.map(|host| host.path().join("bin").join(&name));
        let found = linkers.find(|linker| linker.is_file());
        found.ok_or_else(|| BuildError::NoModuleLinker { sysroot: self.sysroot.clone() })
    }

    /// Adds the chip's target, through rustup.
    pub(super) fn add_target(&self, workspace: &Workspace) -> Result<(), BuildError> {
        let no_target = |said: String| BuildError::NoTarget { said };
        let output = command("rustup", workspace)
            .args(["target", "add", TARGET])
            .output()
            .map_err(|error| no_target(format!("rustup cannot be started ({error})")))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(no_target(last_line(&output))),
        }
    }

    /// The flags that give all folders of this machine fixed names. Where several fit, the
    /// compiler takes the last.
    pub(super) fn remap_flags(&self, workspace: &Workspace, target_dir: &Path) -> OsString {
        let mut names = vec![
            (workspace.root().to_owned(), "/ramscope"),
            (self.sysroot.clone(), "/toolchain"),
            (target_dir.to_owned(), "/target"),
        ];
        for home in cargo_homes() {
            names.insert(0, (home, "/cargo"));
        }
        if let Some(sources) = &self.library_sources {
            names.push((self.sysroot.join("lib/rustlib/src/rust"), sources));
        }
        let flags = names.into_iter().map(|(folder, name)| {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(folder);
            flag.push("=");
            flag.push(name);
            flag
        });
        // Cargo's own separator, which allows spaces in folders.
        flags.collect::<Vec<_>>().join(OsStr::new("\x1f"))
    }
}

/// A program of the toolchain, in the workspace, with an environment that changes nothing.
pub(super) fn command(program: &str, workspace: &Workspace) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace.root());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(changes_code) {
            command.env_remove(name);
        }
    }
    command
}

fn changes_code(variable: &str) -> bool {
    let among = |prefixes: &[&str]| prefixes.iter().any(|prefix| variable.starts_with(prefix));
    among(&CLEARED) && !among(&KEPT)
}

/// The folders that cargo may call its home, with and without links resolved.
fn cargo_homes() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) else {
        return Vec::new();
    };
    let mut homes: Vec<_> = home.canonicalize().into_iter().chain([home]).collect();
    homes.dedup();
    homes
}

fn ask_rustc(workspace: &Workspace, args: &[&str]) -> Result<String, BuildError> {
    let output = command("rustc", workspace)
        .args(args)
        .output()
        .map_err(|source| BuildError::NoToolchain { program: "rustc", source })?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(BuildError::BrokenToolchain { said: last_line(&output) }),
    }
}

fn commit_hash(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("commit-hash: "))
}

/// What a program said in the end, without the word "error".
pub(super) fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| line.starts_with("error"));
    let said = error.or_else(|| lines().next_back()).unwrap_or("it said nothing");
    said.trim_start_matches("error:").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_the_outer_cargo_are_cleared_and_the_registry_is_kept() {
        for cleared in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CARGO_PROFILE_FIRMWARE_LTO",
            "CARGO_PKG_NAME",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTUP_TOOLCHAIN",
        ] {
            assert!(changes_code(cleared), "{cleared}");
        }
        for kept in ["PATH", "CARGO_HOME", "RUSTUP_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_PROXY"] {
            assert!(!changes_code(kept), "{kept}");
        }
    }

    #[test]
    fn a_toolchain_without_its_linker_says_what_to_do() {
        let sysroot = PathBuf::from("/nowhere");
        let refused = Toolchain { sysroot, library_sources: None }.linker().unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("/nowhere has no rust-lld"), "{said}");
        assert!(said.contains("`rustup toolchain install stable`"), "{said}");
    }

    #[test]
    fn the_commit_is_read_from_the_compilers_version() {
        assert_eq!(commit_hash("rustc 1.95.0\ncommit-hash: 5980\nhost: x"), Some("5980"));
    }
}
