//! A machine that somebody watches: a session, its recording, and the feed of what it says.
//!
//! Invariants:
//! 1. The device runs in whole steps of [`Watched::STEP`], and input arrives between two of them, so
//!    what it does is a function of the image and of the lines typed at which instants.
//! 2. What is to be typed at the start is typed after the step in which the device printed its
//!    first line.
//! 3. Every byte is recorded before the feed, and so the screen, sees it.

use std::path::Path;

use ramscope_backend::{
    BackendError, Circuit, End, EngineOptions, EngineSession, Firmware, Follow, NeverPause,
    Progress, Session,
};
use ramscope_capture::{Capture, Event, HowEnded, Stimulus, Stream};
use ramscope_model::{ElfSymbols, Feed, MachineFacts, NoSymbols, Symbols};
use ramscope_time::{Instant, Span};
use ramscope_tui::{MachineState, Recording, Scene, ScreenPicture};

use super::tape::{self, Tape};
use crate::evidence::{self, ToRecord};

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct WatchedOptions {
    /// The image.
    pub(crate) firmware: Firmware,
    /// The parts around the chip.
    pub(crate) circuit: Option<Circuit>,
    /// A line to type once the device has printed its first line.
    pub(crate) first_line: Option<String>,
    /// Whether to record.
    pub(crate) recording: Recording,
}

/// A machine that somebody watches.
pub(crate) struct Watched {
    options: WatchedOptions,
    symbols: Option<ElfSymbols>,
    run: PoweredOn,
}

/// What is new with each start of the machine.
struct PoweredOn {
    session: EngineSession,
    machine: MachineFacts,
    feed: Feed,
    tape: Option<Tape>,
    state: MachineState,
    /// Why it cannot go on.
    ended: Option<HowEnded>,
    first_line_typed: bool,
    /// What the displays showed when somebody looked.
    pictures: Vec<ScreenPicture>,
}

impl Watched {
    /// How far the device runs at once. It is short against what an eye sees and long against what
    /// a step costs.
    pub(crate) const STEP: Span = Span::from_millis(10);

    /// Powers a built-in machine on.
    pub(crate) fn new(options: WatchedOptions) -> Self {
        Self {
            run: PoweredOn::new(&options),
            symbols: ElfSymbols::new(&options.firmware.elf).ok(),
            options,
        }
    }

    /// Powers it off and on again; nothing of before is left, and the recording begins anew.
    pub(crate) fn restart(&mut self) {
        self.run = PoweredOn::new(&self.options);
    }

    /// Device time.
    pub(crate) fn now(&self) -> Instant {
        self.run.session.now()
    }

    /// Lets the device run for a step. A machine that has stopped stays where it is.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub(crate) fn step(&mut self) -> Result<(), BackendError> {
        if self.has_stopped() {
            return Ok(());
        }
        self.run.step()?;
        self.type_first_line()
    }

    /// Runs to an instant, in whole steps, or until the machine stops.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub(crate) fn run_to(&mut self, instant: Instant) -> Result<(), BackendError> {
        while self.now() < instant && !self.has_stopped() {
            self.step()?;
        }
        Ok(())
    }

    /// Types a line at the device's console.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub(crate) fn type_line(&mut self, line: &str) -> Result<(), BackendError> {
        let bytes = format!("{line}\n").into_bytes();
        let now = self.now();
        if let Some(tape) = &mut self.run.tape {
            tape.event(now, &Stimulus::Serial(bytes.clone()));
        }
        self.run.session.send_serial(&bytes)
    }

    /// Whether the machine cannot go on.
    pub(crate) fn has_stopped(&self) -> bool {
        matches!(self.run.state, MachineState::Stopped(_))
    }

    /// Looks at the displays around the chip.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub(crate) fn look_at_displays(&mut self) -> Result<(), BackendError> {
        let session = &mut self.run.session;
        let mut pictures = Vec::new();
        for part in session.screens() {
            let picture = session.read_screen(&part)?;
            let (size, rgba) = (picture.size(), picture.into_rgba());
            pictures.push(ScreenPicture { part, size, rgba });
        }
        self.run.pictures = pictures;
        Ok(())
    }

    /// What there is to see.
    pub(crate) fn scene(&self) -> Scene<'_> {
        let symbols: &dyn Symbols = match &self.symbols {
            Some(symbols) => symbols,
            None => &NoSymbols,
        };
        Scene {
            device: self.run.feed.device(),
            console: self.run.feed.console(),
            symbols,
            target: &self.run.machine,
            now: self.now(),
            records: self.run.feed.records(),
            machine: &self.run.state,
            recording: self.recording(),
            pictures: &self.run.pictures,
        }
    }

    /// Asks the machine who had called whom when each stack was deepest; it is recorded at the end.
    pub(crate) fn look_at_calls(&mut self) {
        let now = self.now();
        let session = &self.run.session;
        for event in session.deepest().into_iter().chain(session.held_at_peak()) {
            self.run.feed.push(Stream::Observer, now, &event.encode());
        }
    }

    /// How the recording stands.
    pub(crate) fn recording(&self) -> Recording {
        match self.run.tape.as_ref().map(Tape::full_at) {
            None => Recording::Off,
            Some(None) => Recording::On,
            Some(Some(at)) => Recording::Full(at),
        }
    }

    /// Ends the session and gives its recording, if there is one; `path` is where it will lie, and
    /// `program` what was watched.
    ///
    /// # Errors
    /// If the machine itself fails.
    pub(crate) fn finish(
        mut self,
        program: &str,
        path: &Path,
    ) -> Result<Option<Capture>, BackendError> {
        let progress = self.run.session.finish()?;
        self.run.take(&progress);
        let ended = self.run.ended.unwrap_or(HowEnded::Interrupted);
        let now = self.run.session.now();
        let Some(tape) = self.run.tape else { return Ok(None) };
        let mut recorder = tape.finish(now, &ended);
        let facts = evidence::facts(ToRecord {
            run: &tape::plan(program, &EngineOptions::default()),
            path,
            firmware: &self.options.firmware,
            target: self.run.session.facts(),
        });
        let names = (self.symbols.as_ref(), self.options.firmware.path.as_path());
        let closing = evidence::closing(self.run.machine, &self.run.feed, names);
        recorder.host(facts.to_host_part());
        recorder.closing(closing.to_host_part());
        Ok(Some(recorder.finish()))
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

impl PoweredOn {
    fn new(options: &WatchedOptions) -> Self {
        let followed = EngineOptions { follow: Follow::Blocks, ..EngineOptions::default() };
        let session = EngineSession::new(&options.firmware.image, &followed);
        let session = match &options.circuit {
            Some(circuit) => session.in_circuit(circuit.clone()),
            None => session,
        };
        Self {
            machine: evidence::machine_facts(session.facts()),
            session,
            feed: Feed::new(),
            tape: (options.recording == Recording::On).then(Tape::new),
            state: MachineState::Able,
            ended: None,
            first_line_typed: false,
            pictures: Vec::new(),
        }
    }

    fn step(&mut self) -> Result<(), BackendError> {
        let until = self.session.now() + Watched::STEP;
        let progress = self.session.advance(until, &mut NeverPause)?;
        self.take(&progress);
        self.state = match progress.end {
            End::Reached | End::Paused => MachineState::Able,
            End::Stuck => MachineState::WaitsForInput,
            End::Ended(how) => {
                let why = why(&how);
                self.ended = Some(how);
                MachineState::Stopped(why)
            }
        };
        Ok(())
    }

    /// Records what the device said, then reads it.
    fn take(&mut self, progress: &Progress) {
        for output in &progress.output {
            if let Some(tape) = &mut self.tape {
                tape.append(output.stream, output.instant, &output.bytes);
            }
            self.feed.push(output.stream, output.instant, &output.bytes);
        }
        self.machine = evidence::machine_facts(self.session.facts());
    }
}

/// Why a machine cannot go on. A session that nobody drives ends in no other way.
fn why(how: &HowEnded) -> String {
    match how {
        HowEnded::Fatal(reason) | HowEnded::Error(reason) => {
            format!("the machine could not go on: {reason}")
        }
        other => format!("the machine ended: {other:?}"),
    }
}
