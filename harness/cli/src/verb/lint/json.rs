//! Problems for programs. Fields are added, never renamed or taken away, as long as
//! `schema_version` stays.

use ramscope_scenario::{Problem, Severity, WokwiRefusal, WokwiStage};
use serde_json::{Value, json};

use super::Report;

/// The version of the form.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn json(report: &Report<'_>) -> String {
    let problems: Vec<Value> = report.problems.iter().copied().map(problem).collect();
    let value = json!({
        "schema_version": SCHEMA_VERSION,
        "files": report.files,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "problems": problems,
    });
    format!("{value:#}\n")
}

fn problem(problem: &Problem) -> Value {
    json!({
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "end_column": problem.column.saturating_add(problem.length),
        "severity": problem.severity.to_string(),
        "rule": problem.rule.id(),
        "message": problem.message,
        "fix": problem.fix,
        "wokwi": problem.wokwi.as_ref().map(refusal),
    })
}

/// What wokwi-cli says of it, and when.
fn refusal(refusal: &WokwiRefusal) -> Value {
    let (stage, step) = match refusal.stage {
        WokwiStage::Parse => ("parse", None),
        WokwiStage::Validate => ("validate", None),
        WokwiStage::Run { step } => ("run", Some(step)),
    };
    json!({"stage": stage, "step": step, "text": refusal.text})
}
