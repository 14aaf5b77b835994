//! Every scenario document of the conformance vectors is read as wokwi-cli reads it: the same
//! refusal in the same words, and the same calls to the simulation in the same order.
//!
//! Two files are the default: `wokwi-scenarios.jsonl`, which came with the specification, and
//! `more-scenarios.jsonl`, about a thousand documents that go through every rule of the format; its
//! outcomes are those of wokwi-cli's rules over npm's `yaml` 2.8.1. `RAMSCOPE_WOKWI_VECTORS` names
//! another file of the same form.

use ramscope_scenario::{
    Command, ExpectPin, Parsed, Problem, Rule, Step, TouchPoint, Value, WokwiStage, parse,
};
use serde_json::{Value as Json, json};

/// What every JavaScript object has. wokwi-cli takes such a step key for a command and stumbles when
/// the step runs; on purpose we refuse it like any other unknown key, before the run.
const PROTOTYPE_NAMES: [&str; 12] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// A difference between what must come out and what does.
struct Difference {
    field: &'static str,
    expected: Json,
    found: Json,
}

#[test]
fn every_vector_is_read_as_wokwi_cli_reads_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/");
    let committed = ["wokwi-scenarios.jsonl", "more-scenarios.jsonl"];
    let paths = match std::env::var("RAMSCOPE_WOKWI_VECTORS") {
        Ok(path) => vec![path],
        Err(_) => committed.map(|name| format!("{folder}{name}")).into(),
    };
    let (mut passed, mut failed) = (0, 0);
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(!text.trim().is_empty(), "{path} holds no vector");
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match agrees(&serde_json::from_str(line).unwrap()) {
                true => passed += 1,
                false => failed += 1,
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    assert_eq!(failed, 0, "{passed} passed, {failed} failed");
}

/// Whether a vector comes out as it must; if not, its first difference is printed.
fn agrees(vector: &Json) -> bool {
    let label = vector["label"].as_str().unwrap_or("(no label)");
    let Some(difference) = differences(vector).into_iter().next() else {
        return true;
    };
    if is_prototype_name(vector) {
        println!("{label}: differs on purpose: every JavaScript object has that member");
        return true;
    }
    let Difference { field, expected, found } = difference;
    println!("{label}: {field}\n  expected {expected}\n  found    {found}");
    false
}

/// Whether we refuse the document for one of the [`PROTOTYPE_NAMES`].
fn is_prototype_name(vector: &Json) -> bool {
    let document = vector["yaml"].as_str().expect("each vector has a document");
    let refusal = parse("vector.yaml", document).wokwi;
    let key = refusal
        .as_ref()
        .and_then(|refusal| refusal.text.strip_prefix("Error: Invalid scenario step key: "));
    key.is_some_and(|key| PROTOTYPE_NAMES.contains(&key))
}

fn differences(vector: &Json) -> Vec<Difference> {
    let parsed = parse("vector.yaml", vector["yaml"].as_str().expect("each vector has a document"));
    let found = Outcome::of(&parsed);
    let mut differences = Vec::new();
    let mut compare = |field: &'static str, found: Json| {
        let expected = vector.get(field).cloned().unwrap_or(Json::Null);
        if !same(&expected, &found) {
            differences.push(Difference { field, expected, found });
        }
    };
    compare("parse", parse_outcome(vector, &parsed));
    compare("validate", found.validate);
    compare("run", found.run);
    compare("calls", found.calls);
    differences
}

/// Numbers agree if they do to a picosecond in a year; we count picoseconds, not fractions of them,
/// and time ends after 213 days.
fn same(expected: &Json, found: &Json) -> bool {
    match (expected, found) {
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (Json::Number(a), Json::Number(b)) => {
            let number = |n: &serde_json::Number| n.as_f64().expect("JSON numbers fit");
            let (a, b) = (number(a), number(b));
            let end_of_time_ns = u64::MAX as f64 / 1e3;
            let is_near = (a - b).abs() <= 1e-12 * a.abs().max(b.abs()) || (a - b).abs() < 5.1e-4;
            a == b || is_near || (a > end_of_time_ns && b == end_of_time_ns)
        }
        _ => expected == found,
    }
}

/// What wokwi-cli would say and do about the document.
struct Outcome {
    validate: Json,
    run: Json,
    calls: Json,
}

impl Outcome {
    fn of(parsed: &Parsed) -> Self {
        let (stage, text) = match &parsed.wokwi {
            Some(refusal) => (Some(refusal.stage), json!(refusal.text)),
            None => (None, Json::Null),
        };
        match stage {
            Some(WokwiStage::Parse) => {
                Self { validate: Json::Null, run: Json::Null, calls: json!([]) }
            }
            Some(WokwiStage::Validate) => {
                Self { validate: text, run: Json::Null, calls: json!([]) }
            }
            Some(WokwiStage::Run { step }) => Self::run(parsed, step, refusal_at_run(&text)),
            None => Self::run(parsed, usize::MAX, json!("ok")),
        }
    }

    /// Runs the steps before `stop` against a client that answers everything with success, pins
    /// with 1 and the time with 42 ns.
    fn run(parsed: &Parsed, stop: usize, last: Json) -> Self {
        let mut calls = Vec::new();
        let mut run = last;
        for step in parsed.readable_steps.iter().filter(|step| step.index < stop) {
            perform(step, &mut calls);
            if let Command::ExpectPin(pin) = &step.command
                && !pin.holds(true)
            {
                let ExpectPin { part_id, name, value } = pin;
                run = json!(format!(
                    "Error: [42ns] GPIO {part_id}:{name} expected to be {value} but was 1"
                ));
                break;
            }
        }
        Self { validate: json!("ok"), run, calls: Json::Array(calls) }
    }
}

/// The vectors come from a harness in which leaving the process is an error of its own.
fn refusal_at_run(text: &Json) -> Json {
    if text == "Unknown key in step" { json!("Error: process.exit(1)") } else { text.clone() }
}

fn perform(step: &Step, calls: &mut Vec<Json>) {
    let nanos = |span: ramscope_time::Span| json!(span.as_picos() as f64 / 1e3);
    let touch = |point: &TouchPoint, event: &str| {
        vec![json!("touchEvent"), js(&point.part_id), json!(point.x), json!(point.y), json!(event)]
    };
    let call = match &step.command {
        Command::Delay(span) => json!(["delay", nanos(*span)]),
        Command::ExpectChipOutput(text) => json!(["waitForChipOutput", js(text)]),
        Command::ExpectPin(pin) => json!(["pinRead", js(&pin.part_id), js(&pin.name)]),
        Command::SetControl(set) => {
            json!(["controlSet", js(&set.part_id), js(&set.name), js(&set.value)])
        }
        Command::WaitSerial(bytes) => json!(["waitForSerialBytes", bytes]),
        Command::WriteSerial(bytes) => json!(["serialMonitorWrite", bytes]),
        Command::TakeScreenshot(shot) => json!(["framebufferRead", js(&shot.part_id)]),
        Command::Touch(command) => {
            let mut call = touch(&command.point, "press");
            call.push(json!({"releaseAfter": nanos(command.duration)}));
            if command.wait {
                calls.push(Json::Array(call));
                json!(["delay", nanos(command.duration)])
            } else {
                Json::Array(call)
            }
        }
        Command::TouchPress(point) => Json::Array(touch(point, "press")),
        Command::TouchRelease { part_id } => {
            json!(["touchEvent", js(part_id), 0, 0, "release"])
        }
        Command::TouchMove(point) => Json::Array(touch(point, "move")),
    };
    calls.push(call);
}

fn js(value: &Value) -> Json {
    match value {
        Value::Missing | Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::List(items) => items.iter().map(js).collect(),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), js(value))).collect())
        }
    }
}

/// The expected text itself if we refuse the document as well, and at the same place where the
/// place is a matter of fact: a second key, a tab, a second document. Where a broken construct
/// "is" depends on the parser, so for the rest of YAML's syntax only the refusal counts.
fn parse_outcome(vector: &Json, parsed: &Parsed) -> Json {
    let refused = matches!(&parsed.wokwi, Some(refusal) if refusal.stage == WokwiStage::Parse);
    let document = vector["yaml"].as_str().expect("each vector has a document");
    match (vector["parse"].as_str(), parsed.problems.first()) {
        (Some(text), Some(problem)) if refused && at_same_place(text, problem, document) => {
            json!(text)
        }
        (_, Some(problem)) if refused => json!(problem.to_string()),
        _ => Json::Null,
    }
}

/// The same place, or one with nothing but blanks between: after a key without a value, npm's `yaml`
/// points at the end of that key.
fn at_same_place(expected: &str, problem: &Problem, document: &str) -> bool {
    let factual = [Rule::DuplicateKey, Rule::YamlTab, Rule::MultipleDocuments];
    // Nobody says where it is if they refuse the document for something else.
    let same_reason = ["Map keys must be unique", "Tabs are not allowed", "multiple documents"];
    let is_about_it = same_reason.iter().any(|reason| expected.contains(reason));
    if !factual.contains(&problem.rule) || !is_about_it {
        return true;
    }
    let Some((line, column)) = place_in(expected) else { return true };
    let from = byte_of(document, line, column);
    let to = byte_of(document, problem.line as usize, problem.column as usize);
    from.zip(to).is_some_and(|(from, to)| {
        document.get(from..to).is_some_and(|between| between.trim().is_empty())
    })
}

/// The place in `... at line 3, column 7: ...`.
fn place_in(message: &str) -> Option<(usize, usize)> {
    let (_, place) = message.split_once(" at line ")?;
    let (line, rest) = place.split_once(", column ")?;
    let (column, _) = rest.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

fn byte_of(document: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = document.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = document.get(start..)?;
    Some(start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at))
}
