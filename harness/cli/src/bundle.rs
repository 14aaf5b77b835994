//! The folder with everything about a failure.
//!
//! Invariants:
//! 1. A folder is there whole or not at all; that of an earlier failure of the same run gives way to
//!    it, and goes when the run passes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ramscope_capture::{Capture, ObserverEvent};
use ramscope_model::{Judged, Outcome};
use ramscope_report::{BUNDLE_CAPTURE, bundle};

use crate::evidence::{TOOL, as_argument, this_program};
use crate::failure::Failure;

/// Where the bundle of a run goes whose capture goes to `capture`.
pub(crate) fn folder_for(capture: &Path) -> PathBuf {
    let runs = capture.parent().unwrap_or(Path::new("."));
    let beside = match runs.file_name() {
        Some(name) if name == "runs" => runs.parent().unwrap_or(runs),
        _ => runs,
    };
    let name = capture.file_stem().unwrap_or_default();
    beside.join("failures").join(name)
}

/// Whether a run that came out so leaves a bundle.
pub(crate) const fn is_wanted(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Pass | Outcome::Skipped | Outcome::Interrupted)
}

/// Writes the bundle of a run.
pub(crate) fn write(folder: &Path, judged: &Judged, capture: &Capture) -> Result<(), Failure> {
    let written = write_whole(folder, judged, capture);
    written.map_err(|source| Failure::Unwritable { path: folder.to_owned(), source })
}

/// Takes away the bundle of an earlier failure of a run that has passed.
pub(crate) fn remove(folder: &Path) {
    // What cannot be taken away stays; it says of itself when it was made.
    let _ = fs::remove_dir_all(folder);
}

fn write_whole(folder: &Path, judged: &Judged, capture: &Capture) -> io::Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let [new, old] = ["new", "old"]
        .map(|kind| folder.with_file_name(format!(".{name}.{kind}-{}", std::process::id())));
    let _ = fs::remove_dir_all(&new);
    fs::create_dir_all(&new)?;
    for file in bundle(judged, &as_argument(folder), this_program(), TOOL) {
        fs::write(new.join(file.name), file.text)?;
    }
    for (part, png) in last_screens(capture) {
        fs::write(new.join(format!("screen-{}.png", file_part(&part))), png)?;
    }
    let mut bytes = Vec::new();
    capture.write(&mut bytes)?;
    fs::write(new.join(BUNDLE_CAPTURE), bytes)?;
    let replaced = fs::rename(folder, &old).is_ok();
    fs::rename(&new, folder)?;
    match replaced {
        true => fs::remove_dir_all(&old),
        false => Ok(()),
    }
}

/// What each screen showed when a step looked at it last.
fn last_screens(capture: &Capture) -> BTreeMap<String, Vec<u8>> {
    let seen = capture.events::<ObserverEvent>().filter_map(Result::ok);
    let screens = seen.filter_map(|timed| match timed.event {
        ObserverEvent::Screen { part, png } => Some((part, png)),
        _ => None,
    });
    screens.collect()
}

/// The id of a part as a piece of a file's name.
fn file_part(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_lie_beside_the_runs() {
        let folder = |path: &str| folder_for(Path::new(path));
        assert_eq!(
            folder("target/ramscope/runs/a-1.ramscope"),
            Path::new("target/ramscope/failures/a-1")
        );
        assert_eq!(folder("kept/a-1.ramscope"), Path::new("kept/failures/a-1"));
    }
}
