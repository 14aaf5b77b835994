//! Time in both directions: a run that can be looked at where it has been.
//!
//! A machine cannot run backwards, but it is plain data and runs the same way twice. So copies of it
//! are kept on the way, and everything that came from outside is written down with its instant; a
//! moment of the past is the copy before it, run up to there with the same input.
//!
//! There is one present, the device that steps of the scenario act on, and at most one view of the past.
//! A view that goes forwards ends in the present. What has happened stays: only the present can
//! be changed.
//!
//! Invariants:
//! 1. The copies are in the order of their instants, and the first is the device at power-on.
//! 2. `inputs` is in the order of instants, and a copy knows how many of them it has had.

use ramscope_scenario::{PinPlace, Value};
use ramscope_time::{Instant, Span};

use super::breaks::{Backwards, Breaks, Forwards, Place, Whose};
use crate::engine::EngineSession;
use crate::engine::debugged::{Breaking, Ran};
use crate::session::{BackendError, End, Session};

/// Copies that are kept at most; then every other one goes, and the distance between them doubles.
const COPIES_MAX: usize = 64;
/// Device time between two copies at first: running it again takes a moment that nobody notices.
const FIRST_SPACING: Span = Span::from_millis(10);

/// Something that came from outside.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Serial(Vec<u8>),
    Command(Vec<u32>),
    Pin { pin: PinPlace, level: Option<bool> },
    Register(u8, u32),
    Pc(u32),
    Word(u32, u32),
    Control { part: String, control: String, value: Value },
}

/// A device at some moment, and how many inputs it has had.
#[derive(Clone)]
struct Moment {
    session: EngineSession,
    applied: usize,
}

/// A run, its past, and where the debugger looks.
pub(super) struct Timeline {
    present: EngineSession,
    past: Option<Moment>,
    copies: Vec<Moment>,
    spacing: Span,
    inputs: Vec<(Instant, Input)>,
}

/// Where a stretch forwards ended.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Forward {
    /// At a place that the debugger asked for.
    At(Place),
    /// As sessions end a stretch.
    To(End),
    /// The past was run through: the present is shown again.
    Present,
}

/// What is written in the past would have to change what has been told since.
#[derive(Debug)]
pub(super) struct HasHappened;

impl Timeline {
    pub(super) fn new(present: EngineSession) -> Self {
        let first = Moment { session: present.clone(), applied: 0 };
        Self {
            present,
            past: None,
            copies: vec![first],
            spacing: FIRST_SPACING,
            inputs: Vec::new(),
        }
    }

    /// The device that the debugger sees.
    pub(super) fn shown(&self) -> &EngineSession {
        self.past.as_ref().map_or(&self.present, |moment| &moment.session)
    }

    /// The device that the run is about.
    pub(super) fn present(&self) -> &EngineSession {
        &self.present
    }

    pub(super) fn present_mut(&mut self) -> &mut EngineSession {
        &mut self.present
    }

    pub(super) fn is_in_past(&self) -> bool {
        self.past.is_some()
    }

    /// Leaves the past.
    pub(super) fn show_present(&mut self) {
        self.past = None;
    }

    /// Changes the present.
    pub(super) fn put(&mut self, input: Input) -> Result<(), HasHappened> {
        if self.is_in_past() {
            return Err(HasHappened);
        }
        apply(&mut self.present, &input);
        self.inputs.push((self.present.now(), input));
        Ok(())
    }

    /// Bytes of a step arrive, whatever the debugger looks at.
    pub(super) fn send_serial(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.inputs.push((self.present.now(), Input::Serial(bytes.to_vec())));
        self.present.send_serial(bytes)
    }

    /// The firmware is given a command, whatever the debugger looks at.
    pub(super) fn command(&mut self, words: &[u32]) -> Result<(), BackendError> {
        self.inputs.push((self.present.now(), Input::Command(words.to_vec())));
        self.present.command(words)
    }

    /// A pin is held or let go, whatever the debugger looks at.
    pub(super) fn hold_pin(
        &mut self,
        pin: &PinPlace,
        level: Option<bool>,
    ) -> Result<(), BackendError> {
        self.inputs.push((self.present.now(), Input::Pin { pin: pin.clone(), level }));
        self.present.hold_pin(pin, level)
    }

    /// A control of a part moves, whatever the debugger looks at.
    pub(super) fn set_control(
        &mut self,
        part: &str,
        control: &str,
        value: &Value,
    ) -> Result<(), BackendError> {
        let (part_name, control_name) = (part.to_owned(), control.to_owned());
        let input = Input::Control { part: part_name, control: control_name, value: value.clone() };
        self.inputs.push((self.present.now(), input));
        self.present.set_control(part, control, value)
    }

    /// Runs what is shown forwards: in the past up to the present, in the present until an instant.
    pub(super) fn forwards(&mut self, until: Instant, finder: &mut Forwards<'_>) -> Forward {
        let found = match self.past.take() {
            Some(moment) => return self.relive(moment, finder),
            None => self.go_on(until, finder),
        };
        match (found, finder.found) {
            (Ran::Stopped, Some(place)) => Forward::At(place),
            (Ran::Stopped, None) => unreachable!("the finder stops only where it found a place"),
            (Ran::To(end), _) => Forward::To(end),
        }
    }

    /// Runs the present, copies on the way. A break stops after its instruction: the stretch is
    /// taken back and run again up to there.
    fn go_on(&mut self, until: Instant, finder: &mut Forwards<'_>) -> Ran {
        loop {
            let next_copy = self.keep_copy();
            let stretch_end = until.min(next_copy);
            let before = self.present.clone();
            let ran = self.present.run_beside(stretch_end, finder);
            match (&ran, finder.found) {
                (Ran::Stopped, Some(place)) if place.is_before_instruction() => {
                    self.present = before;
                    let _ = self.present.run_to(place.at);
                    return ran;
                }
                (Ran::To(End::Reached | End::Stuck), _) if stretch_end < until => {}
                _ => return ran,
            }
        }
    }

    /// Keeps a copy if it is time for one; says when it will be next.
    fn keep_copy(&mut self) -> Instant {
        let last = self.copies.last().expect("invariant 1").session.now();
        if self.present.now() < last + self.spacing {
            return last + self.spacing;
        }
        if self.copies.len() >= COPIES_MAX {
            let mut index = 0;
            self.copies.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.spacing = self.spacing + self.spacing;
        }
        let session = self.present.clone();
        let now = session.now();
        self.copies.push(Moment { session, applied: self.inputs.len() });
        now + self.spacing
    }

    /// Runs a moment of the past up to the present.
    fn relive(&mut self, mut moment: Moment, finder: &mut Forwards<'_>) -> Forward {
        let present = self.present.now();
        match self.run_moment(&mut moment, present, finder) {
            Ran::Stopped => {
                let place = finder.found.expect("the finder stops only where it found a place");
                match place.is_before_instruction() {
                    true => self.show(place.at),
                    // The instruction may have been the last one before the present.
                    false if moment.session.now() >= present => self.past = None,
                    false => self.past = Some(moment),
                }
                Forward::At(place)
            }
            Ran::To(_) => Forward::Present,
        }
    }

    /// Runs a moment until an instant, with the inputs that came before it.
    fn run_moment(&self, moment: &mut Moment, until: Instant, observer: &mut impl Breaking) -> Ran {
        loop {
            let input = self.inputs.get(moment.applied).filter(|(at, _)| *at < until);
            let Moment { session, applied } = moment;
            let Some((at, input)) = input else {
                return session.run_beside(until, observer);
            };
            if let Ran::Stopped = session.run_beside(*at, observer) {
                return Ran::Stopped;
            }
            apply(session, input);
            *applied += 1;
        }
    }

    /// Goes back to the last place before what is shown; `None`: to power-on, there is none. A step
    /// goes to the unit's own instruction before; where it has none, to the one before of any unit.
    pub(super) fn backwards(&mut self, breaks: &Breaks, steps: Option<Whose>) -> Option<Place> {
        let of_anybody = || {
            let steps = Whose { running: None, ..steps? };
            self.last_place(breaks, Some(steps))
        };
        let found = self.last_place(breaks, steps).or_else(of_anybody);
        self.show(found.map_or(Instant::ZERO, |place| place.at));
        found
    }

    fn last_place(&self, breaks: &Breaks, steps: Option<Whose>) -> Option<Place> {
        let mut end = self.shown().now();
        for index in (0..self.copies.len()).rev() {
            let mut moment = self.copies[index].clone();
            let start = moment.session.now();
            if start >= end {
                continue;
            }
            let mut finder = Backwards { breaks, steps, found: None };
            let _ = self.run_moment(&mut moment, end, &mut finder);
            if finder.found.is_some() {
                return finder.found;
            }
            end = start;
        }
        None
    }

    /// Shows the device at an instant that it has been at, after the inputs of that instant.
    fn show(&mut self, at: Instant) {
        if at >= self.present.now() {
            self.past = None;
            return;
        }
        let copy = self.copies.iter().rev().find(|copy| copy.session.now() <= at);
        let mut moment = copy.unwrap_or(&self.copies[0]).clone();
        while let Some((when, input)) =
            self.inputs.get(moment.applied).filter(|(when, _)| *when <= at)
        {
            let _ = moment.session.run_to(*when);
            apply(&mut moment.session, input);
            moment.applied += 1;
        }
        let _ = moment.session.run_to(at);
        self.past = Some(moment);
    }
}

fn apply(session: &mut EngineSession, input: &Input) {
    let machine = session.machine_mut();
    match input {
        Input::Serial(bytes) => machine.receive_uart0(bytes),
        // Firmware that takes none was told as an error.
        Input::Command(words) => {
            let _ = session.command(words);
        }
        // So was a pin that there is not.
        Input::Pin { pin, level } => {
            let _ = session.hold_pin(pin, *level);
        }
        Input::Register(number, value) => machine.set_register(*number, *value),
        Input::Pc(address) => machine.set_pc(*address),
        // The debugger was told when it asked whether the word can be written.
        Input::Word(address, value) => {
            let _ = machine.write_word(*address, *value);
        }
        // A control that there is not was told as an error when it was to move.
        Input::Control { part, control, value } => {
            let _ = session.set_control(part, control, value);
        }
    }
}
