//! Finding and reading scenario files.

mod glob;

use std::path::{Path, PathBuf};

use ramscope_scenario::{Parsed, Problem, Scenario, parse};

use crate::failure::Failure;

/// Scenario files that were read, problems and all.
#[derive(Debug, Default)]
pub(crate) struct ScenarioFiles {
    /// What became of each file, in order.
    pub(crate) parsed: Vec<Parsed>,
}

impl ScenarioFiles {
    /// Reads files, and those in folders, at any depth, in the order of their names.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in paths {
            match is_pattern(path) {
                true => glob::expand(path, &mut files)?,
                false => collect(path, Named::ByPerson, &mut files)?,
            }
        }
        let parsed = files.iter().map(|file| read(file));
        Ok(Self { parsed: parsed.collect::<Result<_, _>>()? })
    }

    /// All problems, in the order of files and places.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.parsed.iter().flat_map(|parsed| &parsed.problems)
    }

    /// The scenarios, if no file has an error.
    pub(crate) fn scenarios(self) -> Vec<Scenario> {
        self.parsed.into_iter().filter_map(|parsed| parsed.scenario).collect()
    }
}

/// How a path came up: a file that a person named is read whatever its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    ByPerson,
    ByFolder,
}

/// Whether a path has to be taken for a pattern: a file of that very name is that file.
fn is_pattern(path: &Path) -> bool {
    !path.exists() && path.to_string_lossy().contains(['*', '?'])
}

fn collect(path: &Path, named: Named, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |source| Failure::Unreadable { path: path.to_owned(), source };
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    if !kind.is_dir() {
        if named == Named::ByPerson || is_scenario(path) {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    entries.iter().try_for_each(|entry| collect(entry, Named::ByFolder, files))
}

fn is_scenario(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let extension = path.extension().and_then(|extension| extension.to_str());
    !hidden && matches!(extension, Some("yaml" | "yml"))
}

fn read(path: &Path) -> Result<Parsed, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|source| Failure::Unreadable { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::NotText { path: path.to_owned() })?;
    // One spelling on every host: paths are part of reports.
    let name = path.to_string_lossy().replace('\\', "/");
    Ok(parse(&name, &text))
}
