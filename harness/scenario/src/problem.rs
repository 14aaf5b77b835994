//! What can be wrong with a scenario: a place, a rule and a sentence.

use core::fmt;

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
    /// What to write instead, where there is one clear answer.
    pub fix: Option<String>,
    /// What wokwi-cli says about the same file, where it refuses it too.
    pub wokwi: Option<WokwiRefusal>,
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

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident = $id:literal,)+) => {
        /// The rules by which a scenario is judged; each has an id that does not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Rule {
            /// Every rule, for lists and documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable id in kebab case.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)+
                }
            }

            /// What the rule is about, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

rules! {
    // The text as YAML.
    /// The text is not YAML.
    YamlSyntax = "yaml-syntax",
    /// A tab indents a line.
    YamlTab = "yaml-tab",
    /// A map has the same key twice.
    DuplicateKey = "duplicate-key",
    /// The file holds more than one YAML document.
    MultipleDocuments = "multiple-documents",
    /// An alias names an anchor that does not exist.
    UnknownAnchor = "unknown-anchor",
    /// The text nests or repeats itself beyond any sensible scenario.
    YamlTooLarge = "yaml-too-large",

    // The head of a Wokwi scenario.
    /// The file is not a map of scenario keys.
    NotAScenario = "not-a-scenario",
    /// The scenario has no name.
    NameMissing = "name-missing",
    /// The scenario's name is not a string.
    NameNotString = "name-not-string",
    /// The version is missing or not 1.
    Version = "unsupported-version",
    /// The version is a string, not the number 1.
    StringyVersion = "stringy-version",
    /// The steps are missing or not a list.
    StepsNotList = "steps-not-list",

    // Steps that wokwi-cli refuses.
    /// A step is not a map.
    StepNotMap = "step-not-map",
    /// A step has a key that is no command.
    UnknownStepKey = "unknown-step-key",
    /// A merge key, which YAML 1.2 does not have.
    MergeKey = "merge-key",
    /// A step has no command.
    StepWithoutCommand = "step-without-command",
    /// A delay is a number without a unit.
    UnquotedDelayNumber = "unquoted-delay-number",
    /// A delay or duration that wokwi-cli refuses only when the step runs.
    RuntimeOnlyDelayUnit = "runtime-only-delay-unit",
    /// A command's value has the wrong type.
    WrongType = "wrong-type",
    /// A command lacks a parameter.
    MissingParameter = "missing-parameter",

    // Traps that wokwi-cli lets through.
    /// A step has two commands, of which only one runs.
    MultiCommandStep = "multi-command-step",
    /// Two steps have the same name.
    DuplicateStepName = "duplicate-step-name",
    /// `wait-serial` without a text waits for the text `null`.
    NullWaitSerial = "null-wait-serial",
    /// `wait-serial` with a list or map waits for JavaScript's text of it.
    StringifiedWaitSerial = "stringified-wait-serial",
    /// `wait-serial` with an unquoted number or boolean waits for its canonical text.
    UnquotedWaitSerial = "unquoted-wait-serial",
    /// `wait-serial` with an empty text waits for nothing.
    EmptyWaitSerial = "empty-wait-serial",
    /// A byte outside 0 to 255, or with a fraction, is silently changed.
    ByteOutOfRange = "byte-out-of-range",
    /// `expect-pin` with `expected` in place of `value` always fails.
    ExpectedNotValue = "expected-not-value",
    /// `expect-pin` whose value can never equal 0 or 1 always fails.
    ImpossiblePinValue = "string-or-bool-pin-value",
    /// A command does not say which part it means.
    NoPartId = "no-part-id",
    /// `set-control` without a value.
    NoControlValue = "no-control-value",
    /// A key that its command ignores.
    IgnoredParameter = "ignored-parameter",
    /// The deprecated name of a parameter.
    DeprecatedParameter = "deprecated-parameter",
    /// The last step is input that the program never sees on Wokwi.
    TrailingInputStep = "trailing-input-step",

    // Inside `ramscope:`.
    /// A key inside `ramscope:` that does not exist.
    UnknownSetting = "unknown-setting",
    /// A value inside `ramscope:` that cannot be.
    InvalidSetting = "invalid-setting",
    /// The schema number inside `ramscope:` is not known.
    UnknownSchema = "unknown-schema",
    /// A target that does not exist.
    UnknownTarget = "unknown-target",
    /// A capability that does not exist.
    UnknownCapability = "unknown-capability",
    /// A text is no regular expression.
    InvalidRegex = "invalid-regex",
    /// No step starts the program that the scenario says it is about.
    ProgramNotStarted = "program-not-started",
    /// A step reference that names no step, or more than one.
    UnknownStep = "unknown-step",
    /// A phase that does not exist, or covers no step.
    InvalidPhase = "invalid-phase",
    /// A budget entry without a subject, with two, or without a metric.
    InvalidBudget = "invalid-budget",
    /// A metric that does not exist or does not fit the budget's subject.
    InvalidMetric = "invalid-metric",
    /// Two budgets with the same id.
    DuplicateBudget = "duplicate-budget",
    /// An upper bound on a quantity of which more is better.
    SuspiciousBound = "suspicious-bound",
    /// An expected failure that names no budget.
    UnknownBudget = "unknown-budget",

    // While planning.
    /// A `run` command names a program that the image does not hold.
    UnknownProgram = "unknown-program",
    /// A step names a part that the diagram does not hold.
    UnknownPart = "unknown-part",
    /// A step names a pin that its part does not have.
    UnknownPin = "unknown-pin",
    /// A step names a control that its part does not have.
    UnknownControl = "unknown-control",
    /// A step moves a control to where it cannot go.
    InvalidControlValue = "invalid-control-value",
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
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
