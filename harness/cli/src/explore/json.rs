//! The account of an exploration for programs. Fields are added, never renamed or taken away, as long
//! as `schema_version` stays.

use ramscope_model::Symbol;
use serde_json::{Value, json};

use super::account::{Account, Ended, Found, Method, Shown};

/// The version of the form.
const SCHEMA_VERSION: u32 = 1;

pub(crate) fn json(account: &Account) -> String {
    let (method, seeds, switches) = match account.method {
        Method::Drawn { seeds, switches } => ("drawn", Some(seeds), switches),
        Method::Enumerated => ("enumerated", None, 1),
    };
    let outcomes: Vec<Value> = account
        .outcomes
        .iter()
        .map(|(outcome, count)| json!({"outcome": outcome.to_string(), "runs": count}))
        .collect();
    let failures: Vec<Value> = account
        .failures
        .iter()
        .map(|(subject, count)| json!({"subject": subject, "runs": count}))
        .collect();
    let value = json!({
        "schema_version": SCHEMA_VERSION,
        "run": account.run,
        "path": account.path,
        "method": method,
        "seeds": seeds,
        "switches_max": switches,
        "interrupted": account.ended == Ended::Interrupted,
        "complete": account.is_complete(),
        "runs_wanted": account.wanted,
        "runs": account.trials,
        "distinct_schedules": account.distinct,
        "runs_without_switch": account.unswitched,
        "covered": {
            "instructions": account.points,
            "interruptible": account.interruptible,
            "first": account.range.map(|range| range.0),
            "last": account.range.map(|range| range.1),
            "units": account.units,
        },
        "outcomes": outcomes,
        "failures": failures,
        "smallest": account.found.as_ref().map(found),
    });
    format!("{value:#}\n")
}

fn found(found: &Found) -> Value {
    json!({
        "number": found.number,
        "switches_drawn": found.drawn,
        "shrinking_runs": found.trials,
        "schedule": found.schedule.to_string(),
        "sentence": found.sentence,
        "line": found.line,
        "switches": found.switches.iter().map(switch).collect::<Vec<_>>(),
        "device_hash": found.proof.hash,
        "capture": found.proof.capture,
        "again": found.proof.again,
    })
}

fn switch(switch: &Shown) -> Value {
    let source = switch.source.iter().map(|Symbol { function, place, .. }| {
        let (file, line) = place.as_ref().map(|(file, line)| (file, *line)).unzip();
        json!({"function": function, "file": file, "line": line})
    });
    json!({
        "after": switch.after,
        "from": switch.from,
        "to": switch.to,
        "pc": switch.pc,
        "source": source.collect::<Vec<_>>(),
    })
}
