//! The account of a sweep for programs.

use serde_json::{Value, json};

use super::account::{Account, Broken, Swept};

/// One object: each program, each allocation that broke something, and what was left out.
pub(crate) fn json(account: &Account) -> String {
    let left_out = account.left_out.iter();
    let value = json!({
        "programs": account.swept.iter().map(swept).collect::<Vec<_>>(),
        "allocations": account.total(),
        "tried": account.tried(),
        "broken": account.broken(),
        "interrupted": account.interrupted,
        "left_out": left_out.map(|(run, why)| json!({"scenario": run, "reason": why})).collect::<Vec<_>>(),
    });
    format!("{value:#}")
}

fn swept(swept: &Swept) -> Value {
    json!({
        "program": swept.program,
        "scenario": swept.run,
        "allocations": swept.total,
        "tried": swept.tried,
        "places": swept.places,
        "broken": swept.broken.iter().map(broken).collect::<Vec<_>>(),
    })
}

fn broken(broken: &Broken) -> Value {
    json!({
        "allocation": broken.nth,
        "owner": broken.refused.unit,
        "bytes": broken.refused.bytes,
        "site": broken.refused.place,
        "sentence": broken.sentence,
        "again": broken.again,
    })
}
