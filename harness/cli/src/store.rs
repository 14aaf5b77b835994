//! Where captures lie.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use ramscope_capture::Capture;
use ramscope_cli::image::publish;
use ramscope_cli::workspace::Workspace;
use ramscope_scenario::Run;

use crate::failure::Failure;

/// A folder for captures.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder that was asked for, or the workspace's, or one below the current folder.
    pub(crate) fn open(asked: Option<&Path>) -> Result<Self, Failure> {
        let default = || match Workspace::containing(Path::new(".")) {
            Ok(workspace) => workspace.images().join("runs"),
            Err(_) => Path::new("target/ramscope/runs").to_owned(),
        };
        let folder = asked.map_or_else(default, Path::to_owned);
        fs::create_dir_all(&folder)
            .map_err(|source| Failure::Unwritable { path: folder.clone(), source })?;
        Ok(Self { folder })
    }

    /// The file for a recording of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.ramscope", file_name(name)))
    }

    /// A file for each run: `<scenario>-<seed>.ramscope`. Runs that would share one are numbered,
    /// in their order.
    pub(crate) fn paths(&self, runs: &[Run]) -> Vec<PathBuf> {
        let mut used: HashMap<String, usize> = HashMap::new();
        let names = runs.iter().map(|run| {
            let name = format!("{}-{}", file_name(&run.scenario.name), run.seed);
            let count = used.entry(name.clone()).or_insert(0);
            *count += 1;
            match *count {
                1 => format!("{name}.ramscope"),
                n => format!("{name}#{n}.ramscope"),
            }
        });
        names.map(|name| self.folder.join(name)).collect()
    }
}

/// Makes the folder of a file that is to be written later, so that a mistake in its path shows now.
pub(crate) fn prepare(path: &Path) -> Result<(), Failure> {
    let unwritable = |source| Failure::Unwritable { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(unwritable(std::io::ErrorKind::IsADirectory.into()));
    }
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(unwritable),
        None => Ok(()),
    }
}

/// Writes a capture, whole or not at all.
pub(crate) fn write(path: &Path, capture: &Capture) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    let written = capture.write(&mut bytes).and_then(|()| publish::whole(path, &bytes));
    written.map_err(|source| Failure::Unwritable { path: path.to_owned(), source })
}

/// Writes a file that belongs to a capture and lies beside it.
pub(crate) fn write_beside(capture: &Path, extension: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = capture.with_extension(extension);
    publish::whole(&path, bytes).map_err(|source| Failure::Unwritable { path, source })
}

/// Reads a capture.
pub(crate) fn read(path: &Path) -> Result<Capture, Failure> {
    let bytes =
        fs::read(path).map_err(|source| Failure::Unreadable { path: path.to_owned(), source })?;
    Capture::read(&mut bytes.as_slice())
        .map_err(|source| Failure::Capture { path: path.to_owned(), source })
}

/// A scenario's name as part of a file name on any system.
fn file_name(scenario: &str) -> String {
    let safe = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }
    };
    let name: String = scenario.trim().chars().take(80).map(safe).collect();
    match name.trim_start_matches('.') {
        "" => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_scenario_gives_a_file_name() {
        assert_eq!(file_name("two threads: counting/up"), "two-threads--counting-up");
        assert_eq!(file_name("../../etc"), "-..-etc");
        assert_eq!(file_name(""), "unnamed");
        assert_eq!(file_name("zähler"), "zähler");
    }
}
