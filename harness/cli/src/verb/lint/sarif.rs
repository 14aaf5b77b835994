//! Problems as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), which code scanning
//! services read.
//!
//! Columns count characters, which SARIF calls code points, and the end of a region is the character
//! after it. A fix is part of the message: it says what to write, but not always in place of what.

use std::collections::BTreeSet;
use std::fmt::Write;

use ramscope_scenario::{Problem, Rule, Severity};
use serde_json::{Value, json};

use super::Report;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn sarif(report: &Report<'_>) -> String {
    let results: Vec<Value> = report.problems.iter().copied().map(result).collect();
    let paths: BTreeSet<&str> =
        report.problems.iter().map(|problem| problem.path.as_str()).collect();
    let artifacts: Vec<Value> =
        paths.into_iter().map(|path| json!({"location": {"uri": uri(path)}})).collect();
    let rules: Vec<Value> = Rule::ALL.iter().copied().map(descriptor).collect();
    let value = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "ramscope lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts,
            "results": results,
        }],
    });
    format!("{value:#}\n")
}

/// Every rule is listed, so that its place is its index whatever was found.
fn descriptor(rule: Rule) -> Value {
    let mut full = rule.summary().to_owned();
    if !rule.explanation().is_empty() {
        full = format!("{full} {}", rule.explanation());
    }
    let mut help = full.clone();
    if let Some(example) = rule.example() {
        help = format!("{full}\n\nWrong: {}\nRight: {}", example.wrong, example.right);
    }
    json!({
        "id": rule.id(),
        "shortDescription": {"text": rule.summary()},
        "fullDescription": {"text": full},
        "help": {"text": help},
    })
}

fn result(problem: &Problem) -> Value {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let message = match &problem.fix {
        Some(fix) => format!("{} (fix: {fix})", problem.message),
        None => problem.message.clone(),
    };
    json!({
        "ruleId": problem.rule.id(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == problem.rule),
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&problem.path)},
            "region": {
                "startLine": problem.line,
                "startColumn": problem.column,
                "endLine": problem.line,
                "endColumn": problem.column.saturating_add(problem.length),
            },
        }}],
    })
}

/// A path as a URI reference (RFC 3986): what is not allowed in one is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("a String takes everything");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("a b/ä.yaml"), "a%20b/%C3%A4.yaml");
        assert_eq!(uri("/tmp/a.yaml"), "file:///tmp/a.yaml");
    }
}
