//! Exploring schedules: the same scenario, with slices that end elsewhere.
//!
//! A race shows in few schedules, and a plain run has one: that of the clock. An exploration ends slices
//! after instructions that it chooses, and lets another ready unit of the same priority go on.
//!
//! ```text
//! survey     one run by the clock alone -> the instructions at which a unit can be interrupted
//! draw       a seed -> some of these instructions, and at each the place of the next unit
//! enumerate  for one switch: every such instruction, and every unit that is ready there
//! trial      a fork of the survey along a schedule -> the scenario's own verdict
//! shrink     the smallest schedule that failed -> fewer and earlier switches that fail alike
//! prove      a run of its own from power-on along that schedule -> a capture
//! ```
//!
//! *Which schedules.* Only such as the scheduler could make itself: a switch is the end of a slice,
//! and goes to a ready unit of the same priority. Priorities are never turned round, and where
//! interrupts are off a switch comes after. Instructions are those of the survey; once a switch
//! has led a run elsewhere, later switches still come after the same counts.
//!
//! *What is left out.* A switch needs another ready unit of the same priority. The survey sees where there is
//! one, if the image says where its kernel keeps who is ready; instructions without one are counted and
//! not tried, because nothing else can come of them.
//!
//! *What fails* is what fails in a run: a step, an expectation, a budget, a finding that the scenario
//! does not expect. So `race.shared` alone is not a lost update, and an update that is lost only fails
//! where the scenario says how many there should be.
//!
//! Invariants:
//! 1. A trial is a function of image, scenario, the run's seed and its schedule; what is told of an
//!    exploration does not depend on how many trials go on at once.
//! 2. "Complete" is said only if every schedule with one switch was tried and came to a verdict.
//! 3. The schedule that is named at the end has failed in a run of its own, from power-on.

mod account;
mod draw;
mod github;
pub(crate) mod host;
mod json;
mod junit;
mod laboratory;
mod markdown;
mod render;
mod search;
mod shrink;
pub(crate) mod slices;
mod text;

pub(crate) use account::{Account, Ended, Found, Method, Proof, by_name, smallest};
pub(crate) use laboratory::{Laboratory, Limits, Trial, judge};
pub(crate) use render::{print, write};
pub(crate) use search::Search;
pub(crate) use shrink::{Shrunk, name_units, shrink};
