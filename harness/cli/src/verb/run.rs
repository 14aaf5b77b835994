//! `ramscope run`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ramscope_backend::{Circuit, GdbListener};
use ramscope_model::Outcome;
use ramscope_report::{Entry, ExitCode};
use ramscope_scenario::Plan;

use crate::args::{Format, RunOptions};
use crate::config::RunSettings;
use crate::diagram;
use crate::evidence::as_argument;
use crate::execute::Execution;
use crate::failure::Failure;
use crate::images::{Builds, Images};
use crate::output;
use crate::prepare::{self, Named};
use crate::progress::Progress;
use crate::store::Store;
use crate::terminal::Terminal;
use crate::verb::config;

/// Runs scenarios, prints what became of them, and gives the exit code that follows.
pub(crate) fn run(options: &RunOptions, terminal: &Terminal) -> Result<u8, Failure> {
    let settings = config::run_settings(&options.settings)?;
    settings.reports.prepare()?;
    let named = match options.settings.paths().next() {
        Some(_) => Named::Scenarios,
        None => Named::Nothing,
    };
    let scenarios = prepare::scenarios(&settings, named)?;
    let builds = if options.no_build { Builds::Never } else { Builds::WhenAsked };
    let mut images = Images::given(&settings, builds)?;
    let circuit = match images.the_given() {
        // Diagrams are drawn around an ESP32-C3; other machines have no pins.
        Some(firmware) if !firmware.has_pins() => None,
        _ => diagram::circuit(settings.diagram.as_deref(), &settings.scenarios)?,
    };
    let targets = prepare::usable_targets(&scenarios, &settings, &images);
    images.provide(&targets, (&settings, builds), terminal)?;
    let mut plan = prepare::runs(&scenarios, &settings, &images, circuit.as_ref())?;
    if let Some(schedule) = &options.schedule {
        prepare::steerable(&mut plan)?.schedule = schedule.clone();
    }
    if options.fail_allocation.is_some() {
        prepare::steerable(&mut plan)?.fail_allocation = options.fail_allocation;
    }
    if options.list {
        output::print_plan(&plan);
        return Ok(ExitCode::Pass.code());
    }
    if plan.runs.is_empty() && plan.skipped.is_empty() {
        let reason = "no scenario was found that fits what was asked for".to_owned();
        return Err(Failure::NothingToRun { reason });
    }
    Wiring { options, settings: &settings, plan: &plan, images, circuit, terminal }.carry_out()
}

/// Everything that a call has come to before the first run begins.
struct Wiring<'a> {
    options: &'a RunOptions,
    settings: &'a RunSettings,
    plan: &'a Plan,
    images: Images,
    circuit: Option<Circuit>,
    terminal: &'a Terminal,
}

impl Wiring<'_> {
    fn carry_out(&self) -> Result<u8, Failure> {
        let Self { options, settings, plan, terminal, .. } = self;
        let single = [("serial-log-file", &settings.serial_log), ("vcd-file", &settings.vcd)];
        if let Some((option, _)) = single.into_iter().find(|(_, file)| file.is_some())
            && plan.runs.len() != 1
        {
            return Err(Failure::OneFile { option, runs: plan.runs.len() });
        }
        let debugger = options.gdb.map(|port| self.listen(port)).transpose()?;
        let host_limit = match debugger {
            // A person at a debugger takes their time.
            Some(_) => Duration::MAX,
            None => settings.host_limit,
        };
        let symbols = self.symbols()?;
        let execution = Execution {
            runs: &plan.runs,
            paths: &Store::open(settings.captures.as_deref())?.paths(&plan.runs),
            images: &self.images,
            symbols: symbols.as_deref(),
            circuit: self.circuit.as_ref(),
            settings,
            interrupted: interrupted_by_ctrl_c(),
            enough: AtomicBool::new(false),
            host_limit,
            debugger: Mutex::new(debugger),
        };
        let mut progress = Progress::new(&plan.runs, settings.quiet, terminal);
        execution.carry_out(&mut |news| progress.hear(news));
        let stopped = match execution.enough.load(Ordering::Relaxed) {
            true => output::Unbegun::FailFast,
            false => output::Unbegun::Interrupted,
        };
        let entries = output::entries(plan, progress.results(), stopped);
        self.report(entries)
    }

    fn report(&self, mut entries: Vec<Entry>) -> Result<u8, Failure> {
        let RunSettings { quiet, verbosity, format, timeout_exit_code, .. } = *self.settings;
        let code = output::exit_code(&entries);
        let written = self.settings.reports.write(&entries);
        if quiet && format == Format::Text {
            entries.retain(|entry| !matches!(entry.outcome(), Outcome::Pass | Outcome::Skipped));
        }
        if !entries.is_empty() {
            output::print(&entries, (format, verbosity), self.terminal);
        }
        if code == ExitCode::NothingRan && quiet {
            eprintln!("nothing ran: everything that was asked for was left out");
        }
        // What became of the runs is told in any case.
        written.map(|()| match code {
            ExitCode::TimedOut => timeout_exit_code,
            code => code.code(),
        })
    }

    /// The file that names functions, if it is not the image.
    fn symbols(&self) -> Result<Option<Vec<u8>>, Failure> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|source| Failure::Unreadable { path: path.clone(), source })
        };
        self.settings.symbols.as_ref().map(read).transpose()
    }

    /// Listens for the debugger of the one run, and says how to come.
    fn listen(&self, port: u16) -> Result<GdbListener, Failure> {
        let [run] = &self.plan.runs[..] else {
            return Err(Failure::ManyToDebug { runs: self.plan.runs.len() });
        };
        let listener =
            GdbListener::bind(port).map_err(|source| Failure::NoDebugPort { port, source })?;
        let (elf, port) = (as_argument(&self.images.of(run.target).path), listener.port());
        eprintln!(
            "waiting for a debugger: gdb-multiarch {elf} -ex 'target remote 127.0.0.1:{port}'"
        );
        Ok(listener)
    }
}

/// Set at the first Ctrl-C, which ends the runs in order; the second ends the program.
pub(crate) fn interrupted_by_ctrl_c() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    let handled = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            ramscope_backend::abandon();
            std::process::exit(i32::from(ExitCode::Interrupted.code()));
        }
    });
    if let Err(error) = handled {
        eprintln!("warning: Ctrl-C will lose the captures of running scenarios ({error})");
    }
    interrupted
}
