//! Where captures lie.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ramscope_capture::{Capture, FileWriter};
use ramscope_cli::image::publish;
use ramscope_cli::workspace::Workspace;
use ramscope_scenario::{Run, TargetKind};

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

    /// A file for each run: `<scenario>-<seed>.ramscope`, on another target than the built-in
    /// ESP32-C3 `<scenario>-<target>-<seed>.ramscope`; `-steered` follows where somebody chose who
    /// runs when, `-without-N` where an allocation was to fail. Runs that would share one are numbered,
    /// in their order.
    pub(crate) fn paths(&self, runs: &[Run]) -> Vec<PathBuf> {
        let mut used: HashMap<String, usize> = HashMap::new();
        let names = runs.iter().map(|run| {
            let scenario = file_name(&run.scenario.name);
            let name = match run.target {
                TargetKind::Engine => format!("{scenario}-{}", run.seed),
                target => format!("{scenario}-{target}-{}", run.seed),
            };
            let name = if run.schedule.is_empty() { name } else { format!("{name}-steered") };
            let name = match run.fail_allocation {
                None => name,
                Some(nth) => format!("{name}-without-{nth}"),
            };
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

/// A capture that grows while its run goes on: beside its place until it is whole. If this program
/// is killed, what was recorded until then stays there, and can be shown and replayed.
#[derive(Debug)]
pub(crate) struct CaptureFile {
    /// Where it will stand.
    path: PathBuf,
    writer: Option<FileWriter<File>>,
    /// Why writing failed, if it did.
    error: Option<std::io::Error>,
}

/// What the name of a capture that is not whole yet ends with.
const PART: &str = ".part";

impl CaptureFile {
    /// Begins a file with the host part of a capture.
    pub(crate) fn begin(path: &Path, capture: &Capture) -> Result<Self, Failure> {
        let begun = File::create(part_of(path))
            .and_then(|file| FileWriter::begin(file, capture.host.as_ref()));
        match begun {
            Ok(writer) => Ok(Self { path: path.to_owned(), writer: Some(writer), error: None }),
            Err(source) => Err(Failure::Unwritable { path: path.to_owned(), source }),
        }
    }

    /// Writes what is new. A disk that is full does not stop the run; it is told at its end.
    pub(crate) fn catch_up(&mut self, capture: &Capture) {
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.catch_up(capture)
        {
            self.error = Some(error);
            self.writer = None;
        }
    }

    /// Writes the end, and puts the file in its place.
    pub(crate) fn finish(self, capture: &Capture) -> Result<(), Failure> {
        let Self { path, writer, error } = self;
        let part = part_of(&path);
        let finished = match (writer, error) {
            (Some(writer), None) => writer.finish(capture).map(drop),
            (_, error) => Err(error.expect("a writer is there until it fails")),
        };
        let placed = finished.and_then(|()| fs::rename(&part, &path));
        placed.map_err(|source| {
            // A whole run whose file is cut would be taken for a killed one.
            let _ = fs::remove_file(&part);
            Failure::Unwritable { path, source }
        })
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PART);
    name.into()
}

/// Writes a capture, whole or not at all.
pub(crate) fn write(path: &Path, capture: &Capture) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    let written = capture.write(&mut bytes).and_then(|()| publish::whole(path, &bytes));
    written.map_err(|source| Failure::Unwritable { path: path.to_owned(), source })
}

/// Writes a file that a person has named, whole or not at all.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    prepare(path)?;
    publish::whole(path, bytes)
        .map_err(|source| Failure::Unwritable { path: path.to_owned(), source })
}

/// Writes a file that belongs to a capture and lies beside it.
pub(crate) fn write_beside(capture: &Path, extension: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = capture.with_extension(extension);
    publish::whole(&path, bytes).map_err(|source| Failure::Unwritable { path, source })
}

/// Reads a capture.
pub(crate) fn read(path: &Path) -> Result<Capture, Failure> {
    let bytes = fs::read(path).map_err(|source| match part_of(path) {
        part if part.is_file() => Failure::OnlyPart { path: path.to_owned(), part },
        _ => Failure::Unreadable { path: path.to_owned(), source },
    })?;
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
