//! Launching and talking to targets.
//!
//! A run needs something that executes firmware, and every such thing is different: the built-in
//! machine is a value in memory, others are processes, services or boards. Here, and only here,
//! these differences and the host's clock exist. Everything above sees a [`Session`]: a device that
//! runs when it is told to, up to an instant of its own time, and says what it sent.
//!
//! ```text
//! Run -> launch -> Session    one device, blocking, pull-style
//!                  drive      carries out the run's steps on it, in Wokwi's way
//!                  Recorder   holds every byte before anything looks at it
//! ```
//!
//! Invariants:
//! 1. On the engine the device part of a capture is a function of image, scenario and seed. How
//!    often somebody looks, which observers are attached and how fast the host is change nothing.
//! 2. A scenario's time-outs count device time. The host's clock serves only the [`Watchdog`]
//!    (how a run that it stops ended says so) and the [`Stopwatch`], by which nothing is judged.
//! 3. A capture exists for every run that was launched, however it ended.

mod circuit;
mod drive;
mod engine;
mod explore;
mod firmware;
mod gdb;
mod ingest;
mod launch;
mod picture;
mod qemu;
mod session;
mod stopwatch;
mod watchdog;

pub use circuit::{Checked, Circuit, DiagramError, ReadCircuit, Terminal};
pub use drive::{NoWitness, Reaction, Witness, drive};
pub use engine::{EngineOptions, EngineSession, Follow};
pub use explore::{Fork, Ground, Survey, SwitchMade, UnitPoints, switches_made};
pub use firmware::{Firmware, FirmwareError};
pub use gdb::{GdbListener, GdbSession};
pub use ingest::{Ingested, LogTelemetry, ingest};
pub use launch::{MACHINES, capabilities, launch, offers};
pub use picture::{Difference, Picture, PictureError};
pub use qemu::{Qemu, QemuSession, abandon};
pub use session::{
    BackendError, Capabilities, Capability, End, NeverPause, Output, PauseAt, Progress, Session,
    TargetFacts,
};
pub use stopwatch::{Stopwatch, pause};
pub use watchdog::{Stopping, Watchdog};
