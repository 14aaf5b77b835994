//! The recording of a run: what its hash depends on, and what becomes of damaged files.
#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod corpus;
mod files;
mod hashes;

use ramscope_capture::{
    Capture, HostPart, HowEnded, ObserverEvent, Recorder, StepEvent, StepEventKind, Stimulus,
    Stream,
};
use ramscope_time::Instant;

/// So many milliseconds after power-on.
pub(crate) fn at(millis: u64) -> Instant {
    Instant::from_picos(millis * 1_000_000_000)
}

/// A short run with a bit of everything.
pub(crate) fn short_run() -> Capture {
    let mut run = Recorder::new();
    run.append(Stream::Uart0, at(1), b"ramscope\r\n> ");
    run.event(at(2), &Stimulus::Serial(b"run two-threads\n".to_vec()));
    run.append(Stream::Ring, at(2), &[0x5a; 400]);
    run.append(Stream::Ring, at(3), b"\x12\x02\x01\x00");
    run.append(Stream::Uart0, at(3), b"count 1\r\n");
    run.event(at(4), &ObserverEvent::Note("seen".into()));
    run.event(
        at(5),
        &StepEvent {
            index: 0,
            kind: StepEventKind::Finished,
            instant: at(5),
            detail: "count 1".into(),
        },
    );
    run.append(Stream::Other(200), at(6), b"later");
    run.event(at(6), &HowEnded::StepsDone);
    run.host(HostPart { json: r#"{"tool":"ramscope 0.1.0","plan":{"budgets":[]}}"#.into() });
    run.closing(HostPart { json: r#"{"instructions":12}"#.into() });
    run.finish()
}

/// A capture as a file.
pub(crate) fn file_of(capture: &Capture) -> Vec<u8> {
    let mut file = Vec::new();
    capture.write(&mut file).unwrap();
    file
}
