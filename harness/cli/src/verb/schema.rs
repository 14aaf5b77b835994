//! `ramscope schema`.

use std::io::{self, Write};

use ramscope_report::json_schema;

use crate::args::SchemaOf;

/// Prints a schema.
pub(crate) fn schema(of: SchemaOf) {
    let text = match of {
        SchemaOf::Result => json_schema(),
    };
    // Whoever closed the other end of a pipe has seen enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
