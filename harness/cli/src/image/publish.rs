//! Putting files in their place, whole or not at all.

use std::fs::{self, File};
use std::path::Path;

use super::BuildError;

/// Waits until nobody else builds images here. The lock is held until the file is dropped.
pub(super) fn lock(images: &Path) -> Result<File, BuildError> {
    let path = images.join(".lock");
    let locked = fs::create_dir_all(images)
        .and_then(|()| File::options().create(true).append(true).open(&path))
        .and_then(|file| file.lock().map(|()| file));
    locked.map_err(|source| BuildError::File { path, source })
}

/// Writes a file unless it holds these bytes already; answers whether it did.
pub(super) fn if_different(path: &Path, bytes: &[u8]) -> Result<bool, BuildError> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    whole(path, bytes).map_err(|source| BuildError::File { path: path.to_owned(), source })?;
    Ok(true)
}

/// Writes a file beside its place, then renames it, so that nobody ever sees half of it.
///
/// # Errors
/// If the file cannot be written; there is then no trace of it.
pub fn whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Nothing half-written stays behind; the first error is the one that counts.
        let _ = fs::remove_file(&beside);
    }
    written
}
