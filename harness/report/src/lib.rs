//! Verdicts to text, JSON and exit codes.
