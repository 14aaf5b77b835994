//! The part of the schema that is ours, out of the tables that the reader uses.

use ramscope_scenario::{
    Artifact, Capability, FINDING_IDS, Keep, Metric, OptionForm, Settings, SubjectKind, TargetKind,
    Unit,
};
use serde_json::{Map, Value as Json, json};

/// The definitions below `ramscope:`.
pub(crate) fn definitions() -> Vec<(&'static str, Json)> {
    let kinds: Vec<Json> = SubjectKind::ALL.into_iter().map(budget).collect();
    vec![
        (
            "ramscope",
            json!({
                "type": ["object", "null"],
                "description": "Everything of ramscope's; wokwi-cli ignores it.",
                "properties": keys(),
                "dependentRequired": {"args": ["program"]},
                "additionalProperties": false
            }),
        ),
        (
            "duration",
            json!({"$ref": "#/$defs/time", "not": {"pattern": r"^\s*[0.]+\s*([a-zA-Z]+\s*)?$"}}),
        ),
        (
            "size",
            json!({
                "oneOf": [
                    {"type": "integer", "minimum": 0},
                    {"type": "string", "pattern": r"^\s*[0-9]+\s*(B|KiB|MiB)?\s*$"}
                ],
                "examples": ["512B", "4KiB"]
            }),
        ),
        (
            "share",
            json!({
                "type": "string",
                "pattern": r"^\s*[0-9]{1,3}(\.[0-9]{1,2})?\s*%\s*$",
                "examples": ["25%"]
            }),
        ),
        (
            "rate",
            json!({
                "type": "string",
                "pattern": r"^\s*[0-9]{1,3}(\.[0-9]{1,4})?\s*%\s*$",
                "examples": ["0.1%"]
            }),
        ),
        ("text", json!({"type": "string", "minLength": 1})),
        ("finding", finding()),
        (
            "findings",
            json!({
                "oneOf": [
                    {"$ref": "#/$defs/finding"},
                    {"type": ["array", "null"], "items": {"$ref": "#/$defs/finding"}}
                ]
            }),
        ),
        (
            "texts",
            json!({
                "oneOf": [
                    {"$ref": "#/$defs/text"},
                    {"type": ["array", "null"], "items": {"$ref": "#/$defs/text"}}
                ]
            }),
        ),
        (
            "step-reference",
            json!({
                "description": "A step by its name, or by its index from 0.",
                "oneOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]
            }),
        ),
        (
            "pattern",
            json!({
                "description": "A text, or a regular expression that sees one line at a time.",
                "oneOf": [{"$ref": "#/$defs/text"}, pattern_map(json!({}))]
            }),
        ),
        ("target-options", target_options()),
        ("wait", wait()),
        ("injection", injection()),
        ("budget", json!({"type": "object", "oneOf": kinds})),
    ]
}

/// A map with `text` or `regex`, and more.
fn pattern_map(more: Json) -> Json {
    let mut properties =
        json!({"text": {"$ref": "#/$defs/text"}, "regex": {"$ref": "#/$defs/text"}});
    for (key, schema) in more.as_object().expect("a map of properties") {
        properties[key] = schema.clone();
    }
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "oneOf": [{"required": ["text"]}, {"required": ["regex"]}]
    })
}

fn described(mut schema: Json, description: &str) -> Json {
    schema["description"] = json!(description);
    schema
}

/// One item, or a list of them.
fn some(item: &Json) -> Json {
    json!({"oneOf": [item, {"type": ["array", "null"], "items": item}]})
}

fn keys() -> Json {
    let time = json!({"$ref": "#/$defs/time"});
    let duration = json!({"$ref": "#/$defs/duration"});
    let texts = json!({"$ref": "#/$defs/texts"});
    let text = json!({"$ref": "#/$defs/text"});
    let findings = json!({"$ref": "#/$defs/findings"});
    let word = json!({"type": ["string", "number", "boolean"], "pattern": r"^\S+$"});
    let mut capabilities: Vec<&str> = Capability::ALL.iter().map(|c| c.name()).collect();
    capabilities.extend(["uart0", "gpio", "screenshot"]);
    json!({
        "schema": {"const": Settings::SCHEMA, "description": "The version of this key's form; 1."},
        "description": described(text.clone(), "What the scenario shows, for people."),
        "targets": described(targets(), "What it runs on; the engine by default."),
        "requires": described(
            some(&json!({"enum": capabilities})),
            "What a target must be able to do; on one that cannot, the scenario is skipped.",
        ),
        "program": described(
            word.clone(),
            "The program that it is about. Some write-serial step must start it, because \
             wokwi-cli never reads this.",
        ),
        "args": {
            "type": ["object", "null"],
            "additionalProperties": word,
            "description": "The arguments with which a step starts the program."
        },
        "seeds": described(seeds(), "One run each; 1 by default."),
        "repeat": {
            "type": "integer",
            "minimum": 1,
            "maximum": Settings::REPEAT_MAX,
            "description": "How many runs each seed gets; repetitions have seeds of their own."
        },
        "timeout": described(duration.clone(), "Device time for the whole run; 30s by default."),
        "timeouts": {
            "type": ["object", "null"],
            "description": "Device time for single steps.",
            "properties": {
                "default": duration,
                "steps": {"type": ["object", "null"], "additionalProperties": duration}
            },
            "additionalProperties": false
        },
        "settle": described(time, "How long the device runs on after the last step; 200ms."),
        "match": {
            "enum": ["wokwi", "cursor"],
            "description": "Whether a wait sees only what comes after it began, as on Wokwi, or \
                            everything after the last match."
        },
        "phases": {
            "type": ["object", "null"],
            "description": "Named stretches of the run, from step to step.",
            "propertyNames": {"pattern": "^[^/]+$", "not": {"const": "run"}},
            "additionalProperties": {
                "type": ["object", "null"],
                "properties": {
                    "from": {"$ref": "#/$defs/step-reference"},
                    "to": {"$ref": "#/$defs/step-reference"}
                },
                "additionalProperties": false
            }
        },
        "budgets": {
            "type": ["array", "null"],
            "description": "Bounds on figures: METRIC is at most, METRIC-min at least.",
            "items": {"$ref": "#/$defs/budget"}
        },
        "findings": {
            "type": ["object", "null"],
            "description": "Which findings never fail the run, and which always do.",
            "properties": {"allow": findings, "deny": findings},
            "additionalProperties": false
        },
        "waits": described(
            some(&json!({"$ref": "#/$defs/wait"})),
            "What steps wait for in addition, before the next one begins.",
        ),
        "expect-text": described(expect_text(), "What must be said."),
        "fail-on": described(some(&json!({"$ref": "#/$defs/pattern"})), "What must never be said."),
        "inject": described(
            some(&json!({"$ref": "#/$defs/injection"})),
            "Faults that happen during the run.",
        ),
        "expect": {
            "type": ["object", "null"],
            "description": "What must go wrong for the run to pass.",
            "properties": {
                "fail": texts,
                "findings": findings,
                "reset": {"oneOf": [{"type": "boolean"}, text]}
            },
            "additionalProperties": false
        },
        "baseline": described(text, "A JSON report of an earlier run to compare with, a file beside this one: no stack or heap may have grown."),
        "artifacts": described(artifacts(), "What is kept of a run."),
        "tags": described(texts, "For filters.")
    })
}

fn targets() -> Json {
    let names = TargetKind::ALL.map(TargetKind::name);
    json!({
        "oneOf": [
            {"enum": names},
            {"type": "array", "items": {"enum": names}, "minItems": 1, "uniqueItems": true},
            {"$ref": "#/$defs/target-options", "type": "object", "minProperties": 1}
        ]
    })
}

fn target_options() -> Json {
    let targets = TargetKind::ALL.into_iter().map(|kind| {
        let options = kind.options().iter().map(|option| {
            let form = match option.form {
                OptionForm::Text => json!({"$ref": "#/$defs/text"}),
                OptionForm::Switch => json!({"type": "boolean"}),
                OptionForm::Whole { min, max } => {
                    json!({"type": "integer", "minimum": min, "maximum": max})
                }
            };
            (option.name.to_owned(), described(form, option.summary))
        });
        let options: Map<String, Json> = options.collect();
        let schema = json!({
            "type": ["object", "null"],
            "properties": options,
            "additionalProperties": false
        });
        (kind.name().to_owned(), schema)
    });
    let targets: Map<String, Json> = targets.collect();
    json!({"properties": targets, "additionalProperties": false})
}

fn seeds() -> Json {
    let seed = json!({"type": "integer", "minimum": 0, "maximum": u64::MAX});
    json!({
        "oneOf": [
            seed,
            {"type": "array", "items": seed, "minItems": 1, "uniqueItems": true},
            {
                "type": "object",
                "properties": {
                    "from": seed,
                    "count": {"type": "integer", "minimum": 1, "maximum": 10_000}
                },
                "required": ["count"],
                "additionalProperties": false
            }
        ]
    })
}

fn expect_text() -> Json {
    let mut map = pattern_map(json!({
        "phase": {"type": "string"},
        "step": {"$ref": "#/$defs/step-reference"}
    }));
    map["not"] = json!({"required": ["phase", "step"]});
    some(&json!({"oneOf": [{"$ref": "#/$defs/text"}, map]}))
}

fn artifacts() -> Json {
    let file = json!({"enum": Artifact::ALL.map(Artifact::name)});
    let files = json!({
        "oneOf": [file, {"type": ["array", "null"], "items": file, "uniqueItems": true}]
    });
    json!({
        "oneOf": [
            file,
            {"type": ["array", "null"], "items": file, "uniqueItems": true},
            {
                "type": "object",
                "properties": {"keep": {"enum": Keep::ALL.map(Keep::name)}, "files": files},
                "additionalProperties": false
            }
        ]
    })
}

/// Kinds of records and reasons of states are not listed: the reader knows those of its own version.
fn wait() -> Json {
    let name = json!({"$ref": "#/$defs/text"});
    let state = |unit: &str| {
        json!({
            "properties": {
                unit: name,
                "state": {"enum": ["ready", "running", "blocked", "ended", "suspended"]},
                "why": {"type": "string", "pattern": "^[a-z-]+$"}
            },
            "required": [unit, "state"],
            "additionalProperties": false
        })
    };
    json!({
        "type": "object",
        "properties": {
            "after": {"$ref": "#/$defs/step-reference"},
            "until": {
                "type": "object",
                "oneOf": [
                    state("thread"),
                    state("task"),
                    state("tasklet"),
                    {
                        "properties": {
                            "record": {"type": "string", "pattern": "^[a-z-]+$"},
                            "name": name
                        },
                        "required": ["record"],
                        "additionalProperties": false
                    },
                    pattern_map(json!({}))
                ]
            },
            "within": {"$ref": "#/$defs/duration"}
        },
        "required": ["after", "until"],
        "additionalProperties": false
    })
}

fn injection() -> Json {
    let moment = described(
        json!({"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]}),
        "Just before a step begins, or this long after power-on.",
    );
    let level = json!({"enum": [0, 1]});
    json!({
        "type": "object",
        "properties": {
            "at": moment,
            "until": moment,
            "allocation": {
                "type": ["object", "null"],
                "description": "One allocation finds no memory, or some by chance.",
                "properties": {
                    "nth": {"type": "integer", "minimum": 1, "maximum": u32::MAX},
                    "chance": {"$ref": "#/$defs/rate"},
                    "owner": {"$ref": "#/$defs/text"},
                    "bytes-min": {"$ref": "#/$defs/size"}
                },
                "not": {"required": ["nth", "chance"]},
                "additionalProperties": false
            },
            "uart": {
                "type": "object",
                "description": "Bytes of the serial line are damaged or lost.",
                "properties": {
                    "noise": {"$ref": "#/$defs/rate"},
                    "loss": {"$ref": "#/$defs/rate"},
                    "direction": {"enum": ["both", "rx", "tx"]}
                },
                "anyOf": [{"required": ["noise"]}, {"required": ["loss"]}],
                "additionalProperties": false
            },
            "pin": {
                "type": "object",
                "description": "A pin does not leave a level.",
                "properties": {
                    "gpio": {"type": "integer", "minimum": 0, "maximum": 63},
                    "part": {"type": "string", "pattern": "^[^:]+:.+$"},
                    "stuck": level
                },
                "required": ["stuck"],
                "oneOf": [{"required": ["gpio"]}, {"required": ["part"]}],
                "additionalProperties": false
            }
        },
        "required": ["at"],
        "oneOf": [
            {"required": ["allocation"], "anyOf": [
                {"not": {"required": ["until"]}},
                {"properties": {"allocation": {"type": "object", "required": ["chance"]}}}
            ]},
            {"required": ["uart"]},
            {"required": ["pin"]}
        ],
        "additionalProperties": false
    })
}

/// The form of a budget on one kind of thing.
fn budget(kind: SubjectKind) -> Json {
    let mut properties = json!({
        "phase": {"type": "string", "description": "The phase; the whole run by default."},
        kind.name(): {"type": ["string", "number", "boolean"], "minLength": 1}
    });
    let mut names: Vec<&str> = kind.metrics().iter().map(|metric| metric.name()).collect();
    let aliases = ["heap-used", "heap-peak", "margin"];
    names.extend(aliases.into_iter().filter(|name| kind.metric(name).is_some()));
    names.sort_unstable();
    names.dedup();
    let mut one_of_them = Vec::new();
    for name in names {
        let metric = kind.metric(name).expect("it is one of the kind's");
        for suffix in ["", "-min"] {
            let key = format!("{name}{suffix}");
            properties[&key] = limit(metric);
            one_of_them.push(json!({"required": [key]}));
        }
    }
    json!({
        "properties": properties,
        "required": [kind.name()],
        "anyOf": one_of_them,
        "additionalProperties": false
    })
}

fn limit(metric: Metric) -> Json {
    if matches!(metric, Metric::Leak | Metric::LeakBlocks) {
        let growth = match metric {
            Metric::Leak => json!({"$ref": "#/$defs/size"}),
            _ => json!({"type": "integer", "minimum": 0}),
        };
        return json!({
            "oneOf": [
                growth,
                {
                    "type": "object",
                    "properties": {
                        "repeat": {"type": "integer", "minimum": 2, "maximum": Settings::REPEAT_MAX},
                        "max-growth": growth
                    },
                    "required": ["max-growth"],
                    "additionalProperties": false
                }
            ]
        });
    }
    match metric.unit() {
        Unit::Bytes => json!({"$ref": "#/$defs/size"}),
        Unit::Count => json!({"type": "integer", "minimum": 0}),
        Unit::BasisPoints => json!({"$ref": "#/$defs/share"}),
        Unit::Picos => json!({"$ref": "#/$defs/time"}),
    }
}

/// An id, which an editor completes, or a pattern.
fn finding() -> Json {
    json!({"anyOf": [{"enum": FINDING_IDS}, {"type": "string", "pattern": r"[*?]"}]})
}
