//! `ramscope sweep`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use ramscope_backend::Circuit;
use ramscope_report::ExitCode;
use ramscope_scenario::{Command, Fault, Run, TargetKind};

use crate::args::{Format, SweepOptions};
use crate::config::RunSettings;
use crate::diagram;
use crate::evidence::run_again;
use crate::failure::Failure;
use crate::images::{Builds, Images};
use crate::prepare::{self, Named};
use crate::sweep::{Account, Fate, Plan, Swept, Trials, json, text};
use crate::terminal::{StatusLine, Terminal};
use crate::verb::{config, run};

/// Sweeps the programs of scenarios, prints what they came to, and gives the exit code that follows.
pub(crate) fn sweep(options: &SweepOptions, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let settings = config::run_settings(&options.settings)?;
    let scenarios = prepare::scenarios(&settings, Named::Scenarios)?;
    let builds = if options.no_build { Builds::Never } else { Builds::WhenAsked };
    let mut images = Images::given(&settings, builds)?;
    let circuit = match images.the_given() {
        Some(firmware) if !firmware.has_pins() => None,
        _ => diagram::circuit(settings.diagram.as_deref(), &settings.scenarios)?,
    };
    let mut targets = prepare::usable_targets(&scenarios, &settings, &images);
    targets.retain(|target| *target != TargetKind::QemuVirt);
    images.provide(&targets, (&settings, builds), terminal)?;
    let plan = prepare::runs(&scenarios, &settings, &images, circuit.as_ref())?;
    let interrupted = run::interrupted_by_ctrl_c();
    let sweep = Sweep { options, settings, images, circuit, terminal, interrupted };
    let account = sweep.carry_out(&plan.runs)?;
    if account.swept.is_empty() {
        return Err(Failure::NothingToRun { reason: "no run has a program to sweep".to_owned() });
    }
    match sweep.settings.format {
        Format::Json => println!("{}", json(&account)),
        _ => print!("{}", text(&account)),
    }
    Ok(match (account.broken(), account.interrupted) {
        (0, false) => ExitCode::Pass,
        (0, true) => ExitCode::Interrupted,
        _ => ExitCode::Fail,
    })
}

/// Everything that a call has come to before the first trial.
struct Sweep<'a> {
    options: &'a SweepOptions,
    settings: RunSettings,
    images: Images,
    circuit: Option<Circuit>,
    terminal: &'a Terminal,
    interrupted: Arc<AtomicBool>,
}

impl Sweep<'_> {
    fn carry_out(&self, runs: &[Run]) -> Result<Account, Failure> {
        let mut account = Account::default();
        let mut programs = BTreeSet::new();
        let mut status = StatusLine::new(self.terminal.live_progress && !self.settings.quiet);
        for run in runs {
            let program = typed(run);
            if let Some(reason) = self.reason_to_leave_out(run, &program) {
                account.left_out.push((run.scenario.name.clone(), reason));
                continue;
            }
            // The same program with the same words does the same, whatever its scenario asks of it.
            if !programs.insert((run.target, program.clone())) {
                continue;
            }
            status.show(&format!("{program}: without a failure"));
            let trials = Trials::survey(
                run,
                (self.images.of(run.target), self.circuit.as_ref()),
                Arc::clone(&self.interrupted),
                self.settings.host_limit,
            )?;
            if !trials.usual.is_ours {
                let reason = "its firmware has no telemetry of ours".to_owned();
                account.left_out.push((run.scenario.name.clone(), reason));
                continue;
            }
            let mut plan = Plan::new(self.options.every, self.options.at_most);
            loop {
                let batch = plan.next();
                let (Some(last), false) = (batch.last(), trials.is_interrupted()) else { break };
                status.show(&format!("{program}: without allocation {last}"));
                plan.take(self.batch(&trials, &batch));
            }
            let again = |nth| run_again(&trials.without(nth));
            let name = run.scenario.name.clone();
            account.swept.push(Swept::of(name, program, &plan, again));
            if trials.is_interrupted() {
                account.interrupted = true;
                break;
            }
        }
        status.clear();
        Ok(account)
    }

    fn reason_to_leave_out(&self, run: &Run, program: &str) -> Option<String> {
        if !run.capabilities.schedule {
            return Some(format!("{} is no built-in machine", run.target));
        }
        if program.is_empty() {
            return Some("it starts no program".to_owned());
        }
        let is_allocation = |fault: &Fault| matches!(fault, Fault::Allocation(_));
        let injects = run.scenario.settings.inject.iter().any(|it| is_allocation(&it.fault));
        injects.then(|| "it lets an allocation fail itself".to_owned())
    }

    /// Tries these on all cores.
    fn batch(&self, trials: &Trials, batch: &[u32]) -> Vec<(u32, Fate)> {
        let next = AtomicUsize::new(0);
        let (tell, news) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.settings.jobs.min(batch.len()) {
                let (tell, next) = (tell.clone(), &next);
                scope.spawn(move || {
                    while !trials.is_interrupted()
                        && let Some(nth) = batch.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let fate = trials.trial(*nth);
                        if trials.is_interrupted() {
                            return; // and so was the trial, perhaps
                        }
                        // The listener lives as long as the workers do.
                        let _ = tell.send((*nth, fate));
                    }
                });
            }
        });
        drop(tell);
        news.iter().collect()
    }
}

/// What a run types that starts programs.
fn typed(run: &Run) -> String {
    let lines = run.scenario.steps.iter().filter_map(|step| match &step.command {
        Command::WriteSerial(bytes) => Some(String::from_utf8_lossy(bytes).trim().to_owned()),
        _ => None,
    });
    let programs: Vec<String> =
        lines.filter_map(|line| line.strip_prefix("run ").map(str::to_owned)).collect();
    programs.join("; ")
}
