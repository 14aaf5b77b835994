//! Tests of the whole program, in one binary: it is linked once.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod command_line;
mod explore;
mod image_build;
mod ingest;
#[cfg(unix)]
mod interruption;
mod lint;
mod pins;
mod retries;
mod scratch;
#[cfg(unix)]
mod toolchain;
mod transcripts;
mod tui;
mod whole_path;
