//! One trial: a fork in which an allocation fails, and what comes after the steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ramscope_backend::{
    Circuit, End, Firmware, Ground, NeverPause, Reaction, Session, Survey, Watchdog, drive,
};
use ramscope_capture::{Capture, Recorder, Stimulus};
use ramscope_model::Feed;
use ramscope_scenario::{Run, Schedule};
use ramscope_time::Span;
use ramscope_wire::{SendSamples, write_record};

use super::judge::{Fate, Usual, judge};
use crate::failure::Failure;
use crate::witness::Following;

/// How long the program may go on after the steps, and after a Ctrl-C.
const PATIENCE: Span = Span::from_seconds(3);
/// How often it is looked whether it is over.
const LOOK: Span = Span::from_millis(250);
/// What a person types to end a program, and what any device answers.
const CTRL_C: &[u8] = b"\x03";
const QUESTION: &[u8] = b"mem\n";
/// For the answer, and for the samples.
const ANSWER: Span = Span::from_millis(200);
const COMMAND: u16 = 0x5EE9;

/// Where trials of one run are made.
pub(crate) struct Trials {
    run: Run,
    ground: Ground,
    /// What the run does if nothing fails.
    pub(crate) usual: Usual,
    interrupted: Arc<AtomicBool>,
    host_limit: Duration,
}

impl Trials {
    /// Carries the run out once without a failure; what breaks then is no matter of memory.
    pub(crate) fn survey(
        run: &Run,
        (firmware, circuit): (&Firmware, Option<&Circuit>),
        interrupted: Arc<AtomicBool>,
        host_limit: Duration,
    ) -> Result<Self, Failure> {
        let mut survey = Survey::launch_to_fork(run, firmware, circuit);
        let watchdog = Watchdog::new(Arc::clone(&interrupted), host_limit);
        let capture = carry_out(run, &mut survey, &watchdog);
        let usual = Usual::of(&Feed::of(&capture));
        let ground = survey.into_ground().ok_or_else(|| Failure::NoGround {
            reason: "the image does not say which unit runs".to_owned(),
        })?;
        Ok(Self { run: run.clone(), ground, usual, interrupted, host_limit })
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// The run in which the n-th allocation fails.
    pub(crate) fn without(&self, nth: u32) -> Run {
        Run { fail_allocation: Some(nth), ..self.run.clone() }
    }

    /// Tries it.
    pub(crate) fn trial(&self, nth: u32) -> Fate {
        let mut fork = self.ground.fork(&Schedule::default());
        let watchdog = Watchdog::new(Arc::clone(&self.interrupted), self.host_limit);
        let capture = carry_out(&self.without(nth), &mut fork, &watchdog);
        judge(&self.usual, &Feed::of(&capture))
    }
}

/// The steps, and what comes after them.
fn carry_out(run: &Run, session: &mut dyn Session, watchdog: &Watchdog) -> Capture {
    let mut recorder = Recorder::new();
    let mut witness = Following::default();
    let mut look = |_: &Recorder, _| Reaction::Continue;
    // How it ended is in the recording, from which it is judged.
    let _ = drive(run, session, &mut recorder, watchdog, &mut look, &mut witness);
    Aftermath { session, recorder: &mut recorder, watchdog }.await_the_end();
    recorder.finish()
}

/// The time after the steps.
struct Aftermath<'a> {
    session: &'a mut dyn Session,
    recorder: &'a mut Recorder,
    watchdog: &'a Watchdog,
}

impl Aftermath<'_> {
    /// The program ends, if need be by Ctrl-C; then the device says what its heap holds.
    fn await_the_end(&mut self) {
        if !self.is_over_within(PATIENCE) {
            self.say(CTRL_C);
            let _ = self.is_over_within(PATIENCE);
        }
        self.say(QUESTION);
        let _ = self.pass(ANSWER);
        let mut words = Vec::new();
        write_record(&SendSamples { introduce: true }, COMMAND, 0, &mut words);
        if self.session.command(&words).is_ok() {
            self.recorder.event(self.session.now(), &Stimulus::Command(words));
        }
        let _ = self.pass(ANSWER);
    }

    fn say(&mut self, bytes: &[u8]) {
        let now = self.session.now();
        if self.session.send_serial(bytes).is_ok() {
            self.recorder.event(now, &Stimulus::Serial(bytes.to_vec()));
        }
    }

    fn is_over_within(&mut self, patience: Span) -> bool {
        let deadline = self.session.now() + patience;
        loop {
            let feed = Feed::of(self.recorder.capture());
            if feed.device().programs().iter().all(|program| program.ended.is_some()) {
                return true;
            }
            if self.session.now() >= deadline || !self.pass(LOOK) {
                return false;
            }
        }
    }

    /// Lets time pass; `false` if the device cannot go on, or nobody waits any longer.
    fn pass(&mut self, span: Span) -> bool {
        if self.watchdog.stopping().is_some() {
            return false;
        }
        let until = self.session.now() + span;
        let Ok(progress) = self.session.advance(until, &mut NeverPause) else { return false };
        for output in &progress.output {
            self.recorder.append(output.stream, output.instant, &output.bytes);
        }
        !matches!(progress.end, End::Ended(_))
    }
}
