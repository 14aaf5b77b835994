//! The verbs of the command line, one module each.

pub(crate) mod build;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod explore;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod lint;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod sweep;
pub(crate) mod tui;
