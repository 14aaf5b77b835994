//! Tells the program which commit it was built from, where there is a repository: by reading its files,
//! so that building needs no git.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let commit = repository().and_then(|git| commit(&git));
    let shown = commit.map(|commit| format!(" (git {})", &commit[..9])).unwrap_or_default();
    println!("cargo::rustc-env=RAMSCOPE_COMMIT={shown}");
    println!("cargo::rerun-if-changed=build.rs");
}

fn repository() -> Option<PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")?;
    let folders = Path::new(&manifest).ancestors().take(3);
    folders.map(|folder| folder.join(".git")).find(|git| git.is_dir())
}

/// The commit that HEAD means: itself, or through a branch that stands in a file or among the packed.
fn commit(git: &Path) -> Option<String> {
    let head = read(&git.join("HEAD"))?;
    let Some(branch) = head.strip_prefix("ref: ") else {
        return hash(&head);
    };
    if let Some(loose) = read(&git.join(branch)) {
        return hash(&loose);
    }
    let packed = read(&git.join("packed-refs"))?;
    let line = packed.lines().find(|line| line.ends_with(branch))?;
    hash(line.split_whitespace().next()?)
}

fn read(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    Some(text.trim().to_owned())
}

fn hash(text: &str) -> Option<String> {
    let is_hash = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}
