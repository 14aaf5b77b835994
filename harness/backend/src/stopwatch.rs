//! How long a run takes on the host's clock, for the host part of its capture.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Runs from when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: SystemTime,
    since: Instant,
}

impl Stopwatch {
    /// A stopwatch that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: SystemTime::now(), since: Instant::now() }
    }

    /// When it was started, in milliseconds since 1970 (UTC); zero on a host with a clock before.
    #[must_use]
    pub fn started_unix_ms(&self) -> u64 {
        let since = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Microseconds since it was started.
    #[must_use]
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Lets host time pass, before a target that failed is tried again; not after an interruption.
pub fn pause(span: Duration, interrupted: &AtomicBool) {
    const LOOK: Duration = Duration::from_millis(50);
    let began = Instant::now();
    while began.elapsed() < span && !interrupted.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK.min(span));
    }
}
