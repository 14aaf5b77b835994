//! What an exploration came to, for people.

use std::fmt;

use super::{Explored, Failing, Made};

impl Explored {
    /// Whether every schedule with up to so many switches was tried, and none failed.
    #[must_use]
    pub fn is_complete(&self, switches: u32) -> bool {
        self.complete.is_some_and(|complete| complete >= switches)
    }

    /// Fails a test, with the account, if a schedule failed.
    ///
    /// # Panics
    /// If one did.
    pub fn expect_no_failure(&self) {
        assert!(self.smallest.is_none(), "{self}");
    }

    /// The smallest failing schedule, in a test that wants one.
    ///
    /// # Panics
    /// If none failed.
    #[must_use]
    pub fn expect_failure(&self) -> &Failing {
        self.smallest.as_ref().unwrap_or_else(|| panic!("{self}"))
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, distinct, failed, points, complete, smallest } = self;
        write!(f, "{runs} schedules, {distinct} of them distinct, {failed} failed; ")?;
        writeln!(f, "{points} points at which another unit of the same priority is ready")?;
        match (smallest, complete) {
            (Some(failing), _) => write!(f, "{failing}"),
            (None, Some(switches)) => writeln!(f, "complete for up to {switches} switches"),
            (None, None) => writeln!(f, "that is no proof: others were not tried"),
        }
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, drawn, schedule, made, run } = self;
        let left = made.len();
        writeln!(
            f,
            "the smallest that fails is number {number}, {drawn} switches shrunk to {left}:"
        )?;
        for Made { point, from, to, place } in made {
            let place = place.as_deref().unwrap_or("the host does not say where");
            writeln!(f, "  point {point}: {from} gives way to {to}, in {place}")?;
        }
        let tail: Vec<&str> = run.text.lines().rev().take(TAIL_LINES).collect();
        tail.iter().rev().try_for_each(|line| writeln!(f, "  | {line}"))?;
        writeln!(f, "again: Exploration::along(&\"{schedule}\".parse()?)")
    }
}

/// Lines of a failing run that are shown.
const TAIL_LINES: usize = 12;
