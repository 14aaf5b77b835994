//! A capture in memory: what both the recorder and the reader give.

use std::io;

use crate::event::{Event, EventError, Timed};
use crate::file::{self, CaptureError, Damage, FileWriter};
use crate::hash::DeviceHash;
use crate::stream::{Chunk, Stream};

/// Everything a run produced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// The device part, in the order of recording.
    pub device: Vec<Chunk>,
    /// The host part: what was known before the run began. Only a file of format 1 that was cut
    /// may have lost it.
    pub host: Option<HostPart>,
    /// What the host learned at the end; a file that was cut has none, nor has one of format 1.
    pub closing: Option<HostPart>,
    /// The first thing that was wrong with the file. Findings and verdicts that the missing part
    /// could have changed are not to be trusted.
    pub damage: Option<Damage>,
}

/// Under which tool, plan and budgets a capture was made, or what was learned at its end: JSON, which
/// this crate does not look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPart {
    /// The text.
    pub json: String,
}

impl Capture {
    /// The chunks of one stream.
    pub fn stream(&self, stream: Stream) -> impl Iterator<Item = &Chunk> {
        self.device.iter().filter(move |chunk| chunk.stream == stream)
    }

    /// The events of one kind, each with the instant at which it was recorded.
    pub fn events<E: Event>(&self) -> impl Iterator<Item = Result<Timed<E>, EventError>> {
        self.stream(E::STREAM).flat_map(|chunk| {
            E::decode(&chunk.bytes)
                .map(|event| event.map(|event| Timed { instant: chunk.instant, event }))
        })
    }

    /// The hash of the device part without the observer stream.
    #[must_use]
    pub fn device_hash(&self) -> DeviceHash {
        DeviceHash::of(&self.device)
    }

    /// Writes the capture as a file. A [`FileWriter`](crate::FileWriter) writes the same bytes while
    /// the run goes on.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, to: &mut impl io::Write) -> io::Result<()> {
        FileWriter::begin(to, self.host.as_ref())?.finish(self).map(|_| ())
    }

    /// Reads a file. Damage is no error: it is in [`Capture::damage`].
    ///
    /// # Errors
    /// If it is not a capture at all, or of another version, or cannot be read.
    pub fn read(from: &mut impl io::Read) -> Result<Self, CaptureError> {
        file::read(from)
    }
}
