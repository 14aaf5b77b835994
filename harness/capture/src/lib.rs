//! The recording of a run: format, writer, reader.
//!
//! Everything after the backend must be a function of what was recorded, so that a replay gives
//! the same verdict and the same reports. A capture has two parts for that: a **device part**,
//! which on the engine is the same on any host, and a **host part**, which says under which tool,
//! plan and budgets it was made. Only the device part has a hash.
//!
//! The crate is pure: it turns bytes into bytes and opens no file.
//!
//! Invariants:
//! 1. The device hash is a function of which bytes each stream held at which instants. How often
//!    the backend polled, and in which order it polled the streams, does not change it; nor does
//!    the observer stream.
//! 2. Writing a capture and reading it gives the same chunks in the same order.
//! 3. A reader never panics; it yields every chunk that is whole and names the first damage.
//! 4. A file that was cut anywhere is noticed, because it must end with a chunk that holds the
//!    hash; and it still says under which plan it was made, because that stands first.
//! 5. No length in a file makes a reader take memory: it takes at most what the file's own bytes
//!    can hold, and never more than a fixed bound.

mod capture;
mod event;
mod file;
mod hash;
mod recorder;
mod stream;

pub use capture::{Capture, HostPart};
pub use event::{
    Event, EventError, HeldBlock, HeldBy, HowEnded, ObserverEvent, StepEvent, StepEventKind,
    Stimulus, Timed,
};
pub use file::{CaptureError, Damage, DamageKind, FORMAT_VERSION, FORMAT_VERSION_MIN, FileWriter};
pub use hash::DeviceHash;
pub use recorder::Recorder;
pub use stream::{Chunk, Stream};
