//! From scenarios to runs: which scenario on which target with which seed, in a fixed order, and
//! what will not run or not be judged, with reasons.
//!
//! Nothing is skipped silently. A target that is not there, a phase that the target cannot
//! open a window for, a step that needs a pin: each becomes an entry that reports show.

mod programs;

use core::fmt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::budget::{Budget, BudgetId};
use crate::capability::{Capabilities, Capability};
use crate::problem::Problem;
use crate::scenario::{Command, Scenario};
use crate::schedule::Schedule;
use crate::settings::{Condition, TargetKind};

/// What the planner has to know about this machine and the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// What each target offers here. A target that is not listed is not supported.
    pub offers: BTreeMap<TargetKind, TargetOffer>,
    /// Runs on these targets only, in place of what the scenarios say.
    pub targets: Option<Vec<TargetKind>>,
    /// Runs with these seeds, in place of what the scenarios say.
    pub seeds: Option<Vec<u64>>,
    /// Runs each seed so often, in place of what the scenarios say.
    pub repeat: Option<u32>,
    /// Runs only scenarios with one of these tags; all if empty.
    pub tags: Vec<String>,
    /// The programs of the image, if it has a list: `run NAME` in a `write-serial` step must
    /// name one of them.
    pub programs: Option<Vec<String>>,
}

/// What a target offers on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetOffer {
    /// It can run, with these capabilities.
    Available(Capabilities),
    /// It cannot run, for this reason.
    Unavailable(String),
}

/// Everything that will run and everything that will not.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The runs: by scenario as given, then by target, then by seed, as the file orders them, then
    /// by repetition.
    pub runs: Vec<Run>,
    /// What was asked for and does not run.
    pub skipped: Vec<Skip>,
    /// Mistakes that only show against the image.
    pub problems: Vec<Problem>,
}

/// One scenario on one target with one seed. It stands alone: serialised, it is the resolved plan
/// in a capture's host part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The scenario, shared by its runs.
    pub scenario: Arc<Scenario>,
    /// The index of the scenario in what was planned.
    pub scenario_index: usize,
    /// What it runs on.
    pub target: TargetKind,
    /// The seed of everything random in it. Repetitions have seeds of their own, so that this one
    /// number recreates the run.
    pub seed: u64,
    /// The how many-th run of the scenario's seed it is, from 0.
    #[serde(default)]
    pub repetition: u32,
    /// What the target can do.
    pub capabilities: Capabilities,
    /// Steps that the target cannot perform.
    pub skipped_steps: Vec<SkippedStep>,
    /// Budgets that cannot be judged on the target.
    pub skipped_budgets: Vec<SkippedBudget>,
    /// Waits that the target cannot perform.
    #[serde(default)]
    pub skipped_waits: Vec<SkippedWait>,
    /// Slices that end where somebody chose, in place of where the clock would end them.
    #[serde(default, skip_serializing_if = "Schedule::is_empty")]
    pub schedule: Schedule,
    /// Which allocation after the first stimulus fails, from 1, because somebody chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_allocation: Option<u32>,
    /// What its figures are compared with, where the scenario names a stored result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

/// The figures of memory of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Where they were stored, as the scenario says it.
    pub name: String,
    /// Each figure by the id that a budget on it has.
    pub figures: BTreeMap<String, u64>,
}

/// A scenario, or one of its targets, that does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The index of the scenario in what was planned.
    pub scenario_index: usize,
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's file.
    pub path: String,
    /// The target, if only that is skipped.
    pub target: Option<TargetKind>,
    /// Why.
    pub reason: String,
}

/// A step that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedStep {
    /// The step's index.
    pub step: usize,
    /// Why.
    pub reason: String,
}

/// A budget that is not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedBudget {
    /// The budget.
    pub id: BudgetId,
    /// Why.
    pub reason: String,
}

/// A wait that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedWait {
    /// Its place in [`Settings::waits`](crate::Settings::waits).
    pub wait: usize,
    /// Why.
    pub reason: String,
}

impl Default for PlanOptions {
    /// The engine without extra capabilities, and what the scenarios say.
    fn default() -> Self {
        let engine = TargetOffer::Available(Capabilities::default());
        Self {
            offers: BTreeMap::from([(TargetKind::Engine, engine)]),
            targets: None,
            seeds: None,
            repeat: None,
            tags: Vec::new(),
            programs: None,
        }
    }
}

impl Run {
    /// Why step `index` is left out, if it is.
    #[must_use]
    pub fn step_skip(&self, index: usize) -> Option<&str> {
        self.skipped_steps.iter().find(|skip| skip.step == index).map(|skip| skip.reason.as_str())
    }

    /// Why the budget `id` is not judged, if it is not.
    #[must_use]
    pub fn budget_skip(&self, id: &BudgetId) -> Option<&str> {
        self.skipped_budgets.iter().find(|skip| skip.id == *id).map(|skip| skip.reason.as_str())
    }

    /// Why the wait at this place of the settings is left out, if it is.
    #[must_use]
    pub fn wait_skip(&self, wait: usize) -> Option<&str> {
        self.skipped_waits.iter().find(|skip| skip.wait == wait).map(|skip| skip.reason.as_str())
    }
}

/// `blink [engine, seed 1]`, and `blink [engine, seed 1, schedule 81234:4]`.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}, seed {}", self.scenario.name, self.target, self.seed)?;
        match self.schedule.is_empty() {
            true => f.write_str("]"),
            false => write!(f, ", schedule {}]", self.schedule),
        }
    }
}

/// Lays out the runs of `scenarios`.
#[must_use]
pub fn plan(scenarios: &[Scenario], options: &PlanOptions) -> Plan {
    let mut plan = Plan { runs: Vec::new(), skipped: Vec::new(), problems: Vec::new() };
    for (index, scenario) in scenarios.iter().enumerate() {
        plan.problems.extend(programs::unknown(scenario, options.programs.as_deref()));
        plan_scenario(index, scenario, options, &mut plan);
    }
    plan
}

fn plan_scenario(index: usize, scenario: &Scenario, options: &PlanOptions, plan: &mut Plan) {
    let skip = |target: Option<TargetKind>, reason: String| Skip {
        scenario_index: index,
        scenario: scenario.name.clone(),
        path: scenario.path.clone(),
        target,
        reason,
    };
    let tags = &scenario.settings.tags;
    if !options.tags.is_empty() && !options.tags.iter().any(|tag| tags.contains(tag)) {
        let reason = format!("has none of the tags {}", options.tags.join(", "));
        plan.skipped.push(skip(None, reason));
        return;
    }
    let shared = Arc::new(scenario.clone());
    for target in targets(scenario, options) {
        match options.offers.get(&target) {
            Some(TargetOffer::Available(has)) => match lacking(scenario, target, *has) {
                Some(reason) => plan.skipped.push(skip(Some(target), reason)),
                None => plan_target(index, &shared, (target, *has), options, plan),
            },
            Some(TargetOffer::Unavailable(reason)) => {
                plan.skipped.push(skip(Some(target), reason.clone()));
            }
            None => {
                let reason = format!("this version cannot run on {target} yet");
                plan.skipped.push(skip(Some(target), reason));
            }
        }
    }
}

/// The runs of one scenario on one target, which differ in nothing but their seeds.
fn plan_target(
    index: usize,
    scenario: &Arc<Scenario>,
    (target, capabilities): (TargetKind, Capabilities),
    options: &PlanOptions,
    plan: &mut Plan,
) {
    let run = Run {
        scenario: Arc::clone(scenario),
        scenario_index: index,
        target,
        seed: 0,
        repetition: 0,
        capabilities,
        skipped_steps: skipped_steps(scenario, target, capabilities),
        skipped_budgets: skipped_budgets(scenario, target, capabilities),
        skipped_waits: skipped_waits(scenario, target, capabilities),
        schedule: Schedule::default(),
        fail_allocation: None,
        baseline: None,
    };
    let seeds = options.seeds.as_ref().unwrap_or(&scenario.settings.seeds);
    let repeat = options.repeat.unwrap_or(scenario.settings.repeat);
    for &seed in seeds {
        plan.runs.extend((0..repeat).map(|repetition| Run {
            seed: repeated_seed(seed, repetition),
            repetition,
            ..run.clone()
        }));
    }
}

/// The seed of a repetition: the first has the seed itself, later ones numbers of 32 bits that look
/// nothing like each other (the finaliser of SplitMix64), so that neighbouring seeds do not share runs.
fn repeated_seed(seed: u64, repetition: u32) -> u64 {
    if repetition == 0 {
        return seed;
    }
    let mut mixed = seed.wrapping_add(u64::from(repetition).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 32
}

/// Why the scenario cannot run on the target at all: it asks for something that is not there, for
/// a fault that nobody can bring about, or for the failure of a budget that nobody can measure.
fn lacking(scenario: &Scenario, target: TargetKind, has: Capabilities) -> Option<String> {
    let settings = &scenario.settings;
    if let Some(capability) = settings.requires.iter().find(|&&capability| !has.has(capability)) {
        return Some(format!("it requires {capability}, which {target} lacks"));
    }
    let waits_for_text =
        || settings.waits.iter().any(|wait| matches!(wait.until, Condition::Text(_)));
    if target == TargetKind::QemuVirt && waits_for_text() {
        return Some(format!(
            "it waits for a text beside its steps, and on {target} only steps can wait"
        ));
    }
    if let Some(fault) = settings.inject.iter().find(|one| !has.has(one.fault.needs())) {
        let (fault, needs) = (&fault.fault, fault.fault.needs());
        return Some(format!(
            "it injects a fault ({fault}), which needs {needs}, and {target} lacks that"
        ));
    }
    // A budget that nobody measures cannot fail, and the scenario is about its failing.
    let unmeasured = skipped_budgets(scenario, target, has)
        .into_iter()
        .find(|budget| settings.expect.fail.contains(&budget.id))?;
    Some(format!("it expects {} to fail, and {}", unmeasured.id, unmeasured.reason))
}

fn targets(scenario: &Scenario, options: &PlanOptions) -> Vec<TargetKind> {
    match &options.targets {
        Some(targets) => targets.clone(),
        None => scenario.settings.targets.iter().map(|target| target.kind).collect(),
    }
}

fn skipped_steps(
    scenario: &Scenario,
    target: TargetKind,
    capabilities: Capabilities,
) -> Vec<SkippedStep> {
    let skipped = scenario.steps.iter().filter_map(|step| {
        let lacking = lacking_capability(&step.command, capabilities)?;
        let reason = format!("{} needs {lacking}, which {target} lacks", step.command.keyword());
        Some(SkippedStep { step: step.index, reason })
    });
    skipped.collect()
}

/// What the command needs and the target does not have.
fn lacking_capability(command: &Command, has: Capabilities) -> Option<&'static str> {
    let (available, name) = match command {
        Command::Delay(_) | Command::WaitSerial(_) | Command::WriteSerial(_) => return None,
        Command::ExpectPin(_) => (has.pins, "the pins of a diagram"),
        Command::SetControl(_) => (has.controls, "the controls of a diagram"),
        Command::TakeScreenshot(_)
        | Command::Touch(_)
        | Command::TouchPress(_)
        | Command::TouchRelease { .. }
        | Command::TouchMove(_) => (has.screens, "a screen"),
        Command::ExpectChipOutput(_) => (has.chips, "custom chips"),
    };
    (!available).then_some(name)
}

fn skipped_budgets(
    scenario: &Scenario,
    target: TargetKind,
    capabilities: Capabilities,
) -> Vec<SkippedBudget> {
    let skipped = scenario.settings.budgets.iter().filter_map(|budget: &Budget| {
        let lacking = budget.needs().find(|&needed| !capabilities.has(needed))?;
        Some(SkippedBudget { id: budget.id(), reason: lacking_for_budget(lacking, target) })
    });
    skipped.collect()
}

fn lacking_for_budget(lacking: Capability, target: TargetKind) -> String {
    match lacking {
        Capability::Windows => {
            format!("{target} cannot be told to open a measurement window for a phase")
        }
        Capability::Repeats => format!("{target} cannot carry out the steps of a phase again"),
        Capability::Instructions => {
            format!("{target} does not count the instructions of each unit")
        }
        other => format!("it needs {other}, which {target} lacks"),
    }
}

/// Texts can be waited for everywhere; states and records only where telemetry is followed live.
fn skipped_waits(
    scenario: &Scenario,
    target: TargetKind,
    capabilities: Capabilities,
) -> Vec<SkippedWait> {
    let waits = scenario.settings.waits.iter().enumerate();
    let skipped = waits.filter_map(|(index, wait)| match &wait.until {
        Condition::Text(_) => None,
        _ if capabilities.conditions => None,
        condition => Some(SkippedWait {
            wait: index,
            reason: format!(
                "{target} does not follow telemetry live, and `{condition}` needs that"
            ),
        }),
    });
    skipped.collect()
}

#[cfg(test)]
mod tests;
