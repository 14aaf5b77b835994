//! The types whose fields are the report's fields, and whose comments are its schema's.

use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

use super::chains::{ChainForm, DeepestForm};
use super::collections::CollectionForm;

/// The result of `ramscope run`, `replay` or `ingest`. Instants are whole picoseconds of device
/// time since power-on, sizes are bytes, shares are hundredths of a per cent.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "ramscope result")]
pub(super) struct ReportForm<'a> {
    /// The version of this form; fields are added without a new version, never renamed or removed.
    pub(super) schema_version: u32,
    /// The program that wrote this, with its version.
    pub(super) tool: &'a str,
    /// What the program exits with because of these runs.
    pub(super) exit_code: u8,
    /// Every run that was planned, also those that did not run.
    pub(super) runs: Vec<RunForm<'a>>,
}

/// One run: a scenario on a target with a seed.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct RunForm<'a> {
    /// The scenario's name.
    pub(super) scenario: &'a str,
    /// The scenario's file.
    pub(super) path: &'a str,
    /// What it ran on, or was to run on.
    pub(super) target: Option<&'a str>,
    /// The seed of everything random.
    pub(super) seed: Option<u64>,
    /// How it came out.
    #[schemars(extend("enum" = ["pass", "fail", "inconclusive", "timed-out", "unavailable", "skipped", "interrupted"]))]
    pub(super) outcome: &'a str,
    /// Why the run stopped: `steps-done`, `timed-out`, `step-failed`, `fatal`, `interrupted`,
    /// `deadlocked`, `host-watchdog`, `target-failed`, `capture-cut`, or `not-run`.
    pub(super) stop_reason: &'a str,
    /// The outcome and its first reason.
    pub(super) sentence: &'a str,
    /// The program that recorded the run.
    pub(super) recorded_by: Option<&'a str>,
    /// The command that replays it.
    pub(super) replay: Option<&'a str>,
    /// The hash of everything that the device did.
    pub(super) device_hash: Option<&'a str>,
    /// The firmware.
    pub(super) image: Option<ImageForm<'a>>,
    /// What executed it.
    pub(super) machine: Option<MachineForm<'a>>,
    /// What the device says about itself; null if it never did.
    pub(super) device: Option<DeviceForm<'a>>,
    /// When the run ended.
    pub(super) ended_at_ps: Option<u64>,
    /// Every reason why it is no pass, the most important one first.
    pub(super) failures: Vec<FailureForm<'a>>,
    /// What could not be said, and why.
    pub(super) doubts: &'a [String],
    /// Every budget, once for each subject that it is about.
    pub(super) budgets: Vec<BudgetForm<'a>>,
    /// Everything that was noticed.
    pub(super) findings: Vec<FindingForm<'a>>,
    /// Every step of the scenario.
    pub(super) steps: Vec<StepForm<'a>>,
    /// Every phase of the scenario, with the memory in it.
    pub(super) phases: Vec<PhaseForm<'a>>,
    /// The faults that the scenario asked for, in the order of the file.
    pub(super) faults: Vec<FaultForm<'a>>,
    /// What was left out of this run because the target cannot do it.
    pub(super) skips: Vec<SkipForm<'a>>,
    /// Every thread, task and tasklet of every boot.
    pub(super) units: Vec<UnitForm<'a>>,
    /// Every timer of every boot.
    pub(super) timers: Vec<TimerForm<'a>>,
    /// Every module of every boot, with the phases of its import.
    pub(super) modules: Vec<ModuleForm<'a>>,
    /// The last collections of every boot.
    pub(super) collections: Vec<CollectionForm<'a>>,
    /// The heap; null if no sample of it arrived.
    pub(super) heap: Option<HeapForm>,
    /// The stack of the interrupt handlers.
    pub(super) interrupt_stack: Option<StackForm>,
    /// The figures of memory by the ids that budgets have; the worst of several units of a name.
    pub(super) figures: Vec<FigureForm>,
    /// Telemetry that did not arrive.
    pub(super) losses: Option<LossesForm>,
    /// Registers that the firmware used and the machine does not model.
    pub(super) unmodelled_registers: Vec<u32>,
    /// What the host's clock said. Recorded with the run, so that a replay repeats it; nothing is
    /// judged by it.
    pub(super) host: Option<HostForm<'a>>,
}

/// The firmware that ran.
#[derive(Serialize, JsonSchema)]
pub(super) struct ImageForm<'a> {
    /// Its file's name.
    pub(super) name: &'a str,
    /// A hash of its bytes.
    pub(super) hash: &'a str,
}

/// What executed the firmware.
#[derive(Serialize, JsonSchema)]
pub(super) struct MachineForm<'a> {
    /// What it is.
    pub(super) name: &'a str,
    /// The clock at the end of the run.
    pub(super) clock_hz: Option<u32>,
    /// What its times mean.
    pub(super) time_model: &'a str,
    /// Instructions executed.
    pub(super) instructions: Option<u64>,
}

/// What the device says about itself.
#[derive(Serialize, JsonSchema)]
pub(super) struct DeviceForm<'a> {
    /// The name of its image.
    pub(super) name: &'a str,
    /// What it runs on.
    pub(super) board: String,
    /// The build of its image, in hexadecimal.
    pub(super) build_id: String,
    /// The version of its telemetry.
    pub(super) telemetry_version: u16,
    /// How much it tells.
    pub(super) telemetry_level: String,
    /// Telemetry records that arrived whole.
    pub(super) telemetry_records: u64,
    /// The resets of the run.
    pub(super) resets: Vec<ResetForm<'a>>,
}

/// The device started again.
#[derive(Serialize, JsonSchema)]
pub(super) struct ResetForm<'a> {
    /// When.
    pub(super) at_ps: u64,
    /// Why.
    pub(super) reason: &'a str,
}

/// Something that was demanded and did not hold.
#[derive(Serialize, JsonSchema)]
pub(super) struct FailureForm<'a> {
    /// The line of the scenario.
    pub(super) line: Option<u32>,
    /// What is false: a budget's id, a finding's id, a step.
    pub(super) subject: &'a str,
    /// What was demanded.
    pub(super) expected: &'a str,
    /// What was the case.
    pub(super) observed: &'a str,
    /// When.
    pub(super) at_ps: Option<u64>,
}

/// A budget on one subject.
#[derive(Serialize, JsonSchema)]
pub(super) struct BudgetForm<'a> {
    /// Its id: `phase/kind:name/metric`.
    pub(super) id: &'a str,
    /// Its line in the scenario.
    pub(super) line: u32,
    /// What it is about: `kind:name`.
    pub(super) subject: String,
    /// What is bounded.
    pub(super) metric: String,
    /// From which side.
    #[schemars(extend("enum" = ["upper", "lower"]))]
    pub(super) bound: &'static str,
    /// The limit.
    pub(super) limit: u64,
    /// What was observed.
    pub(super) observed: Option<u64>,
    /// What is left up to the limit; null if it is exceeded or unknown.
    pub(super) headroom: Option<u64>,
    /// How much there is: the size of the stack or of the heap.
    pub(super) capacity: Option<u64>,
    /// When the observed value was first told.
    pub(super) at_ps: Option<u64>,
    /// Whether it holds.
    #[schemars(extend("enum" = ["met", "exceeded", "no-such-subject", "skipped", "inconclusive"]))]
    pub(super) state: &'static str,
    /// Why it was skipped or is inconclusive.
    pub(super) reason: Option<&'a str>,
    /// The names that did appear, if its subject did not.
    pub(super) names_seen: Option<&'a [String]>,
    /// Whether the scenario expects it to fail.
    pub(super) expected_to_fail: bool,
    /// Exceeded by blocks of the heap: which calls led to those in use at the end of the run, the most
    /// bytes first; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allocated_by: Option<Vec<ChainForm>>,
}

/// Something that was noticed.
#[derive(Serialize, JsonSchema)]
pub(super) struct FindingForm<'a> {
    /// Its stable id.
    pub(super) id: &'static str,
    /// The unit that it is about.
    pub(super) unit: Option<&'a str>,
    /// When.
    pub(super) at_ps: u64,
    /// What was noticed.
    pub(super) sentence: &'a str,
    /// What it means for the run.
    #[schemars(extend("enum" = ["fails", "expected", "allowed", "noted"]))]
    pub(super) standing: &'static str,
}

/// A step of the scenario.
#[derive(Serialize, JsonSchema)]
pub(super) struct StepForm<'a> {
    /// Its index, from 0.
    pub(super) index: usize,
    /// What to call it.
    pub(super) label: &'a str,
    /// Its line in the scenario.
    pub(super) line: u32,
    /// How it went.
    #[schemars(extend("enum" = ["done", "failed", "timed-out", "skipped", "unfinished", "not-reached"]))]
    pub(super) outcome: &'static str,
    /// When it began.
    pub(super) began_ps: Option<u64>,
    /// When it was over.
    pub(super) ended_ps: Option<u64>,
    /// The text that matched, the reason of a skip, and the like.
    pub(super) detail: &'a str,
}

/// A phase of the scenario.
#[derive(Serialize, JsonSchema)]
pub(super) struct PhaseForm<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// When its first step began; null if the run did not come to it.
    pub(super) began_ps: Option<u64>,
    /// When its last step was over; null if it never was.
    pub(super) ended_ps: Option<u64>,
    /// The most of the heap that was in use in any sample within it.
    pub(super) heap_used_sampled_max_bytes: Option<u32>,
    /// The least that the largest free block was in any sample within it.
    pub(super) largest_free_sampled_min_bytes: Option<u32>,
}

/// Something that was left out.
#[derive(Serialize, JsonSchema)]
pub(super) struct SkipForm<'a> {
    /// What: a step or a budget's id.
    pub(super) what: Cow<'a, str>,
    /// Why.
    pub(super) reason: &'a str,
}

/// A thread, task or tasklet.
#[derive(Serialize, JsonSchema)]
pub(super) struct UnitForm<'a> {
    /// The boot, from 0.
    pub(super) boot: u32,
    /// Its number within the boot.
    pub(super) id: u32,
    /// Its name; the second of a name within a boot is `name#2`.
    pub(super) name: &'a str,
    /// What it is.
    pub(super) kind: String,
    /// What it did at the end of the run.
    pub(super) state: String,
    /// How it ended, if it did.
    pub(super) end: Option<String>,
    /// Its stack; null if it was never sampled.
    pub(super) stack: Option<StackForm>,
    /// What it holds of the heap.
    pub(super) heap_bytes: Option<u32>,
    /// The most that it held.
    pub(super) heap_peak_bytes: Option<u32>,
    /// Its share of the processor.
    pub(super) cpu_share: Option<u32>,
    /// How often it got the processor.
    pub(super) switches: Option<u32>,
    /// Who had called whom when its stack was deepest; absent where nobody followed its calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deepest: Option<DeepestForm>,
}

/// A stack.
#[derive(Serialize, JsonSchema)]
pub(super) struct StackForm {
    /// Its size.
    pub(super) bytes: u32,
    /// The deepest use; more than the size after an overflow.
    pub(super) peak_bytes: u32,
    /// What that left.
    pub(super) margin_bytes: u32,
    /// When it was first told.
    pub(super) peak_at_ps: u64,
}

/// The heap.
#[derive(Serialize, JsonSchema)]
pub(super) struct HeapForm {
    /// All of it.
    pub(super) total_bytes: u32,
    /// In use at the end.
    pub(super) used_bytes: u32,
    /// The most in use at once.
    pub(super) peak_bytes: u32,
    /// When that was first told.
    pub(super) peak_at_ps: u64,
    /// The largest free block at the end.
    pub(super) largest_free_bytes: u32,
    /// The least that it was in any sample.
    pub(super) largest_free_least_bytes: u32,
    /// In use by nobody, because something might still point there.
    pub(super) quarantined_bytes: u32,
    /// What is held by owners that are no units.
    pub(super) other_owners: Vec<HolderForm>,
    /// How its memory is divided, where the device tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) layout: Option<LayoutForm>,
    /// Who held what when most was in use, and which calls had led to it, the most bytes first; absent where
    /// nobody followed that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) held_at_peak: Option<Vec<ChainForm>>,
}

/// How the heap's memory is divided.
#[derive(Serialize, JsonSchema)]
pub(super) struct LayoutForm {
    /// Free bytes outside of the largest free block of their area.
    pub(super) fragmented_bytes: u32,
    /// Their share of the free bytes, in hundredths of a per cent.
    pub(super) fragmentation_basis_points: u32,
    /// The most that share was in any sample.
    pub(super) fragmentation_worst_basis_points: u32,
    /// Bytes that the heap could still get for a further area.
    pub(super) max_new_split_bytes: u32,
    /// Free blocks by size: of 16, 32, 64 ... bytes and more, but fewer than of the next.
    pub(super) free_blocks_by_size: Vec<u16>,
    /// Its areas.
    pub(super) areas: Vec<AreaForm>,
    /// The last map that the device told, in the order of areas and addresses.
    pub(super) map: Vec<MapRunForm>,
}

/// One area of the heap.
#[derive(Serialize, JsonSchema)]
pub(super) struct AreaForm {
    /// Its name.
    pub(super) name: String,
    /// The address of its first block.
    pub(super) base: u32,
    /// What its blocks cover.
    pub(super) bytes: u32,
    /// In use.
    pub(super) used_bytes: u32,
    /// The largest free block.
    pub(super) largest_free_bytes: u32,
}

/// Neighbouring blocks of one owner, site and state.
#[derive(Serialize, JsonSchema)]
pub(super) struct MapRunForm {
    /// The address of the first one.
    pub(super) start: u32,
    /// Bytes of all of them.
    pub(super) bytes: u32,
    /// How many they are.
    pub(super) blocks: u16,
    /// `used`, `free` or `quarantined`.
    pub(super) state: String,
    /// Whose they are; empty if they are free.
    pub(super) owner: String,
    /// Where they were allocated, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) site: Option<String>,
}

/// An owner of heap blocks that is no unit.
#[derive(Serialize, JsonSchema)]
pub(super) struct HolderForm {
    /// What it is.
    pub(super) kind: String,
    /// Its number, if owners of its kind have one.
    pub(super) number: Option<u32>,
    /// What it holds.
    pub(super) bytes: u32,
    /// The most that it held.
    pub(super) peak_bytes: u32,
}

/// A figure of memory.
#[derive(Serialize, JsonSchema)]
pub(super) struct FigureForm {
    /// Its id, as a budget on it has.
    pub(super) id: String,
    /// Its value in bytes.
    pub(super) bytes: u32,
}

/// A fault that the scenario asked for.
#[derive(Serialize, JsonSchema)]
pub(super) struct FaultForm<'a> {
    /// The scenario's line.
    pub(super) line: u32,
    /// What it is.
    pub(super) what: &'a str,
    /// When it began; null if the run did not come to it.
    pub(super) began_ps: Option<u64>,
    /// When it was over; null for a fault that does not last.
    pub(super) ended_ps: Option<u64>,
    /// What it did.
    pub(super) effect: &'a str,
}

/// A timer, and what became of its ticks; the counts are null if no sample of it arrived.
#[derive(Serialize, JsonSchema)]
pub(super) struct TimerForm<'a> {
    /// The boot, counted from 0.
    pub(super) boot: u32,
    /// Its name; the second timer of a name within a boot is `name#2`.
    pub(super) name: &'a str,
    /// Its number as the program knows it; null if it has none.
    pub(super) id: Option<u16>,
    /// `one-shot` or `periodic`.
    pub(super) mode: String,
    /// Its period.
    pub(super) period_ps: u64,
    /// Ticks that came due.
    pub(super) fired: Option<u32>,
    /// Ticks whose callback was begun.
    pub(super) delivered: Option<u32>,
    /// Ticks that became one with an earlier one.
    pub(super) coalesced: Option<u32>,
    /// Ticks that found the queue of callbacks full.
    pub(super) dropped: Option<u32>,
    /// Ticks that still waited when the timer was stopped.
    pub(super) late: Option<u32>,
    /// How long after its instant a callback began at worst.
    pub(super) lateness_worst_ps: Option<u64>,
    /// Bytes of the heap that its closure and its callbacks hold; null if it has no account of its own.
    pub(super) heap_used: Option<u32>,
    /// The most that these were.
    pub(super) heap_peak: Option<u32>,
}

/// A module, from its import to its end.
#[derive(Serialize, JsonSchema)]
pub(super) struct ModuleForm<'a> {
    /// The boot, counted from 0.
    pub(super) boot: u32,
    /// Its name.
    pub(super) name: &'a str,
    /// Its version; empty if it was not told.
    pub(super) version: String,
    /// `loading`, `loaded`, `held` (out of the table, but something keeps it) or `free`.
    pub(super) state: String,
    /// Where its instructions are fetched; null if it was not told.
    pub(super) code_base: Option<u32>,
    /// The phases of its import and its end, in order.
    pub(super) phases: Vec<ModulePhaseForm>,
    /// The most that it had while it was imported.
    pub(super) import_peak_bytes: u32,
    /// The most that it had once it was imported.
    pub(super) resident_bytes: u32,
    /// What it has at the end.
    pub(super) now_bytes: u32,
    /// What kept it when somebody unloaded it last.
    pub(super) pins: Vec<PinForm<'a>>,
    /// When it was gone; null if it is still there.
    pub(super) ended_ps: Option<u64>,
    /// Bytes that came back at its end.
    pub(super) freed_bytes: Option<u32>,
    /// Bytes of them that it had left behind.
    pub(super) leftover_bytes: Option<u32>,
}

/// What a phase of an import took and gave back.
#[derive(Serialize, JsonSchema)]
pub(super) struct ModulePhaseForm {
    /// `find`, `read`, `parse`, `link`, `initialise` or `end`.
    pub(super) phase: String,
    /// Whether it went well.
    pub(super) ok: bool,
    /// Bytes of the heap that it took.
    pub(super) taken_bytes: u32,
    /// Bytes that it gave back.
    pub(super) given_back_bytes: u32,
    /// Bytes that the module had at its end.
    pub(super) held_bytes: u32,
    /// The most that the module had during it.
    pub(super) peak_bytes: u32,
}

/// A reason for which a module stays.
#[derive(Serialize, JsonSchema)]
pub(super) struct PinForm<'a> {
    /// `table`, `name`, `importer`, `callback` or `unit`.
    pub(super) kind: String,
    /// Who.
    pub(super) holder: &'a str,
    /// Bytes that the holder has.
    pub(super) bytes: u32,
}

/// Telemetry that did not arrive.
#[derive(Serialize, JsonSchema)]
pub(super) struct LossesForm {
    /// Records that are missing at least.
    pub(super) records: u64,
    /// Records that the device says it dropped.
    pub(super) dropped_by_device: u64,
    /// Bytes that are no telemetry and no text.
    pub(super) damaged_bytes: u64,
    /// Facts that did not fit into the bounds of the model.
    pub(super) forgotten_facts: u64,
    /// Lines of the console that were dropped to make room for later ones.
    pub(super) console_lines_dropped: u64,
}

/// What the host's clock said.
#[derive(Serialize, JsonSchema)]
pub(super) struct HostForm<'a> {
    /// When the run began, in milliseconds since 1970 (UTC).
    pub(super) started_unix_ms: Option<u64>,
    /// How long it took, in microseconds.
    pub(super) took_us: Option<u64>,
    /// When the steps were over, in microseconds since the run began.
    pub(super) steps: Vec<HostStepForm>,
    /// Why earlier attempts at this run came to nothing.
    pub(super) earlier_attempts: &'a [String],
}

/// When a step was over on the host's clock.
#[derive(Serialize, JsonSchema)]
pub(super) struct HostStepForm {
    /// The step's index.
    pub(super) index: u32,
    /// Microseconds since the run began.
    pub(super) over_after_us: u64,
}
