//! Runs on a scripted device.

mod beside;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ramscope_capture::{Capture, Stream};
use ramscope_scenario::{PlanOptions, TargetKind, TargetOffer, parse, plan};

use super::*;
use crate::session::{Capabilities, Output, PauseAt, TargetFacts};

/// A device that says what it is told to say, when, and answers input after a millisecond.
#[derive(Clone, Debug, Default)]
struct Scripted {
    now: Instant,
    /// Bytes still to be said, by instant.
    says: Vec<(Instant, u8)>,
    /// Whether nothing can happen any more once all is said.
    sleeps_for_ever: bool,
    dies_at: Option<Instant>,
    takes_commands: bool,
}

impl Scripted {
    fn saying(lines: &[(u64, &str)]) -> Self {
        let mut device = Self::default();
        for &(millis, text) in lines {
            device.say(Instant::ZERO + Span::from_millis(millis), text.as_bytes());
        }
        device
    }

    /// Ten microseconds a byte.
    fn say(&mut self, from: Instant, bytes: &[u8]) {
        let at = |index: usize| from + Span::from_micros(10 * (index as u64 + 1));
        self.says.extend(bytes.iter().enumerate().map(|(index, &byte)| (at(index), byte)));
        self.says.sort_by_key(|&(at, _)| at);
    }
}

impl Session for Scripted {
    fn capabilities(&self) -> Capabilities {
        match self.takes_commands {
            true => Capabilities::of(&[Capability::Windows]),
            false => Capabilities::default(),
        }
    }

    fn facts(&self) -> TargetFacts {
        TargetFacts::default()
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn advance(
        &mut self,
        until: Instant,
        pause: &mut dyn PauseAt,
    ) -> Result<Progress, BackendError> {
        let mut output = Vec::new();
        let limit = self.dies_at.map_or(until, |dies_at| dies_at.min(until));
        while self.says.first().is_some_and(|&(at, _)| at <= limit) {
            let (instant, byte) = self.says.remove(0);
            self.now = instant;
            output.push(Output { stream: Stream::Uart0, instant, bytes: vec![byte] });
            if pause.feed(&[byte]).is_some() {
                return Ok(Progress { output, end: End::Paused });
            }
        }
        self.now = limit;
        let end = match self.dies_at {
            Some(dies_at) if dies_at <= until => End::Ended(HowEnded::Fatal("it died".into())),
            _ if self.sleeps_for_ever && self.says.is_empty() => End::Stuck,
            _ => End::Reached,
        };
        Ok(Progress { output, end })
    }

    fn send_serial(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        let answer = [b"got ", bytes].concat();
        self.say(self.now + Span::from_millis(1), &answer);
        Ok(())
    }

    fn command(&mut self, _words: &[u32]) -> Result<(), BackendError> {
        self.takes_commands.then_some(()).ok_or(BackendError::NoCommands)
    }

    fn finish(&mut self) -> Result<Progress, BackendError> {
        Ok(Progress { output: Vec::new(), end: End::Reached })
    }
}

pub(super) fn run_of(steps: &str, settings: &str) -> Run {
    let text =
        format!("name: test\nversion: 1\nsteps:\n{steps}\nramscope:\n  schema: 1\n{settings}");
    let parsed = parse("test.yaml", &text);
    let scenario = parsed.scenario.unwrap_or_else(|| panic!("{:?}", parsed.problems));
    let able = ramscope_scenario::Capabilities {
        windows: true,
        allocation_faults: true,
        uart_faults: true,
        ..Default::default()
    };
    let offers = BTreeMap::from([(TargetKind::Engine, TargetOffer::Available(able))]);
    plan(&[scenario], &PlanOptions { offers, ..PlanOptions::default() }).runs.remove(0)
}

struct Ran {
    ended: HowEnded,
    capture: Capture,
}

fn carry_out(run: &Run, mut device: Scripted) -> Ran {
    let mut recorder = Recorder::new();
    let mut nobody = |_: &Recorder, _| Reaction::Continue;
    let ended =
        drive(run, &mut device, &mut recorder, &Watchdog::asleep(), &mut nobody, &mut NoWitness);
    Ran { ended, capture: recorder.finish() }
}

fn steps(capture: &Capture) -> Vec<StepEvent> {
    capture.events::<StepEvent>().map(|event| event.unwrap().event).collect()
}

fn micros(micros: u64) -> Instant {
    Instant::ZERO + Span::from_micros(micros)
}

#[test]
fn a_step_begins_right_after_the_byte_that_ended_the_one_before() {
    let run = run_of("- wait-serial: \"ok\"\n- write-serial: \"x\"\n- wait-serial: \"got x\"", "");
    let ran = carry_out(&run, Scripted::saying(&[(15, "ok then")]));
    assert_eq!(ran.ended, HowEnded::StepsDone);
    let sent = ran.capture.events::<Stimulus>().next().unwrap().unwrap();
    assert_eq!(sent.event, Stimulus::Serial(b"x".to_vec()));
    assert_eq!(sent.instant, micros(15_020));
}

#[test]
fn a_wait_sees_only_bytes_that_come_after_it_began() {
    let run = run_of("- delay: 10ms\n- wait-serial: \"ready\"", "  timeout: 1s\n");
    let ran = carry_out(&run, Scripted::saying(&[(1, "ready")]));
    assert_eq!(ran.ended, HowEnded::TimedOut { step: Some(1) });
    let last = steps(&ran.capture).pop().unwrap();
    assert_eq!((last.kind, last.instant), (StepEventKind::TimedOut, micros(1_000_000)));
    assert!(last.detail.contains("match: cursor"), "{}", last.detail);
}

#[test]
fn delays_are_exact_device_time() {
    let run = run_of("- delay: 12345us\n- write-serial: \"x\"", "");
    let ran = carry_out(&run, Scripted::default());
    assert_eq!(steps(&ran.capture)[2].instant, micros(12_345));
}

#[test]
fn a_step_has_a_time_out_of_its_own() {
    let run = run_of("- delay: 5ms\n- wait-serial: \"never\"", "  timeouts: {default: 20ms}\n");
    let ran = carry_out(&run, Scripted::default());
    assert_eq!(steps(&ran.capture).last().unwrap().instant, micros(25_000));
}

#[test]
fn a_crash_after_the_last_step_is_seen() {
    let run = run_of("- write-serial: \"x\"", "");
    let device = Scripted { dies_at: Some(micros(150_000)), ..Scripted::default() };
    assert_eq!(carry_out(&run, device).ended, HowEnded::Fatal("it died".into()));
}

#[test]
fn waiting_for_a_device_that_sleeps_for_ever_ends_at_once() {
    let run = run_of("- wait-serial: \"never\"", "  timeout: 30s\n");
    let device = Scripted { sleeps_for_ever: true, ..Scripted::saying(&[(1, "good night")]) };
    let ran = carry_out(&run, device);
    assert_eq!(ran.ended, HowEnded::Deadlocked);
    let end = ran.capture.events::<HowEnded>().next().unwrap().unwrap();
    assert!(end.instant < micros(100_000), "{}", end.instant);
}

#[test]
fn a_step_that_the_target_cannot_do_is_skipped_with_a_reason() {
    let run = run_of("- set-control: {part-id: btn, control: pressed, value: 1}\n- delay: 1ms", "");
    let ran = carry_out(&run, Scripted::default());
    let first = &steps(&ran.capture)[0];
    assert_eq!(first.kind, StepEventKind::Skipped);
    assert!(!first.detail.is_empty());
    assert_eq!(ran.ended, HowEnded::StepsDone);
}

#[test]
fn an_interrupted_run_is_recorded_up_to_there() {
    let run = run_of("- delay: 1s", "");
    let interrupted = Arc::new(AtomicBool::new(true));
    let watchdog = Watchdog::new(interrupted, Duration::MAX);
    let mut recorder = Recorder::new();
    let mut nobody = |_: &Recorder, _| Reaction::Continue;
    let ended = drive(
        &run,
        &mut Scripted::default(),
        &mut recorder,
        &watchdog,
        &mut nobody,
        &mut NoWitness,
    );
    assert_eq!(ended, HowEnded::Interrupted);
    assert_eq!(recorder.capture().events::<HowEnded>().count(), 1);
}

#[test]
fn the_hosts_clock_ends_a_run_that_device_time_does_not() {
    let run = run_of("- delay: 1s", "");
    let watchdog = Watchdog::new(Arc::default(), Duration::ZERO);
    let mut recorder = Recorder::new();
    let mut nobody = |_: &Recorder, _| Reaction::Continue;
    let ended = drive(
        &run,
        &mut Scripted::default(),
        &mut recorder,
        &watchdog,
        &mut nobody,
        &mut NoWitness,
    );
    assert_eq!(ended, HowEnded::HostWatchdog);
}

#[test]
fn whoever_looks_on_can_type() {
    let run = run_of("- wait-serial: \"got hi\"", "");
    let mut recorder = Recorder::new();
    let mut typed = false;
    let mut type_once = |_: &Recorder, _| match std::mem::replace(&mut typed, true) {
        false => Reaction::Send(b"hi".to_vec()),
        true => Reaction::Continue,
    };
    let device = &mut Scripted::default();
    let ended =
        drive(&run, device, &mut recorder, &Watchdog::asleep(), &mut type_once, &mut NoWitness);
    assert_eq!(ended, HowEnded::StepsDone);
    assert_eq!(recorder.capture().events::<Stimulus>().count(), 1);
}
