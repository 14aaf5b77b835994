//! Reports beside the one on stdout: files that were asked for, and what GitHub shows of a job.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use ramscope_cli::image::publish;
use ramscope_report::{Entry, Style, annotations, html, json, junit, markdown, table};

use crate::evidence::TOOL;
use crate::failure::Failure;
use crate::store;

/// Which reports to write beside the one on stdout.
#[derive(Debug, Default, Args)]
pub(crate) struct ReportOptions {
    /// Also write a report: text=FILE, json=FILE, junit=FILE, markdown=FILE, html=FILE, or `github` for
    /// annotations and the job's summary (on by itself in GitHub Actions); can be repeated.
    #[arg(long = "report", value_name = "KIND=FILE")]
    pub(crate) reports: Vec<Request>,
}

/// A report that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A file.
    File(FileKind, PathBuf),
    /// Annotations on stderr, and the summary of the job.
    GitHub,
}

/// What a file can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// The table of runs.
    Text,
    /// Everything, for programs.
    Json,
    /// For CI systems.
    Junit,
    /// For comments and pages.
    Markdown,
    /// For browsers.
    Html,
}

impl FileKind {
    const ALL: [(&'static str, Self); 5] = [
        ("text", Self::Text),
        ("json", Self::Json),
        ("junit", Self::Junit),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
    ];

    /// The report of this kind.
    pub(crate) fn render(self, entries: &[Entry]) -> String {
        match self {
            Self::Text => table(entries, Style::Plain),
            Self::Json => json(entries, TOOL),
            Self::Junit => junit(entries),
            Self::Markdown => markdown(entries),
            Self::Html => html(entries, TOOL),
        }
    }
}

impl FromStr for Request {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, file) = match text.split_once('=') {
            Some((kind, file)) => (kind, Some(file).filter(|file| !file.is_empty())),
            None => (text, None),
        };
        let known = FileKind::ALL.iter().find(|(name, _)| *name == kind);
        match (known, file) {
            (Some((_, kind)), Some(file)) => Ok(Self::File(*kind, file.into())),
            (Some((name, _)), None) => Err(format!("a file is missing: {name}=FILE")),
            (None, None) if kind == "github" => Ok(Self::GitHub),
            (None, Some(_)) if kind == "github" => Err("`github` takes no file".to_owned()),
            (None, _) => {
                let names = FileKind::ALL.map(|(name, _)| name).join(", ");
                Err(format!("a report is one of {names}, github"))
            }
        }
    }
}

impl ReportOptions {
    /// Makes the folders of the files, so that a mistake in a path shows before anything runs.
    pub(crate) fn prepare(&self) -> Result<(), Failure> {
        self.reports.iter().try_for_each(|request| match request {
            Request::File(_, path) => store::prepare(path),
            Request::GitHub => Ok(()),
        })
    }

    /// Whether any of them shows where memory went.
    pub(crate) fn tell_memory(&self) -> bool {
        let tells = |request: &Request| {
            matches!(
                request,
                Request::File(FileKind::Json | FileKind::Markdown | FileKind::Html, _)
            )
        };
        self.reports.iter().any(tells)
    }

    /// Refuses pages for browsers, of something that has none.
    pub(crate) fn without_pages(&self, what: &str) -> Result<(), Failure> {
        let is_page = |request: &Request| matches!(request, Request::File(FileKind::Html, _));
        match self.reports.iter().any(is_page) {
            false => Ok(()),
            true => Err(Failure::Setting {
                place: "--report".to_owned(),
                reason: format!(
                    "{what} has no html; take text, json, junit, markdown or github, or a page of the run \
                     that it ends with"
                ),
            }),
        }
    }

    /// Writes what was asked for. On GitHub's machines its own report comes by itself.
    pub(crate) fn write(&self, entries: &[Entry]) -> Result<(), Failure> {
        self.write_rendered(&|kind: FileKind| kind.render(entries), &|| annotations(entries))
    }

    /// The same of anything that has these forms.
    pub(crate) fn write_rendered(
        &self,
        file: &dyn Fn(FileKind) -> String,
        annotations: &dyn Fn() -> String,
    ) -> Result<(), Failure> {
        for request in &self.reports {
            if let Request::File(kind, path) = request {
                publish::whole(path, file(*kind).as_bytes())
                    .map_err(|source| Failure::Unwritable { path: path.clone(), source })?;
            }
        }
        let asked = self.reports.contains(&Request::GitHub);
        let at_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        if !(asked || at_github) {
            return Ok(());
        }
        // GitHub reads commands from both streams, and stdout is for data. The summary is a file that
        // other steps append to as well.
        eprint!("{}", annotations());
        match std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
            Some(path) => append(Path::new(&path), &file(FileKind::Markdown)),
            None => Ok(()),
        }
    }
}

fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| Failure::Unwritable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_kind_and_a_file() {
        let junit = Request::File(FileKind::Junit, "out/a=b.xml".into());
        assert_eq!("junit=out/a=b.xml".parse(), Ok(junit));
        assert_eq!("github".parse(), Ok(Request::GitHub));
        for (text, sentence) in [
            ("junit", "a file is missing: junit=FILE"),
            ("json=", "a file is missing: json=FILE"),
            ("github=x", "`github` takes no file"),
            ("pdf=x", "a report is one of text, json, junit, markdown, html, github"),
        ] {
            assert_eq!(text.parse::<Request>(), Err(sentence.to_owned()));
        }
    }
}
