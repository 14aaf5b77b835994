//! Where the sources of the firmware are, and where what is built goes.

use std::path::{Path, PathBuf};

/// What a folder holds if it is the root of our workspace.
const MARK: &str = "firmware/board-esp32c3/Cargo.toml";

/// The folder with the firmware's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

/// No folder from here upwards holds the firmware's sources.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "no ramscope workspace in {} or above it; run it there, or give an image with `--elf FILE`",
    from.display()
)]
pub struct NoWorkspace {
    /// Where the search began.
    pub from: PathBuf,
}

impl Workspace {
    /// The workspace that holds a folder, links resolved, so that one workspace has one name.
    ///
    /// # Errors
    /// If there is none.
    pub fn containing(folder: &Path) -> Result<Self, NoWorkspace> {
        let none = || NoWorkspace { from: folder.to_owned() };
        let real = folder.canonicalize().map_err(|_| none())?;
        let root = real.ancestors().find(|folder| folder.join(MARK).is_file());
        Ok(Self { root: root.ok_or_else(none)?.to_owned() })
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where finished images lie, whatever cargo's target folder is: `wokwi.toml` names them.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.root.join("target").join("ramscope")
    }

    /// Where cargo builds images: apart from host builds, so neither waits for the other, and
    /// never shared between workspaces as a target folder from the environment may be.
    #[must_use]
    pub fn firmware_target_dir(&self) -> PathBuf {
        self.root.join("target").join("firmware")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_found_from_inside() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = Workspace::containing(here).unwrap();
        assert!(workspace.root().join("harness/cli").is_dir());
    }

    #[test]
    fn outside_of_it_the_error_names_the_folder() {
        let error = Workspace::containing(Path::new("/")).unwrap_err();
        assert!(error.to_string().contains("no ramscope workspace in /"), "{error}");
    }
}
