//! The programs that scenarios run.
