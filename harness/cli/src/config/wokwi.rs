//! The documented subset of `wokwi.toml`: which image to run. The rest is for other tools, and is
//! left aside with a note.
//!
//! ```toml
//! [wokwi]
//! version = 1
//! firmware = "build/app.bin"      # what runs
//! elf = "build/app.elf"           # its symbols; runs if it is there, because it holds more
//! gdbServerPort = 3333            # here: `--gdb 3333`
//! rfc2217ServerPort = 4000        # left aside
//! [[chip]]                        # custom chips: left aside
//! [[net.forward]]                 # left aside
//! ```

use std::path::Path;

use super::table::File;
use super::{Key, Settings, Source};
use crate::failure::Failure;

/// Takes the settings of a `wokwi.toml`.
pub(super) fn take(file: &File<'_>, settings: &mut Settings) -> Result<(), Failure> {
    let parsed = file.parse()?;
    let root = parsed.get_ref();
    let Some(wokwi) = root.get("wokwi") else {
        return Err(file.error(0, "a wokwi.toml needs a table [wokwi]".to_owned()));
    };
    let version = wokwi.get_ref().get("version");
    let is_one = version.is_some_and(|version| {
        version.get_ref().as_integer().is_some_and(|number| number.as_str() == "1")
    });
    if !is_one {
        let offset = version.map_or(wokwi.span().start, |version| version.span().start);
        return Err(file.error(offset, "wokwi.toml has `version = 1`".to_owned()));
    }
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let path = |name: &str| {
        let value = wokwi.get_ref().get(name)?;
        Some((folder.join(value.get_ref().as_str()?), file.line(value.span().start)))
    };
    let images = [path("elf"), path("firmware")];
    let there = images.iter().flatten().find(|(path, _)| path.is_file());
    if let Some((image, line)) = there.or(images.iter().flatten().next()) {
        let key = Key::of("elf").expect("it is one");
        let source = Source::File { path: file.path.to_owned(), line: *line, profile: None };
        settings.set(key, vec![super::shortened(image).to_string_lossy().into_owned()], source);
    }
    let table = |name: &str| wokwi.get_ref().get(name).is_some();
    let notes = [
        (table("gdbServerPort"), "gdbServerPort: a debugger is waited for with `--gdb PORT`"),
        (table("rfc2217ServerPort"), "rfc2217ServerPort is left aside: no serial port is served"),
        (root.get("chip").is_some(), "[[chip]] is left aside: no target here has custom chips"),
        (root.get("net").is_some(), "[[net.forward]] is left aside: no target here has a network"),
    ];
    let shown = super::shortened(file.path).display().to_string();
    let notes = notes.into_iter().filter(|(applies, _)| *applies);
    settings.notes.extend(notes.map(|(_, note)| format!("{shown}: {note}")));
    Ok(())
}
