//! Commands: what wokwi-cli checks before a run, what it trips over during it, and what it lets
//! through although nobody can have meant it.

mod screen;

use ramscope_time::Span;

use crate::problem::WokwiStage;
use crate::quantity::{TimeError, js_trim, parse_time};
use crate::rule::Rule;
use crate::scenario::{Command, ExpectPin, SetControl};
use crate::value::Value;
use crate::yaml::{NodeId, Place, Shape, Tree};

use super::parameters::{Parameters, phrase};
use super::problems::{Draft, Problems};

/// The commands in the order of their registration in wokwi-cli: of several in one step, the first
/// of this list runs.
pub(super) const KEYWORDS: [&str; 11] = [
    "delay",
    "expect-chip-output",
    "expect-pin",
    "set-control",
    "wait-serial",
    "write-serial",
    "take-screenshot",
    "touch",
    "touch-press",
    "touch-release",
    "touch-move",
];

/// A command's value, and whether the command will run at all.
pub(super) struct Site<'tree> {
    pub(super) tree: &'tree Tree,
    pub(super) node: NodeId,
    pub(super) step: usize,
    /// False for a command that loses against another one of its step: it is checked before the
    /// run, but nothing that only shows in the run can happen to it.
    pub(super) runs: bool,
}

/// Reads the command `keyword`; `None` if wokwi-cli could not run it.
pub(super) fn read(
    keyword: &'static str,
    site: &Site<'_>,
    problems: &mut Problems,
) -> Option<Command> {
    match keyword {
        "delay" => delay(site, problems),
        "expect-chip-output" => Some(Command::ExpectChipOutput(site.value(problems))),
        "expect-pin" => expect_pin(site, problems),
        "set-control" => set_control(site, problems),
        "wait-serial" => Some(wait_serial(site, problems)),
        "write-serial" => write_serial(site, problems),
        "take-screenshot" => screen::take_screenshot(site, problems),
        "touch" => screen::touch(site, problems),
        "touch-press" => Some(Command::TouchPress(screen::touch_point(keyword, site, problems)?.0)),
        "touch-release" => screen::touch_release(site, problems),
        "touch-move" => Some(Command::TouchMove(screen::touch_point(keyword, site, problems)?.0)),
        _ => None,
    }
}

impl Site<'_> {
    fn place(&self) -> Place {
        self.tree.place(self.node)
    }

    fn value(&self, problems: &mut Problems) -> Value {
        problems.value(self.tree, self.node)
    }

    /// Refuses the value before anything runs.
    fn refuse(&self, rule: Rule, message: String, refusal: &str, problems: &mut Problems) {
        let draft = Draft::error(rule, self.place(), message);
        problems.push(draft.refused(WokwiStage::Validate, format!("Error: {refusal}")));
    }

    /// Warns, if the command runs at all.
    fn warn(&self, rule: Rule, message: String, fix: Option<String>, problems: &mut Problems) {
        if self.runs {
            problems.push(Draft::warning(rule, self.place(), message).maybe_fix(fix));
        }
    }

    /// Refuses what wokwi-cli notices only once the step runs; silent if it never does.
    fn refuse_at_run(
        &self,
        rule: Rule,
        place: Place,
        message: String,
        refusal: String,
        problems: &mut Problems,
    ) {
        if self.runs {
            let stage = WokwiStage::Run { step: self.step };
            problems.push(Draft::error(rule, place, message).refused(stage, refusal));
        }
    }

    /// Reads a time that wokwi-cli reads only once the step runs.
    fn time(&self, text: &str, place: Place, problems: &mut Problems) -> Option<Span> {
        let trimmed = js_trim(text);
        let (message, refusal) = match parse_time(text) {
            Ok(span) => return Some(span),
            Err(TimeError::MissingUnits) => (
                format!(
                    "`{trimmed}` is no time: it needs a whole or decimal number and ns, us, ms or s"
                ),
                format!("Error: Missing units: {trimmed}"),
            ),
            Err(TimeError::Invalid) => (
                format!("`{trimmed}` is no time; times look like 500ms or 1.5s"),
                format!("Error: Invalid time: {trimmed}"),
            ),
        };
        self.refuse_at_run(Rule::RuntimeOnlyDelayUnit, place, message, refusal, problems);
        None
    }

    fn parameters(
        &self,
        keyword: &'static str,
        first_checked: &str,
        refusal: &str,
        problems: &mut Problems,
    ) -> Option<Parameters> {
        Parameters::read(self.tree, self.node, keyword, first_checked, refusal, problems)
    }
}

fn delay(site: &Site<'_>, problems: &mut Problems) -> Option<Command> {
    match site.value(problems) {
        Value::Text(text) => site.time(&text, site.place(), problems).map(Command::Delay),
        Value::Number(number) => {
            let number = Value::Number(number);
            let message = format!("a delay needs a unit, and {number} has none");
            let refusal = format!(
                "Error: Invalid delay value {number}. The value must include units (e.g. {number}ms)"
            );
            let draft = Draft::error(Rule::UnquotedDelayNumber, site.place(), message);
            problems.push(draft.fix(format!("{number}ms")).refused(WokwiStage::Validate, refusal));
            None
        }
        value => {
            let message = format!("a delay is a text such as 500ms, not {}", value.type_phrase());
            site.refuse(Rule::WrongType, message, "Delay value must be a string", problems);
            None
        }
    }
}

/// Any value waits for its text; what is probably a mistake gets a warning.
fn wait_serial(site: &Site<'_>, problems: &mut Problems) -> Command {
    let value = site.value(problems);
    let text = value.to_string();
    match &value {
        Value::Null => {
            let message = "without a text this waits for the text `null`".into();
            site.warn(Rule::NullWaitSerial, message, None, problems);
        }
        Value::List(_) | Value::Map(_) => {
            let message = format!("{} is no text; this waits for `{text}`", value.type_phrase());
            site.warn(Rule::StringifiedWaitSerial, message, None, problems);
        }
        Value::Bool(_) | Value::Number(_) => {
            let source = site.tree.source(site.node).unwrap_or_default();
            if source != text {
                let message = format!("without quotes this waits for `{text}`, not for `{source}`");
                let fix = Some(format!("\"{source}\""));
                site.warn(Rule::UnquotedWaitSerial, message, fix, problems);
            }
        }
        Value::Text(text) if has_literal_escape(text) => warn_of_escape(site, text, problems),
        Value::Text(empty) if empty.is_empty() => {
            let message = "an empty text is there at once; this waits for nothing".into();
            site.warn(Rule::EmptyWaitSerial, message, None, problems);
        }
        Value::Text(_) | Value::Missing => {}
    }
    Command::WaitSerial(text.into_bytes())
}

fn write_serial(site: &Site<'_>, problems: &mut Problems) -> Option<Command> {
    let refusal = match site.tree.shape(site.node) {
        Shape::Scalar(Value::Text(text)) => {
            if has_literal_escape(text) {
                warn_of_escape(site, text, problems);
            }
            return Some(Command::WriteSerial(text.clone().into_bytes()));
        }
        Shape::List([]) => "Array must contain at least one number",
        Shape::List(items) => {
            let numbers: Option<Vec<f64>> =
                items.iter().map(|&item| as_number(site.tree.scalar(item)?)).collect();
            if let Some(numbers) = numbers {
                return Some(Command::WriteSerial(bytes_of(site, items, &numbers, problems)));
            }
            "Array must contain only numbers"
        }
        _ => "Value must be a string or an array of numbers",
    };
    let message = match site.tree.shape(site.node) {
        Shape::List([]) => "an empty list sends nothing; give at least one byte".into(),
        Shape::List(_) => "a list to send may hold only numbers, one a byte".into(),
        _ => format!(
            "`write-serial` sends a string or a list of bytes, not {}",
            site.tree.type_phrase(site.node)
        ),
    };
    site.refuse(Rule::WrongType, message, refusal, problems);
    None
}

/// Whether a text has what would be the end of a line, or a tab, in double quotes.
fn has_literal_escape(text: &str) -> bool {
    ["\\n", "\\r", "\\t"].iter().any(|escape| text.contains(escape))
}

fn warn_of_escape(site: &Site<'_>, text: &str, problems: &mut Problems) {
    if site.tree.had_escapes(site.node) {
        return; // Whoever writes `\\n` in double quotes means these two characters.
    }
    let message = "without double quotes a backslash is a backslash, not part of an escape";
    let fix = format!("\"{}\"", text.replace('"', "\\\""));
    site.warn(Rule::LiteralEscape, message.into(), Some(fix), problems);
}

const fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

/// ECMAScript's ToUint8 (ECMA-262, 7.1.11), with a warning where it changes the number.
fn bytes_of(
    site: &Site<'_>,
    items: &[NodeId],
    numbers: &[f64],
    problems: &mut Problems,
) -> Vec<u8> {
    let byte_of = |(&item, &number): (&NodeId, &f64)| {
        let byte = if number.is_finite() { number.trunc().rem_euclid(256.0) as u8 } else { 0 };
        if site.runs && f64::from(byte) != number {
            let message = format!("{} is no byte; {byte} is sent", Value::Number(number));
            problems.push(Draft::warning(Rule::ByteOutOfRange, site.tree.place(item), message));
        }
        byte
    };
    items.iter().zip(numbers).map(byte_of).collect()
}

fn expect_pin(site: &Site<'_>, problems: &mut Problems) -> Option<Command> {
    let missing = "expect-pin: missing required parameter `name`";
    let parameters = site.parameters("expect-pin", "name", missing, problems)?;
    if !parameters.get("name").is_truthy() && !parameters.get("pin").is_truthy() {
        parameters.refuse_missing("name", missing, problems);
        return None;
    }
    let pin = ExpectPin {
        part_id: parameters.get("part-id").clone(),
        name: parameters.name_or("pin"),
        value: parameters.get("value").clone(),
    };
    if site.runs {
        warn_of_pin_value(&pin, &parameters, problems);
        parameters.warn(&["part-id", "name", "value", "expected"], Some("pin"), problems);
    }
    Some(Command::ExpectPin(pin))
}

/// A pin reads as 1 or 0, and Wokwi compares without conversion.
fn warn_of_pin_value(pin: &ExpectPin, parameters: &Parameters, problems: &mut Problems) {
    if pin.holds(true) || pin.holds(false) {
        return;
    }
    let has_expected = *parameters.get("expected") != Value::Missing;
    let draft = if pin.value == Value::Missing && has_expected {
        let message = "`expected` is ignored, and without `value` this step always fails";
        let place = parameters.place("expected");
        Draft::warning(Rule::ExpectedNotValue, place, message).fix("value")
    } else {
        let message =
            format!("a pin is 1 or 0, never {}, so this step always fails", phrase(&pin.value));
        let place = parameters.place("value");
        let fix = match &pin.value {
            Value::Text(text) if text == "0" || text == "1" => Some(format!("value: {text}")),
            Value::Bool(level) => Some(format!("value: {}", u8::from(*level))),
            _ => None,
        };
        Draft::warning(Rule::ImpossiblePinValue, place, message).maybe_fix(fix)
    };
    problems.push(draft);
}

fn set_control(site: &Site<'_>, problems: &mut Problems) -> Option<Command> {
    let missing = "set-control: missing required parameter `name`";
    let parameters = site.parameters("set-control", "name", missing, problems)?;
    if !parameters.get("name").is_truthy() && !parameters.get("control").is_truthy() {
        parameters.refuse_missing("name", missing, problems);
        return None;
    }
    let value = parameters.get("value").clone();
    if site.runs {
        if value.is_nullish() {
            let place = parameters.place("value");
            let message = "without a `value` this sets the control to nothing";
            problems.push(Draft::warning(Rule::NoControlValue, place, message));
        }
        parameters.warn(&["part-id", "name", "value"], Some("control"), problems);
    }
    Some(Command::SetControl(SetControl {
        part_id: parameters.get("part-id").clone(),
        name: parameters.name_or("control"),
        value,
    }))
}
