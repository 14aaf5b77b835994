//! The published JSON Schema: it is what this generates, it accepts every scenario that we have and
//! every document that wokwi-cli runs, and it refuses mistakes.
//!
//! `RAMSCOPE_BLESS=1` writes the file anew; look at the difference before committing it.

#![expect(clippy::unwrap_used, reason = "a test may stop at what nobody foresaw")]

mod our_part;
mod wokwi_part;

use jsonschema::Validator;
use ramscope_scenario::{SCENARIO_SCHEMA, Settings, Value, document, parse};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

/// The schema, out of the same tables as the reader.
fn generated() -> Json {
    let mut schema = wokwi_part::file();
    schema["properties"]["ramscope"] = json!({"$ref": "#/$defs/ramscope"});
    for (name, definition) in wokwi_part::definitions().into_iter().chain(our_part::definitions()) {
        schema["$defs"][name] = definition;
    }
    schema
}

fn validator() -> Validator {
    jsonschema::validator_for(&serde_json::from_str(SCENARIO_SCHEMA).unwrap()).unwrap()
}

/// A YAML value as JSON; what JSON has no number for is nothing that a schema could judge.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Missing | Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            json!(*number as i64)
        }
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), to_json(value))).collect())
        }
    }
}

fn instance(text: &str) -> Json {
    to_json(&document("any.yaml", text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}")))
}

/// What the schema holds against a file.
fn complaints(validator: &Validator, text: &str) -> Vec<String> {
    let instance = instance(text);
    validator
        .iter_errors(&instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn yaml_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_published_file_is_current() {
    let expected = format!("{}\n", serde_json::to_string_pretty(&generated()).unwrap());
    let file = crate_folder().join("schema/scenario.schema.json");
    if std::env::var_os("RAMSCOPE_BLESS").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    let published = std::fs::read_to_string(&file).unwrap();
    assert!(published == expected, "run the test with RAMSCOPE_BLESS=1 and commit {file:?}");
}

#[test]
fn every_key_of_ours_is_described() {
    let ours = &generated()["$defs"]["ramscope"]["properties"];
    let described: Vec<&String> = ours.as_object().unwrap().keys().collect();
    let mut known = Settings::KEYS.to_vec();
    known.sort_unstable();
    assert_eq!(described, known);
    for (key, schema) in ours.as_object().unwrap() {
        assert!(schema["description"].is_string(), "`{key}` is not explained");
    }
}

#[test]
fn every_scenario_of_the_project_is_accepted() {
    let validator = validator();
    let mut files = Vec::new();
    yaml_files(&crate_folder().join("../../scenarios"), &mut files);
    files.push(crate_folder().join("tests/corpus/everything.yaml"));
    assert!(files.len() > 10);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(complaints(&validator, &text), Vec::<String>::new(), "{file:?}");
    }
}

#[test]
fn every_document_that_wokwi_runs_is_accepted() {
    let validator = validator();
    let file = crate_folder().join("tests/vectors/wokwi-scenarios.jsonl");
    let mut accepted = 0;
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        if vector["run"] == "ok" {
            let text = vector["yaml"].as_str().unwrap();
            assert_eq!(complaints(&validator, text), Vec::<String>::new(), "{text}");
            accepted += 1;
        }
    }
    assert!(accepted > 20);
}

/// Documents of which each has one mistake, in all parts of the file.
const REFUSED: &str = include_str!("refused.txt");

#[test]
fn every_mistake_is_refused_by_the_schema_and_by_the_reader() {
    let validator = validator();
    let mut wrong = Vec::new();
    for mistake in REFUSED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (place, rest) = mistake.split_once(' ').unwrap();
        let text = match place {
            "file:" => rest.replace("; ", "\n"),
            "step:" => format!("name: t\nversion: 1\nsteps: [{rest}]\n"),
            _ => format!(
                "name: t\nversion: 1\nsteps: [{{name: a, delay: 1s}}, {{name: b, delay: 1s}}]\n\
                 ramscope: {{{rest}}}\n"
            ),
        };
        if complaints(&validator, &text).is_empty() {
            wrong.push(format!("accepted by the schema: {mistake}"));
        }
        // What always fails when it runs is a warning to the reader.
        if parse("a.yaml", &text).problems.is_empty() {
            wrong.push(format!("read without a word: {mistake}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What the reader refuses of our part, the schema need not; but what the schema refuses, the reader
/// must not accept silently, or the two would drift apart.
#[test]
fn what_the_schema_refuses_is_never_read_without_a_word() {
    let validator = validator();
    let mut files = Vec::new();
    yaml_files(&crate_folder().join("tests/messages"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        if document("a.yaml", &text).is_err() {
            continue;
        }
        let refused = !complaints(&validator, &text).is_empty();
        let silent = parse("a.yaml", &text).problems.is_empty();
        assert!(!(refused && silent), "{file:?}");
    }
}
