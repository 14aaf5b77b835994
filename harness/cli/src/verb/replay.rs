//! `ramscope replay`.

use std::path::Path;

use ramscope_model::{Judged, judge};
use ramscope_report::{Entry, ExitCode};

use crate::args::ReplayOptions;
use crate::failure::Failure;
use crate::output::{self, Verbosity};
use crate::store;
use crate::terminal::Terminal;

/// Judges captures again and prints the same reports as when they were recorded.
pub(crate) fn replay(options: &ReplayOptions, terminal: &Terminal) -> Result<ExitCode, Failure> {
    options.output.reports.prepare()?;
    let entries = options.captures.iter().map(|path| Ok(judge_file(path)?.into()));
    let entries = entries.collect::<Result<Vec<Entry>, Failure>>()?;
    let written = options.output.reports.write(&entries);
    let verbosity = if options.verbose { Verbosity::Full } else { Verbosity::Calm };
    output::print(&entries, (options.output.format, verbosity), terminal);
    written.map(|()| output::exit_code(&entries))
}

pub(crate) fn judge_file(path: &Path) -> Result<Judged, Failure> {
    let capture = store::read(path)?;
    judge(&capture).map_err(|source| Failure::NoPlan { path: path.to_owned(), source })
}
