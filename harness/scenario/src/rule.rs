//! The rules by which a scenario is judged: ids that never change, and what to tell a person who asks.
//!
//! A rule that can be shown has a pair of examples. The pair is tested: the wrong one breaks the
//! rule, the right one breaks none.

mod example;

use core::fmt;

pub use example::{Example, Snippet};

macro_rules! rules {
    ($(
        #[doc = $summary:literal]
        $(#[doc = $more:literal])*
        $variant:ident = $id:literal $({
            $snippet:ident: $wrong:literal => $right:literal
        })?,
    )+) => {
        /// The rules by which a scenario is judged; each has an id that does not change.
        ///
        /// | rule | what it is about |
        /// |---|---|
        $(#[doc = concat!("| `", $id, "` |", $summary, " |")])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $summary] $(#[doc = $more])* $variant,)+
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
                    $(Self::$variant => $summary.trim_ascii(),)+
                }
            }

            /// What happens and why, in a few sentences; empty where the summary says it all.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($more),*).trim_ascii(),)+
                }
            }

            /// Something that breaks the rule and what to write instead.
            #[must_use]
            pub const fn example(self) -> Option<Example> {
                match self {
                    $($(Self::$variant => Some(Example {
                        snippet: Snippet::$snippet,
                        wrong: $wrong,
                        right: $right,
                    }),)?)+
                    #[allow(unreachable_patterns, reason = "unless every rule has one")]
                    _ => None,
                }
            }
        }
    };
}

rules! {
    // The text as YAML.
    /// The text is not YAML.
    /// wokwi-cli reads YAML 1.2; the place is where the text can no longer go on, which may be
    /// after the mistake itself.
    YamlSyntax = "yaml-syntax" {
        File: "name: a: b\nversion: 1\nsteps: []" => "name: \"a: b\"\nversion: 1\nsteps: []"
    },
    /// A tab indents a line.
    /// YAML counts blanks, and a tab has no width.
    YamlTab = "yaml-tab" {
        File: "name: t\nversion: 1\nsteps:\n\t- delay: 1ms"
            => "name: t\nversion: 1\nsteps:\n  - delay: 1ms"
    },
    /// A map has the same key twice.
    /// wokwi-cli refuses the file; other tools silently take the last one.
    DuplicateKey = "duplicate-key" {
        Step: "{delay: 1ms, delay: 2ms}" => "{delay: 1ms}, {delay: 2ms}"
    },
    /// The file holds more than one YAML document.
    MultipleDocuments = "multiple-documents" {
        File: "name: t\nversion: 1\nsteps: []\n---\nname: u" => "name: t\nversion: 1\nsteps: []"
    },
    /// An alias names an anchor that does not exist.
    /// An anchor has to stand above its aliases.
    UnknownAnchor = "unknown-anchor" {
        Step: "*pause" => "&pause {delay: 1ms}, *pause"
    },
    /// The text nests or repeats itself beyond any sensible scenario.
    /// Aliases can describe more than memory holds, so unfolding them has a bound.
    YamlTooLarge = "yaml-too-large",

    // The head of a Wokwi scenario.
    /// The file is not a map of scenario keys.
    NotAScenario = "not-a-scenario" {
        File: "- delay: 1ms" => "name: t\nversion: 1\nsteps:\n- delay: 1ms"
    },
    /// The scenario has no name.
    NameMissing = "name-missing" {
        File: "version: 1\nsteps: []" => "name: t\nversion: 1\nsteps: []"
    },
    /// The scenario's name is not a string.
    /// An unquoted number, `true` or `null` is none; `yes` and `on` are strings in YAML 1.2.
    NameNotString = "name-not-string" {
        File: "name: 5\nversion: 1\nsteps: []" => "name: \"5\"\nversion: 1\nsteps: []"
    },
    /// The version is missing or not 1.
    /// There is no other version; `1.0` and `0x1` are the same number.
    Version = "unsupported-version" {
        File: "name: t\nversion: 2\nsteps: []" => "name: t\nversion: 1\nsteps: []"
    },
    /// The version is a string, not the number 1.
    StringyVersion = "stringy-version" {
        File: "name: t\nversion: \"1\"\nsteps: []" => "name: t\nversion: 1\nsteps: []"
    },
    /// The steps are missing or not a list.
    StepsNotList = "steps-not-list" {
        File: "name: t\nversion: 1\nsteps: {delay: 1ms}"
            => "name: t\nversion: 1\nsteps: [{delay: 1ms}]"
    },
    /// A top-level key that looks like another one, or like a setting of ours, is ignored.
    /// wokwi-cli reads `name`, `version` and `steps` at the top and ignores everything else without
    /// a word; our settings stand under `ramscope`.
    IgnoredKey = "ignored-key" {
        File: "name: t\nversion: 1\nsteps: []\ntimeout: 5s"
            => "name: t\nversion: 1\nsteps: []\nramscope: {timeout: 5s}"
    },

    // Steps that wokwi-cli refuses.
    /// A step is not a map.
    StepNotMap = "step-not-map" {
        Step: "delay" => "delay: 1ms"
    },
    /// A step has a key that is no command.
    /// A step holds one command and perhaps a `name`; nothing else can be added to it, so
    /// time-outs and the like stand under `ramscope`.
    UnknownStepKey = "unknown-step-key" {
        Step: "{wait_serial: ready}" => "{wait-serial: ready}"
    },
    /// A merge key, which YAML 1.2 does not have.
    /// `<<` is a key like any other to wokwi-cli: it refuses it in a step and ignores it elsewhere.
    MergeKey = "merge-key" {
        Step: "&d {delay: 1ms}, {<<: *d}" => "&d {delay: 1ms}, *d"
    },
    /// A step has no command.
    /// wokwi-cli notices when it gets there, after the steps before have run.
    StepWithoutCommand = "step-without-command" {
        Step: "{name: boot}" => "{name: boot, wait-serial: ready}"
    },
    /// A delay is a number without a unit.
    UnquotedDelayNumber = "unquoted-delay-number" {
        Step: "delay: 500" => "delay: 500ms"
    },
    /// A delay or duration that wokwi-cli refuses only when the step runs.
    /// A time is a whole or decimal number and ns, us, ms or s: neither `.5s` nor `1e3ms` nor `1m`
    /// is one, and neither is a text of digits.
    RuntimeOnlyDelayUnit = "runtime-only-delay-unit" {
        Step: "delay: .5s" => "delay: 0.5s"
    },
    /// A command's value has the wrong type.
    WrongType = "wrong-type" {
        Step: "{write-serial: 5}, {delay: 1s}" => "{write-serial: \"5\"}, {delay: 1s}"
    },
    /// A command lacks a parameter.
    MissingParameter = "missing-parameter" {
        Step: "expect-pin: {part-id: esp, value: 1}"
            => "expect-pin: {part-id: esp, name: D2, value: 1}"
    },

    // Traps that wokwi-cli lets through.
    /// A step has two commands, of which only one runs.
    /// Which one is fixed and has nothing to do with their order in the file: a step with
    /// `wait-serial` and `delay` only delays.
    MultiCommandStep = "multi-command-step" {
        Step: "{wait-serial: ready, delay: 1s}" => "{wait-serial: ready}, {delay: 1s}"
    },
    /// Two steps have the same name.
    /// Then nothing can refer to either of them by it.
    DuplicateStepName = "duplicate-step-name" {
        Step: "{name: a, delay: 1s}, {name: a, delay: 2s}"
            => "{name: a, delay: 1s}, {name: b, delay: 2s}"
    },
    /// `wait-serial` without a text waits for the text `null`.
    NullWaitSerial = "null-wait-serial" {
        Step: "{wait-serial: }" => "{wait-serial: ready}"
    },
    /// `wait-serial` with a list or map waits for JavaScript's text of it.
    StringifiedWaitSerial = "stringified-wait-serial" {
        Step: "wait-serial: [a, b]" => "{wait-serial: a}, {wait-serial: b}"
    },
    /// `wait-serial` with an unquoted number or boolean waits for its canonical text.
    /// `1.0` becomes `1`, `010` becomes `10`, `TRUE` becomes `true`.
    UnquotedWaitSerial = "unquoted-wait-serial" {
        Step: "wait-serial: 1.0" => "wait-serial: \"1.0\""
    },
    /// `wait-serial` with an empty text waits for nothing.
    EmptyWaitSerial = "empty-wait-serial" {
        Step: "wait-serial: \"\"" => "wait-serial: ready"
    },
    /// A byte outside 0 to 255, or with a fraction, is silently changed.
    ByteOutOfRange = "byte-out-of-range" {
        Step: "{write-serial: [256]}, {delay: 1s}" => "{write-serial: [255]}, {delay: 1s}"
    },
    /// `expect-pin` with `expected` in place of `value` always fails.
    /// Wokwi's documentation once said `expected`; wokwi-cli reads `value`.
    ExpectedNotValue = "expected-not-value" {
        Step: "expect-pin: {part-id: esp, name: D2, expected: 1}"
            => "expect-pin: {part-id: esp, name: D2, value: 1}"
    },
    /// `expect-pin` whose value can never equal 0 or 1 always fails.
    /// The comparison is strict: neither `true` nor `"1"` is 1.
    ImpossiblePinValue = "string-or-bool-pin-value" {
        Step: "expect-pin: {part-id: esp, name: D2, value: true}"
            => "expect-pin: {part-id: esp, name: D2, value: 1}"
    },
    /// A command does not say which part it means.
    NoPartId = "no-part-id" {
        Step: "expect-pin: {name: D2, value: 1}" => "expect-pin: {part-id: esp, name: D2, value: 1}"
    },
    /// `set-control` without a value.
    NoControlValue = "no-control-value" {
        Step: "{set-control: {part-id: b, name: pressed}}, {delay: 1s}"
            => "{set-control: {part-id: b, name: pressed, value: 1}}, {delay: 1s}"
    },
    /// A key that its command ignores.
    IgnoredParameter = "ignored-parameter" {
        Step: "expect-pin: {part-id: esp, name: D2, value: 1, level: 1}"
            => "expect-pin: {part-id: esp, name: D2, value: 1}"
    },
    /// The deprecated name of a parameter.
    DeprecatedParameter = "deprecated-parameter" {
        Step: "expect-pin: {part-id: esp, pin: D2, value: 1}"
            => "expect-pin: {part-id: esp, name: D2, value: 1}"
    },
    /// The last step is input that the program never sees on Wokwi.
    /// The device stands still between steps, and after the last one it never runs again.
    TrailingInputStep = "trailing-input-step" {
        Step: "{write-serial: \"q\"}" => "{write-serial: \"q\"}, {delay: 500ms}"
    },
    /// A backslash escape stands in a text that has none.
    /// Only double quotes turn `\n` into the end of a line; without them, or in single quotes, the
    /// backslash and the letter are sent or waited for.
    LiteralEscape = "literal-escape" {
        Step: "{write-serial: 'run demo\\n'}, {delay: 1s}"
            => "{write-serial: \"run demo\\n\"}, {delay: 1s}"
    },
    /// A console command is sent without the end of its line.
    /// Nothing is added to what `write-serial` sends, so the console goes on waiting for the rest.
    UnfinishedLine = "unfinished-line" {
        Step: "{write-serial: \"run demo\"}, {wait-serial: ended}"
            => "{write-serial: \"run demo\\n\"}, {wait-serial: ended}"
    },
    /// `wait-serial` waits for a text that was just sent.
    /// If it is the echo that matches, the wait proves nothing; and with telemetry frames on the
    /// console does not echo, so it does not match at all.
    WaitForEcho = "wait-for-echo" {
        Step: "{write-serial: \"run demo\\n\"}, {wait-serial: demo}"
            => "{write-serial: \"run demo\\n\"}, {wait-serial: \"demo: ended\"}"
    },
    /// `wait-serial` has a text that goes over the end of a line.
    /// With telemetry frames on, frames stand between lines, so such a text may be torn apart; and
    /// whether a line ends with CR is up to the program.
    PatternAcrossLines = "pattern-across-lines" {
        Step: "wait-serial: \"a\\nb\"" => "{wait-serial: a}, {wait-serial: b}"
    },
    /// A text has characters outside of ASCII that wokwi-cli's option cannot match.
    /// `wokwi-cli --expect-text` and `--fail-text` read bytes as Latin-1, so the same text given to
    /// them never matches.
    NonAsciiExpectText = "non-ascii-expect-text" {
        Ours: "expect-text: [fertig ✓]" => "expect-text: [fertig]"
    },
    /// The delays of the steps take longer than the run may.
    /// A run is given up after `ramscope: timeout:`, 30 s by default; wokwi-cli has a `--timeout` of
    /// its own with the same default.
    DelayBeyondTimeout = "delay-beyond-timeout" {
        File: "name: t\nversion: 1\nsteps: [delay: 40s]"
            => "name: t\nversion: 1\nsteps: [delay: 40s]\nramscope: {timeout: 60s}"
    },

    // Inside `ramscope:`.
    /// A key inside `ramscope:` that does not exist.
    /// Nobody else reads this key, so a typo would silently switch off what its author relies on.
    UnknownSetting = "unknown-setting" {
        Ours: "sedes: [1]" => "seeds: [1]"
    },
    /// A value inside `ramscope:` that cannot be.
    InvalidSetting = "invalid-setting" {
        Ours: "timeout: 5" => "timeout: 5s"
    },
    /// The schema number inside `ramscope:` is not known.
    UnknownSchema = "unknown-schema" {
        Ours: "schema: 2" => "schema: 1"
    },
    /// A target that does not exist.
    UnknownTarget = "unknown-target" {
        Ours: "targets: [qemu]" => "targets: [qemu-virt]"
    },
    /// A capability that does not exist.
    UnknownCapability = "unknown-capability" {
        Ours: "requires: [pin]" => "requires: [pins]"
    },
    /// A text is no regular expression.
    /// Expressions are those of the Rust crate `regex-lite`: no look-around, no back-references.
    InvalidRegex = "invalid-regex" {
        Ours: "fail-on: [{regex: \"E (\"}]" => "fail-on: [{regex: \"E [(]\"}]"
    },
    /// No step starts the program that the scenario says it is about.
    /// wokwi-cli never reads our key, so a program runs only if a `write-serial` step starts it;
    /// `program` and `args` say what the steps start, and are held against them.
    ProgramNotStarted = "program-not-started" {
        File: "name: t\nversion: 1\nsteps: []\nramscope: {program: demo}"
            => "name: t\nversion: 1\nsteps: [write-serial: \"run demo\\n\", delay: 1s]\nramscope: {program: demo}"
    },
    /// A step reference that names no step, or more than one.
    /// Steps are referred to by name or by index from 0.
    UnknownStep = "unknown-step" {
        Ours: "phases: {p: {from: c}}" => "phases: {p: {from: b}}"
    },
    /// A phase that does not exist, or covers no step.
    InvalidPhase = "invalid-phase" {
        Ours: "phases: {p: {from: b, to: a}}" => "phases: {p: {from: a, to: b}}"
    },
    /// A phase lets the device run for no time at all.
    /// Between its steps the device stands still, so there is nothing to measure.
    TimelessPhase = "timeless-phase" {
        File: "name: t\nversion: 1\nsteps: [{name: a, write-serial: q}, delay: 1s]\nramscope: {phases: {p: {from: a, to: a}}}"
            => "name: t\nversion: 1\nsteps: [{name: a, write-serial: q}, delay: 1s]\nramscope: {phases: {p: {from: a, to: 1}}}"
    },
    /// A budget entry without a subject, with two, or without a metric.
    InvalidBudget = "invalid-budget" {
        Ours: "budgets: [{stack-peak: 1KiB}]" => "budgets: [{thread: main, stack-peak: 1KiB}]"
    },
    /// A metric that does not exist or does not fit the budget's subject.
    InvalidMetric = "invalid-metric" {
        Ours: "budgets: [{heap: main, stack-peak: 1KiB}]"
            => "budgets: [{heap: main, peak: 1KiB}]"
    },
    /// Two budgets with the same id.
    DuplicateBudget = "duplicate-budget" {
        Ours: "budgets: [{heap: main, peak: 1KiB}, {heap: main, peak: 2KiB}]"
            => "budgets: [{heap: main, peak: 1KiB}]"
    },
    /// An upper bound on a quantity of which more is better.
    SuspiciousBound = "suspicious-bound" {
        Ours: "budgets: [{heap: main, largest-free: 8KiB}]"
            => "budgets: [{heap: main, largest-free-min: 8KiB}]"
    },
    /// An expected failure that names no budget.
    UnknownBudget = "unknown-budget" {
        Ours: "expect: {fail: [run/heap:main/peak]}"
            => "{budgets: [{heap: main, peak: 1}], expect: {fail: [run/heap:main/peak]}}"
    },

    /// A name or pattern that no finding has.
    /// It would allow, deny or expect nothing, and nobody would notice.
    UnknownFinding = "unknown-finding" {
        Ours: "findings: {allow: [telemetry.loss]}" => "findings: {allow: [telemetry.lost]}"
    },

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

impl Rule {
    /// The rule of that id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case_and_unlike() {
        let mut ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Rule::ALL.len());
        assert_eq!(Rule::from_id("merge-key"), Some(Rule::MergeKey));
    }

    #[test]
    fn wrong_examples_break_their_rule_and_right_ones_break_none() {
        let mut wrong_ones = Vec::new();
        for &rule in Rule::ALL {
            let Some(example) = rule.example() else { continue };
            let wrong = crate::parse("wrong.yaml", &example.wrong_file());
            if !wrong.problems.iter().any(|problem| problem.rule == rule) {
                wrong_ones.push(format!("{rule} is not broken: {:?}", wrong.problems));
            }
            let right = crate::parse("right.yaml", &example.right_file());
            if !right.problems.is_empty() {
                wrong_ones.push(format!("{rule}: {:?}", right.problems));
            }
        }
        assert_eq!(wrong_ones, Vec::<String>::new());
    }

    #[test]
    fn rules_that_a_file_can_break_have_an_example() {
        let without = |rule: &&Rule| rule.example().is_none();
        let without: Vec<&str> = Rule::ALL.iter().filter(without).map(|rule| rule.id()).collect();
        let expected = [
            "yaml-too-large",
            "unknown-program",
            "unknown-part",
            "unknown-pin",
            "unknown-control",
            "invalid-control-value",
        ];
        assert_eq!(without, expected);
    }
}
