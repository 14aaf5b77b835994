//! The report for programs.
//!
//! The form is our own and has a version, so that the model can change without breaking readers:
//! fields are added, never renamed or taken away, as long as `schema_version` stays. Instants are
//! whole picoseconds of device time, sizes are bytes, shares are hundredths of a per cent.

mod chains;
mod collections;
mod fill;
mod form;

use ramscope_model::{Judged, figures};

use crate::entry::{Entry, NotRun};
use crate::exit::ExitCode;
use crate::measure::phases;
use collections::CollectionForm;
use form::{
    BudgetForm, DeviceForm, FailureForm, FaultForm, FigureForm, FindingForm, HeapForm, HostForm,
    ImageForm, LossesForm, MachineForm, ModuleForm, PhaseForm, ReportForm, RunForm, SkipForm,
    StackForm, StepForm, TimerForm, UnitForm,
};

/// The version of the form.
pub const SCHEMA_VERSION: u32 = 1;

/// The report on some runs as JSON, with a newline at its end. `tool` is the program and its
/// version.
#[must_use]
pub fn json(entries: &[Entry], tool: &str) -> String {
    let report = ReportForm {
        schema_version: SCHEMA_VERSION,
        tool,
        exit_code: ExitCode::of(entries.iter().map(Entry::outcome)).code(),
        runs: entries.iter().map(run_form).collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).expect("the form is plain data");
    text.push('\n');
    text
}

/// The JSON Schema of [`json()`]'s text, with a newline at its end.
#[must_use]
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(ReportForm<'static>);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    text.push('\n');
    text
}

fn run_form(entry: &Entry) -> RunForm<'_> {
    match entry {
        Entry::Ran(judged) => ran(judged),
        Entry::NotRun(not_run) => not_run_form(not_run),
    }
}

fn not_run_form(not_run: &NotRun) -> RunForm<'_> {
    RunForm {
        scenario: &not_run.scenario,
        path: &not_run.path,
        target: not_run.target.as_deref(),
        outcome: not_run.outcome.name(),
        stop_reason: "not-run",
        sentence: &not_run.reason,
        ..RunForm::default()
    }
}

fn ran(judged: &Judged) -> RunForm<'_> {
    let run = &judged.facts.run;
    let verdict = &judged.verdict;
    let device = judged.feed.device();
    RunForm {
        scenario: &run.scenario.name,
        path: &run.scenario.path,
        target: Some(run.target.name()),
        seed: Some(run.seed),
        outcome: verdict.outcome.name(),
        stop_reason: &verdict.stop_reason,
        sentence: &verdict.sentence,
        recorded_by: Some(&judged.facts.tool),
        replay: Some(&judged.facts.replay),
        device_hash: Some(&judged.device_hash),
        image: Some(ImageForm::of(&judged.facts.image)),
        machine: Some(MachineForm::of(&judged.facts.machine)),
        device: DeviceForm::of(judged),
        ended_at_ps: Some(verdict.ended_at.as_picos()),
        failures: verdict.failures.iter().map(FailureForm::of).collect(),
        doubts: &verdict.doubts,
        budgets: verdict.budgets.iter().map(|result| BudgetForm::of(judged, result)).collect(),
        findings: verdict.findings.iter().map(FindingForm::of).collect(),
        steps: verdict.steps.iter().map(StepForm::of).collect(),
        phases: phases(judged).iter().map(PhaseForm::of).collect(),
        faults: judged.verdict.faults.iter().map(FaultForm::of).collect(),
        skips: SkipForm::of_run(judged),
        units: device.units().iter().map(|unit| UnitForm::of(judged, unit)).collect(),
        timers: device.timers().iter().map(|timer| TimerForm::of(timer, device)).collect(),
        modules: device.modules().iter().map(ModuleForm::of).collect(),
        collections: device.collections().list.iter().map(CollectionForm::of).collect(),
        heap: HeapForm::of(judged),
        interrupt_stack: StackForm::of(&device.interrupts().stack),
        figures: figures(device).into_iter().map(FigureForm::of).collect(),
        losses: Some(LossesForm::of(judged)),
        unmodelled_registers: device.unmodelled().iter().map(|u| u.address).collect(),
        host: HostForm::of(&judged.facts),
    }
}
