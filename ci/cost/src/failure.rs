//! Why the check did not pass.

use std::path::Path;

/// See the module's text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot read {name}: {source}")]
    File { name: String, source: std::io::Error },
    #[error("the budgets: {0}")]
    Budgets(#[from] toml::de::Error),
    #[error("the image: {0}")]
    Image(#[from] ramscope_engine::ImageError),
    #[error("the image has no symbol {0}: its programs have no `bench`")]
    NoSymbol(&'static str),
    #[error("the device did not print `{wanted}`; the end of what it printed:\n{said}")]
    Silent { wanted: String, said: String },
    #[error("a line of `bench` cannot be read: {0}")]
    Line(String),
    #[error("two runs of one image gave different figures")]
    Unsteady,
    #[error("{} found\n{}", .0.len(), .0.join("\n"))]
    Found(Vec<String>),
}

impl Failure {
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { name: path.display().to_string(), source }
    }
}
