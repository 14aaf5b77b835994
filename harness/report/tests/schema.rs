//! Every JSON report is one of the published schema: no field is missing, none is unknown.

#[path = "../../model/tests/support/recording.rs"]
mod recording;
#[path = "support/runs.rs"]
mod runs;

use ramscope_report::{json, json_schema};
use serde_json::Value;

/// As much of JSON Schema as the published one uses; a keyword that is not known here is an error,
/// so that nothing is taken for checked that is not.
struct Schema(Value);

impl Schema {
    fn check(&self, schema: &Value, value: &Value, path: &str) {
        let schema = schema.as_object().expect("a schema is an object");
        for (keyword, argument) in schema {
            match keyword.as_str() {
                "$ref" => self.check(self.definition(argument), value, path),
                "type" => assert!(is_one_of(argument, value), "{path}: {value} is no {argument}"),
                "enum" => {
                    let words = argument.as_array().expect("words");
                    assert!(words.contains(value), "{path}: {value} is none of {argument}");
                }
                "anyOf" => {
                    let other = argument.as_array().expect("alternatives").iter();
                    let fitting = other.filter(|other| other["type"] != "null");
                    if !value.is_null() {
                        fitting.for_each(|other| self.check(other, value, path));
                    }
                }
                "items" => {
                    let items = value.as_array().into_iter().flatten().enumerate();
                    items.for_each(|(i, item)| self.check(argument, item, &format!("{path}[{i}]")));
                }
                "properties" => self.check_fields(argument, value, path),
                "required" => {
                    for name in argument.as_array().expect("names") {
                        let name = name.as_str().expect("a name");
                        assert!(value.get(name).is_some(), "{path}: {name} is missing");
                    }
                }
                "minimum" => assert!(value.is_null() || value.as_f64() >= argument.as_f64()),
                "maximum" => assert!(value.is_null() || value.as_f64() <= argument.as_f64()),
                "$schema" | "$defs" | "title" | "description" | "format" => {}
                unknown => panic!("{path}: this test does not know the keyword {unknown}"),
            }
        }
    }

    fn check_fields(&self, properties: &Value, value: &Value, path: &str) {
        for (name, field) in value.as_object().into_iter().flatten() {
            let schema = &properties[name];
            assert!(!schema.is_null(), "{path}: {name} is not in the schema");
            assert!(!schema["description"].is_null(), "{path}: {name} is not described");
            self.check(schema, field, &format!("{path}.{name}"));
        }
    }

    fn definition(&self, reference: &Value) -> &Value {
        let name = reference.as_str().and_then(|text| text.strip_prefix("#/$defs/"));
        &self.0["$defs"][name.expect("a definition of this schema")]
    }
}

fn is_one_of(types: &Value, value: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match types {
        Value::Array(types) => types.iter().any(|other| other == name),
        one => one == name,
    }
}

#[test]
fn every_report_is_one_of_the_published_schema() {
    let schema = Schema(serde_json::from_str(&json_schema()).unwrap());
    for entries in [runs::all(), Vec::new()] {
        let report: Value = serde_json::from_str(&json(&entries, "ramscope 0.1.0")).unwrap();
        schema.check(&schema.0, &report, "");
    }
}

#[test]
#[should_panic(expected = "is not in the schema")]
fn a_field_that_the_schema_does_not_have_is_noticed() {
    let schema = Schema(serde_json::from_str(&json_schema()).unwrap());
    let mut report: Value = serde_json::from_str(&json(&[], "x")).unwrap();
    report["surprise"] = Value::Null;
    schema.check(&schema.0, &report, "");
}
