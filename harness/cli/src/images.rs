//! The images of some runs: one for each board, built once however many targets need it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use ramscope_backend::Firmware;
use ramscope_cli::image::Board;
use ramscope_cli::workspace::Workspace;
use ramscope_scenario::TargetKind;

use crate::config::{Image, RunSettings, Source};
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::verb::build::build_board;

/// Whether images are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builds {
    /// If settings say how, or it is the workspace's.
    WhenAsked,
    /// Never: what is there runs.
    Never,
}

/// Images by board.
#[derive(Debug, Default)]
pub(crate) struct Images {
    /// An image that a person named: every target runs it.
    given: Option<Firmware>,
    built: BTreeMap<Board, Firmware>,
}

/// The board whose image runs on a target.
const fn board(target: TargetKind) -> Board {
    match target {
        TargetKind::EngineVirt | TargetKind::QemuVirt => Board::Virt,
        _ => Board::Esp32c3,
    }
}

impl Images {
    /// The image that settings name, if they do, made first if they say how.
    pub(crate) fn given(settings: &RunSettings, builds: Builds) -> Result<Self, Failure> {
        let Image::File { path, named_by, build } = &settings.image else {
            return Ok(Self::default());
        };
        if let (Some((command, folder)), Builds::WhenAsked) = (build, builds) {
            call(command, folder)?;
        }
        if !path.exists() && matches!(named_by, Source::File { .. }) {
            let (path, named_by) = (path.clone(), named_by.to_string());
            return Err(Failure::NoProjectImage { path, named_by });
        }
        Ok(Self { given: Some(Firmware::read(path)?), ..Self::default() })
    }

    /// The image that a person named.
    pub(crate) const fn the_given(&self) -> Option<&Firmware> {
        self.given.as_ref()
    }

    /// Sees to it that these targets have an image of the workspace, unless one was named.
    pub(crate) fn provide(
        &mut self,
        targets: &[TargetKind],
        (settings, builds): (&RunSettings, Builds),
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        if self.given.is_some() {
            return Ok(());
        }
        let boards: BTreeSet<Board> = targets.iter().map(|&target| board(target)).collect();
        for board in boards {
            let path = match builds {
                Builds::Never => built_before(board)?,
                Builds::WhenAsked => build_board(board, settings.quiet, terminal)?.elf,
            };
            self.built.insert(board, Firmware::read(&path)?);
        }
        Ok(())
    }

    /// The image that runs on a target.
    ///
    /// # Panics
    /// If none was provided for it.
    pub(crate) fn of(&self, target: TargetKind) -> &Firmware {
        let built = || self.built.get(&board(target));
        self.given.as_ref().or_else(built).expect("images are provided before runs are planned")
    }

    /// Every image.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Firmware> {
        self.given.iter().chain(self.built.values())
    }

    /// The programs that every image has; `None` if one does not say.
    pub(crate) fn programs(&self) -> Option<Vec<String>> {
        let mut lists = self.iter().map(|firmware| firmware.programs.as_deref());
        let mut shared = lists.next()??.to_vec();
        for list in lists {
            let list = list?;
            shared.retain(|name| list.contains(name));
        }
        Some(shared)
    }
}

/// The image of a board as it was built last.
fn built_before(board: Board) -> Result<PathBuf, Failure> {
    let workspace = Workspace::containing(Path::new("."))?;
    let path = workspace.images().join(format!("{}.elf", board.name()));
    match path.exists() {
        true => Ok(path),
        false => Err(Failure::NoImage { path }),
    }
}

/// Calls the project's own build, whose words go to stderr.
fn call(command: &str, folder: &Path) -> Result<(), Failure> {
    let failed = |how: String| Failure::BuildCommand { command: command.to_owned(), how };
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let status = Command::new(shell)
        .args([flag, command])
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| failed(format!("could not be started: {error}")))?;
    match status.success() {
        true => Ok(()),
        false => Err(failed(format!("failed ({status})"))),
    }
}
