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

mod order;
mod wait;

use ramscope_capture::{HowEnded, Recorder, StepEvent, StepEventKind, Stimulus};
use ramscope_scenario::{Command, ExpectPin, Matcher, Run, SetControl, Step};
use ramscope_time::{Instant, Span};
use ramscope_wire::{OpenWindow, Payload, WindowId, write_record};

use self::order::{IsFirst, Order};
pub(crate) use self::wait::quote;
use self::wait::{Waiting, describe};
use crate::circuit;
use crate::session::{BackendError, Capability, End, Progress, Session};
use crate::watchdog::Watchdog;

/// How much device time passes at most between two looks.
const SLICE: Span = Span::from_millis(10);

/// How long the device runs on at least if a phase ends with the last step, so that it can say what
/// it measured.
const CLOSING: Span = Span::from_millis(1);

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
/// also recorded. `look` is called after each slice of device time.
pub fn drive(
    run: &Run,
    session: &mut dyn Session,
    recorder: &mut Recorder,
    watchdog: &Watchdog,
    look: &mut dyn FnMut(&Recorder, Instant) -> Reaction,
) -> HowEnded {
    let matcher = Matcher::new(run.scenario.settings.matching);
    let mut driver = Driver { run, session, recorder, watchdog, look, matcher, commands: 0 };
    let ended = match driver.steps_and_settle() {
        Ok(()) => HowEnded::StepsDone,
        Err(ended) => ended,
    };
    driver.end(ended)
}

/// A run in progress. Where a method fails, the run has ended that way.
struct Driver<'a> {
    run: &'a Run,
    session: &'a mut dyn Session,
    recorder: &'a mut Recorder,
    watchdog: &'a Watchdog,
    look: &'a mut dyn FnMut(&Recorder, Instant) -> Reaction,
    matcher: Matcher,
    /// Commands given so far.
    commands: u16,
}

/// Why the device stands still again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The instant was reached.
    Reached,
    /// The awaited bytes came.
    Matched,
}

impl Driver<'_> {
    fn steps_and_settle(&mut self) -> Result<(), HowEnded> {
        let run = self.run;
        let mut order = Order::of(run);
        let (mut next, mut is_first) = (0, IsFirst::Yes);
        while let Some(step) = run.scenario.steps.get(next) {
            self.open_window(order.window_before(next, is_first))?;
            self.step(step)?;
            next = order.after(next);
            is_first = IsFirst::No;
        }
        let last = order.window_before(next, is_first);
        self.open_window(last)?;
        let settle = run.scenario.settings.settle;
        let settle = if last.is_some() { settle.max(CLOSING) } else { settle };
        self.advance(self.session.now() + settle)?;
        Ok(())
    }

    /// Begins a window of measurement at this instant, where that is possible; where it is not, the
    /// verdict finds no trace of it.
    fn open_window(&mut self, number: Option<u32>) -> Result<(), HowEnded> {
        match number.filter(|_| self.session.capabilities().has(Capability::Windows)) {
            Some(number) => self.command(&OpenWindow { window: WindowId(number) }),
            None => Ok(()),
        }
    }

    fn command(&mut self, command: &impl Payload) -> Result<(), HowEnded> {
        self.commands = self.commands.wrapping_add(1);
        let mut words = Vec::new();
        write_record(command, self.commands, 0, &mut words);
        self.session.command(&words).map_err(failed)?;
        self.recorder.event(self.session.now(), &Stimulus::Command(words));
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), HowEnded> {
        if let Some(reason) = self.run.step_skip(step.index) {
            self.step_event(step, StepEventKind::Skipped, reason);
            return Ok(());
        }
        let deadline = self.deadline(step);
        match &step.command {
            Command::Delay(span) => self.delay(step, *span, deadline),
            Command::WaitSerial(pattern) => self.wait_serial(step, pattern, deadline),
            Command::WriteSerial(bytes) => self.write_serial(step, bytes),
            Command::ExpectPin(expected) => self.expect_pin(step, expected),
            Command::SetControl(control) => self.set_control(step, control),
            other => {
                let reason = format!("{} cannot {}", self.run.target, other.keyword());
                self.step_event(step, StepEventKind::Skipped, &reason);
                Ok(())
            }
        }
    }

    /// The instant by which a step that begins now has to be done.
    fn deadline(&self, step: &Step) -> Instant {
        let settings = &self.run.scenario.settings;
        let of_run = Instant::ZERO + settings.timeout;
        match settings.step_timeout(step.index) {
            Some(span) => of_run.min(self.session.now() + span),
            None => of_run,
        }
    }

    fn delay(&mut self, step: &Step, span: Span, deadline: Instant) -> Result<(), HowEnded> {
        self.step_event(step, StepEventKind::Started, "");
        let done = self.session.now() + span;
        self.advance(done.min(deadline))?;
        if done > deadline {
            return Err(self.timed_out(step, &format!("the delay of {span} was not over")));
        }
        self.step_event(step, StepEventKind::Finished, &span.to_string());
        Ok(())
    }

    fn wait_serial(
        &mut self,
        step: &Step,
        pattern: &[u8],
        deadline: Instant,
    ) -> Result<(), HowEnded> {
        self.step_event(step, StepEventKind::Started, "");
        let began = self.session.now();
        let standing = match self.matcher.begin(pattern) {
            Some(_) => Standing::Matched,
            None => self.advance_waiting(deadline)?,
        };
        if standing == Standing::Reached {
            let waited = self.session.now().since(began);
            let seen = self.matcher.give_up().map(|report| describe(&report));
            let detail = format!("waited {waited}; {}", seen.unwrap_or_default());
            return Err(self.timed_out(step, &detail));
        }
        self.step_event(step, StepEventKind::Finished, &quote(pattern));
        Ok(())
    }

    fn write_serial(&mut self, step: &Step, bytes: &[u8]) -> Result<(), HowEnded> {
        self.step_event(step, StepEventKind::Started, "");
        self.send(bytes)?;
        self.step_event(step, StepEventKind::Finished, &quote(bytes));
        Ok(())
    }

    /// Reads a pin while the device stands still. Like Wokwi, a run ends at the first that is wrong.
    fn expect_pin(&mut self, step: &Step, expected: &ExpectPin) -> Result<(), HowEnded> {
        self.step_event(step, StepEventKind::Started, "");
        let pin = circuit::terminal(expected);
        let high = self.session.read_pin(&pin).map_err(failed)?;
        let level = u8::from(high);
        if !expected.holds(high) {
            let detail = format!("`{pin}` was {level}, not {}", expected.value);
            self.step_event(step, StepEventKind::Failed, &detail);
            return Err(HowEnded::StepFailed { step: step.index as u32 });
        }
        self.step_event(step, StepEventKind::Finished, &format!("`{pin}` is {level}"));
        Ok(())
    }

    fn set_control(&mut self, step: &Step, control: &SetControl) -> Result<(), HowEnded> {
        self.step_event(step, StepEventKind::Started, "");
        let SetControl { part_id, name, value } = control;
        let (part, control) = (part_id.to_string(), name.to_string());
        let detail = format!("{control} of `{part}` = {value}");
        self.session.set_control(&part, &control, value).map_err(failed)?;
        let now = self.session.now();
        self.recorder.event(now, &Stimulus::Control { part, control, value: value.to_string() });
        self.step_event(step, StepEventKind::Finished, &detail);
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), HowEnded> {
        let now = self.session.now();
        self.recorder.event(now, &Stimulus::Serial(bytes.to_vec()));
        self.session.send_serial(bytes).map_err(failed)
    }

    fn timed_out(&mut self, step: &Step, detail: &str) -> HowEnded {
        self.step_event(step, StepEventKind::TimedOut, detail);
        HowEnded::TimedOut { step: Some(step.index as u32) }
    }

    fn step_event(&mut self, step: &Step, kind: StepEventKind, detail: &str) {
        let instant = self.session.now();
        let event =
            StepEvent { index: step.index as u32, kind, instant, detail: detail.to_owned() };
        self.recorder.event(instant, &event);
    }

    /// Lets the device run; nothing that it can do is waited for.
    fn advance(&mut self, until: Instant) -> Result<(), HowEnded> {
        while self.session.now() < until {
            let _ = self.slice(until, Waits::No)?;
        }
        Ok(())
    }

    /// Lets the device run until the matcher has found what the step waits for. If the device can
    /// do nothing more, there is no point in waiting for the time-out.
    fn advance_waiting(&mut self, until: Instant) -> Result<Standing, HowEnded> {
        let mut stuck_before = false;
        while self.session.now() < until {
            let (end, quiet) = self.slice(until, Waits::Yes)?;
            match end {
                End::Paused => return Ok(Standing::Matched),
                // Bytes may still be on their way out: only a second look is proof.
                End::Stuck if quiet && stuck_before => return Err(HowEnded::Deadlocked),
                End::Stuck => stuck_before = quiet,
                End::Reached | End::Ended(_) => stuck_before = false,
            }
        }
        Ok(Standing::Reached)
    }

    /// Lets the device run for a slice. Says why it stopped and whether nothing was heard of it.
    fn slice(&mut self, until: Instant, waits: Waits) -> Result<(End, bool), HowEnded> {
        if let Some(stopping) = self.watchdog.stopping() {
            return Err(stopping.into());
        }
        let slice_end = until.min(next_multiple(self.session.now()));
        let mut waiting = Waiting { matcher: &mut self.matcher, may_match: waits == Waits::Yes };
        let progress = self.session.advance(slice_end, &mut waiting).map_err(failed)?;
        let quiet = progress.output.is_empty();
        let end = self.record(progress);
        if let End::Ended(how) = end {
            return Err(how);
        }
        self.look()?;
        Ok((end, quiet))
    }

    fn record(&mut self, progress: Progress) -> End {
        for output in &progress.output {
            self.recorder.append(output.stream, output.instant, &output.bytes);
        }
        progress.end
    }

    fn look(&mut self) -> Result<(), HowEnded> {
        match (self.look)(self.recorder, self.session.now()) {
            Reaction::Continue => Ok(()),
            Reaction::Send(bytes) => self.send(&bytes),
            Reaction::Stop => Err(HowEnded::Interrupted),
        }
    }

    fn end(&mut self, ended: HowEnded) -> HowEnded {
        let ended = match self.session.finish() {
            Ok(progress) => {
                let _ = self.record(progress);
                ended
            }
            Err(error) => failed(error),
        };
        self.recorder.event(self.session.now(), &ended);
        ended
    }
}

/// Whether a step waits for serial bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    Yes,
    No,
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
