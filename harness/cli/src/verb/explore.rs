//! `ramscope explore`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use ramscope_backend::Circuit;
use ramscope_capture::Capture;
use ramscope_model::{ElfSymbols, Judged};
use ramscope_report::ExitCode;
use ramscope_scenario::{Run, TargetKind};

use crate::args::ExploreOptions;
use crate::config::{Keep, RunSettings};
use crate::diagram;
use crate::evidence::{as_argument, run_again};
use crate::execute::{Execution, News};
use crate::explore::{
    Account, Ended, Found, Laboratory, Limits, Method, Proof, Search, Shrunk, Trial, by_name, host,
    judge, name_units, print, shrink, slices, smallest, write,
};
use crate::failure::Failure;
use crate::images::{Builds, Images};
use crate::prepare::{self, Named};
use crate::store::{self, Store};
use crate::terminal::{StatusLine, Terminal};
use crate::verb::{config, run};

/// Runs schedules of a scenario, prints what they came to, and gives the exit code that follows.
pub(crate) fn explore(options: &ExploreOptions, terminal: &Terminal) -> Result<ExitCode, Failure> {
    if options.settings.names_host() {
        return host::explore(options);
    }
    let by_slices = options.settings.names_qemu();
    if options.schedule.is_some() && !by_slices {
        let reason = "`--schedule` here is for `--target host`; `run --schedule` is for machines";
        return Err(Failure::NoGround { reason: reason.to_owned() });
    }
    let mut settings = config::run_settings(&options.settings)?;
    settings.reports.without_pages("an exploration")?;
    settings.reports.prepare()?;
    // The capture of what was found stays, whatever becomes of others.
    settings.keep = Some(Keep::All);
    let scenarios = prepare::scenarios(&settings, Named::Scenarios)?;
    let builds = if options.no_build { Builds::Never } else { Builds::WhenAsked };
    let mut images = Images::given(&settings, builds)?;
    let circuit = match images.the_given() {
        // Diagrams are drawn around an ESP32-C3; other machines have no pins.
        Some(firmware) if !firmware.has_pins() => None,
        _ => diagram::circuit(settings.diagram.as_deref(), &settings.scenarios)?,
    };
    let mut targets = prepare::usable_targets(&scenarios, &settings, &images);
    if !by_slices {
        targets.retain(|target| *target != TargetKind::QemuVirt);
    }
    images.provide(&targets, (&settings, builds), terminal)?;
    let mut plan = prepare::runs(&scenarios, &settings, &images, circuit.as_ref())?;
    let run = match by_slices {
        true => prepare::single(&mut plan)?,
        false => prepare::steerable(&mut plan)?,
    };
    let interrupted = run::interrupted_by_ctrl_c();
    let exploration = Exploration { options, settings, images, circuit, terminal, interrupted };
    match by_slices {
        true => exploration.by_slices(run),
        false => exploration.carry_out(run),
    }
}

/// Everything that a call has come to before the first trial.
struct Exploration<'a> {
    options: &'a ExploreOptions,
    settings: RunSettings,
    images: Images,
    circuit: Option<Circuit>,
    terminal: &'a Terminal,
    interrupted: Arc<AtomicBool>,
}

impl Exploration<'_> {
    fn carry_out(&self, run: &Run) -> Result<ExitCode, Failure> {
        let limits = Limits {
            interrupted: Arc::clone(&self.interrupted),
            host_limit: self.settings.host_limit,
        };
        let firmware = self.images.of(run.target);
        let (laboratory, by_clock) =
            Laboratory::survey(run, (firmware, self.circuit.as_ref()), limits)?;
        let mut account = Account::of(&laboratory, run, self.options.method());
        if by_clock.has_failed() {
            account.found = Some(self.prove(run, (None, 0), Shrunk::of_clock(by_clock))?);
        } else {
            account.found = self.search(run, &laboratory, &mut account)?;
        }
        let written = write(&account, &self.settings.reports);
        print(&account, self.settings.format);
        // What was found is told in any case.
        written.map(|()| match (&account.found, account.ended) {
            (Some(_), _) => ExitCode::Fail,
            (None, Ended::Interrupted) => ExitCode::Interrupted,
            (None, Ended::Done) => ExitCode::Pass,
        })
    }

    /// Runs the scenario with slices of other lengths, a seed each, until one fails.
    fn by_slices(&self, run: &Run) -> Result<ExitCode, Failure> {
        let seeds = slices::seeds(self.options)?;
        let mut tried = slices::Tried::default();
        let mut status = StatusLine::new(self.terminal.live_progress && !self.settings.quiet);
        for seed in seeds {
            if self.interrupted.load(Ordering::Relaxed) {
                break;
            }
            status.show(&format!("slices of seed {seed}"));
            let run = slices::with_seed(run, seed)?;
            let (_, capture) = self.record(&run)?;
            if tried.note(seed, judge(&run, &capture)) {
                break;
            }
        }
        status.clear();
        print!("{}", tried.text(run));
        Ok(if tried.has_failed() { ExitCode::Fail } else { ExitCode::Pass })
    }

    /// Tries schedules; what the smallest of those that fail has come to.
    fn search(
        &self,
        run: &Run,
        laboratory: &Laboratory<'_>,
        account: &mut Account,
    ) -> Result<Option<Found>, Failure> {
        let mut status = StatusLine::new(self.terminal.live_progress && !self.settings.quiet);
        let mut failed = 0_u64;
        let mut hear = |done, wanted, trial: &Trial| {
            failed += u64::from(trial.has_failed());
            status.show(&format!("[{done}/{wanted}] schedules, {failed} failed"));
        };
        let mut search = Search { laboratory, jobs: self.settings.jobs, hear: &mut hear };
        let searched = match account.method {
            Method::Drawn { seeds, switches } => search.drawn(seeds, switches),
            Method::Enumerated => search.enumerated(),
        };
        let is_cut = (searched.tried.len() as u64) < searched.wanted;
        let ended = if is_cut { Ended::Interrupted } else { Ended::Done };
        account.count(&searched, ended);
        status.show("looking for fewer switches");
        let found = smallest(&searched).map(|tried| {
            let mut try_out = |schedule: &_| laboratory.trial(schedule);
            let failed = (&tried.schedule, &tried.trial);
            let shrunk = match account.method {
                // No other has fewer switches, and those that are earlier were tried before.
                Method::Enumerated => name_units(failed, &mut try_out),
                Method::Drawn { .. } => shrink(failed, laboratory.points(), &mut try_out),
            };
            ((Some(tried.number), tried.schedule.switches().len()), shrunk)
        });
        status.clear();
        found.map(|(origin, shrunk)| self.prove(run, origin, shrunk)).transpose()
    }

    /// Carries out a failing run from power-on, and keeps its capture.
    fn prove(
        &self,
        run: &Run,
        origin: (Option<u64>, usize),
        shrunk: Shrunk,
    ) -> Result<Found, Failure> {
        let shrunk = Shrunk { schedule: by_name(&shrunk.schedule, &shrunk.trial.names), ..shrunk };
        let run = Run { schedule: shrunk.schedule.clone(), ..run.clone() };
        let (path, capture) = self.record(&run)?;
        let again = judge(&run, &capture);
        // Trials are forks of one survey, so this is a mistake of ours, and no verdict is worth more.
        assert!(
            again.hash == shrunk.trial.hash && again.fails_like(&shrunk.trial),
            "a schedule that failed in a fork does not fail from power-on: {}",
            run.schedule
        );
        let proof = Proof {
            hash: again.hash.to_string(),
            capture: as_argument(&path),
            again: run_again(&run),
        };
        let symbols = ElfSymbols::new(&self.images.of(run.target).elf).ok();
        let source_of = |pc| symbols.as_ref().map_or_else(Vec::new, |names| names.source_of(pc));
        Ok(Found::of(origin, shrunk, proof, source_of))
    }

    /// A run as `ramscope run` carries it out, and its capture.
    fn record(&self, run: &Run) -> Result<(PathBuf, Capture), Failure> {
        let settings = &self.settings;
        let runs = std::slice::from_ref(run);
        let paths = Store::open(settings.captures.as_deref())?.paths(runs);
        let execution = Execution {
            runs,
            paths: &paths,
            images: &self.images,
            symbols: None,
            circuit: self.circuit.as_ref(),
            settings,
            // What was found is worth its capture, also after a Ctrl-C.
            interrupted: Arc::default(),
            enough: AtomicBool::new(false),
            host_limit: settings.host_limit,
            debugger: Mutex::new(None),
        };
        let mut result: Option<Result<Judged, Failure>> = None;
        execution.carry_out(&mut |news| {
            if let News::Over(_, judged) = news {
                result = Some(*judged);
            }
        });
        result.expect("nothing keeps it from beginning").map(drop)?;
        let [path] = paths.try_into().expect("a run has a path");
        let capture = store::read(&path)?;
        Ok((path, capture))
    }
}
