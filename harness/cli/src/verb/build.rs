//! `ramscope build`.

use std::path::Path;

use ramscope_cli::image::{self, Board, BuiltImage};
use ramscope_cli::workspace::Workspace;

use crate::args::BuildOptions;
use crate::failure::Failure;
use crate::output::print_text;
use crate::terminal::{StatusLine, Terminal};

/// Builds the image and says where it is.
pub(crate) fn build(options: &BuildOptions, terminal: &Terminal) -> Result<(), Failure> {
    let board = options.board.into();
    let image = build_board(board, options.quiet, terminal)?;
    if !options.quiet {
        let state = if image.changed { "built" } else { "up to date" };
        print_text(&format!("{} ({state})\n", shown(&image.elf)));
        if let Some(flash) = &image.flash {
            print_text(&format!("{} ({state})\n", shown(flash)));
        }
    }
    Ok(())
}

/// Builds the ESP32-C3's image of the workspace that the current folder is in.
pub(crate) fn build_image(quiet: bool, terminal: &Terminal) -> Result<BuiltImage, Failure> {
    build_board(Board::Esp32c3, quiet, terminal)
}

/// Builds a board's image of the workspace that the current folder is in.
pub(crate) fn build_board(
    board: Board,
    quiet: bool,
    terminal: &Terminal,
) -> Result<BuiltImage, Failure> {
    let workspace = Workspace::containing(Path::new("."))?;
    let mut status = StatusLine::new(terminal.live_progress && !quiet);
    let built = image::build(&workspace, board, &mut |notice| match notice {
        // It changes the person's toolchain, so it is always said, and the line stays.
        image::Notice::AddingTarget => status.print(&notice.to_string()),
        image::Notice::Building if quiet => {}
        image::Notice::Building if terminal.live_progress => status.show(&notice.to_string()),
        image::Notice::Building => status.print(&notice.to_string()),
    });
    status.clear();
    Ok(built?)
}

/// A path as a person in the current folder writes it.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let short = here.ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    short.as_deref().unwrap_or(path).display().to_string()
}
