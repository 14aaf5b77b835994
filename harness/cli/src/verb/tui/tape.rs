//! The recording of a session that somebody watches, in bounded memory.
//!
//! A run of a scenario has an end, so its recording has one too. A session can go on for days, and its
//! recording stays in memory until the end; so it has a limit. What happens beyond the limit is not
//! recorded, which the screen says and the recording too.
//!
//! Invariants:
//! 1. What is recorded is everything from power-on up to one instant, without a gap.
//! 2. It takes no more memory than its limit, by an estimate of what a chunk costs.

use std::sync::Arc;

use ramscope_backend::EngineOptions;
use ramscope_capture::{Event, HowEnded, ObserverEvent, Recorder, Stream};
use ramscope_scenario::{Capabilities, Run, Scenario, Schedule, Settings, TargetKind};
use ramscope_time::Instant;

/// What a chunk takes in memory beside its bytes.
const CHUNK_OVERHEAD: usize = 64;
/// Where a report names the scenario file, for a session that has none.
const ORIGIN: &str = "ramscope tui";

/// A recording that grows up to a limit.
#[derive(Debug)]
pub(super) struct Tape {
    recorder: Recorder,
    /// Bytes that may still be taken.
    room: usize,
    full_at: Option<Instant>,
}

impl Tape {
    /// The most memory that a recording takes.
    pub(super) const MEBIBYTES_MAX: usize = 256;

    pub(super) fn new() -> Self {
        Self::with_room(Self::MEBIBYTES_MAX << 20)
    }

    fn with_room(room: usize) -> Self {
        Self { recorder: Recorder::new(), room, full_at: None }
    }

    /// Takes bytes, if there is room for all of them; without room this and everything after it is
    /// left out.
    pub(super) fn append(&mut self, stream: Stream, at: Instant, bytes: &[u8]) {
        if self.full_at.is_some() {
            return;
        }
        match self.room.checked_sub(bytes.len() + CHUNK_OVERHEAD) {
            Some(room) => {
                self.room = room;
                self.recorder.append(stream, at, bytes);
            }
            None => {
                self.full_at = Some(at);
                let note =
                    format!("the recording ends here: it may take {} MiB", Self::MEBIBYTES_MAX);
                self.recorder.event(at, &ObserverEvent::Note(note));
            }
        }
    }

    pub(super) fn event<E: Event>(&mut self, at: Instant, event: &E) {
        self.append(E::STREAM, at, &event.encode());
    }

    /// From when on nothing was recorded any more, if it came to that.
    pub(super) fn full_at(&self) -> Option<Instant> {
        self.full_at
    }

    /// Says how the session ended. If the recording ended before it, nobody knows but that it was cut
    /// off there.
    pub(super) fn finish(mut self, at: Instant, how: &HowEnded) -> Recorder {
        match self.full_at {
            None => self.recorder.event(at, how),
            Some(at) => self.recorder.event(at, &HowEnded::Interrupted),
        }
        self.recorder
    }
}

/// The plan of a session: no steps, no budgets, and the defaults of a scenario for what is a finding.
pub(super) fn plan(program: &str, options: &EngineOptions) -> Run {
    let scenario = Scenario {
        name: program.to_owned(),
        path: ORIGIN.to_owned(),
        steps: Vec::new(),
        settings: Settings::default(),
    };
    Run {
        scenario: Arc::new(scenario),
        scenario_index: 0,
        target: TargetKind::Engine,
        seed: options.seed,
        repetition: 0,
        // What it can do beside serial lines is asked by steps and budgets, and there are none.
        capabilities: Capabilities::default(),
        skipped_steps: Vec::new(),
        skipped_budgets: Vec::new(),
        skipped_waits: Vec::new(),
        schedule: Schedule::default(),
        fail_allocation: None,
        baseline: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_picos(millis * 1_000_000_000)
    }

    #[test]
    fn a_tape_takes_chunks_while_there_is_room_and_then_none() {
        let mut tape = Tape::with_room(2 * (4 + CHUNK_OVERHEAD));
        tape.append(Stream::Ring, at(1), &[1; 4]);
        tape.append(Stream::Uart0, at(2), &[2; 4]);
        assert_eq!(tape.full_at(), None);
        tape.append(Stream::Ring, at(3), &[3; 4]);
        tape.append(Stream::Uart0, at(4), &[]);
        assert_eq!(tape.full_at(), Some(at(3)));
        let capture = tape.finish(at(9), &HowEnded::StepsDone).finish();
        let instants: Vec<_> = capture.device.iter().map(|chunk| chunk.instant).collect();
        assert_eq!(instants, [at(1), at(2), at(3), at(3)]);
        assert_eq!(capture.device[2].stream, Stream::Observer);
        let ended = capture.events::<HowEnded>().next().unwrap().unwrap();
        assert_eq!((ended.instant, ended.event), (at(3), HowEnded::Interrupted));
    }

    #[test]
    fn a_session_has_no_steps_and_no_budgets() {
        let run = plan("demo", &EngineOptions::default());
        assert!(run.scenario.steps.is_empty());
        assert!(run.scenario.settings.budgets.is_empty());
        assert_eq!(run.seed, 1);
    }
}
