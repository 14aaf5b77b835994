//! Why the program could not do what it was asked to do: one clear sentence and an exit code.

use std::error::Error;
use std::path::PathBuf;

use ramscope_backend::{BackendError, DiagramError, FirmwareError};
use ramscope_capture::CaptureError;
use ramscope_cli::image::BuildError;
use ramscope_cli::workspace::NoWorkspace;
use ramscope_model::{HostError, Outcome};
use ramscope_report::ExitCode;
use ramscope_scenario::TargetKind;

/// Anything that ends the program before there is a verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A path that was named cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A capture is not there, but what a killed run left of it is.
    #[error(
        "{} does not exist, but its run left a part of it: {}",
        path.display(),
        part.display()
    )]
    OnlyPart { path: PathBuf, part: PathBuf },
    /// A setting cannot be read.
    #[error("{place}: {reason}")]
    Setting { place: String, reason: String },
    /// The command that makes the image failed.
    #[error("the image was not built: `{command}` {how}")]
    BuildCommand { command: String, how: String },
    /// The project's image is not there.
    #[error(
        "there is no image {}, which {named_by} names; build the project first, or say how it is \
         built: build = \"cargo build --release\" in ramscope.toml",
        path.display()
    )]
    NoProjectImage { path: PathBuf, named_by: String },
    /// A serial log is empty.
    #[error("{} is empty: nothing is known of the run", path.display())]
    EmptyLog { path: PathBuf },
    /// Several runs would write one file.
    #[error(
        "`--{option}` takes the words of one run, and these are {runs}; name one scenario and one seed"
    )]
    OneFile { option: &'static str, runs: usize },
    /// What a scenario compares with is of no use.
    #[error("the baseline {} is of no use: {reason}; `{remedy}` writes one", path.display())]
    Baseline { path: PathBuf, reason: String, remedy: String },
    /// A file that `init` would write is there.
    #[error("{} is there already, and stays as it is", path.display())]
    Exists { path: PathBuf },
    /// A scenario file is not UTF-8.
    #[error("{} is not a text in UTF-8", path.display())]
    NotText { path: PathBuf },
    /// A file is no diagram.
    #[error("{} is no diagram", path.display())]
    Diagram {
        path: PathBuf,
        #[source]
        source: DiagramError,
    },
    /// Scenarios have errors, which have been printed.
    #[error("{}", errors_in_scenarios(*errors))]
    Scenarios { errors: usize },
    /// There is nothing to run.
    #[error("{reason}")]
    NothingToRun { reason: String },
    /// A debugger looks into one run.
    #[error(
        "a debugger looks into one run, and these are {runs}; name one scenario and a `--seed`"
    )]
    ManyToDebug { runs: usize },
    /// A schedule is one of one run.
    #[error(
        "a schedule belongs to one run, and these are {runs}; name one scenario and a `--seed`"
    )]
    ManyToSteer { runs: usize },
    /// A target cannot be told who runs when.
    #[error("{target} cannot be told who runs when; the built-in machines can")]
    NotSteerable { target: TargetKind },
    /// Nothing is known of where slices could end.
    #[error("there is nothing to explore: {reason}")]
    NoGround { reason: String },
    /// The debugger's port cannot be listened on.
    #[error("port {port} of 127.0.0.1 cannot be listened on; `--gdb 0` takes any that is free")]
    NoDebugPort {
        port: u16,
        #[source]
        source: std::io::Error,
    },
    /// The firmware's sources are not here.
    #[error(transparent)]
    NoWorkspace(#[from] NoWorkspace),
    /// The image does not exist.
    #[error("there is no image at {}; `ramscope build` makes one", path.display())]
    NoImage { path: PathBuf },
    /// The image could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The image cannot run.
    #[error(transparent)]
    Firmware(#[from] FirmwareError),
    /// The target cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The image has no program of that name.
    #[error("the image has no program `{name}`: {hint}")]
    NoProgram { name: String, hint: String },
    /// There is no rule of that id.
    #[error("there is no rule `{id}`: {hint}")]
    NoRule { id: String, hint: String },
    /// There is nothing to draw a live screen on.
    #[error("there is no terminal to draw on; `--once` prints the screen as text")]
    NoTerminal,
    /// The terminal failed under the live screen.
    #[error("the terminal failed")]
    Screen(#[source] std::io::Error),
    /// A file is no capture.
    #[error("{} cannot be replayed", path.display())]
    Capture {
        path: PathBuf,
        #[source]
        source: CaptureError,
    },
    /// A capture holds no plan, so it cannot be judged.
    #[error("{} cannot be judged", path.display())]
    NoPlan {
        path: PathBuf,
        #[source]
        source: HostError,
    },
    /// A capture could not be written.
    #[error("{} cannot be written", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Something that should work here does not; it has been printed.
    #[error("not everything that ramscope needs works on this machine")]
    Unhealthy,
}

fn errors_in_scenarios(errors: usize) -> String {
    match errors {
        1 => "one error in a scenario; nothing was run".to_owned(),
        n => format!("{n} errors in scenarios; nothing was run"),
    }
}

impl Failure {
    /// The exit code of the program.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Build(error) if error.is_in_sources() => ExitCode::BadInput,
            Self::Unreadable { .. }
            | Self::Setting { .. }
            | Self::BuildCommand { .. }
            | Self::NoProjectImage { .. }
            | Self::OneFile { .. }
            | Self::Baseline { .. }
            | Self::EmptyLog { .. }
            | Self::Exists { .. }
            | Self::OnlyPart { .. }
            | Self::NotText { .. }
            | Self::Diagram { .. }
            | Self::Scenarios { .. }
            | Self::NoWorkspace(_)
            | Self::NoProgram { .. }
            | Self::NoRule { .. }
            | Self::NoTerminal
            | Self::ManyToDebug { .. }
            | Self::ManyToSteer { .. }
            | Self::NoGround { .. }
            | Self::Firmware(_)
            | Self::Capture { .. }
            | Self::NoPlan { .. } => ExitCode::BadInput,
            Self::NothingToRun { .. } => ExitCode::NothingRan,
            Self::NoImage { .. }
            | Self::Build(_)
            | Self::Backend(_)
            | Self::NoDebugPort { .. }
            | Self::NotSteerable { .. }
            | Self::Screen(_)
            | Self::Unwritable { .. }
            | Self::Unhealthy => ExitCode::Unavailable,
        }
    }

    /// What it means for a run that it kept from beginning.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Backend(BackendError::NoDebugger) => Outcome::Interrupted,
            _ => Outcome::Unavailable,
        }
    }

    /// The failure and its causes as one sentence.
    pub(crate) fn sentence(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_holds_its_causes() {
        let failure = Failure::Unreadable {
            path: "a.yaml".into(),
            source: std::io::Error::other("it is gone"),
        };
        assert_eq!(failure.sentence(), "a.yaml cannot be read: it is gone");
        assert_eq!(failure.exit_code(), ExitCode::BadInput);
    }
}
