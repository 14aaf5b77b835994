//! A machine that somebody watches: a session, and the feed of what it says.
//!
//! Invariants:
//! 1. The device runs in whole steps of [`Watched::STEP`], and input arrives between two of them, so
//!    what it does is a function of the image and of the lines typed at which instants.
//! 2. What is to be typed at the start is typed after the step in which the device printed its
//!    first line.

use ramscope_backend::{
    BackendError, End, EngineOptions, EngineSession, Firmware, NeverPause, Session, TargetFacts,
};
use ramscope_capture::{HowEnded, Stream};
use ramscope_model::{ElfSymbols, Feed, NoSymbols, Symbols};
use ramscope_time::{Instant, Span};
use ramscope_wire::RawDecoder;

use crate::scene::{MachineState, Scene};

/// What to run.
#[derive(Clone, Debug)]
pub struct WatchedOptions {
    /// The image.
    pub firmware: Firmware,
    /// A line to type once the device has printed its first line.
    pub first_line: Option<String>,
}

/// A machine that somebody watches.
pub struct Watched {
    options: WatchedOptions,
    symbols: Option<ElfSymbols>,
    run: PoweredOn,
}

/// What is new with each start of the machine.
struct PoweredOn {
    session: EngineSession,
    facts: TargetFacts,
    feed: Feed,
    /// Counts records, which a feed does not.
    records: RawDecoder,
    state: MachineState,
    first_line_typed: bool,
}

impl Watched {
    /// How far the device runs at once. It is short against what an eye sees and long against what
    /// a step costs.
    pub const STEP: Span = Span::from_millis(10);

    /// Powers a built-in machine on.
    #[must_use]
    pub fn new(options: WatchedOptions) -> Self {
        Self {
            run: PoweredOn::new(&options.firmware),
            symbols: ElfSymbols::new(&options.firmware.elf).ok(),
            options,
        }
    }

    /// Powers it off and on again; nothing of before is left.
    pub fn restart(&mut self) {
        self.run = PoweredOn::new(&self.options.firmware);
    }

    /// Device time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.run.session.now()
    }

    /// Lets the device run for a step. A machine that has stopped stays where it is.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub fn step(&mut self) -> Result<(), BackendError> {
        if self.has_stopped() {
            return Ok(());
        }
        let until = self.run.session.now() + Self::STEP;
        let progress = self.run.session.advance(until, &mut NeverPause)?;
        for output in &progress.output {
            self.run.take(output.stream, output.instant, &output.bytes);
        }
        self.run.state = match progress.end {
            End::Reached | End::Paused => MachineState::Able,
            End::Stuck => MachineState::WaitsForInput,
            End::Ended(how) => MachineState::Stopped(why(how)),
        };
        self.type_first_line()
    }

    /// Runs to an instant, in whole steps, or until the machine stops.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub fn run_to(&mut self, instant: Instant) -> Result<(), BackendError> {
        while self.now() < instant && !self.has_stopped() {
            self.step()?;
        }
        Ok(())
    }

    /// Types a line at the device's console.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub fn type_line(&mut self, line: &str) -> Result<(), BackendError> {
        self.run.session.send_serial(format!("{line}\n").as_bytes())
    }

    /// Whether the machine cannot go on.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        matches!(self.run.state, MachineState::Stopped(_))
    }

    /// What there is to see.
    #[must_use]
    pub fn scene(&self) -> Scene<'_> {
        let symbols: &dyn Symbols = match &self.symbols {
            Some(symbols) => symbols,
            None => &NoSymbols,
        };
        Scene {
            device: self.run.feed.device(),
            console: self.run.feed.console(),
            symbols,
            target: &self.run.facts,
            now: self.now(),
            records: self.run.records.counts().records,
            machine: &self.run.state,
        }
    }

    fn type_first_line(&mut self) -> Result<(), BackendError> {
        if self.run.first_line_typed || self.run.feed.console().lines().len() == 0 {
            return Ok(());
        }
        self.run.first_line_typed = true;
        match self.options.first_line.clone() {
            Some(line) => self.type_line(&line),
            None => Ok(()),
        }
    }
}

/// Why a machine cannot go on. A session that nobody drives ends in no other way.
fn why(how: HowEnded) -> String {
    match how {
        HowEnded::Fatal(reason) | HowEnded::Error(reason) => {
            format!("the machine could not go on: {reason}")
        }
        other => format!("the machine ended: {other:?}"),
    }
}

impl PoweredOn {
    fn new(firmware: &Firmware) -> Self {
        let session = EngineSession::new(&firmware.image, &EngineOptions::default());
        Self {
            facts: session.facts(),
            session,
            feed: Feed::new(),
            records: RawDecoder::new(),
            state: MachineState::Able,
            first_line_typed: false,
        }
    }

    fn take(&mut self, stream: Stream, at: Instant, bytes: &[u8]) {
        self.feed.push(stream, at, bytes);
        if stream == Stream::Ring {
            self.records.feed(bytes);
            while self.records.next().is_some() {}
        }
        self.facts = self.session.facts();
    }
}
