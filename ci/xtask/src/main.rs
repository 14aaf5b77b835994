//! What CI does, runnable locally.

fn main() {}
