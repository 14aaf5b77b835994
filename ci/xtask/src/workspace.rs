//! The workspace that is checked: its crates, its files and its programs.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::failure::Failure;

/// What `cargo metadata` says, as far as we ask.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    target_directory: PathBuf,
}

/// One of our crates.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// What one of our crates names in its manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Nothing, `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// A way to compile the harness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Workspace {
    /// The workspace that the current folder is in. Its lock file has to be up to date.
    pub(crate) fn load() -> Result<Self, Failure> {
        let arguments = ["metadata", "--locked", "--no-deps", "--format-version", "1"];
        let output = succeed(cargo().args(arguments))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|source| Failure::Output { program: "cargo metadata".to_owned(), source })
    }

    /// The names, relative to the root, of all files that are committed or about to be, whose path
    /// fits one of git's patterns.
    pub(crate) fn files(&self, patterns: &[&str]) -> Result<Vec<String>, Failure> {
        let mut git = Command::new("git");
        git.current_dir(&self.root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
        ]);
        let output = succeed(git.args(patterns))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.split('\0').filter(|name| !name.is_empty());
        // A file that has been deleted, but not yet for git, is gone for us.
        let names = names.filter(|name| self.root.join(name).exists());
        Ok(names.map(str::to_owned).collect())
    }

    /// Builds the `ramscope` program and answers where it is.
    pub(crate) fn ramscope(&self, profile: Profile) -> Result<PathBuf, Failure> {
        let (arguments, folder): (&[&str], _) = match profile {
            Profile::Debug => (&[], "debug"),
            Profile::Release => (&["--release"], "release"),
        };
        let mut build = cargo();
        build
            .current_dir(&self.root)
            .args(["build", "--locked", "--package", "ramscope-cli"])
            .args(["--bin", "ramscope"])
            .args(arguments);
        succeed(&mut build)?;
        let name = format!("ramscope{}", env::consts::EXE_SUFFIX);
        Ok(self.target_directory.join(folder).join(name))
    }

    /// A folder below the target folder that no other check uses.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.target_directory.join("ci").join(name)
    }

    /// Makes a scratch folder, or takes everything out of it.
    pub(crate) fn make_empty(&self, folder: &Path) -> Result<(), Failure> {
        let emptied = match folder.exists() {
            true => fs::remove_dir_all(folder),
            false => Ok(()),
        };
        emptied
            .and_then(|()| fs::create_dir_all(folder))
            .map_err(|source| self.file_failure(folder, source))
    }

    /// That a file cannot be used, in words without a folder of this machine.
    pub(crate) fn file_failure(&self, path: &Path, source: std::io::Error) -> Failure {
        let name = [&self.root, &self.target_directory]
            .iter()
            .find_map(|folder| path.strip_prefix(folder).ok())
            .unwrap_or(Path::new(path.file_name().unwrap_or_default()));
        Failure::File { name: name.display().to_string(), source }
    }
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a program to its end and takes what it prints.
pub(crate) fn run(command: &mut Command) -> Result<Output, Failure> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Failure::NotStarted { program: name_of(command), source })
}

/// As [`run`], for a program that has to succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<Output, Failure> {
    let output = run(command)?;
    match output.status.success() {
        true => Ok(output),
        false => Err(failed(command, &output)),
    }
}

/// That a program failed, with what it said.
pub(crate) fn failed(command: &Command, output: &Output) -> Failure {
    Failure::Failed {
        program: name_of(command),
        said: format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end()),
    }
}

/// The program and its first argument, which say what was wanted: `cargo build`.
fn name_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_stem().unwrap_or(command.get_program());
    let verb = command.get_args().next().unwrap_or(OsStr::new(""));
    let name = format!("{} {}", program.display(), verb.display());
    name.trim_end().to_owned()
}
