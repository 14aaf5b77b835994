//! `ramscope schema`.

use std::io::{self, Write};

use ramscope_report::json_schema;
use ramscope_scenario::SCENARIO_SCHEMA;

use crate::args::SchemaOf;

/// Prints a schema.
pub(crate) fn schema(of: SchemaOf) {
    let text = match of {
        SchemaOf::Scenario => SCENARIO_SCHEMA.to_owned(),
        SchemaOf::Result => json_schema(),
    };
    // Whoever closed the other end of a pipe has seen enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
