//! From settings to a plan: scenario files, the image, the circuit, the runs.

use std::path::Path;

use ramscope_backend::{Circuit, offers};
use ramscope_scenario::{
    During, FailOn, Plan, PlanOptions, Run, Scenario, Severity, TargetKind, TargetOffer,
    TextExpectation, TextPattern, glob_matches, plan,
};
use ramscope_time::Span;

use crate::baseline;
use crate::config::{RunSettings, Shard, TimeLimit};
use crate::diagram;
use crate::failure::Failure;
use crate::files::ScenarioFiles;
use crate::images::Images;
use crate::verb::lint;

/// The file of a scenario that the command line is.
const COMMAND_LINE: &str = "command line";
/// Longer than any run: `--timeout 0`.
const NEVER: Span = Span::from_seconds(365 * 24 * 3_600);

/// The scenarios that were asked for, with what settings change about them.
pub(crate) fn scenarios(settings: &RunSettings, named: Named) -> Result<Vec<Scenario>, Failure> {
    let files = match (named, settings.expect_text.as_slice()) {
        (Named::Nothing, [text, ..]) => ScenarioFiles { parsed: vec![waiting_for(text)] },
        _ => ScenarioFiles::read(&settings.scenarios)?,
    };
    files.problems().for_each(|problem| eprintln!("{problem}"));
    match lint::count(&files, Severity::Error) {
        0 => {}
        errors => return Err(Failure::Scenarios { errors }),
    }
    let mut scenarios = files.scenarios();
    let all = scenarios.len();
    scenarios.retain(|scenario| is_wanted(scenario, &settings.filters));
    if scenarios.len() < all && !settings.quiet {
        eprintln!("{} of {all} scenarios fit the filter", scenarios.len());
    }
    scenarios.iter_mut().for_each(|scenario| adjust(scenario, settings));
    Ok(scenarios)
}

/// Whether the command line names scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// It does.
    Scenarios,
    /// It does not.
    Nothing,
}

/// The scenario that `--expect-text` alone is: it passes as soon as the text comes.
fn waiting_for(text: &str) -> ramscope_scenario::Parsed {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let yaml = format!("name: expect-text\nversion: 1\nsteps:\n- wait-serial: \"{quoted}\"\n");
    ramscope_scenario::parse(COMMAND_LINE, &yaml)
}

fn is_wanted(scenario: &Scenario, filters: &[String]) -> bool {
    let fits = |filter: &String| match filter.contains(['*', '?']) {
        true => glob_matches(filter, &scenario.name) || glob_matches(filter, &scenario.path),
        false => scenario.name.contains(filter) || scenario.path.contains(filter),
    };
    filters.is_empty() || filters.iter().any(fits)
}

fn adjust(scenario: &mut Scenario, settings: &RunSettings) {
    match settings.timeout {
        Some(TimeLimit::At(span)) => scenario.settings.timeout = span,
        Some(TimeLimit::Never) => scenario.settings.timeout = NEVER,
        None => {}
    }
    let pattern = |text: &String| TextPattern::Literal(text.clone());
    let line = scenario.steps.first().map_or(1, |step| step.line);
    let fail_on = settings.fail_text.iter().map(|text| FailOn { pattern: pattern(text), line });
    scenario.settings.fail_on.extend(fail_on);
    if scenario.path != COMMAND_LINE {
        let expected = settings.expect_text.iter().map(|text| TextExpectation {
            pattern: pattern(text),
            during: During::Run,
            line,
        });
        scenario.settings.expect_text.extend(expected);
    }
}

/// The targets that some scenario will run on, as far as they are there.
pub(crate) fn usable_targets(
    scenarios: &[Scenario],
    settings: &RunSettings,
    images: &Images,
) -> Vec<TargetKind> {
    let of_scenarios = || {
        let targets = scenarios.iter().flat_map(|scenario| &scenario.settings.targets);
        targets.map(|target| target.kind).collect()
    };
    let offers = offers(None, images.the_given());
    let mut targets = settings.targets.clone().unwrap_or_else(of_scenarios);
    targets.retain(|target| matches!(offers.get(target), Some(TargetOffer::Available(_))));
    targets
}

/// The runs of scenarios; mistakes that only show against image and circuit are printed, and end here.
pub(crate) fn runs(
    scenarios: &[Scenario],
    settings: &RunSettings,
    images: &Images,
    circuit: Option<&Circuit>,
) -> Result<Plan, Failure> {
    let mut plan = plan(
        scenarios,
        &PlanOptions {
            offers: offers(circuit, images.the_given()),
            targets: settings.targets.clone(),
            seeds: settings.seeds.clone(),
            repeat: settings.repeat,
            tags: settings.tags.clone(),
            programs: images.programs(),
        },
    );
    if let Some(circuit) = circuit {
        plan.problems.extend(diagram::check(circuit, scenarios, &mut plan.runs));
    }
    plan.problems.iter().for_each(|problem| eprintln!("{problem}"));
    let is_error = |severity| severity == Severity::Error;
    match plan.problems.iter().filter(|problem| is_error(problem.severity)).count() {
        0 => {}
        errors => return Err(Failure::Scenarios { errors }),
    }
    keep_shard(&mut plan, settings);
    baseline::give(&mut plan.runs)?;
    Ok(plan)
}

/// The one run of a plan.
pub(crate) fn single(plan: &mut Plan) -> Result<&mut Run, Failure> {
    let runs = plan.runs.len();
    if let (0, Some(skip)) = (runs, plan.skipped.first()) {
        return Err(Failure::NothingToRun { reason: skip.reason.clone() });
    }
    match &mut plan.runs[..] {
        [run] => Ok(run),
        _ => Err(Failure::ManyToSteer { runs }),
    }
}

/// The one run of a plan, whose target can be told who runs when.
pub(crate) fn steerable(plan: &mut Plan) -> Result<&mut Run, Failure> {
    let runs = plan.runs.len();
    if let (0, Some(skip)) = (runs, plan.skipped.first()) {
        return Err(Failure::NothingToRun { reason: skip.reason.clone() });
    }
    match &mut plan.runs[..] {
        [run] => match run.capabilities.schedule {
            true => Ok(run),
            false => Err(Failure::NotSteerable { target: run.target }),
        },
        _ => Err(Failure::ManyToSteer { runs }),
    }
}

/// Leaves the runs of one part. What does not run is told by the first.
fn keep_shard(plan: &mut Plan, settings: &RunSettings) {
    let Shard { index, count } = settings.shard;
    if count == 1 {
        return;
    }
    let all = plan.runs.len();
    plan.runs.retain(|run| stable_hash(run) % count == index);
    if index > 0 {
        plan.skipped.clear();
    }
    if !settings.quiet {
        eprintln!("shard {}/{count}: {} of {all} runs", index + 1, plan.runs.len());
    }
}

/// The same for the same run, wherever and in whatever company it is planned: FNV-1a over its file's
/// name, its own, target and seed.
fn stable_hash(run: &Run) -> u64 {
    let file = Path::new(&run.scenario.path).file_name().unwrap_or_default().to_string_lossy();
    let text = format!("{file}\n{}\n{}\n{}", run.scenario.name, run.target, run.seed);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
