//! From the serial log of a run elsewhere to the device part of a capture.
//!
//! wokwi-cli runs our scenarios on Wokwi's machines and leaves the serial log of the run. It is all
//! that is known of it: no instants but those in the telemetry itself, no pins, and not every byte,
//! because wokwi-cli may swallow a line's end where it prints a line of its own. Still it shows in which
//! order things were said, and frames in it tell of stacks and heap as they do anywhere.
//!
//! The steps are looked for in the log in their order, each from where the last one ended. That wokwi-cli
//! has carried out a `write-serial` or checked an `expect-pin` is not in the log: it ends a run at the
//! first step that fails, so whatever was said after such a step proves it.
//!
//! Invariants:
//! 1. Every byte of the log is in the capture, in its order, unless a note says what was left out.
//! 2. Instants never go back. Bytes between two records have the instant of the one before.
//! 3. The same log and scenario give the same device part.

mod instants;
mod search;
mod walk;

use ramscope_capture::{HowEnded, ObserverEvent, Recorder, StepEvent, StepEventKind, Stream};
use ramscope_scenario::Run;

use self::instants::Instants;
use self::walk::Walk;

/// A log that was read.
#[derive(Clone, Debug)]
pub struct Ingested {
    /// The device part.
    pub recorder: Recorder,
    /// Whether there was telemetry in it.
    pub telemetry: LogTelemetry,
    /// What a person has to know about the log, one sentence each.
    pub notes: Vec<String>,
}

/// Whether a log holds telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTelemetry {
    /// Frames of it.
    Frames,
    /// None, so nothing is known of memory.
    None,
    /// Remains of frames that nobody can read any more.
    Destroyed,
}

/// What a terminal obeys begins with this.
const ESCAPE: u8 = 0x1b;
/// What a byte that is no UTF-8 becomes if somebody reads it as such.
const REPLACEMENT: [u8; 3] = [0xef, 0xbf, 0xbd];
/// What wokwi-cli says first on stdout.
const BANNER: &[u8] = b"Wokwi CLI v";

/// Reads a log as that of a run.
#[must_use]
pub fn ingest(run: &Run, log: &[u8]) -> Ingested {
    let mut notes = Vec::new();
    let plain = without_escapes(log);
    let raw_walk = Walk::along(run, log);
    let escapes = log.iter().filter(|&&byte| byte == ESCAPE).count();
    let (bytes, walk) = match Walk::along(run, &plain) {
        plain_walk if escapes > 0 && plain_walk.steps_done > raw_walk.steps_done => {
            notes.push(format!(
                "the log holds {escapes} terminal escape codes, which were left out; wokwi-cli's \
                 --serial-log-file writes none of its own"
            ));
            (plain.as_slice(), plain_walk)
        }
        _ => (log, raw_walk),
    };
    let instants = Instants::of(bytes);
    let was_rewritten = bytes.contains(&0) && holds(bytes, &REPLACEMENT);
    let telemetry = match instants.records {
        0 if was_rewritten => LogTelemetry::Destroyed,
        0 => LogTelemetry::None,
        _ => LogTelemetry::Frames,
    };
    notes.extend(other_notes(bytes, &instants, telemetry));
    let recorder = record(bytes, &walk, &instants, &notes);
    Ingested { recorder, telemetry, notes }
}

fn holds(log: &[u8], text: &[u8]) -> bool {
    log.windows(text.len()).any(|bytes| bytes == text)
}

fn other_notes(log: &[u8], instants: &Instants, telemetry: LogTelemetry) -> Vec<String> {
    let of_wokwi_cli = "it is what wokwi-cli printed, with lines of its own; --serial-log-file FILE \
                        writes what the device said";
    let rewritten = "the log was rewritten as text, which destroys telemetry; keep the file that \
                     --serial-log-file writes as it is";
    let cut = "the log ends within a frame of telemetry: the rest is missing";
    let notes = [
        (holds(log, BANNER), of_wokwi_cli),
        (telemetry == LogTelemetry::Destroyed, rewritten),
        (instants.ends_in_frame, cut),
    ];
    let notes = notes.into_iter().filter(|(applies, _)| *applies);
    notes.map(|(_, note)| note.to_owned()).collect()
}

/// The device part: the log in pieces, and the steps between them.
fn record(log: &[u8], walk: &Walk, instants: &Instants, notes: &[String]) -> Recorder {
    let mut recorder = Recorder::new();
    let mut from = 0;
    // Whatever was still awaited may stand in the part that is missing.
    let is_cut = instants.ends_in_frame && walk.ended != HowEnded::StepsDone;
    let lasting = |event: &&(usize, StepEvent)| !is_cut || event.1.kind != StepEventKind::TimedOut;
    for (offset, event) in walk.events.iter().filter(lasting) {
        append(&mut recorder, log, instants, from..*offset);
        from = *offset;
        let instant = instants.at(*offset);
        recorder.event(instant, &StepEvent { instant, ..event.clone() });
    }
    append(&mut recorder, log, instants, from..log.len());
    let end = instants.at(log.len());
    for note in notes {
        recorder.event(end, &ObserverEvent::Note(note.clone()));
    }
    if !is_cut {
        recorder.event(end, &walk.ended);
    }
    recorder
}

fn append(recorder: &mut Recorder, log: &[u8], instants: &Instants, range: std::ops::Range<usize>) {
    let mut from = range.start;
    for (end, instant) in instants.pieces_in(&range) {
        recorder.append(Stream::Uart0, instant, &log[from..end]);
        from = end;
    }
}

/// The bytes without what a terminal obeys: ESC `[`, parameters, and the letter that ends them.
fn without_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (&ESCAPE, [b'[', parameters @ ..]) => {
                let last = parameters.iter().position(|byte| (0x40..=0x7e).contains(byte));
                &parameters[last.map_or(parameters.len(), |last| last + 1)..]
            }
            (&byte, _) => {
                plain.push(byte);
                after
            }
        };
    }
    plain
}

#[cfg(test)]
mod tests;
