//! Finding QEMU on this computer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM: &str = "qemu-system-riscv32";
const REMEDY: &str = "apt-get install qemu-system-misc";

/// A QEMU that emulates 32-bit RISC-V.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qemu {
    program: PathBuf,
}

impl Qemu {
    /// The one in the search path.
    ///
    /// # Errors
    /// With what would help, if there is none.
    pub fn find() -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|folder| folder.join(PROGRAM));
        let program = found.into_iter().find(|program| program.is_file());
        let missing = || format!("{PROGRAM} is not installed: {REMEDY}");
        Ok(Self { program: program.ok_or_else(missing)? })
    }

    /// This program.
    #[must_use]
    pub fn at(program: &Path) -> Self {
        Self { program: program.to_owned() }
    }

    /// The file.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What it says about itself, in one line.
    ///
    /// # Errors
    /// If it does not start or says nothing.
    pub fn version(&self) -> Result<String, String> {
        let output = Command::new(&self.program).arg("--version").stdin(Stdio::null()).output();
        let output =
            output.map_err(|error| format!("{PROGRAM} does not start ({error}): {REMEDY}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match text.lines().next() {
            Some(line) if output.status.success() => Ok(line.trim().to_owned()),
            _ => Err(format!("{PROGRAM} does not work ({}): {REMEDY}", output.status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_says_what_would_help() {
        let error = Qemu::at(Path::new("/nowhere/qemu")).version().unwrap_err();
        assert!(error.contains("apt-get install qemu-system-misc"), "{error}");
    }
}
