//! Why a check does not pass.

use std::error::Error;
use std::io;

/// A check found something, or could not look.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What the check looks for is there.
    #[error("{}", listed(.0))]
    Found(Vec<String>),
    /// A program is not installed.
    #[error("{program} cannot be started")]
    NotStarted {
        program: String,
        #[source]
        source: io::Error,
    },
    /// A program says that it failed.
    #[error("{program} failed: {said}")]
    Failed { program: String, said: String },
    /// A program's output is not what it should be.
    #[error("what {program} printed cannot be read")]
    Output {
        program: String,
        #[source]
        source: serde_json::Error,
    },
    /// A file of the workspace cannot be used. Its name is relative to the root.
    #[error("{name} cannot be used")]
    File {
        name: String,
        #[source]
        source: io::Error,
    },
    /// There is nothing to check, which is no way to pass.
    #[error("nothing was checked: {0}")]
    Nothing(&'static str),
}

impl Failure {
    /// Nothing found is a pass.
    pub(crate) fn unless_empty(problems: Vec<String>) -> Result<(), Self> {
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Self::Found(problems)),
        }
    }

    /// The failure and its causes.
    pub(crate) fn text(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

fn listed(problems: &[String]) -> String {
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    let lines = problems.iter().map(|problem| format!("\n  {problem}"));
    count + &lines.collect::<String>()
}
