//! What stops a run from the host's side: a person, or the host's clock.
//!
//! It never decides anything that a device could
//! notice: a run that it stops is marked as stopped by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ramscope_capture::HowEnded;

/// Why the host wants a run to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// A person asked for it.
    Interrupted,
    /// The run took too long on the host's clock.
    TookTooLong,
}

/// Watches one run from the host's side.
#[derive(Clone, Debug)]
pub struct Watchdog {
    /// Written by whoever handles Ctrl-C, read here; one word, so no order is needed.
    interrupted: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Watchdog {
    /// Host time that a run may take unless told otherwise.
    pub const LIMIT: Duration = Duration::from_secs(120);

    /// A watchdog that bites after `limit` from now on, or once `interrupted` is set.
    #[must_use]
    pub fn new(interrupted: Arc<AtomicBool>, limit: Duration) -> Self {
        Self { interrupted, deadline: Instant::now().checked_add(limit) }
    }

    /// A watchdog that never bites.
    #[must_use]
    pub fn asleep() -> Self {
        Self { interrupted: Arc::default(), deadline: None }
    }

    /// Whether the run has to stop now.
    #[must_use]
    pub fn stopping(&self) -> Option<Stopping> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(Stopping::Interrupted);
        }
        let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        late.then_some(Stopping::TookTooLong)
    }
}

impl From<Stopping> for HowEnded {
    fn from(stopping: Stopping) -> Self {
        match stopping {
            Stopping::Interrupted => Self::Interrupted,
            Stopping::TookTooLong => Self::HostWatchdog,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_comes_before_the_clock() {
        let interrupted = Arc::new(AtomicBool::new(false));
        let watchdog = Watchdog::new(Arc::clone(&interrupted), Duration::ZERO);
        assert_eq!(watchdog.stopping(), Some(Stopping::TookTooLong));
        interrupted.store(true, Ordering::Relaxed);
        assert_eq!(watchdog.stopping(), Some(Stopping::Interrupted));
    }

    #[test]
    fn a_sleeping_watchdog_stops_nothing() {
        assert_eq!(Watchdog::asleep().stopping(), None);
    }
}
