//! Colour by meaning. There is one colour for each meaning, and every meaning is also a word.

use ramscope_model::Outcome;

/// Whether a text has colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Style {
    /// No escapes at all.
    #[default]
    Plain,
    /// ANSI escapes.
    Color,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// As it should be.
    Good,
    /// Wrong.
    Bad,
    /// Doubtful, or worth a look.
    Doubt,
    /// Less important than what surrounds it.
    Quiet,
    /// A heading.
    Heading,
    /// Nothing special.
    Normal,
}

impl Style {
    /// The text, in the colour of its meaning.
    pub(crate) fn paint(self, meaning: Meaning, text: &str) -> String {
        match (self, meaning.escape()) {
            (Self::Color, Some(escape)) if !text.is_empty() => {
                format!("\x1b[{escape}m{text}\x1b[0m")
            }
            _ => text.to_owned(),
        }
    }
}

impl Meaning {
    const fn escape(self) -> Option<&'static str> {
        match self {
            Self::Good => Some("32"),
            Self::Bad => Some("1;31"),
            Self::Doubt => Some("33"),
            Self::Quiet => Some("2"),
            Self::Heading => Some("1"),
            Self::Normal => None,
        }
    }

    pub(crate) const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Good,
            Outcome::Fail | Outcome::TimedOut => Self::Bad,
            Outcome::Inconclusive | Outcome::Unavailable | Outcome::Interrupted => Self::Doubt,
            Outcome::Skipped => Self::Quiet,
        }
    }
}

/// The outcome as a report shows it: what is wrong stands out without colour too.
pub(crate) fn verdict_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "FAIL",
        Outcome::Inconclusive => "INCONCLUSIVE",
        Outcome::TimedOut => "TIMED OUT",
        Outcome::Unavailable => "UNAVAILABLE",
        Outcome::Skipped => "skipped",
        Outcome::Interrupted => "interrupted",
    }
}

/// The text without characters that a terminal obeys.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => ' ',
            control if control.is_control() => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
}
