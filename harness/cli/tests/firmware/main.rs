//! The real image on the built-in machine: the same text as on the host port, telemetry without
//! gaps, figures that add up, and runs that are exact.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod collect;
mod contract;
mod debugger;
mod device;
mod exactness;
mod followed;
mod held;
mod modules;
mod resets;
mod rows;
mod same_text;
mod telemetry;
mod timers;
