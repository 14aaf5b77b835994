//! `ramscope completions`.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Arguments;

/// Prints the completion script of a shell.
pub(crate) fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Arguments::command(), "ramscope", &mut io::stdout());
}
