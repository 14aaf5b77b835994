//! Carrying out the runs of a plan, several at a time.
//!
//! Workers take the next run that nobody has taken. What they tell goes through one channel to the
//! thread that prints, so lines never mix; results come back in the order of the plan, and are
//! the same for any number of workers because no run knows of another.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ramscope_backend::{
    Circuit, GdbListener, GdbSession, Reaction, Session, Watchdog, drive, launch,
};
use ramscope_capture::Recorder;
use ramscope_model::{Closing, ElfSymbols, Feed, Judged, judge_fed};
use ramscope_scenario::Run;
use ramscope_time::Instant;

use crate::evidence::{self, ToRecord};
use crate::failure::Failure;
use crate::host_times::HostTimer;
use crate::images::Images;
use crate::store::{self, CaptureFile};
use crate::vcd::vcd;

/// Slices of device time between two signs of life of a run.
const SLICES_BETWEEN_SIGNS: usize = 25;

/// What to carry out, and how.
#[derive(Debug)]
pub(crate) struct Execution<'a> {
    pub(crate) runs: &'a [Run],
    /// Where the capture of each run goes.
    pub(crate) paths: &'a [PathBuf],
    pub(crate) images: &'a Images,
    /// What stands around the chip.
    pub(crate) circuit: Option<&'a Circuit>,
    pub(crate) jobs: usize,
    /// Set by Ctrl-C.
    pub(crate) interrupted: Arc<AtomicBool>,
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
    /// It is over.
    Over(usize, Box<Result<Judged, Failure>>),
}

impl Execution<'_> {
    /// Carries out all runs and tells `listen` what happens, on the thread of the caller. After an
    /// interruption the runs that have not begun stay without an `Over`.
    pub(crate) fn carry_out(&self, listen: &mut dyn FnMut(News)) {
        let next = AtomicUsize::new(0);
        let (tell, news) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.jobs.min(self.runs.len()) {
                let tell = tell.clone();
                scope.spawn(|| self.work(&next, tell));
            }
            drop(tell);
            news.iter().for_each(listen);
        });
    }

    fn work(&self, next: &AtomicUsize, tell: Sender<News>) {
        let mut symbols = BTreeMap::new();
        while !self.interrupted.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= self.runs.len() {
                return;
            }
            let firmware = self.images.of(self.runs[index].target);
            let names = || ElfSymbols::new(&firmware.elf).ok();
            let symbols = symbols.entry(&firmware.hash).or_insert_with(names).as_ref();
            let result = self.run(index, symbols, &tell);
            // The listener lives as long as the workers do.
            let _ = tell.send(News::Over(index, Box::new(result)));
        }
    }

    fn launch(&self, run: &Run) -> Result<Box<dyn Session>, Failure> {
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
            None => launch(run, firmware, self.circuit)?,
        })
    }

    /// Carries out one run. Its capture grows on disk while it goes on.
    fn run(
        &self,
        index: usize,
        symbols: Option<&ElfSymbols>,
        tell: &Sender<News>,
    ) -> Result<Judged, Failure> {
        let (run, path) = (&self.runs[index], &self.paths[index]);
        let mut session = self.launch(run)?;
        let firmware = self.images.of(run.target);
        let facts = evidence::facts(ToRecord { run, path, firmware, target: session.facts() });
        let mut recorder = Recorder::new();
        recorder.host(facts.to_host_part());
        let mut file = CaptureFile::begin(path, recorder.capture())?;
        let watchdog = Watchdog::new(Arc::clone(&self.interrupted), self.host_limit);
        let mut timer = HostTimer::start();
        let mut slices = 0;
        let mut look = |recorder: &Recorder, now| {
            timer.look(recorder.capture());
            file.catch_up(recorder.capture());
            slices += 1;
            if slices % SLICES_BETWEEN_SIGNS == 0 {
                let _ = tell.send(News::At(index, now));
            }
            Reaction::Continue
        };
        // How it ended is in the recording, from which it is judged.
        let _ = drive(run, session.as_mut(), &mut recorder, &watchdog, &mut look);
        let times = timer.stop(recorder.capture());
        let feed = Feed::of(recorder.capture());
        let machine = evidence::machine_facts(session.facts());
        let closing = Closing {
            times: Some(times),
            ..evidence::closing(machine, feed.code_addresses(), symbols)
        };
        recorder.closing(closing.to_host_part());
        let capture = recorder.finish();
        file.finish(&capture)?;
        if let Some(vcd) = vcd(&capture) {
            store::write_beside(path, "vcd", vcd.as_bytes())?;
        }
        Ok(judge_fed(&capture, facts.closed_by(closing), feed))
    }
}
