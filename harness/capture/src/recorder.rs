//! Recording as the run goes.

use ramscope_time::Instant;

use crate::capture::{Capture, HostPart};
use crate::event::Event;
use crate::stream::{Chunk, Stream};

/// Takes what a run produces, in order, and gives a [`Capture`].
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    capture: Capture,
}

impl Recorder {
    /// A recorder that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes; none at all leave no trace. Bytes that follow others of the same stream and
    /// instant join their chunk.
    pub fn append(&mut self, stream: Stream, instant: Instant, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match self.capture.device.last_mut() {
            Some(last) if last.stream == stream && last.instant == instant => {
                last.bytes.extend_from_slice(bytes);
            }
            _ => self.capture.device.push(Chunk { stream, instant, bytes: bytes.to_vec() }),
        }
    }

    /// Adds an event to its stream.
    pub fn event<E: Event>(&mut self, instant: Instant, event: &E) {
        self.append(E::STREAM, instant, &event.encode());
    }

    /// Sets the host part.
    pub fn host(&mut self, host: HostPart) {
        self.capture.host = Some(host);
    }

    /// Sets what the host learned at the end.
    pub fn closing(&mut self, closing: HostPart) {
        self.capture.closing = Some(closing);
    }

    /// What has been recorded so far.
    #[must_use]
    pub fn capture(&self) -> &Capture {
        &self.capture
    }

    /// Ends the recording.
    #[must_use]
    pub fn finish(self) -> Capture {
        self.capture
    }
}
