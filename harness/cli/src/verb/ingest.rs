//! `ramscope ingest`.

use std::path::Path;

use ramscope_backend::{Firmware, Ingested, LogTelemetry, ingest as read_log};
use ramscope_model::{
    Closing, ElfSymbols, Feed, HostFacts, ImageFacts, Judged, MachineFacts, SymbolTable, judge_fed,
};
use ramscope_report::ExitCode;
use ramscope_scenario::{
    Capabilities, PlanOptions, Run, SkippedBudget, TargetKind, TargetOffer, plan,
};

use crate::args::IngestOptions;
use crate::bundle;
use crate::evidence;
use crate::execute::outcome_so_far;
use crate::failure::Failure;
use crate::files::ScenarioFiles;
use crate::output::{self, Verbosity};
use crate::store::{self, Store};
use crate::terminal::Terminal;
use crate::verb::lint;

/// Why nothing is known of memory, and what would help.
const NO_TELEMETRY: &str = "the log holds no telemetry; a step - write-serial: \
                            \"telemetry frames\\n\" at the beginning switches it on";

/// Judges a serial log as the run of a scenario, keeps it as a capture, and prints the report.
pub(crate) fn ingest(options: &IngestOptions, terminal: &Terminal) -> Result<ExitCode, Failure> {
    options.output.reports.prepare()?;
    let mut run = run_of(options)?;
    let log = std::fs::read(&options.serial_log)
        .map_err(|source| Failure::Unreadable { path: options.serial_log.clone(), source })?;
    if log.is_empty() {
        return Err(Failure::EmptyLog { path: options.serial_log.clone() });
    }
    let ingested = read_log(&run, &log);
    for note in &ingested.notes {
        eprintln!("{}: note: {note}", options.serial_log.display());
    }
    if ingested.telemetry == LogTelemetry::None {
        skip_budgets(&mut run);
    }
    let judged = keep(options, run, ingested)?;
    let entries = [judged.into()];
    let written = options.output.reports.write(&entries);
    output::print(&entries, (options.output.format, Verbosity::Calm), terminal);
    written.map(|()| output::exit_code(&entries))
}

/// The one run that the log is of.
fn run_of(options: &IngestOptions) -> Result<Run, Failure> {
    let files = ScenarioFiles::read(std::slice::from_ref(&options.scenario))?;
    files.problems().for_each(|problem| eprintln!("{problem}"));
    match lint::count(&files, ramscope_scenario::Severity::Error) {
        0 => {}
        errors => return Err(Failure::Scenarios { errors }),
    }
    let scenarios = files.scenarios();
    // What Wokwi can do, and has done: the log does not show it.
    let has = Capabilities {
        pins: true,
        controls: true,
        screens: true,
        chips: true,
        ..Capabilities::default()
    };
    let mut plan = plan(
        &scenarios,
        &PlanOptions {
            offers: [(TargetKind::Wokwi, TargetOffer::Available(has))].into(),
            targets: Some(vec![TargetKind::Wokwi]),
            seeds: Some(vec![1]),
            repeat: Some(1),
            ..PlanOptions::default()
        },
    );
    let reason = || match plan.skipped.first() {
        Some(skip) => skip.reason.clone(),
        None => format!("{} holds no scenario", options.scenario.display()),
    };
    match plan.runs.pop() {
        Some(run) => Ok(run),
        None => Err(Failure::NothingToRun { reason: reason() }),
    }
}

/// Says of every budget why it is not judged.
fn skip_budgets(run: &mut Run) {
    let ids = run.scenario.settings.budgets.iter().map(|budget| budget.id());
    let skipped = ids.map(|id| SkippedBudget { id, reason: NO_TELEMETRY.to_owned() });
    run.skipped_budgets = skipped.collect();
}

fn keep(options: &IngestOptions, run: Run, ingested: Ingested) -> Result<Judged, Failure> {
    let firmware = options.elf.as_deref().map(Firmware::read).transpose()?;
    let path =
        Store::open(options.captures.as_deref())?.path(&format!("{}-log", run.scenario.name));
    let name = options.serial_log.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let feed = Feed::of(ingested.recorder.capture());
    let symbols = firmware.as_ref().and_then(|firmware| ElfSymbols::new(&firmware.elf).ok());
    let image_path = firmware.as_ref().map_or(Path::new(""), |firmware| &firmware.path);
    let machine = MachineFacts {
        name: format!("wokwi, from {name}"),
        time_model: "device time as far as telemetry in the log tells it".to_owned(),
        ..MachineFacts::default()
    };
    let image = match &firmware {
        Some(firmware) => evidence::image_facts(firmware),
        None => ImageFacts { name: "unknown to the log".to_owned(), hash: String::new() },
    };
    let facts = HostFacts {
        schema: HostFacts::SCHEMA,
        tool: evidence::TOOL.to_owned(),
        run,
        machine: machine.clone(),
        image,
        replay: evidence::replay(&path),
        symbols: SymbolTable::default(),
        times: None,
        earlier_attempts: Vec::new(),
        bundle: None,
    };
    let failed = bundle::is_wanted(outcome_so_far(&facts.run, &feed));
    let folder = bundle::folder_for(&path);
    let closing = Closing {
        bundle: failed.then(|| evidence::as_argument(&folder)),
        ..evidence::closing(machine, &feed, (symbols.as_ref(), image_path))
    };
    let mut recorder = ingested.recorder;
    recorder.host(facts.to_host_part());
    recorder.closing(closing.to_host_part());
    let capture = recorder.finish();
    store::write(&path, &capture)?;
    let judged = judge_fed(&capture, facts.closed_by(closing), feed);
    match failed {
        true => bundle::write(&folder, &judged, &capture)?,
        false => bundle::remove(&folder),
    }
    Ok(judged)
}
