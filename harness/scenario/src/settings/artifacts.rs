//! What is kept of a run beside its verdict.

use serde::{Deserialize, Serialize};

/// `artifacts`: which files a run leaves behind, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifacts {
    /// `keep`: when.
    pub keep: Keep,
    /// `files`: which.
    pub files: Vec<Artifact>,
}

/// When files are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Keep {
    /// `always`.
    #[default]
    Always,
    /// `on-failure`: of runs that do not pass.
    OnFailure,
}

/// A file that a run can leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Artifact {
    /// `capture`: the recording.
    Capture,
    /// `console`: what the device said over its serial line.
    Console,
    /// `vcd`: what logic analyzers saw.
    Vcd,
    /// `json`: the result for programs.
    Json,
    /// `html`: the report for people.
    Html,
}

impl Keep {
    /// Both, in the order of documentation.
    pub const ALL: [Self; 2] = [Self::Always, Self::OnFailure];

    /// The word in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::OnFailure => "on-failure",
        }
    }
}

impl Artifact {
    /// Every file, in the order of documentation.
    pub const ALL: [Self; 5] = [Self::Capture, Self::Console, Self::Vcd, Self::Json, Self::Html];

    /// The word in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Console => "console",
            Self::Vcd => "vcd",
            Self::Json => "json",
            Self::Html => "html",
        }
    }
}

impl Default for Artifacts {
    /// The capture and what logic analyzers saw, always.
    fn default() -> Self {
        Self { keep: Keep::Always, files: vec![Artifact::Capture, Artifact::Vcd] }
    }
}
