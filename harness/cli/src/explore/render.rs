//! The account of an exploration in the form that was asked for, on stdout and in files.

use super::account::Account;
use super::github::annotations;
use super::json::json;
use super::junit::junit;
use super::markdown::markdown;
use super::text::text;
use crate::args::Format;
use crate::failure::Failure;
use crate::output::print_text;
use crate::reports::{FileKind, ReportOptions};

/// Prints it on stdout.
pub(crate) fn print(account: &Account, format: Format) {
    print_text(&match format {
        Format::Text => text(account),
        Format::Json => json(account),
        Format::Junit => junit(account),
        Format::Markdown => markdown(account),
        Format::Github => annotations(account),
    });
}

/// Writes the files that were asked for, and what GitHub shows of a job.
pub(crate) fn write(account: &Account, reports: &ReportOptions) -> Result<(), Failure> {
    let file = |kind| match kind {
        FileKind::Text => text(account),
        FileKind::Json => json(account),
        FileKind::Junit => junit(account),
        FileKind::Markdown => markdown(account),
        FileKind::Html => unreachable!("pages were refused before anything ran"),
    };
    reports.write_rendered(&file, &|| annotations(account))
}
