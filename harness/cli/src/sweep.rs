//! Memory that runs out: each allocation of a program fails once, and nothing may come of it that a
//! program cannot answer for.
//!
//! The problem: what a program does when memory is short is written once and never tried. The idea: run
//! its scenario again and again, let the first allocation after the first stimulus fail, then the second,
//! until the program needs no more; and go on after the steps until the program is over.
//!
//! ```text
//! survey     one run without a failure, up to the first stimulus and on -> what is usual
//! trial n    a fork of the survey in which the n-th allocation fails
//! aftermath  the program ends by itself, or by Ctrl-C if it never does otherwise; then the heap is asked for
//! judge      against the survey: findings, resets, who still runs, bytes that nobody gave back
//! prove      a run of its own from power-on: the capture, and the command that repeats it
//! ```
//!
//! The scenario's own steps and budgets are not judged: a program that says that it has no memory, and
//! ends, is right.
//!
//! Invariants:
//! 1. A trial is a function of image, scenario, the run's seed and n; what is told does not depend on how
//!    many go on at once.
//! 2. A trial is held to what the same run does without a failure, after the same aftermath: a program
//!    that overflows its stack on purpose may do so, and one that keeps a block may keep that one.
//! 3. "Every" is said only if each number was tried up to one that the program did not reach.

mod account;
mod json;
mod judge;
mod plan;
mod text;
mod trial;

pub(crate) use account::{Account, Swept};
pub(crate) use json::json;
pub(crate) use judge::Fate;
pub(crate) use plan::Plan;
pub(crate) use text::text;
pub(crate) use trial::Trials;
