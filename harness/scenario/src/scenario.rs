//! A checked scenario: its steps as wokwi-cli would run them, and its settings.

use ramscope_time::Span;
use serde::{Deserialize, Serialize};

use crate::problem::{Problem, Severity, WokwiRefusal};
use crate::settings::Settings;
use crate::value::Value;

/// What became of a scenario's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The scenario; `None` if any problem is an error.
    pub scenario: Option<Scenario>,
    /// All problems, in the order of their place in the text.
    pub problems: Vec<Problem>,
    /// The steps that could be read, also when a problem elsewhere forbids to run them.
    pub readable_steps: Vec<Step>,
    /// What wokwi-cli would stop at, if it refuses the file. It knows only one problem at a time,
    /// and some of them only after it has run the steps before.
    pub wokwi: Option<WokwiRefusal>,
}

impl Parsed {
    /// Whether any problem is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// A scenario that can run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// The `name` at the head of the file; may be empty.
    pub name: String,
    /// The file, as the caller of [`parse`](crate::parse) named it.
    pub path: String,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The `ramscope:` key, or the defaults.
    pub settings: Settings,
}

/// One step of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The step's index, from 0.
    pub index: usize,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// The column on which it begins, from 1.
    pub column: u32,
    /// What it does.
    pub command: Command,
}

/// What a step does: the complete step set of Wokwi's scenarios, version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// `delay`: lets the device run for a span of device time.
    Delay(#[serde(with = "crate::serial_form::span")] Span),
    /// `expect-chip-output`: waits for a custom chip to log a text that contains this; its text
    /// form ([`Value`]'s `Display`) is what counts.
    ExpectChipOutput(Value),
    /// `expect-pin`: reads a pin at once.
    ExpectPin(ExpectPin),
    /// `set-control`: moves a control of a part.
    SetControl(SetControl),
    /// `wait-serial`: runs until these bytes have arrived.
    WaitSerial(Vec<u8>),
    /// `write-serial`: sends these bytes.
    WriteSerial(Vec<u8>),
    /// `take-screenshot`: saves or compares a screen.
    TakeScreenshot(TakeScreenshot),
    /// `touch`: touches a screen for a while.
    Touch(Touch),
    /// `touch-press`: begins to touch a screen.
    TouchPress(TouchPoint),
    /// `touch-release`: stops touching the screen of this part.
    TouchRelease {
        /// `part-id`.
        part_id: Value,
    },
    /// `touch-move`: moves a touch.
    TouchMove(TouchPoint),
}

/// The parameters of `expect-pin`, unchecked as in wokwi-cli.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectPin {
    /// `part-id`.
    pub part_id: Value,
    /// `name`, or else the deprecated `pin`.
    pub name: Value,
    /// `value`.
    pub value: Value,
}

/// The parameters of `set-control`, unchecked as in wokwi-cli.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetControl {
    /// `part-id`.
    pub part_id: Value,
    /// `name`, or else the deprecated `control`.
    pub name: Value,
    /// `value`.
    pub value: Value,
}

/// The parameters of `take-screenshot`; paths are relative to the scenario file's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeScreenshot {
    /// `part-id`.
    pub part_id: Value,
    /// `save-to`: a PNG file to write.
    pub save_to: Option<String>,
    /// `compare-with`: a PNG file that must hold the same pixels.
    pub compare_with: Option<String>,
}

/// The parameters of `touch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Touch {
    /// Where.
    pub point: TouchPoint,
    /// `duration`: how long; 50 ms if the file does not say.
    #[serde(with = "crate::serial_form::span")]
    pub duration: Span,
    /// `wait`: whether the step lasts as long as the touch.
    pub wait: bool,
}

/// A point of a part's screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TouchPoint {
    /// `part-id`.
    pub part_id: Value,
    /// `x`.
    #[serde(with = "crate::serial_form::number")]
    pub x: f64,
    /// `y`.
    #[serde(with = "crate::serial_form::number")]
    pub y: f64,
}

impl ExpectPin {
    /// Whether a pin at this level satisfies the step: Wokwi compares strictly with 1 or 0, so
    /// a text or a boolean never does.
    #[must_use]
    pub fn holds(&self, level: bool) -> bool {
        self.value == Value::Number(if level { 1.0 } else { 0.0 })
    }
}

impl Scenario {
    /// The first step that does something to the device, by its index.
    #[must_use]
    pub fn first_stimulus(&self) -> Option<usize> {
        self.steps.iter().position(|step| {
            matches!(step.command, Command::WriteSerial(_) | Command::SetControl(_))
        })
    }
}

impl Command {
    /// The command's key in the file.
    #[must_use]
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::ExpectChipOutput(_) => "expect-chip-output",
            Self::ExpectPin(_) => "expect-pin",
            Self::SetControl(_) => "set-control",
            Self::WaitSerial(_) => "wait-serial",
            Self::WriteSerial(_) => "write-serial",
            Self::TakeScreenshot(_) => "take-screenshot",
            Self::Touch(_) => "touch",
            Self::TouchPress(_) => "touch-press",
            Self::TouchRelease { .. } => "touch-release",
            Self::TouchMove(_) => "touch-move",
        }
    }
}

impl Step {
    /// What to call the step in a message: `step 3 (publish)` or `step 3 (wait-serial)`.
    #[must_use]
    pub fn label(&self) -> String {
        let name = self.name.as_deref().unwrap_or(self.command.keyword());
        format!("step {} ({name})", self.index)
    }
}
