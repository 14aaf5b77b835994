//! Calls of the program with everything that it says, as files: what a person sees is reviewed like
//! code.
//!
//! A file in `tests/transcripts` holds calls, each in the folder `tests/project` (a copy of it, with
//! no workspace around):
//!
//! ```text
//! $ ramscope replay captures/pass.ramscope
//! what it prints
//! !what it says on stderr
//! ?0
//! ```
//!
//! `RAMSCOPE_BLESS=1 cargo test -p ramscope-cli transcripts` writes the files anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// A copy of the project of the tests, outside of any workspace.
pub(crate) struct Project(PathBuf);

impl Project {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ramscope-{name}-{}", std::process::id()));
        copy(&Path::new(TESTS).join("project"), &path);
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Calls the program in it, with nothing of this machine's environment that changes what it says.
    pub(crate) fn ramscope(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ramscope"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("RAMSCOPE_") || text.starts_with("GITHUB_") {
                command.env_remove(&name);
            }
        }
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(&self.0).output().unwrap()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // A folder that stays harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(path, target).unwrap()),
        }
    }
}

/// The words of a call: by spaces, but together within single quotes.
fn words(call: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (index, part) in call.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// Carries out the calls of a transcript and gives it as it is now.
fn carry_out(transcript: &str, project: &Project) -> String {
    let mut said = String::new();
    for line in transcript.lines() {
        let Some(call) = line.strip_prefix("$ ramscope ") else {
            if line.starts_with("# ") {
                writeln!(said, "{line}").unwrap();
            }
            continue;
        };
        let words = words(call);
        let output = project.ramscope(&words.iter().map(String::as_str).collect::<Vec<_>>());
        writeln!(said, "{line}").unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        said.push_str(&text(&output.stdout));
        if !said.ends_with('\n') {
            said.push('\n');
        }
        text(&output.stderr).lines().for_each(|line| writeln!(said, "!{line}").unwrap());
        writeln!(said, "?{}\n", output.status.code().unwrap()).unwrap();
    }
    let name = project.path("").to_string_lossy().trim_end_matches('/').to_owned();
    said.replace(&name, "PROJECT")
}

fn check(name: &str) {
    let path = Path::new(TESTS).join("transcripts").join(format!("{name}.txt"));
    let expected = fs::read_to_string(&path).unwrap();
    let project = Project::new(&format!("transcript-{name}"));
    let said = carry_out(&expected, &project);
    if std::env::var_os("RAMSCOPE_BLESS").is_some() {
        fs::write(&path, said).unwrap();
        return;
    }
    let differs = expected.lines().zip(said.lines()).find(|(expected, said)| expected != said);
    assert!(
        expected == said,
        "{name}.txt: first difference {differs:?}; RAMSCOPE_BLESS=1 accepts it; now:\n{said}"
    );
}

macro_rules! transcripts {
    ($($name:ident)+) => {
        const ALL: &[&str] = &[$(stringify!($name)),+];
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })+
    };
}

transcripts! { help running configuration captures logs mistakes lists beginning }

#[test]
fn every_transcript_is_checked() {
    for entry in fs::read_dir(Path::new(TESTS).join("transcripts")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(ALL.contains(&name), "{name}");
    }
}
