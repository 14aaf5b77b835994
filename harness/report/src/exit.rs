//! Exit codes: what a shell or a CI system learns from a run of the program.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | every scenario that ran passed, and at least one ran |
//! | 1 | an expectation or a budget is false |
//! | 2 | bad input: a scenario, an image, a capture or the command line |
//! | 3 | a target, a tool or a token is not available, or failed |
//! | 4 | nothing ran |
//! | 5 | inconclusive: something needed for a verdict was lost |
//! | 42 | device time ran out, as with wokwi-cli; can be changed |
//! | 130 | interrupted |
//!
//! If several runs come out differently, the program's code is the first of these that applies:
//! interrupted, bad input, fail, time-out, unavailable, inconclusive, pass, nothing ran. So a code
//! says the worst that is *known*: a false expectation weighs more than a target that was away,
//! and a skipped scenario takes nothing from a pass.

use ramscope_model::Outcome;
use std::process;

/// What the program exits with. The variants stand in the order in which they win.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitCode {
    /// A person stopped it.
    Interrupted,
    /// A scenario, an image, a capture or the command line is wrong.
    BadInput,
    /// An expectation or a budget is false.
    Fail,
    /// Device time ran out.
    TimedOut,
    /// A target, a tool or a token is not available.
    Unavailable,
    /// It cannot be said.
    Inconclusive,
    /// All is well.
    Pass,
    /// Nothing ran.
    NothingRan,
}

impl ExitCode {
    /// Every code, in the order in which they win.
    pub const ALL: [Self; 8] = [
        Self::Interrupted,
        Self::BadInput,
        Self::Fail,
        Self::TimedOut,
        Self::Unavailable,
        Self::Inconclusive,
        Self::Pass,
        Self::NothingRan,
    ];

    /// The number that the table above documents.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::BadInput => 2,
            Self::Unavailable => 3,
            Self::NothingRan => 4,
            Self::Inconclusive => 5,
            Self::TimedOut => 42,
            Self::Interrupted => 130,
        }
    }

    /// The code of several runs.
    pub fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let codes = outcomes.into_iter().map(Self::from);
        codes.min().unwrap_or(Self::NothingRan)
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Fail => Self::Fail,
            Outcome::Inconclusive => Self::Inconclusive,
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Unavailable => Self::Unavailable,
            Outcome::Skipped => Self::NothingRan,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcomes: &[Outcome], code: u8) {
        let found = ExitCode::of(outcomes.iter().copied()).code();
        assert_eq!(found, code, "{outcomes:?}");
    }

    #[test]
    fn each_outcome_has_its_documented_code() {
        check(&[Outcome::Pass], 0);
        check(&[Outcome::Fail], 1);
        check(&[Outcome::Unavailable], 3);
        check(&[Outcome::Skipped], 4);
        check(&[], 4);
        check(&[Outcome::Inconclusive], 5);
        check(&[Outcome::TimedOut], 42);
        check(&[Outcome::Interrupted], 130);
    }

    #[test]
    fn the_worst_that_is_known_wins() {
        use Outcome::{Fail, Inconclusive, Interrupted, Pass, Skipped, TimedOut, Unavailable};
        check(&[Pass, Skipped], 0);
        check(&[Pass, Inconclusive], 5);
        check(&[Inconclusive, Unavailable, Pass], 3);
        check(&[Unavailable, TimedOut], 42);
        check(&[TimedOut, Fail], 1);
        check(&[Fail, Interrupted], 130);
    }

    #[test]
    fn the_rustdoc_table_has_every_code() {
        let table = include_str!("exit.rs");
        for code in ExitCode::ALL {
            assert!(table.contains(&format!("//! | {} |", code.code())), "{code:?}");
        }
    }
}
