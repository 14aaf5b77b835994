//! The `ramscope` program.

fn main() {}
