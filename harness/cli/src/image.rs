//! Building firmware images: the one place that does.
//!
//! An image has to be the same wherever it is built, or no figure about it can be compared. Cargo
//! alone does not give that: paths of the machine go into panic messages and debug information, and
//! flags in the environment change the code. So the builder clears the environment, names all folders
//! by fixed names, and takes the tools that the workspace's toolchain file names.
//!
//! Invariants:
//! 1. The same sources and toolchain give the same bytes, in any folder.
//! 2. A published file is whole: it is written beside its place and then renamed, under a lock.
//! 3. If cargo has nothing to do, nothing is written.

mod cargo;
mod diagnosis;
mod flash;
pub mod host;
mod modules;
pub mod publish;
mod toolchain;

use std::fmt;
use std::path::{Path, PathBuf};

pub use diagnosis::{Diagnosis, diagnose};
pub use flash::{FLASH_BYTES, FlashError, direct_boot_image};
pub use modules::symbols as module_symbols;

use crate::workspace::Workspace;
use toolchain::Toolchain;

/// What every board's code is compiled for.
pub const TARGET: &str = "riscv32imc-unknown-none-elf";

/// A board that has an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Board {
    /// The ESP32-C3.
    #[default]
    Esp32c3,
    /// QEMU's virt machine, which the built-in engine imitates.
    Virt,
}

impl Board {
    /// What files of its image are called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Esp32c3 => "esp32c3",
            Self::Virt => "virt",
        }
    }

    /// The package with its image.
    fn package(self) -> String {
        format!("ramscope-board-{}", self.name())
    }

    /// The image as cargo names it.
    fn binary(self) -> String {
        format!("ramscope-{}", self.name())
    }
}

/// The files of an image that is up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltImage {
    /// The ELF file: code, symbols, debug information.
    pub elf: PathBuf,
    /// What the flash memory holds, for a board with flash of its own.
    pub flash: Option<PathBuf>,
    /// Whether either of them changed.
    pub changed: bool,
}

/// Something that a person who waits wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The compiler's target is missing and is being added.
    AddingTarget,
    /// Cargo has been at work for a while.
    Building,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddingTarget => {
                write!(f, "adding the Rust target {TARGET} (rustup target add {TARGET})")
            }
            Self::Building => f.pad("building firmware image ..."),
        }
    }
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A program of the toolchain is not installed.
    #[error("{program} cannot be started: install Rust with rustup, see https://rustup.rs")]
    NoToolchain {
        /// The program.
        program: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The toolchain does not work.
    #[error("the Rust toolchain that rust-toolchain.toml names does not work: {said}")]
    BrokenToolchain {
        /// Its own words.
        said: String,
    },
    /// The target is missing and could not be added.
    #[error("the Rust target {TARGET} is missing and could not be added: {said}")]
    NoTarget {
        /// Why, in the words of whoever refused.
        said: String,
    },
    /// The host's linker is missing, which build scripts need.
    #[error("no C linker for the host was found: install a C toolchain, for example gcc or clang")]
    NoLinker,
    /// The sources do not compile.
    #[error("the firmware does not compile:\n{output}")]
    DoesNotCompile {
        /// What cargo said.
        output: String,
    },
    /// The linker that modules need is not part of the toolchain.
    #[error(
        "the Rust toolchain in {} has no rust-lld, which links modules: reinstall it with `rustup \
         toolchain install stable`",
        sysroot.display()
    )]
    NoModuleLinker {
        /// Where the toolchain is.
        sysroot: PathBuf,
    },
    /// A module cannot be linked.
    #[error("the module `{module}` cannot be linked: {problem}")]
    Module {
        /// Its name.
        module: String,
        /// Why.
        problem: String,
    },
    /// What cargo built is no image.
    #[error("what cargo built cannot be put into flash")]
    Flash(#[from] FlashError),
    /// A file could not be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl BuildError {
    /// Whether the sources are to blame, and not what is installed on this machine.
    #[must_use]
    pub fn is_in_sources(&self) -> bool {
        matches!(self, Self::DoesNotCompile { .. } | Self::Module { .. } | Self::Flash(_))
    }
}

/// Builds a board's image, or finds that it is up to date. Several callers, also in several
/// processes, wait for each other.
///
/// # Errors
/// If a tool is missing, the sources do not compile, or a file cannot be written.
pub fn build(
    workspace: &Workspace,
    board: Board,
    notice: &mut dyn FnMut(Notice),
) -> Result<BuiltImage, BuildError> {
    let images = workspace.images();
    let _lock = publish::lock(&images)?;
    let toolchain = Toolchain::find(workspace)?;
    if !toolchain.has_target() {
        notice(Notice::AddingTarget);
        toolchain.add_target(workspace)?;
    }
    let mut is_told = false;
    let notice = &mut |said| {
        // Cargo is called for each module, and for the image.
        if said != Notice::Building || !std::mem::replace(&mut is_told, true) {
            notice(said);
        }
    };
    let storage = modules::build(workspace, &toolchain, notice)?;
    let built = cargo::build(workspace, board, (&toolchain, storage.as_deref()), notice)?;
    publish_image(&built, board, &images)
}

fn publish_image(built: &Path, board: Board, images: &Path) -> Result<BuiltImage, BuildError> {
    let elf_bytes = std::fs::read(built)
        .map_err(|source| BuildError::File { path: built.to_owned(), source })?;
    let path = |ending: &str| images.join(format!("{}.{ending}", board.name()));
    let elf = path("elf");
    if board == Board::Virt {
        let changed = publish::if_different(&elf, &elf_bytes)?;
        return Ok(BuiltImage { elf, flash: None, changed });
    }
    let flash_bytes = direct_boot_image(&elf_bytes)?;
    let flash = path("bin");
    let elf_changed = publish::if_different(&elf, &elf_bytes)?;
    let flash_changed = publish::if_different(&flash, &flash_bytes)?;
    Ok(BuiltImage { elf, flash: Some(flash), changed: elf_changed || flash_changed })
}
