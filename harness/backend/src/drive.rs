//! Carrying out the steps of a run on a session, in Wokwi's way.
//!
//! A Wokwi simulation stands still between steps: a `delay` or `wait-serial` lets it run up to a
//! pause point, every other step happens while it stands. So input comes at an exact instant, and
//! a wait sees the bytes that arrive after it began. Unlike there, the device runs on for a settle
//! window after the last step: a program that crashes on its last input is seen to crash.
//!
//! Invariants:
//! 1. Time-outs, delays and the settle window are device time. The host's clock appears as a
//!    [`Watchdog`] only.
//! 2. Every byte is recorded before the steps, or whoever looks on, see it.
//! 3. The session is advanced up to instants that scenario and device determine: whole multiples of
//!    [`SLICE`], ends of steps, and matches. Looking on changes none of them.

mod condition;
mod faults;
mod line;
mod order;
mod screenshot;
mod wait;

use ramscope_capture::{HowEnded, Recorder, StepEvent, StepEventKind, Stimulus, Stream};
use ramscope_scenario::{Command, ExpectPin, Fault, Matcher, Run, SetControl, Step};
use ramscope_time::{Instant, Span};
use ramscope_wire::{FailAllocation, OpenWindow, Payload, WindowId, write_record};

use self::condition::Forbidden;
pub use self::condition::{NoWitness, Witness};
use self::faults::{Faults, Turn, Wanted};
use self::line::Line;
use self::order::{IsFirst, Order};
pub(crate) use self::wait::quote;
use self::wait::{Reason, Waiting, describe};
use crate::circuit;
use crate::session::{BackendError, Capability, End, Progress, Session};
use crate::watchdog::Watchdog;

/// How much device time passes at most between two looks.
const SLICE: Span = Span::from_millis(10);

/// How long the device runs on at least if a phase ends with the last step, so that it can say what
/// it measured.
pub(crate) const CLOSING: Span = Span::from_millis(1);

/// What whoever looks on wants to happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The run goes on.
    Continue,
    /// The run goes on, and these bytes are sent to the device now.
    Send(Vec<u8>),
    /// The run stops, as if interrupted.
    Stop,
}

/// Carries out `run` on a device that has just been powered on, and says how it ended, which is
/// also recorded. `look` is called after each slice of device time, and `witness` reads telemetry
/// where the scenario waits for what stands there.
pub fn drive(
    run: &Run,
    session: &mut dyn Session,
    recorder: &mut Recorder,
    watchdog: &Watchdog,
    look: &mut dyn FnMut(&Recorder, Instant) -> Reaction,
    witness: &mut dyn Witness,
) -> HowEnded {
    let settings = &run.scenario.settings;
    let mut driver = Driver {
        run,
        line: Line::new(session, run.seed),
        recorder,
        watchdog,
        look,
        witness,
        matcher: Matcher::new(settings.matching),
        forbidden: Forbidden::of(&settings.fail_on),
        faults: Faults::of(&settings.inject),
        commands: 0,
        heard: 0,
    };
    let ended = match driver.steps_and_settle() {
        Ok(()) => HowEnded::StepsDone,
        Err(ended) => ended,
    };
    driver.end(ended)
}

/// A run in progress. Where a method fails, the run has ended that way.
struct Driver<'a> {
    run: &'a Run,
    line: Line<'a>,
    recorder: &'a mut Recorder,
    watchdog: &'a Watchdog,
    look: &'a mut dyn FnMut(&Recorder, Instant) -> Reaction,
    witness: &'a mut dyn Witness,
    matcher: Matcher,
    forbidden: Forbidden,
    faults: Faults<'a>,
    /// Commands given so far.
    commands: u16,
    /// Bytes received so far.
    heard: u64,
}

impl Driver<'_> {
    fn steps_and_settle(&mut self) -> Result<(), HowEnded> {
        let run = self.run;
        let mut order = Order::of(run);
        let (mut next, mut is_first) = (0, IsFirst::Yes);
        let mut fails = run.fail_allocation;
        while let Some(step) = run.scenario.steps.get(next) {
            self.open_window(order.window_before(next, is_first))?;
            let turns = self.faults.before_step(next);
            self.turn(turns)?;
            if Some(next) == run.scenario.first_stimulus()
                && let Some(nth) = fails.take()
            {
                self.command(&FailAllocation { nth, bytes_min: 0, unit: "" })?;
            }
            self.step(step)?;
            next = order.after(next);
            is_first = IsFirst::No;
        }
        let last = order.window_before(next, is_first);
        self.open_window(last)?;
        let settle = run.scenario.settings.settle;
        let settle = if last.is_some() { settle.max(CLOSING) } else { settle };
        self.advance(self.line.now() + settle)?;
        Ok(())
    }

    /// Begins a window of measurement at this instant, where that is possible; where it is not, the
    /// verdict finds no trace of it.
    fn open_window(&mut self, number: Option<u32>) -> Result<(), HowEnded> {
        match number.filter(|_| self.line.session.capabilities().has(Capability::Windows)) {
            Some(number) => self.command(&OpenWindow { window: WindowId(number) }),
            None => Ok(()),
        }
    }

    fn command(&mut self, command: &impl Payload) -> Result<(), HowEnded> {
        self.commands = self.commands.wrapping_add(1);
        let mut words = Vec::new();
        write_record(command, self.commands, 0, &mut words);
        self.line.session.command(&words).map_err(failed)?;
        self.recorder.event(self.line.now(), &Stimulus::Command(words));
        Ok(())
    }

    /// Faults begin and end.
    fn turn(&mut self, turns: Vec<Turn<'_>>) -> Result<(), HowEnded> {
        for turn in turns {
            let event = match turn {
                Turn::Begin(place, fault) => {
                    self.begin_fault(place, fault)?;
                    Stimulus::FaultBegins { fault: place }
                }
                Turn::End(place, fault) => {
                    let detail = self.end_fault(place, fault)?;
                    Stimulus::FaultEnds { fault: place, detail }
                }
            };
            self.recorder.event(self.line.now(), &event);
        }
        Ok(())
    }

    fn begin_fault(&mut self, place: u32, fault: &Fault) -> Result<(), HowEnded> {
        match fault {
            Fault::Allocation(fault) => match faults::command(fault, self.draw(place)) {
                Wanted::Nth(command) => self.command(&command),
                Wanted::Chance(command) => self.command(&command),
            },
            Fault::Uart(uart) => {
                self.line.disturb(place, *uart);
                Ok(())
            }
            Fault::Pin(pin) => self.line.session.hold_pin(&pin.pin, Some(pin.high)).map_err(failed),
        }
    }

    /// What the run's seed is to one of its faults.
    fn draw(&self, place: u32) -> u32 {
        faults::draw(self.run.seed, place)
    }

    /// Ends a fault; says what it did where somebody has counted.
    fn end_fault(&mut self, place: u32, fault: &Fault) -> Result<String, HowEnded> {
        match fault {
            Fault::Allocation(_) => {
                // The device counts them, and has told each.
                self.command(&FailAllocation { nth: 0, bytes_min: 0, unit: "" })?;
                Ok(String::new())
            }
            Fault::Uart(_) => Ok(self.line.calm(place)),
            Fault::Pin(pin) => {
                self.line.session.hold_pin(&pin.pin, None).map_err(failed)?;
                Ok(String::new())
            }
        }
    }

    /// Carries out a step and the waits that follow it.
    fn step(&mut self, step: &Step) -> Result<(), HowEnded> {
        if let Some(reason) = self.skip(step) {
            self.waits_after(step)?;
            self.step_event(step, StepEventKind::Skipped, &reason);
            return Ok(());
        }
        self.step_event(step, StepEventKind::Started, "");
        let deadline = self.deadline(step);
        let detail = match &step.command {
            Command::Delay(span) => self.delay(step, *span, deadline)?,
            Command::WaitSerial(pattern) => self.wait_serial(step, pattern, deadline)?,
            Command::WriteSerial(bytes) => {
                self.send(bytes)?;
                quote(bytes)
            }
            Command::ExpectPin(expected) => self.expect_pin(step, expected)?,
            Command::SetControl(control) => self.set_control(control)?,
            Command::TakeScreenshot(shot) => self.take_screenshot(step, shot)?,
            _ => unreachable!("the others are skipped"),
        };
        self.waits_after(step)?;
        self.step_event(step, StepEventKind::Finished, &detail);
        Ok(())
    }

    /// Why a step is left out, if it is.
    fn skip(&self, step: &Step) -> Option<String> {
        match &step.command {
            _ if self.run.step_skip(step.index).is_some() => {
                self.run.step_skip(step.index).map(str::to_owned)
            }
            Command::Delay(_)
            | Command::WaitSerial(_)
            | Command::WriteSerial(_)
            | Command::ExpectPin(_)
            | Command::SetControl(_)
            | Command::TakeScreenshot(_) => None,
            other => Some(format!("{} cannot {}", self.run.target, other.keyword())),
        }
    }

    /// The instant by which a step that begins now has to be done.
    fn deadline(&self, step: &Step) -> Instant {
        let settings = &self.run.scenario.settings;
        let of_run = Instant::ZERO + settings.timeout;
        match settings.step_timeout(step.index) {
            Some(span) => of_run.min(self.line.now() + span),
            None => of_run,
        }
    }

    fn delay(&mut self, step: &Step, span: Span, deadline: Instant) -> Result<String, HowEnded> {
        let done = self.line.now() + span;
        self.advance(done.min(deadline))?;
        if done > deadline {
            return Err(self.timed_out(step, &format!("the delay of {span} was not over")));
        }
        Ok(span.to_string())
    }

    fn wait_serial(
        &mut self,
        step: &Step,
        pattern: &[u8],
        deadline: Instant,
    ) -> Result<String, HowEnded> {
        let began = self.line.now();
        let has_come = match self.matcher.begin(pattern) {
            Some(_) => true,
            None => self.advance_for(deadline, &mut Reason::Match)?,
        };
        if !has_come {
            let waited = self.line.now().since(began);
            let seen = self.matcher.give_up().map(|report| describe(&report));
            let detail = format!("waited {waited}; {}", seen.unwrap_or_default());
            return Err(self.timed_out(step, &detail));
        }
        Ok(quote(pattern))
    }

    /// Reads a pin while the device stands still. Like Wokwi, a run ends at the first that is wrong.
    fn expect_pin(&mut self, step: &Step, expected: &ExpectPin) -> Result<String, HowEnded> {
        let pin = circuit::terminal(expected);
        let high = self.line.session.read_pin(&pin).map_err(failed)?;
        let level = u8::from(high);
        if !expected.holds(high) {
            let detail = format!("`{pin}` was {level}, not {}", expected.value);
            self.step_event(step, StepEventKind::Failed, &detail);
            return Err(HowEnded::StepFailed { step: step.index as u32 });
        }
        Ok(format!("`{pin}` is {level}"))
    }

    fn set_control(&mut self, control: &SetControl) -> Result<String, HowEnded> {
        let SetControl { part_id, name, value } = control;
        let (part, control) = (part_id.to_string(), name.to_string());
        let detail = format!("{control} of `{part}` = {value}");
        self.line.session.set_control(&part, &control, value).map_err(failed)?;
        let now = self.line.now();
        self.recorder.event(now, &Stimulus::Control { part, control, value: value.to_string() });
        Ok(detail)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), HowEnded> {
        let arriving = self.line.send(bytes).map_err(failed)?;
        self.recorder.event(self.line.now(), &Stimulus::Serial(arriving));
        Ok(())
    }

    fn timed_out(&mut self, step: &Step, detail: &str) -> HowEnded {
        self.step_event(step, StepEventKind::TimedOut, detail);
        HowEnded::TimedOut { step: Some(step.index as u32) }
    }

    fn step_event(&mut self, step: &Step, kind: StepEventKind, detail: &str) {
        let instant = self.line.now();
        let event =
            StepEvent { index: step.index as u32, kind, instant, detail: detail.to_owned() };
        self.recorder.event(instant, &event);
    }

    /// Lets the device run; nothing that it can do is waited for.
    fn advance(&mut self, until: Instant) -> Result<(), HowEnded> {
        while self.line.now() < until {
            let _ = self.slice(until, &mut Reason::Time)?;
        }
        Ok(())
    }

    /// Lets the device run until what it runs for has come; `false` if the instant came first. If
    /// the device can do nothing more, there is no point in waiting for the time-out.
    fn advance_for(&mut self, until: Instant, reason: &mut Reason<'_>) -> Result<bool, HowEnded> {
        let mut stuck_before = false;
        loop {
            if matches!(reason, Reason::Telemetry) && self.witness.has_come(self.recorder) {
                return Ok(true);
            }
            if self.line.now() >= until {
                return Ok(false);
            }
            let (end, quiet) = self.slice(until, reason)?;
            match end {
                // A record may be the one that is waited for: that is asked above.
                End::Paused if matches!(reason, Reason::Telemetry) => stuck_before = false,
                End::Paused => return Ok(true),
                // Bytes may still be on their way out: only a second look is proof.
                End::Stuck if quiet && stuck_before => return Err(HowEnded::Deadlocked),
                End::Stuck => stuck_before = quiet,
                End::Reached | End::Ended(_) => stuck_before = false,
            }
        }
    }

    /// Lets the device run for a slice. Says why it stopped and whether nothing was heard of it.
    fn slice(&mut self, until: Instant, reason: &mut Reason<'_>) -> Result<(End, bool), HowEnded> {
        if let Some(stopping) = self.watchdog.stopping() {
            return Err(stopping.into());
        }
        let now = self.line.now();
        let turns = self.faults.due(now);
        self.turn(turns)?;
        let next_turn = self.faults.next_after(now).unwrap_or(until);
        let slice_end = until.min(next_multiple(now)).min(next_turn);
        let mut waiting = Waiting { matcher: &mut self.matcher, reason };
        let progress = self.line.advance(slice_end, &mut waiting).map_err(failed)?;
        let quiet = progress.output.is_empty();
        let end = self.record(progress);
        self.forbidden.verdict()?;
        if let End::Ended(how) = end {
            return Err(how);
        }
        self.look()?;
        Ok((end, quiet))
    }

    fn record(&mut self, progress: Progress) -> End {
        for output in &progress.output {
            if output.stream == Stream::Uart0 {
                self.heard += output.bytes.len() as u64;
            }
            self.forbidden.take(output);
            self.recorder.append(output.stream, output.instant, &output.bytes);
        }
        progress.end
    }

    fn look(&mut self) -> Result<(), HowEnded> {
        match (self.look)(self.recorder, self.line.now()) {
            Reaction::Continue => Ok(()),
            Reaction::Send(bytes) => self.send(&bytes),
            Reaction::Stop => Err(HowEnded::Interrupted),
        }
    }

    fn end(&mut self, ended: HowEnded) -> HowEnded {
        let rest = self.faults.rest();
        let ended = self.turn(rest).err().unwrap_or(ended);
        let ended = match self.line.session.finish() {
            Ok(progress) => {
                let _ = self.record(progress);
                ended
            }
            Err(error) => failed(error),
        };
        self.recorder.event(self.line.now(), &ended);
        ended
    }
}

/// The first whole multiple of a slice after an instant.
fn next_multiple(now: Instant) -> Instant {
    let slice = SLICE.as_picos();
    Instant::from_picos((now.as_picos() / slice + 1).saturating_mul(slice))
}

fn failed(error: BackendError) -> HowEnded {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    HowEnded::Error(text)
}

#[cfg(test)]
mod tests;
