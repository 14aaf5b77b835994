//! The program that a scenario is about.
//!
//! A file has to run unmodified in wokwi-cli, which never reads our key, so the runner types nothing
//! that the steps do not: `program` says what the steps start, and reading the file checks that they
//! do.

use core::fmt;
use serde::{Deserialize, Serialize};

/// `program` and `args`: some `write-serial` step sends exactly this `run` line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// `program`: its name.
    pub name: String,
    /// `args`: names and values, in the order of the file.
    pub args: Vec<(String, String)>,
}

impl Program {
    /// Whether a console line starts this program with these arguments, in any order.
    #[must_use]
    pub fn is_started_by(&self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        if words.next() != Some("run") || words.next() != Some(self.name.as_str()) {
            return false;
        }
        let mut given: Vec<&str> = words.collect();
        let mut wanted: Vec<String> =
            self.args.iter().map(|(name, value)| format!("{name}={value}")).collect();
        given.sort_unstable();
        wanted.sort_unstable();
        given == wanted
    }
}

/// The console line that starts it: `run counting n=3`.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}", self.name)?;
        self.args.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
