//! The report for programs.
//!
//! The form is our own and has a version, so that the model can change without breaking readers:
//! fields are added, never renamed or taken away, as long as `schema_version` stays. Instants are
//! whole picoseconds of device time, sizes are bytes, shares are hundredths of a per cent.

mod form;

use ramscope_model::{Device, Judged, Unit};
use ramscope_wire::UnitId;

use crate::entry::{Entry, NotRun};
use crate::exit::ExitCode;
use form::{
    BudgetForm, FailureForm, FindingForm, HeapForm, HolderForm, LossesForm, MachineForm,
    ReportForm, RunForm, StackForm, StepForm, UnitForm,
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
        image: Some(form::ImageForm::of(&judged.facts.image)),
        machine: Some(MachineForm::of(&judged.facts.machine)),
        ended_at_ps: Some(verdict.ended_at.as_picos()),
        failures: verdict.failures.iter().map(FailureForm::of).collect(),
        doubts: &verdict.doubts,
        budgets: verdict.budgets.iter().map(BudgetForm::of).collect(),
        findings: verdict.findings.iter().map(FindingForm::of).collect(),
        steps: verdict.steps.iter().map(StepForm::of).collect(),
        units: device.units().iter().map(unit_form).collect(),
        heap: heap_form(device),
        interrupt_stack: StackForm::of(&device.interrupts().stack),
        losses: Some(LossesForm::of(device.losses())),
        unmodelled_registers: device.unmodelled().iter().map(|u| u.address).collect(),
    }
}

fn unit_form(unit: &Unit) -> UnitForm<'_> {
    let sampled = unit.cpu.sampled_at.is_some();
    UnitForm {
        boot: unit.key.boot,
        id: unit.key.id.0,
        name: &unit.name,
        kind: unit.kind.to_string(),
        state: unit.state.to_string(),
        end: unit.end.map(|end| end.how.to_string()),
        stack: StackForm::of(&unit.stack),
        heap_bytes: unit.heap.sampled_at.map(|_| unit.heap.current),
        heap_peak_bytes: unit.heap.sampled_at.map(|_| unit.heap.peak),
        cpu_share: sampled.then_some(unit.cpu.share),
        switches: sampled.then_some(unit.cpu.switches),
    }
}

fn heap_form(device: &Device) -> Option<HeapForm> {
    let heap = device.heap();
    heap.sampled_at?;
    let owners = device.owners().map(|owner| HolderForm {
        kind: owner.kind.to_string(),
        number: (owner.unit != UnitId::KERNEL).then_some(owner.unit.0),
        bytes: owner.heap.current,
        peak_bytes: owner.heap.peak,
    });
    Some(HeapForm {
        total_bytes: heap.total,
        used_bytes: heap.used,
        peak_bytes: heap.peak,
        peak_at_ps: heap.peak_at.as_picos(),
        largest_free_bytes: heap.largest_free,
        largest_free_least_bytes: heap.largest_free_min,
        quarantined_bytes: heap.quarantined,
        other_owners: owners.collect(),
    })
}
