//! Patterns of paths: `*` and `?` within a name, `**` for any folders. A shell expands them too,
//! unless they are quoted or stand in a file.

use std::fs;
use std::path::{Component, Path, PathBuf};

use ramscope_scenario::glob_matches;

use super::{Named, collect, is_scenario};
use crate::failure::Failure;

/// Adds all scenario files that a pattern matches, in the order of their names.
pub(super) fn expand(pattern: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let components: Vec<_> = pattern.components().collect();
    let fixed = components.iter().take_while(|component| !is_special(component)).count();
    let root: PathBuf = components[..fixed].iter().collect();
    let names: Vec<String> = components[fixed..]
        .iter()
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .collect();
    let before = files.len();
    walk(&root, &names, files)?;
    if files.len() == before {
        let reason = format!("no scenario file matches {}", pattern.display());
        return Err(Failure::NothingToRun { reason });
    }
    files[before..].sort();
    files.dedup();
    Ok(())
}

fn is_special(component: &Component<'_>) -> bool {
    component.as_os_str().to_string_lossy().contains(['*', '?'])
}

/// Follows a pattern from a folder on. A folder that cannot be read holds nothing.
fn walk(folder: &Path, names: &[String], files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let Some((name, rest)) = names.split_first() else {
        return Ok(());
    };
    if name == "**" {
        walk(folder, rest, files)?;
    }
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(here) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        // A link to a folder is not followed, or `**` might never end.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let found = entry.file_name().to_string_lossy().into_owned();
        match (name.as_str(), is_folder) {
            ("**", true) if !found.starts_with('.') => walk(&path, names, files)?,
            ("**", false) if rest.is_empty() && is_scenario(&path) => files.push(path),
            ("**", _) => {}
            (name, _) if !glob_matches(name, &found) => {}
            (_, true) if rest.is_empty() => collect(&path, Named::ByFolder, files)?,
            (_, true) => walk(&path, rest, files)?,
            (_, false) if rest.is_empty() && is_scenario(&path) => files.push(path),
            _ => {}
        }
    }
    Ok(())
}
