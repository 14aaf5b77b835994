//! The part of the schema that is Wokwi's: head and steps.

use serde_json::{Value as Json, json};

const ID: &str = "https://raw.githubusercontent.com/ramscope/ramscope/main/harness/scenario/schema/\
                  scenario.schema.json";

/// `^(\d+(\.\d*)?)\s*(ns|us|ms|s)$|^0(\.?0*)$`, trimmed, whatever the case.
pub(crate) const TIME: &str =
    r"^\s*([0-9]+(\.[0-9]*)?\s*([nN][sS]|[uU][sS]|[mM][sS]|[sS])|0\.?0*)\s*$";

/// The file without the key that is ours.
pub(crate) fn file() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "ramscope scenario",
        "description": "A Wokwi automation scenario, version 1, with ramscope's own key.",
        "type": "object",
        "required": ["name", "version", "steps"],
        "properties": {
            "name": {"type": "string", "description": "What the scenario is called."},
            "version": {"const": 1, "description": "The version of the format; 1."},
            "author": {"description": "Who wrote it; unchecked."},
            "steps": {
                "type": "array",
                "description": "What is done, in order.",
                "items": {"$ref": "#/$defs/step"}
            }
        },
        "$defs": {}
    })
}

/// The definitions of steps and their commands.
pub(crate) fn definitions() -> Vec<(&'static str, Json)> {
    let commands = commands();
    let mut properties = json!({
        "name": {"description": "What the step is called; our settings refer to it by this name."}
    });
    for (keyword, schema) in &commands {
        properties[keyword] = schema.clone();
    }
    let one_of_them: Vec<Json> =
        commands.iter().map(|(keyword, _)| json!({"required": [keyword]})).collect();
    vec![
        ("time", json!({"type": "string", "pattern": TIME, "examples": ["500ms", "1.5s"]})),
        (
            "step",
            json!({
                "type": "object",
                "description": "One command, and a name if it is referred to.",
                "properties": properties,
                "additionalProperties": false,
                "anyOf": one_of_them
            }),
        ),
        (
            "part-id",
            json!({
                "description": "The id of a part in diagram.json.",
                "examples": ["btn1", "esp"]
            }),
        ),
    ]
}

fn commands() -> Vec<(&'static str, Json)> {
    let part = json!({"$ref": "#/$defs/part-id"});
    let filled = json!({"not": {"enum": [null, "", 0, false]}});
    let name_or = |other: &str| {
        json!([
            {"required": ["name"], "properties": {"name": filled}},
            {"required": [other], "properties": {other: filled}}
        ])
    };
    let number = json!({"type": "number"});
    let point = |extra: Json| {
        let mut properties = json!({"part-id": part, "x": number, "y": number});
        for (key, schema) in extra.as_object().expect("a map of properties") {
            properties[key] = schema.clone();
        }
        json!({
            "type": "object",
            "required": ["part-id", "x", "y"],
            "properties": properties
        })
    };
    let described = |mut schema: Json, description: &str| {
        schema["description"] = json!(description);
        schema
    };
    vec![
        (
            "delay",
            json!({
                "$ref": "#/$defs/time",
                "description": "Lets the device run for this long; a text with a unit."
            }),
        ),
        (
            "wait-serial",
            json!({
                "description": "Runs until this text has been received; anything but a text is made one.",
                "examples": ["ready"]
            }),
        ),
        (
            "write-serial",
            json!({
                "description": "Sends this text, or these bytes. Nothing is added: end a line with \\n.",
                "oneOf": [
                    {"type": "string"},
                    {"type": "array", "minItems": 1, "items": {"type": "number"}}
                ]
            }),
        ),
        (
            "expect-pin",
            json!({
                "type": "object",
                "description": "Reads a pin at once; it must have this level.",
                "required": ["value"],
                "properties": {"part-id": part, "value": {"enum": [0, 1]}},
                "anyOf": name_or("pin")
            }),
        ),
        (
            "set-control",
            json!({
                "type": "object",
                "description": "Moves a control of a part, such as a button.",
                "properties": {"part-id": part},
                "anyOf": name_or("control")
            }),
        ),
        (
            "take-screenshot",
            json!({
                "type": "object",
                "description": "Saves a screen, or compares it; paths are relative to this file's folder.",
                "required": ["part-id"],
                "properties": {"save-to": {"type": "string"}, "compare-with": {"type": "string"}},
                "anyOf": [{"required": ["save-to"]}, {"required": ["compare-with"]}]
            }),
        ),
        (
            "touch",
            described(
                point(json!({"duration": {"$ref": "#/$defs/time"}, "wait": {}})),
                "Touches a screen for 50ms, or as long as `duration` says.",
            ),
        ),
        ("touch-press", described(point(json!({})), "Begins to touch a screen.")),
        ("touch-move", described(point(json!({})), "Moves a touch.")),
        (
            "touch-release",
            json!({
                "type": "object",
                "description": "Stops touching the screen of a part.",
                "required": ["part-id"],
                "properties": {"part-id": part}
            }),
        ),
        (
            "expect-chip-output",
            json!({
                "description": "Waits for a custom chip to log a text that contains this."
            }),
        ),
    ]
}
