//! Carrying out the runs of a plan, several at a time.
//!
//! Workers take the next run that nobody has taken. What they tell goes through one channel to the
//! thread that prints, so lines never mix; results come back in the order of the plan, and are
//! the same for any number of workers because no run knows of another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ramscope_backend::{
    Circuit, Follow, GdbListener, GdbSession, Reaction, Session, Watchdog, drive, launch, pause,
    switches_made,
};
use ramscope_capture::{Capture, Event, ObserverEvent, Recorder, Stream};
use ramscope_model::{
    BudgetResult, BudgetState, Closing, ElfSymbols, Evidence, Feed, HostFacts, HostTimes, Judged,
    NoSymbols, Outcome, Verdict, judge_fed, verdict_of,
};
use ramscope_report::Entry;
use ramscope_scenario::{Artifact, Artifacts, Run, TargetKind};
use ramscope_time::Instant;

use crate::args::Format;
use crate::bundle;
use crate::config::{Keep, RunSettings};
use crate::evidence::{self, ToRecord};
use crate::failure::Failure;
use crate::host_times::HostTimer;
use crate::images::Images;
use crate::output::Verbosity;
use crate::reports::FileKind;
use crate::store::{self, CaptureFile};
use crate::vcd::vcd;
use crate::witness::Following;

/// Slices of device time between two signs of life of a run.
const SLICES_BETWEEN_SIGNS: usize = 25;
/// How long to wait before a run is tried again: for the first, the second and any later time.
const BACK_OFF: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// What to carry out, and how.
#[derive(Debug)]
pub(crate) struct Execution<'a> {
    pub(crate) runs: &'a [Run],
    /// Where the capture of each run goes.
    pub(crate) paths: &'a [PathBuf],
    pub(crate) images: &'a Images,
    /// The file that names functions, if it is not the image.
    pub(crate) symbols: Option<&'a [u8]>,
    /// What stands around the chip.
    pub(crate) circuit: Option<&'a Circuit>,
    pub(crate) settings: &'a RunSettings,
    /// Set by Ctrl-C.
    pub(crate) interrupted: Arc<AtomicBool>,
    /// Set by the first run that does not pass, if that is to be enough. One word, so no order is
    /// needed.
    pub(crate) enough: AtomicBool,
    /// How long a run may take on the host's clock.
    pub(crate) host_limit: Duration,
    /// Where the first run that begins waits for a debugger.
    pub(crate) debugger: Mutex<Option<GdbListener>>,
}

/// Something that happened to the run of an index.
#[derive(Debug)]
pub(crate) enum News {
    /// It has come to this instant.
    At(usize, Instant),
    /// Its target failed for this reason, and it is tried again.
    Again(usize, String),
    /// It is over.
    Over(usize, Box<Result<Judged, Failure>>),
}

/// A run that is over and not judged yet.
struct Recorded {
    session: Box<dyn Session>,
    facts: HostFacts,
    recorder: Recorder,
    file: Option<CaptureFile>,
    keep: Keep,
    times: HostTimes,
    feed: Feed,
    /// Before its findings have names.
    verdict: Verdict,
}

impl Execution<'_> {
    /// Carries out all runs and tells `listen` what happens, on the thread of the caller. After an
    /// interruption, or once it is enough, the runs that have not begun stay without an `Over`.
    pub(crate) fn carry_out(&self, listen: &mut dyn FnMut(News)) {
        let next = AtomicUsize::new(0);
        let (tell, news) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.settings.jobs.min(self.runs.len()) {
                let tell = tell.clone();
                scope.spawn(|| self.work(&next, tell));
            }
            drop(tell);
            news.iter().for_each(listen);
        });
    }

    fn work(&self, next: &AtomicUsize, tell: Sender<News>) {
        let mut symbols = BTreeMap::new();
        while !self.is_interrupted() && !self.enough.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= self.runs.len() {
                return;
            }
            let firmware = self.images.of(self.runs[index].target);
            let names = || ElfSymbols::new(self.symbols.unwrap_or(&firmware.elf)).ok();
            let symbols = symbols.entry(&firmware.hash).or_insert_with(names).as_ref();
            let result = self.attempts(index, symbols, &tell);
            let is_well = matches!(outcome_of(&result), Outcome::Pass | Outcome::Skipped);
            if self.settings.fail_fast && !is_well {
                self.enough.store(true, Ordering::Relaxed);
            }
            // The listener lives as long as the workers do.
            let _ = tell.send(News::Over(index, Box::new(result)));
        }
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Carries out one run, again if its target failed, as often as was allowed.
    fn attempts(
        &self,
        index: usize,
        symbols: Option<&ElfSymbols>,
        tell: &Sender<News>,
    ) -> Result<Judged, Failure> {
        let mut earlier = Vec::new();
        loop {
            let result = self.run(index, symbols, &earlier, tell);
            let is_last = earlier.len() >= self.settings.retries as usize || self.is_interrupted();
            if is_last || outcome_of(&result) != Outcome::Unavailable {
                return result;
            }
            let reason = match &result {
                Ok(judged) => judged.verdict.sentence.clone(),
                Err(failure) => failure.sentence(),
            };
            let _ = tell.send(News::Again(index, reason.clone()));
            pause(BACK_OFF[earlier.len().min(BACK_OFF.len() - 1)], &self.interrupted);
            earlier.push(reason);
        }
    }

    fn launch(
        &self,
        run: &Run,
        follow: Follow,
        watchdog: &Watchdog,
    ) -> Result<Box<dyn Session>, Failure> {
        let firmware = self.images.of(run.target);
        let debugger = self.debugger.lock().expect("nobody panics with it").take();
        Ok(match debugger {
            Some(listener) => Box::new(GdbSession::launch(
                run,
                firmware,
                self.circuit,
                listener,
                &self.interrupted,
            )?),
            None => launch(run, firmware, self.circuit, follow, watchdog)?,
        })
    }

    /// What to follow from the beginning: what is seen by nobody is not paid for.
    fn follow(&self) -> Follow {
        let settings = self.settings;
        let tells_more = settings.verbosity == Verbosity::Full
            || self.runs.len() == 1
            || settings.format != Format::Text
            || settings.reports.tell_memory()
            || self.runs.iter().any(asks_for_reports);
        if tells_more { Follow::Blocks } else { Follow::Nothing }
    }

    /// Carries out one run. The built-in machine does the same a second time, so what led to a failure is
    /// followed then, and runs that pass are as fast as they can be.
    fn run(
        &self,
        index: usize,
        symbols: Option<&ElfSymbols>,
        earlier_attempts: &[String],
        tell: &Sender<News>,
    ) -> Result<Judged, Failure> {
        let run = &self.runs[index];
        let follow = self.follow();
        let mut recorded = self.record(index, (follow, self.host_limit), earlier_attempts, tell)?;
        let can_repeat = matches!(run.target, TargetKind::Engine | TargetKind::EngineVirt);
        let is_worth_it = matches!(recorded.verdict.outcome, Outcome::Fail | Outcome::TimedOut);
        if follow == Follow::Nothing && can_repeat && is_worth_it && !self.is_interrupted() {
            // Its file gives way first. It came to its end once, so it does again.
            drop(recorded);
            let slowly = (Follow::Blocks, Duration::MAX);
            recorded = self.record(index, slowly, earlier_attempts, tell)?;
        }
        self.conclude(index, recorded, symbols)
    }

    /// Carries out one run once. A capture that is to be kept whatever comes grows on disk
    /// meanwhile.
    fn record(
        &self,
        index: usize,
        (follow, host_limit): (Follow, Duration),
        earlier_attempts: &[String],
        tell: &Sender<News>,
    ) -> Result<Recorded, Failure> {
        let (run, path) = (&self.runs[index], &self.paths[index]);
        let keep = keep(run, self.settings.keep);
        let watchdog = Watchdog::new(Arc::clone(&self.interrupted), host_limit);
        let mut session = self.launch(run, follow, &watchdog)?;
        let firmware = self.images.of(run.target);
        let mut facts = evidence::facts(ToRecord { run, path, firmware, target: session.facts() });
        facts.earlier_attempts = earlier_attempts.to_vec();
        if keep == Keep::None {
            facts.replay = evidence::run_again(run);
        }
        let mut recorder = Recorder::new();
        recorder.host(facts.to_host_part());
        let mut file = match keep {
            Keep::All => Some(CaptureFile::begin(path, recorder.capture())?),
            Keep::Failed | Keep::None => None,
        };
        let mut timer = HostTimer::start();
        let mut slices = 0;
        let mut look = |recorder: &Recorder, now| {
            timer.look(recorder.capture());
            if let Some(file) = &mut file {
                file.catch_up(recorder.capture());
            }
            slices += 1;
            if slices % SLICES_BETWEEN_SIGNS == 0 {
                let _ = tell.send(News::At(index, now));
            }
            Reaction::Continue
        };
        // How it ended is in the recording, from which it is judged.
        let mut witness = Following::default();
        let _ = drive(run, session.as_mut(), &mut recorder, &watchdog, &mut look, &mut witness);
        let times = timer.stop(recorder.capture());
        let feed = Feed::of(recorder.capture());
        let verdict = verdict_so_far(run, &feed);
        Ok(Recorded { session, facts, recorder, file, keep, times, feed, verdict })
    }

    /// Judges a recording, and leaves what is to be left of it.
    fn conclude(
        &self,
        index: usize,
        recorded: Recorded,
        symbols: Option<&ElfSymbols>,
    ) -> Result<Judged, Failure> {
        let (run, path) = (&self.runs[index], &self.paths[index]);
        let Recorded { session, facts, mut recorder, file, keep, times, mut feed, verdict } =
            recorded;
        let failed = bundle::is_wanted(verdict.outcome);
        let folder = bundle::folder_for(path);
        if failed {
            note(session.calls(), &mut recorder, &mut feed);
        }
        if verdict.budgets.iter().any(asks_for_blocks) {
            note(session.held(), &mut recorder, &mut feed);
        }
        let machine = evidence::machine_facts(session.facts());
        let image = &self.images.of(run.target).path;
        let closing = Closing {
            times: Some(times),
            bundle: failed.then(|| evidence::as_argument(&folder)),
            ..evidence::closing(machine, &feed, (symbols, image))
        };
        recorder.closing(closing.to_host_part());
        let capture = recorder.finish();
        warn_of_missed_switches(run, &capture);
        let judged = judge_fed(&capture, facts.closed_by(closing), feed);
        let judged = self.leave(path, &capture, file, keep, judged)?;
        match failed {
            true => bundle::write(&folder, &judged, &capture)?,
            false => bundle::remove(&folder),
        }
        Ok(judged)
    }

    /// Leaves what is to be kept of a run on disk.
    fn leave(
        &self,
        path: &Path,
        capture: &Capture,
        file: Option<CaptureFile>,
        keep: Keep,
        mut judged: Judged,
    ) -> Result<Judged, Failure> {
        let passed = judged.verdict.outcome == Outcome::Pass;
        match (file, keep) {
            (Some(file), _) => file.finish(capture)?,
            (None, Keep::Failed) if !passed => store::write(path, capture)?,
            (None, _) => judged.facts.replay = evidence::run_again(&judged.facts.run),
        }
        let is_kept = keep == Keep::All || keep == Keep::Failed && !passed;
        let dump = vcd(capture);
        if let Some(vcd) = dump.as_ref().filter(|_| is_kept) {
            store::write_beside(path, "vcd", vcd.as_bytes())?;
        }
        let judged = self.leave_artifacts(path, capture, judged)?;
        if let Some(file) = &self.settings.vcd {
            match dump {
                Some(dump) => store::write_file(file, dump.as_bytes())?,
                None => eprintln!(
                    "warning: no {}, because no logic analyzer is around the chip",
                    file.display()
                ),
            }
        }
        if let Some(log) = &self.settings.serial_log {
            store::write_file(log, &serial_text(capture))?;
        }
        Ok(judged)
    }
}

impl Execution<'_> {
    /// Leaves the files that the scenario asks for beside the place of the capture.
    fn leave_artifacts(
        &self,
        path: &Path,
        capture: &Capture,
        judged: Judged,
    ) -> Result<Judged, Failure> {
        let Artifacts { keep, files } = &judged.facts.run.scenario.settings.artifacts;
        let passed = judged.verdict.outcome == Outcome::Pass;
        let is_kept = match (self.settings.keep, keep) {
            (Some(Keep::None), _) => false,
            (Some(Keep::Failed), _) | (None, ramscope_scenario::Keep::OnFailure) => !passed,
            (Some(Keep::All), _) | (None, ramscope_scenario::Keep::Always) => true,
        };
        let asks = |artifact| is_kept && files.contains(&artifact);
        if asks(Artifact::Console) {
            store::write_beside(path, "log", &serial_text(capture))?;
        }
        let [json, html] = [asks(Artifact::Json), asks(Artifact::Html)];
        let entry = [Entry::from(judged)];
        if json {
            store::write_beside(path, "json", FileKind::Json.render(&entry).as_bytes())?;
        }
        if html {
            store::write_beside(path, "html", FileKind::Html.render(&entry).as_bytes())?;
        }
        match entry {
            [Entry::Ran(judged)] => Ok(*judged),
            [Entry::NotRun(_)] => unreachable!("it ran"),
        }
    }
}

/// What the device said over its serial line.
fn serial_text(capture: &Capture) -> Vec<u8> {
    capture.stream(Stream::Uart0).flat_map(|chunk| &chunk.bytes).copied().collect()
}

/// How a run came out, before its findings have names.
pub(crate) fn outcome_so_far(run: &Run, feed: &Feed) -> Outcome {
    verdict_so_far(run, feed).outcome
}

fn verdict_so_far(run: &Run, feed: &Feed) -> Verdict {
    let (device, course) = (feed.device(), feed.course());
    let console = feed.console();
    verdict_of(&Evidence { run, device, course, console, damage: None, symbols: &NoSymbols })
}

/// Whether reports on a run are among what it leaves behind.
fn asks_for_reports(run: &Run) -> bool {
    let files = &run.scenario.settings.artifacts.files;
    files.contains(&Artifact::Json) || files.contains(&Artifact::Html)
}

/// Whether a budget is exceeded by blocks of the heap, wherever they come from.
fn asks_for_blocks(result: &BudgetResult) -> bool {
    result.state == BudgetState::Exceeded && result.metric.is_of_held_blocks()
}

/// Records what a look at the device at the end of its run has shown.
fn note(events: Vec<ObserverEvent>, recorder: &mut Recorder, feed: &mut Feed) {
    let at = feed.course().last_at;
    for event in events {
        recorder.event(at, &event);
        feed.push(Stream::Observer, at, &event.encode());
    }
}

/// Says so if a schedule was not kept: it may be one of another image.
fn warn_of_missed_switches(run: &Run, capture: &Capture) {
    let asked = run.schedule.switches().len();
    let made = switches_made(capture).iter().filter(|switch| switch.to.is_some()).count();
    if made < asked {
        eprintln!(
            "warning: {made} of {asked} switches of the schedule came about; it may belong to another \
             image, scenario or seed"
        );
    }
}

fn outcome_of(result: &Result<Judged, Failure>) -> Outcome {
    match result {
        Ok(judged) => judged.verdict.outcome,
        Err(failure) => failure.outcome(),
    }
}

/// Which captures of a run's kind stay: what was asked for, or else what the scenario says; of
/// repetitions, which their seeds recreate, only those that do not pass.
fn keep(run: &Run, asked: Option<Keep>) -> Keep {
    let Artifacts { keep, files } = &run.scenario.settings.artifacts;
    match (asked, keep) {
        (Some(keep), _) => keep,
        (None, _) if !files.contains(&Artifact::Capture) => Keep::None,
        (None, ramscope_scenario::Keep::OnFailure) => Keep::Failed,
        (None, ramscope_scenario::Keep::Always) if run.repetition > 0 => Keep::Failed,
        (None, ramscope_scenario::Keep::Always) => Keep::All,
    }
}
