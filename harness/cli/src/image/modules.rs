//! Building the modules that programs import, and the file system that they lie in.
//!
//! A module is one relocatable object. The compiler's own object of a crate does not link alone: it
//! imports the libraries' functions by names that only that compiler knows. So each crate under
//! `firmware/modules` becomes a static library, whose code is optimised as a whole; the linker
//! takes out of it what the module's three symbols need, in one object; and that is written anew
//! without what no loader needs ([`object`]). What is taken away stays on the host, beside the image,
//! as a linked file with the same offsets, for names and lines.
//!
//! Invariants:
//! 1. Nothing is built if sources, manifests and linker are those of the last time.
//! 2. The linker is the toolchain's own: no other tool is needed.

mod fingerprint;
mod object;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::toolchain::Toolchain;
use super::{BuildError, Notice, TARGET, cargo, publish};
use crate::workspace::Workspace;

/// What packages of modules are called, before the name of their folder.
const PACKAGE: &str = "ramscope-module-";
/// What a manifest names if its crate is a module, and not only a library for them.
const BOUNDARY: &str = "ramscope-module-abi";
/// The symbols that a loader looks for.
const ROOTS: [&str; 3] = ["ramscope_module_info", "ramscope_module_init", "ramscope_module_deinit"];

/// One section of each kind, so that a loader has few to place. What no code needs at run time is
/// left out.
const LAYOUT: &str = "SECTIONS {
  .text 0 : { *(.text .text.*) }
  .rodata 0 : { *(.rodata .rodata.* .srodata .srodata.*) }
  .data 0 : { *(.data .data.* .sdata .sdata.*) }
  .bss 0 : { *(.sbss .sbss.* .bss .bss.* COMMON) }
  /DISCARD/ : { *(.eh_frame .comment .riscv.attributes .note.* .llvmbc .llvmcmd) }
}
";

/// The same offsets, as a linked file: text from 0 on, the rest far from it.
const SYMBOLS_LAYOUT: &str = "SECTIONS {
  .text 0 : { *(.text) }
  .rodata 0x10000000 : { *(.rodata) }
  .data 0x20000000 : { *(.data) }
  .bss 0x30000000 : { *(.bss) }
}
";

/// Builds the file system with all modules, or finds that it is up to date; `None` if the workspace
/// has no modules.
pub(super) fn build(
    workspace: &Workspace,
    toolchain: &Toolchain,
    notice: &mut dyn FnMut(Notice),
) -> Result<Option<PathBuf>, BuildError> {
    let names = names(workspace)?;
    if names.is_empty() {
        return Ok(None);
    }
    let linker = toolchain.linker()?;
    let folder = workspace.images().join("modules");
    let storage = folder.join("storage.bin");
    let stamp = folder.join("stamp");
    let fingerprint = fingerprint::of(workspace, &linker)?;
    let is_built = fs::read_to_string(&stamp).is_ok_and(|found| found == fingerprint);
    if is_built && storage.is_file() {
        return Ok(Some(storage));
    }
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let mut files = Vec::new();
    let mut symbols = BTreeSet::new();
    for name in &names {
        let library = cargo::module(workspace, &format!("{PACKAGE}{name}"), toolchain, notice)?;
        let object = link(&linker, name, &library, &folder)?;
        let checksum = ramscope_wire::storage::checksum(&object);
        let built = folder.join(format!("{name}.elf"));
        let named = file_of_symbols(&folder, name, checksum);
        fs::rename(&built, &named).map_err(at(&built))?;
        files.push((name.as_str(), object));
        symbols.insert(named);
    }
    remove_others(&folder, &symbols);
    let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let bytes = ramscope_wire::storage::write(&files).map_err(|bad| BuildError::Module {
        module: bad.0,
        problem: "its name is empty or longer than 20 bytes: rename the folder".to_owned(),
    })?;
    publish::if_different(&storage, &bytes)?;
    publish::if_different(&stamp, fingerprint.as_bytes())?;
    Ok(Some(storage))
}

/// The folders with modules, in the order of their names.
fn names(workspace: &Workspace) -> Result<Vec<String>, BuildError> {
    let folder = workspace.root().join("firmware/modules");
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(at(&folder))?.path();
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|_| manifest.contains(BOUNDARY)) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Links one module: its object for the image, and beside it the file with its symbols.
fn link(linker: &Path, name: &str, library: &Path, folder: &Path) -> Result<Vec<u8>, BuildError> {
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    let (whole, symbols) = (path("o"), path("elf"));
    let script = |text: &str| {
        let script = path("x");
        fs::write(&script, text).map_err(at(&script)).map(|()| script)
    };
    let problem = |problem: String| BuildError::Module { module: name.to_owned(), problem };
    let layout = script(LAYOUT)?;
    let mut command = lld(linker, &layout, &whole);
    command.args(["-r", "--gc-sections"]).args(ROOTS.iter().flat_map(|root| ["-u", root]));
    run(command.arg(library)).map_err(problem)?;
    let layout = script(SYMBOLS_LAYOUT)?;
    let mut command = lld(linker, &layout, &symbols);
    command.args(["--no-relax", "--unresolved-symbols=ignore-all", "-e", "0"]);
    run(command.arg(&whole)).map_err(problem)?;
    let bytes = fs::read(&whole).map_err(at(&whole))?;
    for left in [whole, layout] {
        // Only in the way of whoever looks into the folder.
        let _ = fs::remove_file(left);
    }
    object::shrink(&bytes, &ROOTS).map_err(problem)
}

fn lld(linker: &Path, layout: &Path, output: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(linker);
    command.args(["-flavor", "gnu", "-T"]).arg(layout).arg("-o").arg(output);
    command
}

fn run(command: &mut std::process::Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("rust-lld: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(super::toolchain::last_line(&output)),
    }
}

/// Names the file of an error.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    move |source| BuildError::File { path: path.to_owned(), source }
}

/// Where the symbols of a module lie whose file has this checksum: beside the image, if that was built
/// here.
#[must_use]
pub fn symbols(image: &Path, module: &str, checksum: u32) -> PathBuf {
    let folder = image.parent().unwrap_or(Path::new(".")).join("modules");
    file_of_symbols(&folder, module, checksum)
}

fn file_of_symbols(folder: &Path, module: &str, checksum: u32) -> PathBuf {
    folder.join(format!("{module}-{checksum:08x}.elf"))
}

/// Removes the symbols of earlier builds.
fn remove_others(folder: &Path, symbols: &BTreeSet<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let others = entries.filter(|path| path.extension().is_some_and(|ending| ending == "elf"));
    for old in others.filter(|path| !symbols.contains(path)) {
        // One more file is no harm.
        let _ = fs::remove_file(old);
    }
}

/// What modules are compiled for; the folder that cargo names so.
pub(super) const PROFILE: &str = "module";

/// Where cargo puts the static library of a package.
pub(super) fn library(target_dir: &Path, package: &str) -> PathBuf {
    let file = format!("lib{}.a", package.replace('-', "_"));
    target_dir.join(TARGET).join(PROFILE).join(file)
}
