//! What can be wrong with a scenario: a place, a rule and a sentence.

use core::fmt;

use crate::rule::Rule;
use crate::scenario::{Scenario, Step};

/// Something wrong, or suspicious, at one place of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the scenario can still run.
    pub severity: Severity,
    /// The rule that found it.
    pub rule: Rule,
    /// One sentence for a person, lower case, without a full stop.
    pub message: String,
    /// The file as the caller of [`parse`](crate::parse) named it.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters of the line it is about; 0 if it is only about the place.
    pub length: u32,
    /// What to write instead, where there is one clear answer.
    pub fix: Option<String>,
    /// What wokwi-cli says about the same file, where it refuses it too.
    pub wokwi: Option<WokwiRefusal>,
}

impl Problem {
    /// An error about a step of a scenario that could be read: what only shows against an image or a
    /// diagram.
    #[must_use]
    pub fn about_step(
        scenario: &Scenario,
        step: &Step,
        rule: Rule,
        message: &str,
        fix: Option<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            message: one_line(message),
            path: scenario.path.clone(),
            line: step.line,
            column: step.column,
            length: 0,
            fix,
            wokwi: None,
        }
    }
}

/// Whether a problem stops a scenario from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The scenario cannot run.
    Error,
    /// The scenario runs, but perhaps not as its author thinks.
    Warning,
}

/// The words and the moment of wokwi-cli's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WokwiRefusal {
    /// When wokwi-cli notices.
    pub stage: WokwiStage,
    /// What it prints, with the class of the error: `Error: Scenario name is missing`.
    pub text: String,
}

/// The moment at which wokwi-cli notices a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WokwiStage {
    /// While the YAML is read.
    Parse,
    /// While the scenario is checked, before anything runs.
    Validate,
    /// When step number `step` runs, after the ones before it.
    Run {
        /// The step's index, from 0.
        step: usize,
    },
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// `path:line:column: error[rule-id]: message (fix: ...)` on one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}[{}]: {}",
            self.path, self.line, self.column, self.severity, self.rule, self.message
        )?;
        match &self.fix {
            Some(fix) => write!(f, " (fix: {fix})"),
            None => Ok(()),
        }
    }
}

/// How much of a message anybody reads.
const MESSAGE_CHARS_MAX: usize = 400;

/// A message on one line, whatever of the file it quotes: control characters are escaped, and what
/// is too long is cut.
#[must_use]
pub fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for (count, character) in message.chars().enumerate() {
        if count == MESSAGE_CHARS_MAX {
            line.push_str("...");
            break;
        }
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}
