//! The image is the same when built in another folder and environment.
//!
//! The workspace's sources are copied to a folder with another, longer name, spaces in it. There the
//! image is built with flags in the environment that would change it. Both files of the image have to
//! come out the same, and no folder of this machine may be named in them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::workspace::{Profile, Workspace, succeed};

/// The files of an image, relative to the root, as `wokwi.toml` names them.
const IMAGE: [&str; 2] = ["target/ramscope/esp32c3.elf", "target/ramscope/esp32c3.bin"];

/// What the builder has to keep away from the image.
const HOSTILE: [(&str, &str); 2] =
    [("RUSTFLAGS", "-C opt-level=1"), ("CARGO_PROFILE_FIRMWARE_DEBUG", "0")];

/// One built file.
struct Artifact {
    name: &'static str,
    bytes: Vec<u8>,
}

/// Builds the image here and in a copy.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Failure> {
    let builder = workspace.ramscope(Profile::Release)?;
    let copy = workspace.scratch("reproducible/another folder, with spaces");
    workspace.make_empty(&copy)?;
    copy_sources(workspace, &copy)?;

    let here = build(workspace, &builder, &workspace.root, &[])?;
    let there = build(workspace, &builder, &copy, &HOSTILE)?;
    let folders = [workspace.root.clone(), copy].into_iter().chain(env::home_dir());
    let folders: Vec<_> = folders.filter(|folder| folder.parent().is_some()).collect();
    Failure::unless_empty(problems(&here, &there, &folders))?;
    let hashes = here.iter().map(|artifact| {
        let hash = Sha256::digest(&artifact.bytes);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\n  {hash}  {}", artifact.name)
    });
    Ok(format!("two folders give the same image{}", hashes.collect::<String>()))
}

fn problems(here: &[Artifact], there: &[Artifact], folders: &[PathBuf]) -> Vec<String> {
    let pairs = here.iter().zip(there).filter(|(a, b)| a.bytes != b.bytes);
    let different = pairs.map(|(here, there)| difference(here, there));
    let revealing = here.iter().chain(there).flat_map(|artifact| {
        let named = folders.iter().filter(|folder| names(artifact, folder));
        named.map(|_| format!("{} names a folder of this machine", artifact.name))
    });
    different.chain(revealing).collect()
}

fn difference(here: &Artifact, there: &Artifact) -> String {
    let pairs = here.bytes.iter().zip(&there.bytes);
    let same = pairs.take_while(|(a, b)| a == b).count();
    format!(
        "{} differs from byte {same} on; {} bytes here, {} in the copy",
        here.name,
        here.bytes.len(),
        there.bytes.len()
    )
}

fn names(artifact: &Artifact, folder: &Path) -> bool {
    let mut needle = folder.as_os_str().as_encoded_bytes().to_vec();
    needle.push(b'/');
    artifact.bytes.windows(needle.len()).any(|w| w == needle)
}

fn copy_sources(workspace: &Workspace, to: &Path) -> Result<(), Failure> {
    for name in workspace.files(&["*"])? {
        let (from, to) = (workspace.root.join(&name), to.join(&name));
        let folder = to.parent().expect("it lies in the copy");
        let copied = fs::create_dir_all(folder).and_then(|()| fs::copy(&from, &to));
        copied.map_err(|source| workspace.file_failure(&from, source))?;
    }
    Ok(())
}

fn build(
    workspace: &Workspace,
    builder: &Path,
    root: &Path,
    environment: &[(&str, &str)],
) -> Result<Vec<Artifact>, Failure> {
    let mut command = Command::new(builder);
    command.current_dir(root).args(["build", "--quiet"]).envs(environment.iter().copied());
    succeed(&mut command)?;
    let artifacts = IMAGE.iter().map(|name| {
        let path = root.join(name);
        let bytes = fs::read(&path).map_err(|source| workspace.file_failure(&path, source))?;
        Ok(Artifact { name, bytes })
    });
    artifacts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(here: &[u8], there: &[u8], expected: &[&str]) {
        let image = |bytes: &[u8]| vec![Artifact { name: "image", bytes: bytes.to_vec() }];
        let found = problems(&image(here), &image(there), &["/home/somebody".into()]);
        assert_eq!(found, expected);
    }

    #[test]
    fn the_same_bytes_are_no_problem() {
        check(b"code", b"code", &[]);
    }

    #[test]
    fn the_first_byte_that_differs_is_named() {
        check(b"code", b"cool", &["image differs from byte 2 on; 4 bytes here, 4 in the copy"]);
        check(b"code", b"codes", &["image differs from byte 4 on; 4 bytes here, 5 in the copy"]);
    }

    #[test]
    fn a_folder_of_the_machine_is_a_problem_even_in_equal_images() {
        let text = b"panicked at /home/somebody/src/main.rs";
        let problem = "image names a folder of this machine";
        check(text, text, &[problem, problem]);
        check(b"/home/somebodyelse", b"/home/somebodyelse", &[]);
    }
}
