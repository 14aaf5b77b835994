//! What the host's clock says of a run: when it began, how long it and its steps took. Nothing is
//! judged by it; it goes into the capture's host part, so that a replay tells the same.

use std::collections::BTreeMap;

use ramscope_backend::Stopwatch;
use ramscope_capture::{Capture, Event, StepEvent, StepEventKind, Stream};
use ramscope_model::HostTimes;

/// Looks at a recording as it grows.
#[derive(Debug)]
pub(crate) struct HostTimer {
    stopwatch: Stopwatch,
    /// Chunks that need not be looked at again; the last one may still grow.
    seen: usize,
    steps_us: BTreeMap<u32, u64>,
}

impl HostTimer {
    /// The run begins.
    pub(crate) fn start() -> Self {
        Self { stopwatch: Stopwatch::start(), seen: 0, steps_us: BTreeMap::new() }
    }

    /// Notes which steps are over by now.
    pub(crate) fn look(&mut self, capture: &Capture) {
        let now = self.stopwatch.elapsed_us();
        let new = capture.device.iter().skip(self.seen);
        for chunk in new.filter(|chunk| chunk.stream == Stream::Steps) {
            let over = StepEvent::decode(&chunk.bytes)
                .flatten()
                .filter(|event| event.kind != StepEventKind::Started);
            for event in over {
                self.steps_us.entry(event.index).or_insert(now);
            }
        }
        self.seen = capture.device.len().saturating_sub(1);
    }

    /// The run is over.
    pub(crate) fn stop(mut self, capture: &Capture) -> HostTimes {
        self.look(capture);
        HostTimes {
            started_unix_ms: self.stopwatch.started_unix_ms(),
            took_us: self.stopwatch.elapsed_us(),
            steps_us: self.steps_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramscope_capture::Recorder;
    use ramscope_time::Instant;

    #[test]
    fn a_step_that_is_over_has_a_time_and_one_that_has_begun_has_none() {
        let mut recorder = Recorder::new();
        for (index, kind) in
            [(0, StepEventKind::Started), (0, StepEventKind::Finished), (1, StepEventKind::Started)]
        {
            let instant = Instant::ZERO;
            recorder.event(instant, &StepEvent { index, kind, instant, detail: String::new() });
        }
        let times = HostTimer::start().stop(recorder.capture());
        assert_eq!(times.steps_us.keys().copied().collect::<Vec<_>>(), [0]);
    }
}
