//! `ramscope completions` and `ramscope man`: the command line in other forms.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::output::print_text;

/// Prints the completion script of a shell.
pub(crate) fn completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "ramscope", &mut script);
    print_text(&String::from_utf8_lossy(&script));
}

/// Prints the manual: a page for the program, then one for each verb, as `man -l` reads them.
pub(crate) fn man() {
    let mut command = Arguments::command();
    command.build();
    let mut pages = Vec::new();
    let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help").cloned();
    for page in std::iter::once(command.clone()).chain(verbs) {
        let name = page.get_display_name().unwrap_or("ramscope").to_owned();
        let rendered = clap_mangen::Man::new(page).title(name).render(&mut pages);
        rendered.expect("a Vec takes everything");
    }
    print_text(&String::from_utf8_lossy(&pages));
}
