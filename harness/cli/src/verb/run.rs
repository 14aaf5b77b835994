//! `ramscope run`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ramscope_backend::{Circuit, GdbListener, offers};
use ramscope_model::Outcome;
use ramscope_report::ExitCode;
use ramscope_scenario::{Plan, PlanOptions, Scenario, Severity, TargetKind, TargetOffer, plan};

use crate::args::{Format, RunOptions};
use crate::diagram;
use crate::evidence::as_argument;
use crate::execute::Execution;
use crate::failure::Failure;
use crate::files::ScenarioFiles;
use crate::images::Images;
use crate::output;
use crate::progress::Progress;
use crate::store::Store;
use crate::terminal::Terminal;
use crate::verb::lint;

/// Runs scenarios, prints what became of them, and gives the exit code that follows.
pub(crate) fn run(options: &RunOptions, terminal: &Terminal) -> Result<ExitCode, Failure> {
    options.output.reports.prepare()?;
    let files = ScenarioFiles::read(&options.paths.paths)?;
    refuse_errors(&files)?;
    let scenarios = files.scenarios();
    let mut images = Images::given(options)?;
    let circuit = match images.the_given() {
        // Diagrams are drawn around an ESP32-C3; other machines have no pins.
        Some(firmware) if !firmware.has_pins() => None,
        _ => diagram::circuit(options.diagram.as_deref(), &options.paths.paths)?,
    };
    let offers = offers(circuit.as_ref(), images.the_given());
    images.provide(&usable_targets(&scenarios, options, &offers), options, terminal)?;
    let plan = checked_plan(&scenarios, options, offers, &images, circuit.as_ref())?;
    if options.list {
        output::print_plan(&plan);
        return Ok(ExitCode::Pass);
    }
    if plan.runs.is_empty() && plan.skipped.is_empty() {
        let reason = "no scenario was found that fits what was asked for".to_owned();
        return Err(Failure::NothingToRun { reason });
    }
    carry_out(&plan, &images, circuit.as_ref(), options, terminal)
}

/// Prints all problems; errors end here.
fn refuse_errors(files: &ScenarioFiles) -> Result<(), Failure> {
    files.problems().for_each(|problem| eprintln!("{problem}"));
    match lint::count(files, Severity::Error) {
        0 => Ok(()),
        errors => Err(Failure::Scenarios { errors }),
    }
}

/// The targets that some scenario will run on, as far as they are there.
fn usable_targets(
    scenarios: &[Scenario],
    options: &RunOptions,
    offers: &BTreeMap<TargetKind, TargetOffer>,
) -> Vec<TargetKind> {
    let of_scenarios = || {
        let targets = scenarios.iter().flat_map(|scenario| &scenario.settings.targets);
        targets.map(|target| target.kind).collect()
    };
    let mut targets = options.targets().unwrap_or_else(of_scenarios);
    targets.retain(|target| matches!(offers.get(target), Some(TargetOffer::Available(_))));
    targets
}

fn checked_plan(
    scenarios: &[Scenario],
    options: &RunOptions,
    offers: BTreeMap<TargetKind, TargetOffer>,
    images: &Images,
    circuit: Option<&Circuit>,
) -> Result<Plan, Failure> {
    let mut plan = plan(
        scenarios,
        &PlanOptions {
            offers,
            targets: options.targets(),
            seeds: options.seed.map(|seed| vec![seed]),
            repeat: None,
            tags: options.tags.clone(),
            programs: images.programs(),
        },
    );
    if let Some(circuit) = circuit {
        plan.problems.extend(diagram::check(circuit, scenarios, &mut plan.runs));
    }
    plan.problems.iter().for_each(|problem| eprintln!("{problem}"));
    let is_error = |severity| severity == Severity::Error;
    match plan.problems.iter().filter(|problem| is_error(problem.severity)).count() {
        0 => Ok(plan),
        errors => Err(Failure::Scenarios { errors }),
    }
}

fn carry_out(
    plan: &Plan,
    images: &Images,
    circuit: Option<&Circuit>,
    options: &RunOptions,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let debugger = options.gdb.map(|port| listen(port, plan, images)).transpose()?;
    let host_limit = match debugger {
        // A person at a debugger takes their time.
        Some(_) => Duration::MAX,
        None => Duration::from_secs(options.host_limit),
    };
    let execution = Execution {
        runs: &plan.runs,
        paths: &Store::open(options.keep.as_deref())?.paths(&plan.runs),
        images,
        circuit,
        jobs: options.jobs,
        interrupted: interrupted_by_ctrl_c(),
        host_limit,
        debugger: Mutex::new(debugger),
    };
    let mut progress = Progress::new(&plan.runs, options.quiet, terminal);
    execution.carry_out(&mut |news| progress.hear(news));
    let mut entries = output::entries(plan, progress.results());
    let code = output::exit_code(&entries);
    let written = options.output.reports.write(&entries);
    if options.quiet && options.output.format == Format::Text {
        entries.retain(|entry| !matches!(entry.outcome(), Outcome::Pass | Outcome::Skipped));
    }
    if !entries.is_empty() {
        output::print(&entries, options.output.format, terminal);
    }
    // What became of the runs is told in any case.
    written.map(|()| code)
}

/// Listens for the debugger of the one run, and says how to come.
fn listen(port: u16, plan: &Plan, images: &Images) -> Result<GdbListener, Failure> {
    let [run] = &plan.runs[..] else {
        return Err(Failure::ManyToDebug { runs: plan.runs.len() });
    };
    let listener =
        GdbListener::bind(port).map_err(|source| Failure::NoDebugPort { port, source })?;
    let (elf, port) = (as_argument(&images.of(run.target).path), listener.port());
    eprintln!("waiting for a debugger: gdb-multiarch {elf} -ex 'target remote 127.0.0.1:{port}'");
    Ok(listener)
}

/// Set at the first Ctrl-C, which ends the runs in order; the second ends the program.
fn interrupted_by_ctrl_c() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&interrupted);
    let handled = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(ExitCode::Interrupted.code()));
        }
    });
    if let Err(error) = handled {
        eprintln!("warning: Ctrl-C will lose the captures of running scenarios ({error})");
    }
    interrupted
}
