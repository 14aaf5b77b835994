//! The log of a run and what the UART wrote, put together and handed out by instants.
//!
//! Invariants:
//! 1. Each byte of the UART file is handed out once, in order, at the instant that the log has for
//!    it. A file that is shorter than the log says is an error, never a shorter run.
//! 2. What is handed out up to an instant depends on that instant only.

use std::collections::VecDeque;
use std::io;

use ramscope_capture::{Event, HowEnded, ObserverEvent, Stream};
use ramscope_engine::UartByte;
use ramscope_time::{Instant, Span};
use ramscope_wire::script::{LogEntry, LogItem, LogReader, SCRIPT_HZ};

use crate::engine::lines;
use crate::session::{BackendError, End, Output, PauseAt, Progress};

/// What a reset through the finisher is, in the words of the built-in machine.
const RESET: &str = "software-core";

/// How the log of a boot ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastWord {
    /// In the middle: the script was not over.
    None,
    /// The device resets.
    Reset,
    /// The script is over.
    Over,
}

/// What has been recorded so far.
#[derive(Debug, Default)]
pub(super) struct Recording {
    outputs: VecDeque<Output>,
    typed: VecDeque<Instant>,
    /// The instant of the last entry.
    until: Instant,
}

impl Recording {
    /// Adds a boot. `killed` machines may have written more to the UART than to the log.
    pub(super) fn add(&mut self, uart: &[u8], log: &[u8]) -> io::Result<LastWord> {
        let mut last = LastWord::None;
        let mut unread = uart;
        for LogEntry { tick, item } in LogReader::new(log) {
            let instant = Instant::ZERO + Span::from_ticks(tick, SCRIPT_HZ);
            last = LastWord::None;
            match item {
                LogItem::Sent(count) => {
                    let Some((bytes, rest)) = unread.split_at_checked(count as usize) else {
                        return Err(too_short(uart.len()));
                    };
                    unread = rest;
                    self.output(Stream::Uart0, instant, bytes.to_vec());
                }
                LogItem::Ring(bytes) => self.output(Stream::Ring, instant, bytes.to_vec()),
                LogItem::Typed(_) => self.typed.push_back(instant),
                LogItem::Reset => {
                    let reset = ObserverEvent::Reset { reason: RESET.to_owned() };
                    self.output(Stream::Observer, instant, reset.encode());
                    last = LastWord::Reset;
                }
                LogItem::Over { .. } => last = LastWord::Over,
                LogItem::Damaged => return Err(damaged()),
            }
            self.until = self.until.max(instant);
        }
        self.output(Stream::Uart0, self.until, unread.to_vec());
        Ok(last)
    }

    fn output(&mut self, stream: Stream, instant: Instant, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.outputs.push_back(Output { stream, instant, bytes });
        }
    }

    /// Nothing more comes; `ended` if the device could not carry out the whole script.
    pub(super) fn finish(mut self, ended: Option<HowEnded>) -> Replay {
        // Records are taken a tick later than the bytes beside them; each stream stays in order.
        self.outputs.make_contiguous().sort_by_key(|output| output.instant);
        let Self { outputs, typed, until } = self;
        Replay { outputs, typed, until, ended, now: Instant::ZERO }
    }
}

fn too_short(bytes: usize) -> io::Error {
    io::Error::other(format!(
        "its UART file ends after {bytes} bytes, and the device sent more: is the disk full?"
    ))
}

fn damaged() -> io::Error {
    io::Error::other("the log in its memory is damaged: did the firmware write there?")
}

/// Nobody may take what is not known for silence.
fn unknown() -> HowEnded {
    HowEnded::Error("the image was done with its script before the run was".to_owned())
}

/// A run that is over, handed out as if it went on.
#[derive(Debug)]
pub(super) struct Replay {
    outputs: VecDeque<Output>,
    /// When steps typed that have not been sent yet.
    typed: VecDeque<Instant>,
    /// Up to where the device is known.
    until: Instant,
    /// How it ended, unless the script was played to its end.
    ended: Option<HowEnded>,
    now: Instant,
}

impl Replay {
    pub(super) const fn now(&self) -> Instant {
        self.now
    }

    /// What came up to an instant, or up to a byte after which there is a pause.
    pub(super) fn advance(&mut self, until: Instant, pause: &mut dyn PauseAt) -> Progress {
        let mut taken = Vec::new();
        let known = until.min(self.until);
        let mut end = End::Reached;
        while let Some(output) = self.outputs.pop_front_if(|output| output.instant <= known) {
            let fed = (output.stream == Stream::Uart0).then(|| pause.feed(&output.bytes)).flatten();
            let Some(count) = fed else {
                taken.push(output);
                continue;
            };
            self.now = output.instant;
            self.give_back(&output, count, &mut taken);
            end = End::Paused;
            break;
        }
        if end == End::Reached {
            self.now = self.now.max(until);
            if until > self.until {
                self.now = self.until;
                end = End::Ended(self.ended.clone().unwrap_or_else(unknown));
            }
        }
        Progress { output: in_lines(taken), end }
    }

    /// The part of an output behind a pause comes after it.
    fn give_back(&mut self, output: &Output, count: usize, taken: &mut Vec<Output>) {
        let (before, after) = output.bytes.split_at(count);
        for (bytes, rest) in [(before, None), (after, Some(()))] {
            if bytes.is_empty() {
                continue;
            }
            let part = Output { bytes: bytes.to_vec(), ..output.clone() };
            match rest {
                None => taken.push(part),
                Some(()) => self.outputs.push_front(part),
            }
        }
    }

    /// Checks that the player typed now.
    pub(super) fn send(&mut self) -> Result<(), BackendError> {
        let now = self.now;
        let wrong = match self.typed.pop_front() {
            Some(at) if at == now => return Ok(()),
            Some(at) => format!("the image typed at {at}, and the step was carried out at {now}"),
            None => format!("the image had nothing more to type at {now}"),
        };
        let source = io::Error::other(wrong);
        Err(BackendError::Failed { target: super::TARGET, source })
    }
}

/// Bytes of the UART as lines, everything in the order of instants.
fn in_lines(outputs: Vec<Output>) -> Vec<Output> {
    let (uart, mut others): (Vec<_>, Vec<_>) =
        outputs.into_iter().partition(|output| output.stream == Stream::Uart0);
    let bytes = uart
        .iter()
        .flat_map(|output| output.bytes.iter().map(|&byte| UartByte { at: output.instant, byte }));
    let mut together = lines(bytes);
    together.append(&mut others);
    together.sort_by_key(|output| output.instant);
    together
}
