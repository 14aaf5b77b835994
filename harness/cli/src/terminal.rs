//! Colour and progress: what depends on whether a person sits at a terminal.
//!
//! Data goes to stdout and everything else to stderr, so that both can be redirected apart. The
//! conventions are those of no-color.org and bixense.com/clicolors.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use crate::args::When;

/// A line of so many characters fits into any terminal; a longer one could not be taken away again.
const COLUMNS_MIN: usize = 79;

/// What the two output streams can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// Whether stdout takes colour.
    pub(crate) stdout_color: bool,
    /// Whether stderr takes colour.
    pub(crate) stderr_color: bool,
    /// Whether stderr can show a line that changes.
    pub(crate) live_progress: bool,
}

impl Terminal {
    /// Looks at the streams, the environment and what the person asked for.
    pub(crate) fn detect(when: When) -> Self {
        let get = |name: &str| std::env::var_os(name);
        let stderr = io::stderr().is_terminal();
        Self {
            stdout_color: takes_color(when, io::stdout().is_terminal(), get),
            stderr_color: takes_color(when, stderr, get),
            live_progress: stderr && !is_set(get("CI")) && !is_dumb(get("TERM")),
        }
    }
}

fn takes_color(when: When, terminal: bool, get: impl Fn(&str) -> Option<OsString>) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if get("RAMSCOPE_COLOR").is_some_and(|value| value == "always") => true,
        When::Auto if get("RAMSCOPE_COLOR").is_some_and(|value| value == "never") => false,
        When::Auto if is_set(get("NO_COLOR")) => false,
        When::Auto if get("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        When::Auto => terminal && !is_dumb(get("TERM")),
    }
}

fn is_set(value: Option<OsString>) -> bool {
    value.is_some_and(|value| !value.is_empty())
}

fn is_dumb(term: Option<OsString>) -> bool {
    term.is_some_and(|term| term == "dumb")
}

/// A last line on stderr that changes while something goes on. Without a terminal there is none.
#[derive(Debug)]
pub(crate) struct StatusLine {
    live: bool,
    shown: bool,
}

impl StatusLine {
    /// A line that shows nothing yet; `live` is whether it may ever.
    pub(crate) fn new(live: bool) -> Self {
        Self { live, shown: false }
    }

    /// Shows a text in place of the last one, cut to what any terminal shows in one line.
    pub(crate) fn show(&mut self, text: &str) {
        if self.live {
            let text: String = text.chars().take(COLUMNS_MIN).collect();
            eprint!("\r\x1b[2K{text}");
            self.shown = true;
            // A progress line that is not seen is no loss.
            let _ = io::stderr().flush();
        }
    }

    /// Prints a line that stays.
    pub(crate) fn print(&mut self, line: &str) {
        self.clear();
        eprintln!("{line}");
    }

    /// Takes the text away.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[2K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(when: When, terminal: bool, variables: &[(&str, &str)], expected: bool) {
        let get = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        assert_eq!(takes_color(when, terminal, get), expected, "{when:?} {variables:?}");
    }

    #[test]
    fn colour_follows_the_conventions() {
        check(When::Auto, true, &[], true);
        check(When::Auto, false, &[], false);
        check(When::Auto, true, &[("NO_COLOR", "1")], false);
        check(When::Auto, true, &[("NO_COLOR", "")], true);
        check(When::Auto, false, &[("CLICOLOR_FORCE", "1")], true);
        check(When::Auto, false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false);
        check(When::Auto, true, &[("TERM", "dumb")], false);
        check(When::Auto, false, &[("RAMSCOPE_COLOR", "always"), ("NO_COLOR", "1")], true);
        check(When::Auto, true, &[("RAMSCOPE_COLOR", "never"), ("CLICOLOR_FORCE", "1")], false);
        check(When::Auto, true, &[("RAMSCOPE_COLOR", "auto"), ("NO_COLOR", "1")], false);
        check(When::Always, false, &[("NO_COLOR", "1")], true);
        check(When::Never, true, &[("CLICOLOR_FORCE", "1")], false);
    }
}
