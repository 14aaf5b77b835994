//! Whether modules must be built again: what they are built from, in one line.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::image::BuildError;
use crate::workspace::Workspace;

/// Changes when the builder makes something else of the same sources.
const BUILDER: u32 = 2;

/// What modules are built from, in the workspace.
const SOURCES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "firmware/module-abi", "firmware/modules"];

/// A line that changes with any of the sources, and with the toolchain that has this linker.
pub(super) fn of(workspace: &Workspace, linker: &Path) -> Result<String, BuildError> {
    let mut hasher = DefaultHasher::new();
    BUILDER.hash(&mut hasher);
    let toolchain = fs::metadata(linker).and_then(|found| Ok((found.len(), found.modified()?)));
    toolchain.map_err(super::at(linker))?.hash(&mut hasher);
    for source in SOURCES {
        hash(&workspace.root().join(source), source, &mut hasher)?;
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// Takes a file or folder in, under its name in the workspace: where that lies makes no difference.
fn hash(path: &Path, name: &str, hasher: &mut DefaultHasher) -> Result<(), BuildError> {
    if !path.is_dir() {
        name.hash(hasher);
        // One that is not there is another state than an empty one.
        fs::read(path).ok().hash(hasher);
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(super::at(path))?;
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for entry in entries {
        let file = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        hash(&entry, &format!("{name}/{file}"), hasher)?;
    }
    Ok(())
}
