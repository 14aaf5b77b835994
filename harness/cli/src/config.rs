//! Settings from everywhere: the command line, the environment, files, defaults.
//!
//! A person wants to say a thing once, in the place where it belongs: a project's image in a file, a
//! CI's number of jobs in a profile, today's seed on the command line. So every setting has one name,
//! the same in all places, and the strongest place wins:
//!
//! ```text
//! command line > RAMSCOPE_* > profile of ramscope.toml > ramscope.toml > Cargo.toml > wokwi.toml > default
//! ```
//!
//! Invariants:
//! 1. A value remembers where it comes from; a message about it says so, and so does
//!    `ramscope config`.
//! 2. A key that nobody knows is an error with its line, never ignored. Only `wokwi.toml`, which is not
//!    ours, may hold more than we read.
//! 3. A path is relative to the folder of the file that holds it, and on the command line and in the
//!    environment to the current folder.

mod cargo;
mod key;
mod parse;
mod project;
mod resolved;
mod table;
mod wokwi;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use key::{Form, KEYS, Key};
pub(crate) use parse::{Shard, TimeLimit};
pub(crate) use project::Project;
pub(crate) use resolved::{Image, Keep, RunSettings};

use crate::failure::Failure;

/// What the names of variables begin with.
const PREFIX: &str = "RAMSCOPE_";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file, and the line where there is one.
    File { path: PathBuf, line: usize, profile: Option<String> },
    /// A variable of the environment.
    Environment(String),
    /// The command line.
    CommandLine,
}

/// `ramscope.toml:4 (profile ci)`, `RAMSCOPE_JOBS`, `--jobs`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, profile } => {
                write!(f, "{}:{line}", shortened(path).display())?;
                match profile {
                    Some(profile) => write!(f, " (profile {profile})"),
                    None => Ok(()),
                }
            }
            Self::Environment(name) => f.write_str(name),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The values; exactly one where the key takes one.
    pub(crate) values: Vec<String>,
    pub(crate) source: Source,
}

/// The settings that somebody has made; the stronger place last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    made: BTreeMap<&'static str, Setting>,
    /// What files hold that this program reads and leaves aside, for those who look.
    pub(crate) notes: Vec<String>,
}

impl Settings {
    /// Makes a setting, over any that was made before.
    pub(crate) fn set(&mut self, key: &Key, values: Vec<String>, source: Source) {
        self.made.insert(key.name, Setting { values, source });
    }

    /// The setting of a key, if somebody has made it.
    pub(crate) fn get(&self, name: &str) -> Option<&Setting> {
        debug_assert!(Key::of(name).is_some(), "no key {name}");
        self.made.get(name)
    }

    /// Takes the variables of the environment.
    pub(crate) fn take_environment(&mut self, get: impl Fn(&str) -> Option<String>) {
        for key in KEYS {
            let name = format!("{PREFIX}{}", key.name.replace('-', "_").to_uppercase());
            if let Some(text) = get(&name).filter(|text| !text.is_empty()) {
                let values = match key.form.is_list() {
                    true => text.split(',').map(|value| value.trim().to_owned()).collect(),
                    false => vec![text],
                };
                self.set(key, values, Source::Environment(name));
            }
        }
    }

    /// Takes what the command line says: pairs of a key's name and its values; none: not said.
    pub(crate) fn take_arguments(&mut self, said: Vec<(&'static str, Vec<String>)>) {
        for (name, values) in said.into_iter().filter(|(_, values)| !values.is_empty()) {
            let key = Key::of(name).expect("every option has a key");
            self.set(key, values, Source::CommandLine);
        }
    }

    /// The one value of a key, read by `parse`.
    pub(crate) fn one<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        Ok(self.many(name, parse)?.pop())
    }

    /// The values of a key, each read by `parse`.
    pub(crate) fn many<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, Failure> {
        let Some(Setting { values, source }) = self.get(name) else {
            return Ok(Vec::new());
        };
        let read = values.iter().map(|value| parse(value));
        read.collect::<Result<_, _>>().map_err(|reason| {
            let place = match source {
                Source::CommandLine => format!("--{name}"),
                Source::Environment(variable) => variable.clone(),
                file @ Source::File { .. } => format!("{file}: {name}"),
            };
            Failure::Setting { place, reason }
        })
    }
}

/// A path as short as it can be written from the current folder.
pub(crate) fn shortened(path: &Path) -> PathBuf {
    let here = std::env::current_dir();
    let below = |here: &Path| path.strip_prefix(here).ok().map(Path::to_owned);
    match here.ok().and_then(|here| below(&here).or_else(|| below(&here.canonicalize().ok()?))) {
        Some(short) if short.as_os_str().is_empty() => ".".into(),
        Some(short) => short,
        None => path.to_owned(),
    }
}
