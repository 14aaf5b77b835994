//! The commands that need a part with a screen.

use ramscope_time::Span;

use super::{Site, as_number};
use crate::read::parameters::Parameters;
use crate::read::problems::Problems;
use crate::rule::Rule;
use crate::scenario::{Command, TakeScreenshot, Touch, TouchPoint};
use crate::value::Value;

/// How long a `touch` lasts that does not say.
const TOUCH_DURATION: Span = Span::from_millis(50);

/// `take-screenshot`.
pub(super) fn take_screenshot(site: &Site<'_>, problems: &mut Problems) -> Option<Command> {
    let no_part = "take-screenshot: `part-id` is required";
    let no_file = "take-screenshot: `save-to` or `compare-with` is required";
    let parameters = site.parameters("take-screenshot", "part-id", no_part, problems)?;
    let part_id = parameters.get("part-id").clone();
    if !part_id.is_truthy() {
        parameters.refuse_missing("part-id", no_part, problems);
    }
    if !parameters.get("save-to").is_truthy() && !parameters.get("compare-with").is_truthy() {
        let message = "`take-screenshot` needs `save-to` or `compare-with`".into();
        site.refuse(Rule::MissingParameter, message, no_file, problems);
        return None;
    }
    let save_to = file_name(site, &parameters, "save-to", problems)?;
    let compare_with = file_name(site, &parameters, "compare-with", problems)?;
    if site.runs {
        let known = ["part-id", "save-to", "compare-with"];
        parameters.warn(&known, None, problems);
    }
    part_id.is_truthy().then_some(Command::TakeScreenshot(TakeScreenshot {
        part_id,
        save_to,
        compare_with,
    }))
}

/// A file's name, or none; the outer `None` says that the step cannot run.
#[expect(clippy::option_option, reason = "no file is fine, a file without a name is not")]
fn file_name(
    site: &Site<'_>,
    parameters: &Parameters,
    key: &str,
    problems: &mut Problems,
) -> Option<Option<String>> {
    match parameters.get(key) {
        value if !value.is_truthy() => Some(None),
        Value::Text(name) => Some(Some(name.clone())),
        value => {
            let message = format!("`{key}` is the name of a file, not {}", value.type_phrase());
            let received = match value {
                Value::List(_) => "an instance of Array".into(),
                Value::Map(_) => "an instance of Object".into(),
                Value::Bool(_) => format!("type boolean ({value})"),
                _ => format!("type number ({value})"),
            };
            let refusal = format!(
                "TypeError: The \"path\" argument must be of type string. Received {received}"
            );
            let place = parameters.place(key);
            site.refuse_at_run(Rule::WrongType, place, message, refusal, problems);
            None
        }
    }
}

/// `touch`.
pub(super) fn touch(site: &Site<'_>, problems: &mut Problems) -> Option<Command> {
    let (point, parameters) = touch_point("touch", site, problems)?;
    let place = parameters.place("duration");
    let duration = match parameters.get("duration") {
        Value::Missing | Value::Null => TOUCH_DURATION,
        Value::Text(text) => site.time(text, place, problems)?,
        value => {
            let message = format!(
                "`duration` is a text with a unit such as 50ms, not {}",
                value.type_phrase()
            );
            let refusal = "TypeError: time.trim is not a function".into();
            site.refuse_at_run(Rule::RuntimeOnlyDelayUnit, place, message, refusal, problems);
            return None;
        }
    };
    let wait = parameters.get("wait").is_truthy();
    Some(Command::Touch(Touch { point, duration, wait }))
}

/// The part and point that three commands share, each parameter required.
pub(super) fn touch_point(
    keyword: &'static str,
    site: &Site<'_>,
    problems: &mut Problems,
) -> Option<(TouchPoint, Parameters)> {
    let missing = |key: &str| format!("{keyword}: missing required parameter `{key}`");
    let parameters = site.parameters(keyword, "part-id", &missing("part-id"), problems)?;
    let part_id = parameters.get("part-id").clone();
    if !part_id.is_truthy() {
        parameters.refuse_missing("part-id", &missing("part-id"), problems);
    }
    let x = as_number(parameters.get("x"));
    let y = as_number(parameters.get("y"));
    for (key, _) in [("x", x), ("y", y)].into_iter().filter(|(_, value)| value.is_none()) {
        parameters.refuse_missing(key, &missing(key), problems);
    }
    let known: &[&str] = match keyword {
        "touch" => &["part-id", "x", "y", "duration", "wait"],
        _ => &["part-id", "x", "y"],
    };
    if site.runs && part_id.is_truthy() {
        parameters.warn(known, None, problems);
    }
    let point = TouchPoint { part_id, x: x?, y: y? };
    point.part_id.is_truthy().then_some((point, parameters))
}

/// `touch-release`.
pub(super) fn touch_release(site: &Site<'_>, problems: &mut Problems) -> Option<Command> {
    let missing = "touch-release: missing required parameter `part-id`";
    let parameters = site.parameters("touch-release", "part-id", missing, problems)?;
    let part_id = parameters.get("part-id").clone();
    if !part_id.is_truthy() {
        parameters.refuse_missing("part-id", missing, problems);
        return None;
    }
    if site.runs {
        parameters.warn(&["part-id"], None, problems);
    }
    Some(Command::TouchRelease { part_id })
}
