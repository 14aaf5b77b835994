//! Verdicts to text, JSON and exit codes.
//!
//! A report says what happened, what is wrong, and what to do next, to a person at a terminal
//! ([`table()`] for many runs, [`detail()`] for one, [`detail_in_full()`] with every call), to a program ([`json()`]) and to a shell
//! ([`ExitCode`]). It judges nothing: it is a function of what `ramscope-model` says, so that a
//! replay prints the same bytes.
//!
//! Invariants:
//! 1. Nothing is said by colour alone; without colour the text is the same, without escapes.
//! 2. Text from a device or a scenario is cleaned of control characters before it is printed.
//! 3. Every run that was planned appears, also one that did not run.

mod bundle;
mod columns;
mod detail;
mod entry;
mod exit;
mod figures;
mod frames;
mod github;
mod held;
mod html;
mod json;
mod junit;
mod label;
mod layout;
mod markdown;
mod measure;
mod modules;
mod stimulus;
mod style;
mod table;

pub use bundle::{BUNDLE_CAPTURE, BundleFile, bundle};
pub use detail::{detail, detail_in_full};
pub use entry::{Entry, NotRun};
pub use exit::ExitCode;
pub use github::{annotation, annotations};
pub use html::html;
pub use json::{SCHEMA_VERSION, json, json_schema};
pub use junit::junit;
pub use markdown::markdown;
pub use stimulus::what_was_done;
pub use style::Style;
pub use table::table;
