//! Logs made by hand.

use ramscope_capture::{HowEnded, ObserverEvent, StepEvent, StepEventKind, Stream};
use ramscope_scenario::{Capabilities, PlanOptions, Run, TargetKind, TargetOffer, parse, plan};

use super::{Ingested, LogTelemetry, ingest, without_escapes};

const STEPS: &str = "- wait-serial: ready\n- write-serial: \"run a\\n\"\n- delay: 1s\n\
                     - wait-serial: \"one\\ntwo\"\n- expect-pin: {part-id: x, name: A, value: 1}\n";

fn run() -> Run {
    let text = format!("name: a\nversion: 1\nsteps:\n{STEPS}");
    let scenario = parse("a.yaml", &text).scenario.unwrap();
    let has = Capabilities { pins: true, ..Capabilities::default() };
    let options = PlanOptions {
        offers: [(TargetKind::Wokwi, TargetOffer::Available(has))].into(),
        targets: Some(vec![TargetKind::Wokwi]),
        ..PlanOptions::default()
    };
    plan(&[scenario], &options).runs.remove(0)
}

fn check(log: &str, ended: Option<HowEnded>, last_detail: &str) -> Ingested {
    let ingested = ingest(&run(), log.as_bytes());
    let capture = ingested.recorder.capture();
    let end: Vec<HowEnded> = capture.events().map(|end| end.unwrap().event).collect();
    assert_eq!(end.first(), ended.as_ref(), "{log:?}");
    let steps: Vec<StepEvent> = capture.events().map(|step| step.unwrap().event).collect();
    let last = steps.last().unwrap();
    assert!(last.detail.contains(last_detail), "{log:?}: {}", last.detail);
    ingested
}

#[test]
fn a_log_has_every_byte_and_a_place_for_each_step() {
    let log = "boot\nready\n> run a\none\ntwo\n";
    let ingested = check(log, Some(HowEnded::StepsDone), "does not show it");
    let capture = ingested.recorder.capture();
    let bytes: Vec<u8> = capture.stream(Stream::Uart0).flat_map(|c| c.bytes.clone()).collect();
    assert_eq!(String::from_utf8(bytes).unwrap(), log);
    assert_eq!((ingested.telemetry, ingested.notes.len()), (LogTelemetry::None, 0));
}

#[test]
fn a_line_end_that_was_swallowed_is_forgiven_and_told() {
    let log = "ready\n> run a\nonetwo\n";
    let ingested = check(log, Some(HowEnded::StepsDone), "");
    let steps: Vec<StepEvent> =
        ingested.recorder.capture().events().map(|step| step.unwrap().event).collect();
    let wait = steps.iter().rfind(|step| step.kind == StepEventKind::Finished).unwrap();
    assert!(wait.detail.contains("swallowed"), "{}", wait.detail);
}

#[test]
fn a_text_that_does_not_come_is_a_time_out_with_what_it_may_mean() {
    let timed_out = |step| Some(HowEnded::TimedOut { step: Some(step) });
    check("ready\n> run a\non", timed_out(3), "was it cut off?");
    check("one\ntwo\nready\n", timed_out(3), "it comes earlier");
    check("hello, world\n", timed_out(0), "is it the log of another one?");
    check("ready\n", timed_out(3), "does not come in the 1 bytes");
}

#[test]
fn escape_codes_are_left_out_only_where_they_hide_a_text() {
    let hidden = "re\x1b[32mady\x1b[0m\none\ntwo\n";
    let ingested = check(hidden, Some(HowEnded::StepsDone), "");
    assert!(ingested.notes[0].contains("2 terminal escape codes"), "{:?}", ingested.notes);
    let noted: Vec<ObserverEvent> =
        ingested.recorder.capture().events().map(|note| note.unwrap().event).collect();
    assert_eq!(noted.len(), 1);
    let harmless = "\x1b[32mready\x1b[0m\none\ntwo\n";
    assert_eq!(check(harmless, Some(HowEnded::StepsDone), "").notes.len(), 0);
}

#[test]
fn what_wokwi_cli_printed_is_told_from_what_the_device_said() {
    let log = "Wokwi CLI v0.19.1 (abc)\nready\none\ntwo\n";
    let ingested = check(log, Some(HowEnded::StepsDone), "");
    assert!(ingested.notes[0].contains("--serial-log-file"), "{:?}", ingested.notes);
}

#[test]
fn an_escape_without_an_end_takes_the_rest() {
    assert_eq!(without_escapes(b"a\x1b[31mb\x1b[0"), b"ab");
    assert_eq!(without_escapes(b"a\x1bb"), b"a\x1bb");
}

/// The beginning of a frame that never ends.
const OPEN_FRAME: &[u8] = b"\0\xff\x01\x01\x04";

#[test]
fn a_log_that_ends_within_a_frame_was_cut_so_nothing_timed_out() {
    let log = [b"ready\n".as_slice(), OPEN_FRAME].concat();
    let ingested = ingest(&run(), &log);
    let capture = ingested.recorder.capture();
    assert_eq!(capture.events::<HowEnded>().count(), 0);
    let timed_out = |event: StepEvent| event.kind == StepEventKind::TimedOut;
    assert!(!capture.events().any(|step| timed_out(step.unwrap().event)));
    assert!(ingested.notes[0].contains("within a frame"), "{:?}", ingested.notes);
}

#[test]
fn frames_that_somebody_took_for_text_are_destroyed_and_not_absent() {
    let log = "ready\none\ntwo\n\0\u{fffd}\u{1}\u{1}\0";
    let ingested = ingest(&run(), log.as_bytes());
    assert_eq!(ingested.telemetry, LogTelemetry::Destroyed);
    assert!(ingested.notes[0].contains("rewritten as text"), "{:?}", ingested.notes);
}
