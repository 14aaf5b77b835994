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
use crate::problem::Problem;
use crate::scenario::{Command, Scenario};
use crate::settings::TargetKind;

/// What the planner has to know about this machine and the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// What each target offers here. A target that is not listed is not supported.
    pub offers: BTreeMap<TargetKind, TargetOffer>,
    /// Runs on these targets only, in place of what the scenarios say.
    pub targets: Option<Vec<TargetKind>>,
    /// Runs with these seeds, in place of what the scenarios say.
    pub seeds: Option<Vec<u64>>,
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

/// What a target can do beyond serial lines and a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// It can tell the device to open a measurement window, so peaks of a phase can be known.
    pub windows: bool,
    /// It can read pins.
    pub pins: bool,
    /// It can move controls.
    pub controls: bool,
    /// It can read, compare and touch screens.
    pub screens: bool,
    /// It has custom chips that log.
    pub chips: bool,
}

/// Everything that will run and everything that will not.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The runs: by scenario as given, then by target, then by seed, as the file orders them.
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
    /// The seed of everything random in it.
    pub seed: u64,
    /// What the target can do.
    pub capabilities: Capabilities,
    /// Steps that the target cannot perform.
    pub skipped_steps: Vec<SkippedStep>,
    /// Budgets that cannot be judged on the target.
    pub skipped_budgets: Vec<SkippedBudget>,
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

impl Default for PlanOptions {
    /// The engine without extra capabilities, and what the scenarios say.
    fn default() -> Self {
        let engine = TargetOffer::Available(Capabilities::default());
        Self {
            offers: BTreeMap::from([(TargetKind::Engine, engine)]),
            targets: None,
            seeds: None,
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
}

/// `blink [engine, seed 1]`.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}, seed {}]", self.scenario.name, self.target, self.seed)
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
            Some(TargetOffer::Available(capabilities)) => {
                let seeds = options.seeds.as_ref().unwrap_or(&scenario.settings.seeds);
                for &seed in seeds {
                    plan.runs.push(Run {
                        scenario: Arc::clone(&shared),
                        scenario_index: index,
                        target,
                        seed,
                        capabilities: *capabilities,
                        skipped_steps: skipped_steps(scenario, target, *capabilities),
                        skipped_budgets: skipped_budgets(scenario, target, *capabilities),
                    });
                }
            }
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
    let budgets = &scenario.settings.budgets;
    let needs_window = |budget: &&Budget| budget.phase.is_some() && !capabilities.windows;
    let skipped = budgets.iter().filter(needs_window).map(|budget| SkippedBudget {
        id: budget.id(),
        reason: format!("{target} cannot be told to open a measurement window for a phase"),
    });
    skipped.collect()
}

#[cfg(test)]
mod tests;
