//! Folders that go away, and calls of the program.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of its own below the target folder, which goes away with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty folder. Each test gives another name.
    pub(crate) fn new(name: &str) -> Self {
        let name = name.replace('/', "-");
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of something in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file in it and answers its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays is below the target folder, where it harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What became of a call of the program.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Calls the program in the folder of this package, which is inside of the workspace.
pub(crate) fn ramscope<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Called {
    ramscope_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

/// Calls the program in a folder.
pub(crate) fn ramscope_in<A: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Called {
    let output = Command::new(env!("CARGO_BIN_EXE_ramscope"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    Called {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
