//! The types whose fields are the report's fields.

use ramscope_model::{
    BudgetResult, BudgetState, Failure, ImageFacts, JudgedFinding, Losses, MachineFacts, Stack,
    StepResult,
};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct ReportForm<'a> {
    pub(super) schema_version: u32,
    pub(super) tool: &'a str,
    pub(super) exit_code: u8,
    pub(super) runs: Vec<RunForm<'a>>,
}

#[derive(Default, Serialize)]
pub(super) struct RunForm<'a> {
    pub(super) scenario: &'a str,
    pub(super) path: &'a str,
    pub(super) target: Option<&'a str>,
    pub(super) seed: Option<u64>,
    pub(super) outcome: &'a str,
    pub(super) stop_reason: &'a str,
    pub(super) sentence: &'a str,
    pub(super) recorded_by: Option<&'a str>,
    pub(super) replay: Option<&'a str>,
    pub(super) device_hash: Option<&'a str>,
    pub(super) image: Option<ImageForm<'a>>,
    pub(super) machine: Option<MachineForm<'a>>,
    pub(super) ended_at_ps: Option<u64>,
    pub(super) failures: Vec<FailureForm<'a>>,
    pub(super) doubts: &'a [String],
    pub(super) budgets: Vec<BudgetForm<'a>>,
    pub(super) findings: Vec<FindingForm<'a>>,
    pub(super) steps: Vec<StepForm<'a>>,
    pub(super) units: Vec<UnitForm<'a>>,
    pub(super) heap: Option<HeapForm>,
    pub(super) interrupt_stack: Option<StackForm>,
    pub(super) losses: Option<LossesForm>,
    pub(super) unmodelled_registers: Vec<u32>,
}

#[derive(Serialize)]
pub(super) struct ImageForm<'a> {
    name: &'a str,
    hash: &'a str,
}

#[derive(Serialize)]
pub(super) struct MachineForm<'a> {
    name: &'a str,
    clock_hz: Option<u32>,
    time_model: &'a str,
    instructions: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct FailureForm<'a> {
    line: Option<u32>,
    subject: &'a str,
    expected: &'a str,
    observed: &'a str,
    at_ps: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct BudgetForm<'a> {
    id: &'a str,
    line: u32,
    subject: String,
    metric: String,
    bound: &'static str,
    limit: u64,
    observed: Option<u64>,
    capacity: Option<u64>,
    at_ps: Option<u64>,
    state: &'static str,
    reason: Option<&'a str>,
    names_seen: Option<&'a [String]>,
    expected_to_fail: bool,
}

#[derive(Serialize)]
pub(super) struct FindingForm<'a> {
    id: &'static str,
    unit: Option<&'a str>,
    at_ps: u64,
    sentence: &'a str,
    standing: &'static str,
}

#[derive(Serialize)]
pub(super) struct StepForm<'a> {
    index: usize,
    label: &'a str,
    line: u32,
    outcome: &'static str,
    began_ps: Option<u64>,
    ended_ps: Option<u64>,
    detail: &'a str,
}

#[derive(Serialize)]
pub(super) struct UnitForm<'a> {
    pub(super) boot: u32,
    pub(super) id: u32,
    pub(super) name: &'a str,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) end: Option<String>,
    pub(super) stack: Option<StackForm>,
    pub(super) heap_bytes: Option<u32>,
    pub(super) heap_peak_bytes: Option<u32>,
    pub(super) cpu_share: Option<u32>,
    pub(super) switches: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct StackForm {
    bytes: u32,
    peak_bytes: u32,
    margin_bytes: u32,
    peak_at_ps: u64,
}

#[derive(Serialize)]
pub(super) struct HeapForm {
    pub(super) total_bytes: u32,
    pub(super) used_bytes: u32,
    pub(super) peak_bytes: u32,
    pub(super) peak_at_ps: u64,
    pub(super) largest_free_bytes: u32,
    pub(super) largest_free_least_bytes: u32,
    pub(super) quarantined_bytes: u32,
    pub(super) other_owners: Vec<HolderForm>,
}

#[derive(Serialize)]
pub(super) struct HolderForm {
    pub(super) kind: String,
    pub(super) number: Option<u32>,
    pub(super) bytes: u32,
    pub(super) peak_bytes: u32,
}

#[derive(Serialize)]
pub(super) struct LossesForm {
    records: u64,
    damaged_bytes: u64,
}

impl<'a> ImageForm<'a> {
    pub(super) fn of(image: &'a ImageFacts) -> Self {
        Self { name: &image.name, hash: &image.hash }
    }
}

impl<'a> MachineForm<'a> {
    pub(super) fn of(machine: &'a MachineFacts) -> Self {
        Self {
            name: &machine.name,
            clock_hz: machine.clock_hz,
            time_model: &machine.time_model,
            instructions: machine.instructions,
        }
    }
}

impl<'a> FailureForm<'a> {
    pub(super) fn of(failure: &'a Failure) -> Self {
        Self {
            line: failure.line,
            subject: &failure.subject,
            expected: &failure.expected,
            observed: &failure.observed,
            at_ps: failure.at.map(|at| at.as_picos()),
        }
    }
}

impl<'a> BudgetForm<'a> {
    pub(super) fn of(result: &'a BudgetResult) -> Self {
        let (reason, names_seen) = match &result.state {
            BudgetState::Skipped { reason } | BudgetState::Inconclusive { reason } => {
                (Some(reason.as_str()), None)
            }
            BudgetState::NoSuchSubject { seen } => (None, Some(seen.as_slice())),
            BudgetState::Met | BudgetState::Exceeded => (None, None),
        };
        Self {
            id: result.id.as_str(),
            line: result.line,
            subject: format!("{}:{}", result.kind, result.name),
            metric: result.metric.to_string(),
            bound: result.bound_name(),
            limit: result.limit,
            observed: result.observed,
            capacity: result.capacity,
            at_ps: result.at.map(|at| at.as_picos()),
            state: result.state.name(),
            reason,
            names_seen,
            expected_to_fail: result.expected_to_fail,
        }
    }
}

impl<'a> FindingForm<'a> {
    pub(super) fn of(finding: &'a JudgedFinding) -> Self {
        Self {
            id: finding.kind.id(),
            unit: finding.unit.as_deref(),
            at_ps: finding.at.as_picos(),
            sentence: &finding.sentence,
            standing: finding.standing.name(),
        }
    }
}

impl<'a> StepForm<'a> {
    pub(super) fn of(step: &'a StepResult) -> Self {
        Self {
            index: step.index,
            label: &step.label,
            line: step.line,
            outcome: step.outcome.name(),
            began_ps: step.began.map(|at| at.as_picos()),
            ended_ps: step.ended.map(|at| at.as_picos()),
            detail: &step.detail,
        }
    }
}

impl StackForm {
    /// Nothing, if the stack was never sampled.
    pub(super) fn of(stack: &Stack) -> Option<Self> {
        stack.sampled_at?;
        Some(Self {
            bytes: stack.bytes,
            peak_bytes: stack.peak,
            margin_bytes: stack.margin(),
            peak_at_ps: stack.peak_at.as_picos(),
        })
    }
}

impl LossesForm {
    pub(super) fn of(losses: Losses) -> Self {
        Self { records: losses.records_lost(), damaged_bytes: losses.damaged_bytes }
    }
}
